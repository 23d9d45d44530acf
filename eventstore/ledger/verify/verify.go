package verify

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// Config says what is verified, and against what.
type Config struct {
	// Store is the record. It may be appended to meanwhile: what was there at the
	// beginning is verified.
	Store eventstore.Store
	// Damaged reports whether an error of the store says that what is stored is
	// damaged, rather than out of reach.
	Damaged func(error) bool
	// Shelf holds tiles and registers; sealing may go on meanwhile.
	Shelf ledger.Shelf
	// Origin names the ledger, and Signers are the keys that may have signed its
	// checkpoints, those of earlier times and of witnesses among them.
	Origin  string
	Signers note.Verifiers
	// Memory is what the signer remembers; nil if that is not to be had.
	Memory ledger.Memory
	// Kept is a signed checkpoint of the ledger that somebody kept: the record
	// must begin with what it was made of. Nil if there is none.
	Kept []byte
	// Since leaves out what Kept was made of, and with it the keys that were
	// committed to in it; the tiles alone then show that the ledger goes on from
	// there.
	Since bool
	// Witnesses checks the cosignatures of a checkpoint against a policy; nil if
	// there is none.
	Witnesses func(signed []byte) error
	// Keys is the keystore; nil if keys are not checked.
	Keys Keystore
	// Open opens every box of an entry; nil if boxes are not opened. Its errors
	// are those of codec.Reader.
	Open func(ctx context.Context, e eventstore.Stored) error
	// Also sees every entry that is as it was signed, or not sealed yet, in order;
	// AlsoEnd is called in the end, unless the verification ended early.
	Also    func(e eventstore.Stored)
	AlsoEnd func(ctx context.Context, r *verdict.Report) error
	// Progress is told how many of how many entries are done; it may be nil.
	Progress func(done, total uint64)
	// Pace is called before each 256 entries are read; it may be nil. A verification
	// that must not be noticed waits there.
	Pace func(ctx context.Context) error
	// Findings is after how many the verification ends; 0 means 100.
	Findings int
	// Workers is how many goroutines hash; 0 means one per processor.
	Workers int
	// KeysAtOnce is how many keys are remembered at a time; 0 means a million.
	KeysAtOnce int
}

// Run verifies. It returns a report whatever it finds; an error only where
// something could not be read, so that nothing can be said.
func Run(ctx context.Context, c Config) (*verdict.Report, error) {
	if c.Findings == 0 {
		c.Findings = 100
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.KeysAtOnce == 0 {
		c.KeysAtOnce = maxKeys
	}
	if c.Damaged == nil {
		c.Damaged = func(error) bool { return false }
	}
	r := &run{Config: c, report: &verdict.Report{Origin: c.Origin}}
	err := r.all(ctx)
	r.report.Sort()
	return r.report, err
}

// run is one verification.
type run struct {
	Config
	report *verdict.Report

	anchors    []anchor
	remembered ledger.Tree
	sealed     int64 // entries under the last signed checkpoint; tiles are made of these
	base       int64 // entries that are left out
	start      *tree // what is known of them

	order streamWindow
	keys  keyCheck

	count   int64 // entries that were read, those left out among them
	unknown uint64
	spoiled bool  // entries are not what they were
	last    int64 // where the store says it ends, or must
}

// full reports whether so much was found that looking further is in vain.
func (r *run) full() bool { return len(r.report.Findings) >= r.Findings }

func (r *run) find(f verdict.Finding) {
	if !r.full() {
		r.report.Find(f)
	}
	r.spoiled = r.spoiled || f.Entry > 0 && !f.Code.OfKeys()
	r.report.More = r.report.More || r.full()
}

func (r *run) all(ctx context.Context) error {
	head, err := r.Store.Head(ctx)
	if err != nil && !r.Damaged(err) {
		return fmt.Errorf("verify: ask for the end of the ledger: %w", err)
	}
	if err := r.readAnchors(ctx); err != nil {
		return err
	}
	r.last = int64(head)
	for _, a := range r.anchors {
		r.last = max(r.last, a.tree.N)
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	t, err := r.entries(ctx)
	if err != nil {
		return err
	}
	r.finish(t, int64(head))
	if err := r.endIs(ctx); err != nil {
		return err
	}
	if err := r.caughtUp(ctx); err != nil {
		return err
	}
	if err := r.endKeys(ctx); err != nil {
		return err
	}
	if r.AlsoEnd != nil && !r.report.More && !r.spoiled {
		return r.AlsoEnd(ctx, r.report)
	}
	return nil
}

// begin decides where reading begins: behind the checkpoint that was kept, where
// that is asked for and the tiles lead to it.
func (r *run) begin(ctx context.Context) error {
	r.start = newTree(r)
	if !r.Since {
		return nil
	}
	for _, a := range r.anchors {
		if !a.kept {
			continue
		}
		levels, err := r.edge(ctx, a.tree.N)
		if err != nil {
			return err
		}
		if levels != nil && rootOfLevels(levels) == a.tree.Hash {
			r.base = a.tree.N
			r.start.startAt(levels, r.base)
			r.passed(a.tree)
			return nil
		}
	}
	r.report.Notice("the tiles do not lead to the checkpoint that was kept: every entry was read")
	return nil
}

// passed compares the anchors that are not beyond what is left out with it, as
// far as their size is the same.
func (r *run) passed(known ledger.Tree) {
	for i := range r.anchors {
		a := &r.anchors[i]
		if a.tree.N > known.N {
			return
		}
		r.start.next++
		r.start.done = r.start.done || a.tree.N == r.sealed
		if a.met = a.tree == known; a.tree.N == known.N && !a.met {
			r.find(verdict.Finding{Code: verdict.HistoryOther, Entry: 1, UpTo: uint64(a.tree.N), Detail: "the checkpoint that was kept has another root than " + a.name})
		}
	}
}

// edge reads the hashes at the right edge of a tree of a size, the leaves first;
// nil if they are not there.
func (r *run) edge(ctx context.Context, size int64) ([][]tlog.Hash, error) {
	var levels [][]tlog.Hash
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		n := size >> (tileHeight * level)
		width := int(n % tileWidth)
		if width == 0 {
			levels = append(levels, nil)
			continue
		}
		hashes, _, err := r.tile(ctx, level, n/tileWidth, max(width, widthOf(level, n/tileWidth, r.sealed)))
		if err != nil || len(hashes) < width {
			return nil, err
		}
		levels = append(levels, hashes[:width])
	}
	return levels, nil
}

// endIs finds a store that has more than it says: its end never goes back.
func (r *run) endIs(ctx context.Context) error {
	head, err := r.Store.Head(ctx)
	switch {
	case err != nil && r.Damaged(err):
		r.find(verdict.Finding{Code: verdict.StoreEnd, Detail: "it cannot say where it ends"})
	case err != nil:
		return fmt.Errorf("verify: ask for the end of the ledger: %w", err)
	case int64(head) < r.count:
		r.find(verdict.Finding{Code: verdict.StoreEnd, Detail: fmt.Sprintf("it says that it ends at %d, and has %d entries", head, r.count)})
	}
	return nil
}

// finish compares what was read with where it must end, and says what was done.
func (r *run) finish(t *tree, head int64) {
	r.count = max(r.count, min(r.base, head))
	if r.report.More {
		r.report.Step("entries", "%d were read before the verification ended", r.count-r.base)
		return
	}
	t.end()
	if head > r.count {
		r.find(verdict.Finding{Code: verdict.StoreEnd, Entry: uint64(r.count) + 1, Detail: fmt.Sprintf("the store says that it ends at %d, and has no such entry", head)})
	}
	for _, a := range r.anchors {
		if a.tree.N > r.count {
			r.find(verdict.Finding{Code: verdict.EntryMissing, Entry: uint64(r.count) + 1,
				Detail: fmt.Sprintf("there is none, and %s is of %d entries", a.name, a.tree.N)})
			break
		}
	}
	if r.count > r.sealed {
		r.report.Unsealed = uint64(r.count - r.sealed)
	}
	r.report.Entries = uint64(min(r.count, r.sealed))
	r.report.Step("entries", "%d read; %d under the last checkpoint, %d not sealed yet", r.count-r.base, r.report.Entries, r.report.Unsealed)
	r.report.Step("tiles", "%s compared with what the entries make", verdict.Count(uint64(t.tiles), "was", "were"))
	for _, a := range r.anchors {
		if a.met {
			r.report.Step("root", "%d entries lead to the root of %s", a.tree.N, a.name)
		}
	}
	if r.base > 0 {
		r.report.Step("since", "%d entries were verified before: the ledger goes on from them", r.base)
	}
	if r.Open != nil {
		r.report.Step("boxes", "every box of those entries opens in its place, unless its key was destroyed")
	}
	if r.unknown > 0 {
		r.report.Notice("%s written by a later version of the program, and not looked into", verdict.Count(r.unknown, "entry was", "entries were"))
	}
	if r.report.Unsealed > 0 {
		r.report.Notice("%s not sealed yet: nothing shows whether they were altered", verdict.Count(r.report.Unsealed, "entry is", "entries are"))
	}
}
