package reactor

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/finding"
	"caseledger/eventstore"
)

// System is who acts where time does, on the record of a side, for an
// organisation. It takes no decisions.
func System(side event.Side, org event.UUID) event.Actor {
	return event.Actor{ID: event.DeriveUUID("system", []byte(side)), Role: "SYSTEM", Side: side, Org: org}
}

// most is how many findings one append holds.
const most = 100

// record brings what is on the record about somebody to what was judged. want
// gets the findings that stand, which it may change, and returns those that
// should.
func (b *batch) record(ctx context.Context, about event.UUID, want func(standing []finding.Judged) ([]finding.Judged, error)) error {
	stream := event.StreamID{Kind: event.FindingStream, Of: about}
	for range 100 {
		history, err := b.whole(ctx, stream)
		if err != nil {
			return err
		}
		state := fold(event.Standing(history))
		judged, err := want(standing(state))
		if err != nil {
			return err
		}
		drafts := reconcile(about, state, judged, b.to)
		if len(drafts) == 0 {
			return nil
		}
		err = b.append(ctx, stream, event.Revision(len(history)), state, drafts)
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.New(fault.Conflict, "too-much-contention", "others keep changing these findings; try again")
}

// errMoved: somebody else recorded something about the same findings.
var errMoved = errors.New("reactor: the findings have moved")

// whole reads a stream to its end.
func (b *batch) whole(ctx context.Context, stream event.StreamID) ([]event.Recorded, error) {
	var events []event.Recorded
	for s, err := range b.Store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, fmt.Errorf("reactor: load %s: %w", stream, err)
		}
		e, err := b.Codec.Decode(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("reactor: decode %s revision %d: %w", stream, s.Revision, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// append records those drafts that belong to the same organisation's record as
// the first, at the exact revision they were made from: [errMoved] if it is no
// longer that. The command is named by the revision, so that a repeated append
// is recognised.
func (b *batch) append(ctx context.Context, stream event.StreamID, at event.Revision, state findings, drafts []event.Draft) error {
	first := b.actorOf(state, drafts[0])
	var mine []event.Draft
	told := sha256.New()
	for _, d := range drafts {
		if len(mine) == most || b.actorOf(state, d) != first {
			continue
		}
		id, j, raised := judgedOf(state, d)
		if d.Effective.IsZero() && raised {
			d.Effective = j.At
		}
		told.Write(fmt.Appendf(nil, "%s %v\n", id, raised))
		mine = append(mine, d)
	}
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(at))
	binary.BigEndian.PutUint64(n[8:], uint64(b.to))
	cmd := eventstore.Command{ID: event.DeriveUUID("judged", stream.Of[:], n[:]), Stream: stream, Fingerprint: [32]byte(told.Sum(nil)),
		Subject: stream.Subject(), Effective: event.At(b.now), Actor: first, Purpose: "AUDIT", Origin: event.Live, If: at}
	_, err := eventstore.Execute(ctx, b.Store, b.Codec, cmd, func(_ []event.Recorded, now event.Revision) ([]event.Draft, error) {
		if now != at {
			return nil, errMoved
		}
		return mine, nil
	})
	if f := fault.Of(err); f != nil && (f.Code == "stale-precondition" || f.Code == "idempotency-key-reused") {
		return errMoved
	}
	if err == nil {
		b.sum.Recorded += len(mine)
	}
	return err
}

// actorOf is who records a draft: the system, for whose act it is about.
func (b *batch) actorOf(state findings, d event.Draft) event.Actor {
	_, j, _ := judgedOf(state, d)
	return System(j.Side, j.Org)
}

// judgedOf is the finding that a draft is about.
func judgedOf(state findings, d event.Draft) (id event.UUID, j finding.Judged, raised bool) {
	switch d := d.Data.(type) {
	case finding.FindingRaised:
		return d.Finding, d.Judged, true
	case finding.FindingSuperseded:
		id = d.Finding
	}
	if i := slices.IndexFunc(state, func(f known) bool { return f.id == id }); i >= 0 {
		j = state[i].judged
	}
	return id, j, false
}

// standing lists what was found and not superseded.
func standing(state findings) []finding.Judged {
	var all []finding.Judged
	for _, f := range state {
		if !f.superseded {
			all = append(all, f.judged)
		}
	}
	return all
}
