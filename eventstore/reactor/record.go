package reactor

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

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

// record brings what is on the record about somebody to what was judged, which
// judging makes from what is there.
func (b *batch) record(ctx context.Context, about event.UUID, judging func(finding.State) (finding.Judging, error)) error {
	stream := event.StreamID{Kind: event.FindingStream, Of: about}
	for range 100 {
		history, err := b.whole(ctx, stream)
		if err != nil {
			return err
		}
		state := finding.Fold(event.Standing(history))
		j, err := judging(state)
		if err != nil {
			return err
		}
		j.Subject, j.To = about, b.to
		drafts := finding.Reconcile(state, j)
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
func (b *batch) append(ctx context.Context, stream event.StreamID, at event.Revision, state finding.State, drafts []event.Draft) error {
	first := actorOf(state, drafts[0])
	var mine []event.Draft
	told := sha256.New()
	for _, d := range drafts {
		if len(mine) == most || actorOf(state, d) != first {
			continue
		}
		id, _ := judgedOf(state, d)
		told.Write(fmt.Appendf(nil, "%T %s\n", d.Data, id))
		mine = append(mine, d)
	}
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(at))
	binary.BigEndian.PutUint64(n[8:], uint64(b.to))
	cmd := eventstore.Command{ID: event.DeriveUUID("judged", stream.Of[:], n[:]), Stream: stream, Fingerprint: [32]byte(told.Sum(nil)),
		Subject: stream.Subject(), Effective: event.At(b.now), Actor: first, Purpose: "AUDIT", Origin: event.Live, IfAny: true}
	_, err := eventstore.Execute(ctx, b.Store, b.Codec, cmd, func(_ []event.Recorded, now event.Revision) ([]event.Draft, error) {
		if now != at {
			return nil, errMoved
		}
		return mine, nil
	})
	if f := fault.Of(err); f != nil && f.Code == "idempotency-key-reused" {
		return errMoved
	}
	if err == nil {
		b.sum.Recorded += len(mine)
	}
	return err
}

// actorOf is who records a draft: the system, for whose act it is about.
func actorOf(state finding.State, d event.Draft) event.Actor {
	_, j := judgedOf(state, d)
	return System(j.Side, j.Org)
}

// judgedOf is the finding that a draft is about.
func judgedOf(state finding.State, d event.Draft) (event.UUID, finding.Judged) {
	switch d := d.Data.(type) {
	case finding.FindingRaised:
		return d.Finding, d.Judged
	case finding.FindingSuperseded:
		f, _ := state.Finding(d.Finding)
		return d.Finding, f.Judged
	}
	return event.UUID{}, finding.Judged{}
}
