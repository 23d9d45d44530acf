package reactor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore/codec"
)

// beforeErasure is what the monitors make, now that some of it cannot be read, of
// what was on a case's record when the last of its keys were destroyed, at that
// time: what they make of the whole case differs from it by what came about
// since, and not by the erasure. now is what they make of the whole case.
//
// Where the ledger has not been followed as far as that destruction, nothing came
// about since.
func (b *batch) beforeErasure(ctx context.Context, survivor event.UUID, all, looks []event.Recorded, now []finding.Judged) ([]finding.Judged, error) {
	var last event.Recorded
	revisions := map[event.StreamID]event.Revision{}
	for _, e := range all {
		if e.Type == "key.destroyed" && e.Position > last.Position {
			last = e
		}
		revisions[e.Stream] = max(revisions[e.Stream], e.Revision)
	}
	for stream, read := range revisions {
		ahead, err := b.destroyedAfter(ctx, stream, read)
		if err != nil {
			return nil, err
		}
		if ahead {
			return now, nil
		}
	}
	if last.Position == 0 {
		return now, nil // the ledger does not say yet, or no more, when it was
	}
	upTo := func(events []event.Recorded) []event.Recorded {
		return slices.DeleteFunc(slices.Clone(events), func(e event.Recorded) bool { return e.Position > last.Position })
	}
	h := lawfulness.NewHistory(survivor, upTo(all), upTo(looks), b.shared)
	return b.Judges.Person(h, last.RecordedAt).Findings, nil
}

// destroyedAfter reports whether a stream says after a revision that a key was
// destroyed. Whatever was read as erased before the call was destroyed after the
// stream had said so.
func (b *batch) destroyedAfter(ctx context.Context, stream event.StreamID, read event.Revision) (bool, error) {
	for s, err := range b.Store.ReadStream(ctx, stream, read+1) {
		if err != nil {
			return false, fmt.Errorf("reactor: read %s after revision %d: %w", stream, read, err)
		}
		if m, err := codec.Peek(s.Body); err == nil && m.Type == "key.destroyed" {
			return true, nil
		}
	}
	return false, nil
}

// found reports whether the monitors found the same about an organisation at the
// time of the last erasure.
func (m made) found(f finding.Judged) bool {
	return slices.ContainsFunc(m.before, func(g finding.Judged) bool {
		return g.Organisation == f.Organisation && g.ID(f.Organisation) == f.ID(f.Organisation)
	})
}

// JudgeOne judges one person at once, beside whatever runs, on what the ledger
// holds as far as it is known to have been followed, and records what was found.
// It leaves the agenda as it is. It returns how far that is.
//
// Errors: those of the store, the keep and the surroundings, and of whatever
// cannot be read.
func (r *Reactor) JudgeOne(ctx context.Context, person event.UUID) (event.Position, error) {
	status, err := r.Keep.Status(ctx)
	if err != nil {
		return 0, err
	}
	shared, err := r.Surroundings.Shared(ctx)
	if err != nil {
		return 0, fmt.Errorf("reactor: load the surroundings: %w", err)
	}
	b := &batch{Reactor: &Reactor{Config: r.Config, to: status.To}, shared: shared, now: r.Clock().UTC().Truncate(time.Microsecond),
		organisations: map[event.UUID][]finding.Judged{}, judged: map[event.UUID]organisation{}}
	m := b.one(ctx, person)
	if m.err != nil {
		return 0, m.err
	}
	if err := b.person(ctx, m); err != nil {
		return 0, err
	}
	return status.To, b.throughCases(ctx)
}
