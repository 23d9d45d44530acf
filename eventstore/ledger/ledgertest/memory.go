package ledgertest

import (
	"errors"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

// RunMemory holds a signer's memory to what [ledger.Memory] promises. Each call
// of fresh makes a memory that is empty; each call of what it returns opens that
// memory, as another process would if it can be shared between processes, or
// returns it again.
func RunMemory(t *testing.T, fresh func(t *testing.T) (open func() ledger.Memory)) {
	for name, test := range map[string]func(*testing.T, func() ledger.Memory){
		"nothing was signed":                 noneSigned,
		"what was noted is remembered":       remembered,
		"another tree than the last one":     notLast,
		"one of many that sign at once does": signAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func tree(n int64, root string) ledger.Tree {
	return ledger.Tree{N: n, Hash: tlog.RecordHash([]byte(root))}
}

func lastSigned(t *testing.T, m ledger.Memory, wanted ledger.Tree) {
	t.Helper()
	if got, err := m.LastSigned(t.Context()); err != nil || got != wanted {
		t.Fatalf("last signed: got %v, %v; want %v", got, err, wanted)
	}
}

func noneSigned(t *testing.T, open func() ledger.Memory) {
	lastSigned(t, open(), ledger.Tree{})
	lastSigned(t, open(), ledger.Tree{})
}

func remembered(t *testing.T, open func() ledger.Memory) {
	m, last := open(), ledger.Tree{}
	for _, next := range []ledger.Tree{{Hash: tlog.RecordHash(nil)}, tree(1, "a"), tree(1, "a"), tree(256, "b"), tree(1<<62, "c")} {
		want(t, "signing", m.Signing(t.Context(), last, next), nil)
		lastSigned(t, m, next)
		lastSigned(t, open(), next)
		last = next
	}
}

func notLast(t *testing.T, open func() ledger.Memory) {
	m := open()
	want(t, "before the first", m.Signing(t.Context(), tree(1, "a"), tree(2, "b")), ledger.ErrMoved)
	lastSigned(t, m, ledger.Tree{})
	want(t, "signing", m.Signing(t.Context(), ledger.Tree{}, tree(5, "a")), nil)
	for _, last := range []ledger.Tree{{}, tree(5, "b"), tree(4, "a"), tree(6, "a"), {N: 5}} {
		want(t, "another", open().Signing(t.Context(), last, tree(9, "c")), ledger.ErrMoved)
		lastSigned(t, m, tree(5, "a"))
	}
}

func signAtOnce(t *testing.T, open func() ledger.Memory) {
	const signers = 8
	errs := make([]error, signers)
	var wait sync.WaitGroup
	for i := range signers {
		m := open()
		wait.Go(func() { errs[i] = m.Signing(t.Context(), ledger.Tree{}, tree(int64(i)+1, "a")) })
	}
	wait.Wait()
	got, err := open().LastSigned(t.Context())
	want(t, "last signed", err, nil)
	for i, err := range errs {
		if won := got.N == int64(i)+1; won != (err == nil) || !won && !errors.Is(err, ledger.ErrMoved) {
			t.Errorf("signer %d, whose tree is remembered: %t: %v", i, won, err)
		}
	}
}
