package vault

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// rewrapper names the folder of a keystore that a process of these tests wraps
// again and again, until it is killed.
const rewrapper = "CASELEDGER_TEST_VAULT_REWRAPPER"

func TestMain(m *testing.M) {
	dir, is := os.LookupEnv(rewrapper)
	if !is {
		os.Exit(m.Run())
	}
	fmt.Println(rewrapForEver(Config{Path: filepath.Join(dir, "keys.db"), KEKPath: filepath.Join(dir, "kek"), Now: time.Now, Rand: rand.Reader}))
	os.Exit(1)
}

func rewrapForEver(c Config) error {
	v, err := Open(context.Background(), c)
	for err == nil {
		fmt.Println("wrapping")
		_, err = v.Rewrap(context.Background(), Rewrapping{})
	}
	return err
}

// A process that is killed while it wraps everything again, at any moment, leaves
// a keystore and a key file with which everything opens, and which the next
// round finishes.
func TestAKilledRewrapLosesNothing(t *testing.T) {
	t.Parallel()
	c := config(t)
	opens, gone := furnishedWith(t, c, 20)
	dir := filepath.Dir(c.Path)
	random := mathrand.New(mathrand.NewPCG(5, 1))
	for round := range 12 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), rewrapper+"="+dir)
		out, err := child.StdoutPipe()
		wantError(t, err, nil)
		wantError(t, child.Start(), nil)
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "wrapping\n" {
			t.Fatalf("round %d: it says %q, %v", round, line, err)
		}
		<-time.After(time.Duration(random.IntN(60_000)) * time.Microsecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed
		wantUsable(t, c, opens, gone)
		if epochs := mustEpochs(t, c); len(epochs) > 2 {
			t.Errorf("round %d: the file has the epochs %v", round, epochs)
		}
	}
	v := mustOpen(t, c)
	done := mustRewrap(t, v, Rewrapping{})
	if got := mustEpochs(t, c); !slices.Equal(got, []uint32{done.Epoch}) {
		t.Errorf("the file has the epochs %v, want %d", got, done.Epoch)
	}
	if left, err := filepath.Glob(c.KEKPath + ".*"); err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if found := alterations(t, v); found != nil {
		t.Errorf("altered: %v", found)
	}
	wantUsable(t, c, opens, gone)
	t.Logf("12 kills, up to epoch %d", done.Epoch)
}
