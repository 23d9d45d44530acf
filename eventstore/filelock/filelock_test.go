package filelock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"caseledger/eventstore/filelock"
)

// holder names, in the environment of a process of this test, what it is to lock.
const holder = "CASELEDGER_TEST_LOCK_HOLDER"

func TestMain(m *testing.M) {
	path, ok := os.LookupEnv(holder)
	if !ok {
		os.Exit(m.Run())
	}
	if _, err := filelock.Take(path); err != nil {
		os.Exit(1)
	}
	fmt.Println("taken")
	select {}
}

func TestALockIsHeldUntilItIsReleased(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	f, err := filelock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Take(path); !errors.Is(err, filelock.ErrTaken) {
		t.Errorf("a second time: got %v, want ErrTaken", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := filelock.Wait(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever no longer waits: %v", err)
	}
	waited := make(chan error)
	go func() {
		f, err := filelock.Wait(t.Context(), path)
		if err == nil {
			err = f.Close()
		}
		waited <- err
	}()
	select {
	case err := <-waited:
		t.Fatalf("did not wait: %v", err)
	default:
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("once it is free: %v", err)
	}
}

func TestALockEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), holder+"="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "taken\n" {
		t.Fatalf("the other process: %q, %v", line, err)
	}
	if _, err := filelock.Take(path); !errors.Is(err, filelock.ErrTaken) {
		t.Errorf("while it lives: got %v, want ErrTaken", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // killed
	f, err := filelock.Take(path)
	if err != nil {
		t.Fatalf("once it is dead: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
