//go:build postgres

package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
)

// serverKills is how often the server is killed, unless
// CASELEDGER_TEST_SERVER_KILLS says otherwise.
func serverKills(t *testing.T) int {
	text, ok := os.LookupEnv("CASELEDGER_TEST_SERVER_KILLS")
	if !ok {
		return 10
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CASELEDGER_TEST_SERVER_KILLS is %q, want a number of rounds", text)
	}
	return n
}

// acknowledged is what one worker was told, and what it was told nothing of.
type acknowledged struct {
	person event.UUID
	key    Key
	sealed []byte
	gone   error // of Destroy, where it was asked for
	asked  bool
	holds  bool // the identifier that is numbered as the person is
}

func numberOf(person event.UUID) Identifier { return Identifier{"crn", person.String()} }

// work ensures keys, seals with them, destroys some and claims identifiers
// until the server is gone, and returns how it heard of that.
func work(v *Vault, random *rand.Rand) (all []*acknowledged, _ error) {
	ctx := context.Background()
	for {
		a := &acknowledged{person: alpha}
		binary.BigEndian.PutUint64(a.person[8:], random.Uint64())
		keys, err := v.Ensure(ctx, healthOf(a.person))
		if err != nil {
			return all, err
		}
		a.key = keys[0]
		all = append(all, a)
		if a.sealed, err = v.Seal(ctx, nil, a.key.ID, a.person[:], someplace); err != nil {
			return all, err
		}
		if err := v.Reserve(ctx, numberOf(a.person), a.person, command); err != nil {
			return all, err
		}
		a.holds = true
		if random.IntN(4) == 0 {
			a.asked = true
			if a.gone = v.Destroy(ctx, a.key.ID, erasure); a.gone != nil && !errors.Is(a.gone, ErrStillInLog) {
				return all, a.gone
			}
		}
	}
}

// lost says what of that a keystore does not have.
func (a *acknowledged) lost(ctx context.Context, v *Vault) error {
	if err := v.CheckCommitment(ctx, a.key.ID, a.key.Commitment); err != nil {
		return err
	}
	if a.sealed != nil {
		opened, err := v.Open(ctx, nil, a.key.ID, a.sealed, someplace)
		erased := errors.Is(err, ErrErased)
		switch destroyed := a.asked && (a.gone == nil || errors.Is(a.gone, ErrStillInLog)); {
		case destroyed && !erased:
			return fmt.Errorf("a destroyed key opens: %w", err)
		case erased && a.asked:
		case err != nil || string(opened) != string(a.person[:]):
			return fmt.Errorf("a key opens %x: %w", opened, err)
		}
	}
	if a.holds {
		if err := v.Reserve(ctx, numberOf(a.person), bravo, command2); !fault.Is(err, "identifier-in-use") {
			return fmt.Errorf("an identifier is not reserved: %w", err)
		}
	}
	return nil
}

// killed kills a server under processes that use a keystore, starts it again,
// and returns what they were told and the keystore has not.
func killed(t *testing.T, server *pgtest.Server, c Config, vaults []*Vault, random *rand.Rand) (total, destroyed int, lost []error) {
	t.Helper()
	told := make([][]*acknowledged, 6)
	var wait sync.WaitGroup
	for i := range told {
		own := rand.New(rand.NewPCG(random.Uint64(), 1))
		wait.Go(func() {
			var err error
			told[i], err = work(vaults[i%len(vaults)], own)
			wantError(t, err, pgsql.ErrUnreachable)
		})
	}
	<-time.After(time.Duration(20+random.IntN(180)) * time.Millisecond)
	server.Kill()
	wait.Wait()
	server.Restart(t)
	after := mustOpen(t, c)
	for _, a := range slices.Concat(told...) {
		if err := a.lost(t.Context(), after); err != nil {
			lost = append(lost, err)
		}
		total++
		if a.asked {
			destroyed++
		}
	}
	// A tombstone is counted if and only if it is there.
	var counted, there int
	if err := after.store.(*sqlStore).read.QueryRowContext(t.Context(), `SELECT (SELECT gone FROM tombstones),
		(SELECT count(*) FROM keys WHERE state = 3)`).Scan(&counted, &there); err != nil || counted != there {
		lost = append(lost, fmt.Errorf("%d tombstones, %d are counted: %w", there, counted, err))
	}
	wantError(t, after.Close(), nil)
	return total, destroyed, lost
}

// durable returns a server, the configuration of a keystore on it, and two
// processes that use it.
func durable(t *testing.T) (*pgtest.Server, Config, []*Vault) {
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	c := config(t)
	c.Path, c.URL, c.Now = "", server.Database(t), time.Now
	return server, c, []*Vault{mustOpen(t, c), mustOpen(t, c)}
}

// recovered waits until a vault has noticed which of its connections are dead,
// after a server's restart.
func recovered(t *testing.T, v *Vault, ref Ref) {
	t.Helper()
	for deadline := time.After(5 * time.Second); ; {
		_, err := v.Ensure(t.Context(), ref)
		if err == nil {
			return
		}
		wantError(t, err, pgsql.ErrUnreachable)
		select {
		case <-deadline:
			t.Fatalf("five seconds after the restart: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// What a keystore acknowledged is there after its server was killed at any
// moment, for processes that live on and for new ones.
func TestWhatWasAcknowledgedOutlivesTheServer(t *testing.T) {
	t.Parallel()
	server, c, vaults := durable(t)
	random := rand.New(rand.NewPCG(1, 1))
	total, destroyed := 0, 0
	for range serverKills(t) {
		n, gone, lost := killed(t, server, c, vaults, random)
		total, destroyed = total+n, destroyed+gone
		if lost != nil {
			t.Fatal(errors.Join(lost...))
		}
	}
	for i, v := range vaults { // which were open all the time
		recovered(t, v, healthOf(event.UUID{15: byte(i + 1)}))
	}
	t.Logf("%d keys, %d of them destroyed", total, destroyed)
	if total == 0 || destroyed == 0 {
		t.Error("the server was killed before anything was acknowledged")
	}
}

// The test above finds a keystore that does not wait for the disk.
func TestAKeystoreThatDoesNotWaitForTheDiskIsFoundOut(t *testing.T) {
	t.Parallel()
	server, c, vaults := durable(t)
	for _, v := range vaults {
		v.store.(*sqlStore).begin = `SELECT set_config('synchronous_commit', 'off', true)`
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		if _, _, lost := killed(t, server, c, vaults, random); lost != nil {
			return
		}
	}
	t.Error("nothing was lost in 20 kills")
}

// A network that says nothing is given up on, also by those whose own context
// does not end.
func TestASilentNetworkIsUnreachable(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true, TCP: true})
	c := config(t)
	var silence func()
	c.Path = ""
	c.URL, silence = server.Silenced(t)
	v := mustOpen(t, c)
	key := mustEnsure(t, v, healthOf(alpha))[0]
	sealed := mustSeal(t, v, key.ID, "x")
	v.store.(*sqlStore).patience = 300 * time.Millisecond
	silence()
	wantOpen(t, v, key.ID, sealed, "x") // what is open stays so until the next look
	_, ensuring := v.Ensure(t.Context(), healthOf(bravo))
	_, finding := v.Find(t.Context(), number)
	_, listing := v.KeysOf(t.Context(), alpha)
	for _, err := range []error{ensuring, finding, listing, v.Reserve(t.Context(), number, alpha, command), v.Destroy(t.Context(), key.ID, erasure)} {
		wantError(t, err, pgsql.ErrUnreachable)
	}
}
