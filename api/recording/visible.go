package recording

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// Visible says whether a stream is there for somebody: nil, or the fault
// "no-such-person", "no-such-agreement" and the like. Limited access is not
// asked.
func (r *Recorder) Visible(ctx context.Context, stream event.StreamID, actor event.Actor) error {
	if stream.Kind == event.CaseStream {
		_, _, err := r.Load(ctx, stream.Of, actor.Org)
		return err
	}
	history, err := r.history(ctx, stream)
	if err != nil {
		return err
	}
	if !r.shows(stream, actor, event.Standing(history)) {
		return Absent(stream.Kind)
	}
	return nil
}

// shows reports whether a stream that is not a case is there for somebody.
func (r *Recorder) shows(stream event.StreamID, actor event.Actor, standing []event.Recorded) bool {
	if stream.Kind == event.PolicyStream {
		return true
	}
	if stream.Kind == event.OrgStream { // also one of which nothing is recorded
		return slices.Contains(r.Peers(actor.Org), stream.Of)
	}
	return slices.ContainsFunc(standing, r.sees(stream, actor))
}

// sees tells which entries of a stream somebody can see; it is asked about them
// in their order. Of a case those are what the actor's controller recorded or
// was told: what its read models show. Of an agreement, everything from when
// the controller has to do with it; of findings, those about its acts.
func (r *Recorder) sees(stream event.StreamID, actor event.Actor) func(event.Recorded) bool {
	peers := r.Peers(actor.Org)
	ours := func(org event.UUID) bool { return slices.Contains(peers, org) }
	switch stream.Kind {
	case event.AgreementStream:
		concerned := false
		return func(e event.Recorded) bool {
			concerned = concerned || ours(e.Actor.Org) || slices.ContainsFunc(parties(e.Data), ours)
			return concerned
		}
	case event.FindingStream:
		found := map[event.UUID]bool{}
		return func(e event.Recorded) bool {
			if d, ok := e.Data.(finding.FindingRaised); ok && (ours(d.Judged.Org) || ours(d.Judged.Organisation)) {
				found[d.Finding] = true
			}
			_, about, ok := names(e.Data)
			return ok && found[about]
		}
	case event.OrgStream:
		return func(event.Recorded) bool { return ours(stream.Of) }
	case event.CaseStream:
		return func(e event.Recorded) bool {
			if ours(e.Actor.Org) {
				return true
			}
			told, ok := e.Data.(interface{ RecipientOrg() event.UUID })
			return ok && ours(told.RecipientOrg())
		}
	case event.PolicyStream, event.AccessStream, event.LedgerStream: // of which nothing is hidden, and which take no commands
	}
	return nil
}

// parties are the organisations that an event of an agreement makes parties.
func parties(data any) []event.UUID {
	var terms agreement.Terms
	switch d := data.(type) {
	case agreement.AgreementDrafted:
		terms = d.Terms
	case agreement.AgreementAmended:
		terms = d.Terms
	}
	var orgs []event.UUID
	for _, p := range terms.Parties {
		orgs = append(orgs, p.Org)
	}
	return orgs
}

// names is what an event is about: its first member, where that is an
// identifier.
func names(data any) (member string, id event.UUID, ok bool) {
	v := reflect.ValueOf(data)
	if v.Kind() != reflect.Struct || v.NumField() == 0 {
		return "", event.UUID{}, false
	}
	member, _, _ = strings.Cut(v.Type().Field(0).Tag.Get("json"), ",")
	id, ok = v.Field(0).Interface().(event.UUID)
	return member, id, ok && !id.IsZero()
}
