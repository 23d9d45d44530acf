package heads

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"caseledger/eventstore"
)

// Entries that are not what was committed to are found by both checks.
func TestEntriesThatDoNotComeToTheCommitment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 5 {
		w.record(streamNumbered(n), 1+n)
	}
	c := w.mustCommit()
	var entries []eventstore.Stored
	for e, err := range w.store.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	for what, change := range map[string]func(all []eventstore.Stored){
		"a revision twice":         func(all []eventstore.Stored) { all[5].Revision = all[4].Revision },
		"a revision left out":      func(all []eventstore.Stored) { all[5].Revision++ },
		"an entry of another":      func(all []eventstore.Stored) { all[5].Stream = streamNumbered(0) },
		"a stream that was hidden": func(all []eventstore.Stored) { all[0].Stream = streamNumbered(77) },
		"one stream's for another's": func(all []eventstore.Stored) {
			all[0].Stream, all[1].Stream = all[1].Stream, all[0].Stream
			all[0].Revision++
		},
	} {
		changed := slices.Clone(entries)
		change(changed)
		a, err := NewAudit(rand.Reader, c)
		if err != nil {
			t.Fatal(err)
		}
		p, r := a.Part(), NewReplay(c)
		var replayed error
		for _, e := range changed {
			p.Add(e)
			replayed = errors.Join(replayed, r.Add(e))
		}
		p.Done()
		if err := a.Check(t.Context(), w.shelf); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: the audit says %v", what, err)
		}
		if replayed = errors.Join(replayed, r.End()); !errors.Is(replayed, ErrMismatch) && !errors.Is(replayed, ErrBroken) {
			t.Errorf("%s: the replay says %v", what, replayed)
		}
	}
	// The chain only the replay compares.
	r := NewReplay(c)
	altered := slices.Clone(entries)
	altered[3].Body = []byte("another")
	var err error
	for _, e := range altered {
		err = errors.Join(err, r.Add(e))
	}
	if !errors.Is(err, ErrMismatch) {
		t.Errorf("an altered entry: %v", err)
	}
}

// audited is the check in constant memory, in two parts.
func (w *world) audited(checks ...Commitment) error {
	a, err := NewAudit(rand.Reader, checks...)
	if err != nil {
		w.Fatal(err)
	}
	parts := []*Part{a.Part(), a.Part()}
	for e, err := range w.store.ReadAll(context.Background(), 0) {
		if err != nil {
			w.Fatal(err)
		}
		parts[e.Position%2].Add(e)
	}
	parts[1].Done()
	parts[0].Done()
	return a.Check(context.Background(), w.shelf)
}

func (w *world) replayed(checks ...Commitment) error {
	r := NewReplay(checks...)
	for e, err := range w.store.ReadAll(context.Background(), 0) {
		if err != nil {
			w.Fatal(err)
		}
		if err := r.Add(e); err != nil {
			return err
		}
	}
	return r.End()
}
