package interop

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/witness"
)

// serveAgent is an ssh-agent with one Ed25519 key, on a socket.
func serveAgent(t *testing.T, socket string) (fingerprint string) {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: secret}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(keys, c)
				_ = c.Close()
			}()
		}
	}()
	public, err := ssh.NewPublicKey(secret.Public())
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(public)
}

// litewitness is torchwood's witness, built from its module and running.
type litewitness struct{ key, url string }

var verifierKey = regexp.MustCompile(`vkey=(\S+)`)

// startLite runs a litewitness that knows a ledger.
func startLite(t *testing.T, key *ledgerKey) litewitness {
	t.Helper()
	dir := t.TempDir()
	program, db := filepath.Join(dir, "litewitness"), filepath.Join(dir, "db")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", program, "filippo.io/torchwood/cmd/litewitness").CombinedOutput(); err != nil {
		t.Fatalf("build litewitness: %v\n%s", err, out)
	}
	fingerprint := serveAgent(t, filepath.Join(dir, "agent"))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	run := exec.Command(program, "-name", "lite.example/witness", "-db", db, "-ssh-agent", filepath.Join(dir, "agent"), "-key", fingerprint, "-listen", address)
	said, err := run.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	w := litewitness{url: "http://" + address}
	for lines := bufio.NewScanner(said); w.key == "" && lines.Scan(); {
		if found := verifierKey.FindStringSubmatch(lines.Text()); found != nil {
			w.key = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	conn, err := sqlite.OpenConn(db, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	empty := ledger.Tree{Hash: emptyRoot}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", []any{origin, empty.Hash.String()}},
		{"INSERT INTO key (origin, key) VALUES (?, ?)", []any{origin, key.public}},
	} {
		if err := sqlitex.Execute(conn, statement.sql, &sqlitex.ExecOptions{Args: statement.args}); err != nil {
			t.Fatal(err)
		}
	}
	for late := time.After(20 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return w
		}
		select {
		case <-late:
			t.Fatal("litewitness does not listen: ", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (w litewitness) policy(t *testing.T, key *ledgerKey) (witness.Policy, torchwood.Policy) {
	t.Helper()
	file := []byte("log " + key.public + "\nwitness lite " + w.key + " " + w.url + "\nquorum lite\n")
	ours, err := witness.ParsePolicy(file)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := torchwood.ParsePolicy(file)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// gatherUntil lets a ledger's Gatherer run until a register is what is wanted.
func (l *sealed) gatherUntil(t *testing.T, policy witness.Policy, done func() bool) *witness.Gatherer {
	t.Helper()
	g, err := witness.New(witness.Settings{Origin: origin, Keys: l.key.verifiers(), Policy: policy, Shelf: l.shelf, Prover: l.reader,
		Interval: 20 * time.Millisecond, Now: time.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	for late := time.After(20 * time.Second); !done(); {
		select {
		case <-late:
			t.Fatalf("it takes too long: %+v", g.Status())
		case <-time.After(10 * time.Millisecond): // litewitness is another process
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return g
}

// A witness that we did not write cosigns what our sealer signs, as it grows, and
// its own library finds the policy met; it cosigns no other history of the same
// key, and then we stop.
func TestLitewitness(t *testing.T) {
	t.Parallel()
	key := newLedgerKey(t)
	lite := startLite(t, key)
	ours, theirs := lite.policy(t, key)
	l := newSealed(t, key, "one")
	for _, n := range []int{1, 4, 300, 301} {
		l.grow(t, n-l.size)
		l.gatherUntil(t, ours, func() bool { return int(l.witnessed(t).N) == n })
		c, note, err := torchwood.VerifyCheckpoint(l.register(t, ledger.RegisterWitnessed), theirs)
		if err != nil || c.N != int64(n) || len(note.Sigs) != 2 {
			t.Fatalf("%d entries: torchwood says %v, %+v", n, err, c)
		}
	}
	for name, size := range map[string]int{"of the same size": 301, "larger": 400, "smaller": 20} {
		other := newSealed(t, key, "another "+name)
		other.grow(t, size)
		var alarm ledger.Alarm
		g := other.gatherUntil(t, ours, func() bool {
			raised := other.register(t, ledger.RegisterAlarm)
			return len(raised) > 0 && json.Unmarshal(raised, &alarm) == nil
		})
		if alarm.Code != witness.AlarmConflict || !strings.Contains(alarm.Detail, "knows a tree of 301 entries") || g.Status()[0].Code != witness.Disputed {
			t.Errorf("another history, %s: %+v, %+v", name, alarm, g.Status())
		}
		if other.register(t, ledger.RegisterWitnessed) != nil {
			t.Errorf("another history, %s, is witnessed", name)
		}
	}
	l.grow(t, 10)
	l.gatherUntil(t, ours, func() bool { return l.witnessed(t).N == 311 })
}
