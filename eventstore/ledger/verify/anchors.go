package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// anchor is a tree that the entries must make.
type anchor struct {
	tree ledger.Tree
	name string // for people
	kept bool
	met  bool // the entries make it
}

// readAnchors reads the checkpoints. The witnessed one is read first: it is never
// ahead of the last one that was signed.
func (r *run) readAnchors(ctx context.Context) error {
	witnessed, err := r.Shelf.Load(ctx, ledger.RegisterWitnessed)
	if err != nil {
		return fmt.Errorf("verify: read the witnessed checkpoint: %w", err)
	}
	last, err := r.Shelf.Load(ctx, ledger.RegisterCheckpoint)
	if err != nil {
		return fmt.Errorf("verify: read the last checkpoint: %w", err)
	}
	if r.Memory != nil {
		r.remembered, err = r.Memory.LastSigned(ctx)
		if errors.Is(err, ledger.ErrMemory) {
			r.report.Notice("what the signer remembers is damaged, and was not compared")
		} else if err != nil {
			return fmt.Errorf("verify: ask what the signer remembers: %w", err)
		}
	}
	signed := r.anchor(ledger.RegisterCheckpoint, "the last checkpoint", last)
	seen := r.anchor(ledger.RegisterWitnessed, "the witnessed checkpoint", witnessed)
	var kept *anchor
	if r.Kept != nil {
		if kept = r.anchor("kept", "the checkpoint that was kept", r.Kept); kept != nil {
			kept.kept = true
		}
	}
	if err := r.neverSealed(ctx, last, seen, kept); err != nil {
		return err
	}
	if r.remembered.N > 0 {
		r.anchors = append(r.anchors, anchor{tree: r.remembered, name: "what the signer remembers"})
	}
	for _, a := range []*anchor{seen, kept, signed} {
		if a != nil {
			r.anchors = append(r.anchors, *a)
		}
	}
	for _, a := range r.anchors {
		if signed == nil {
			r.sealed = max(r.sealed, a.tree.N)
		}
	}
	if signed != nil {
		r.sealed = signed.tree.N
		r.compare(signed, seen, kept)
	}
	slices.SortStableFunc(r.anchors, func(a, b anchor) int { return cmp.Compare(a.tree.N, b.tree.N) })
	r.witnesses(witnessed)
	return r.alarm(ctx)
}

// anchor opens one checkpoint; nil if there is none, or none of the ledger.
func (r *run) anchor(object, name string, signed []byte) *anchor {
	if len(signed) == 0 {
		return nil
	}
	t, n, err := ledger.OpenCheckpoint(signed, r.Origin, r.Signers)
	if err != nil {
		r.find(verdict.Finding{Code: verdict.Checkpoint, Object: "register " + object, Detail: name + " is not one that the ledger has signed"})
		return nil
	}
	r.report.Step("checkpoint", "%s is of %d entries, signed by %s", name, t.N, n.Sigs[0].Name)
	return &anchor{tree: t, name: name}
}

// neverSealed finds out whether a shelf without a checkpoint ever had one.
func (r *run) neverSealed(ctx context.Context, last []byte, others ...*anchor) error {
	if len(last) > 0 {
		return nil
	}
	sealed := r.remembered.N > 0
	for _, a := range others {
		sealed = sealed || a != nil
	}
	for width := tileWidth; width > 0 && !sealed; width-- {
		_, err := r.Shelf.Get(ctx, ledger.TileName(0, 0, width))
		if err != nil && !errors.Is(err, ledger.ErrAbsent) {
			return fmt.Errorf("verify: look for tiles: %w", err)
		}
		sealed = err == nil
	}
	if sealed {
		r.find(verdict.Finding{Code: verdict.Checkpoint, Object: "register " + ledger.RegisterCheckpoint, Detail: "there is no checkpoint, and entries were sealed"})
		return nil
	}
	r.report.Notice("nothing was sealed yet: there is nothing to compare the entries with")
	return nil
}

// compare finds a last checkpoint that is older than others. What the signer
// remembers is never behind it.
func (r *run) compare(signed, seen, kept *anchor) {
	for _, a := range []*anchor{seen, kept} {
		if a != nil && a.tree.N > signed.tree.N {
			r.find(verdict.Finding{Code: verdict.CheckpointBack, Object: "register " + ledger.RegisterCheckpoint,
				Detail: fmt.Sprintf("the last checkpoint is of %d entries, and %s of %d", signed.tree.N, a.name, a.tree.N)})
		}
	}
	if r.remembered.N > 0 && r.remembered.N < signed.tree.N {
		r.report.Notice("the last checkpoint is of %d entries, and the signer remembers having signed %d: what it remembers was put back", signed.tree.N, r.remembered.N)
	}
}

// caughtUp finds a last checkpoint that is still older than what the signer
// remembers: it stopped between the two, or the checkpoint was put back.
func (r *run) caughtUp(ctx context.Context) error {
	last, err := r.Shelf.Load(ctx, ledger.RegisterCheckpoint)
	if err != nil {
		return fmt.Errorf("verify: read the last checkpoint: %w", err)
	}
	t, _, err := ledger.OpenCheckpoint(last, r.Origin, r.Signers)
	if err == nil && t.N < r.remembered.N {
		r.report.Notice("the last checkpoint is of %d entries, and the signer remembers having signed %d: it stopped in between, or the checkpoint was put back", t.N, r.remembered.N)
	}
	return nil
}

// witnesses checks the cosignatures, where a policy wants some.
func (r *run) witnesses(witnessed []byte) {
	if r.Witnesses == nil {
		return
	}
	const name = "register " + ledger.RegisterWitnessed
	switch {
	case len(witnessed) == 0:
		r.find(verdict.Finding{Code: verdict.NotWitnessed, Object: name, Detail: "no checkpoint has the cosignatures that the policy wants"})
	case r.Witnesses(witnessed) != nil:
		r.find(verdict.Finding{Code: verdict.NotWitnessed, Object: name, Detail: "it lacks cosignatures that the policy wants"})
	default:
		r.report.Step("witnesses", "the witnessed checkpoint has the cosignatures that the policy wants")
	}
}

func (r *run) alarm(ctx context.Context) error {
	raised, err := r.Shelf.Load(ctx, ledger.RegisterAlarm)
	if err != nil {
		return fmt.Errorf("verify: read the alarm: %w", err)
	}
	if len(raised) > 0 {
		r.report.Notice("an alarm is raised, and nothing is sealed until it is lifted")
	}
	return nil
}

// tile reads a tile of at least a width that is published in a tree, or the
// widest part of it that there is. The width is that of the last checkpoint; a
// tile that has grown since is found under its wider name. sound is false where
// what is stored is no tile.
func (r *run) tile(ctx context.Context, level int, n int64, width int) (hashes []tlog.Hash, sound bool, _ error) {
	widths := []int{width, tileWidth}
	for w := width + 1; w <= tileWidth; w++ { // the widest comes again: it may have grown meanwhile
		widths = append(widths, w)
	}
	for _, w := range widths {
		data, err := r.Shelf.Get(ctx, ledger.TileName(level, n, w))
		if errors.Is(err, ledger.ErrAbsent) {
			if width == tileWidth {
				break
			}
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("verify: read %s: %w", ledger.TileName(level, n, w), err)
		}
		if len(data) != w*tlog.HashSize {
			return nil, false, nil
		}
		return hashesOf(data)[:width], true, nil
	}
	return nil, true, nil
}
