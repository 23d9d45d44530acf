package vault

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
)

// halting reads random bytes, and stops before the first once it is armed.
type halting struct {
	armed            atomic.Bool
	reached, goAhead chan struct{}
}

func newHalting() *halting {
	return &halting{reached: make(chan struct{}), goAhead: make(chan struct{})}
}

func (h *halting) Read(b []byte) (int, error) {
	if h.armed.CompareAndSwap(true, false) {
		close(h.reached)
		<-h.goAhead
	}
	return rand.Read(b)
}

// A Rewrap that has lost its transaction without noticing, as one that waits for
// a service does when it is too slow, takes nothing from the file that another
// has put there meanwhile.
func TestARewrapThatWasOvertakenLeavesTheFileAlone(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnished(t, c)
		slow := newHalting()
		late := c
		late.Rand = slow
		v := mustOpen(t, late)
		ctx, stop := context.WithCancel(t.Context())
		slow.armed.Store(true)
		ended := make(chan error, 1)
		go func() {
			_, err := v.Rewrap(ctx, Rewrapping{})
			ended <- err
		}()
		<-slow.reached
		stop() // which rolls its transaction back
		mustRewrap(t, mustOpen(t, c), Rewrapping{})
		close(slow.goAhead)
		if err := <-ended; err == nil {
			t.Error("it says that it was done")
		}
		wantUsable(t, c, opens, gone)
	})
}

// A file that is another than it was read is not replaced.
func TestAKeyFileThatChangedSinceItWasReadIsNotReplaced(t *testing.T) {
	t.Parallel()
	c := config(t)
	wantError(t, CreateKEK(c.KEKPath, rand.Reader, nil, ""), nil)
	read, err := readEpochs(c.KEKPath)
	wantError(t, err, nil)
	mine, err := newEpoch(2, rand.Reader, nil, "")
	wantError(t, err, nil)
	theirs, err := newEpoch(2, rand.Reader, nil, "")
	wantError(t, err, nil)
	on := func(string) error { return nil }
	wantError(t, replaceEpochs(t.Context(), c.KEKPath, read, append(read, theirs), on), nil)
	wantError(t, replaceEpochs(t.Context(), c.KEKPath, read, append(read, mine), on), errOtherEpoch)
	is, err := readEpochs(c.KEKPath)
	if err != nil || len(is) != 2 || !is[1].same(&theirs) {
		t.Errorf("the file has %d epochs, %v, or another second one", len(is), err)
	}
}
