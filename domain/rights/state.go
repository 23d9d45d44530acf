package rights

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// State is what decisions and monitors need to know of this area.
type State struct {
	Requests []Request // in the order they were received
	Periods  []Period
	Holds    []Hold
	Disposed []Disposal // and erased
}

// Request is one request for a right.
type Request struct {
	ID        event.UUID
	Kind      RequestKind
	Side      event.Side // whose record it was asked of
	Org       event.UUID // who received it
	Confirmed bool       // nobody needs to be asked who is asking
	Received  event.When
	Pauses    []Pause
	Extended  event.When // zero: it was not
	Responded event.When // zero: not yet
	Outcome   RequestOutcome
	Source    event.ID // the event that says it was received
	Answer    event.ID // the event that says it was answered
}

// Pause is a stretch in which the clock stood.
type Pause struct {
	From, Until event.When // Until is zero while it stands
}

// Period is one retention period.
type Period struct {
	ID         event.UUID
	Class      RetentionClass
	Side       event.Side
	Org        event.UUID // whose controller keeps the record
	From       event.Day
	KeepUntil  event.Day
	DisposeOn  event.Day
	Reviewed   event.When // the latest review
	LastReview RetentionReview
	Source     event.ID
}

// Hold is one legal hold.
type Hold struct {
	ID     event.UUID
	Side   event.Side
	Org    event.UUID
	Placed event.When
	Lifted event.When // zero while it stands
	Source event.ID
}

// Disposal is one decision that keys of the record are destroyed: a disposal, of
// a period that was over, or an erasure, on a request.
type Disposal struct {
	ID      event.UUID
	Period  event.UUID // zero of an erasure
	Request event.UUID // zero of a disposal
	Side    event.Side // whose keys
	Org     event.UUID // whose controller decided it
	Data    []event.Class
	At      event.When
	Source  event.ID
	Stream  event.StreamID
	// Receipt is the event that says it was carried out, and CarriedOut when;
	// zero while it waits.
	Receipt    event.ID
	CarriedOut event.When
}

// Done reports whether it was carried out.
func (d Disposal) Done() bool { return !d.Receipt.IsZero() }

// Waiting are the disposals and erasures that were decided and not yet carried
// out, in the order in which they were.
func (s State) Waiting() []Disposal {
	return slices.DeleteFunc(slices.Clone(s.Disposed), Disposal.Done)
}

// LiveAt reports whether the hold stands at t.
func (h Hold) LiveAt(t time.Time) bool {
	return h.Placed.Begun(t) && (h.Lifted.IsZero() || !h.Lifted.Begun(t))
}

// HeldAt reports whether any hold stands at t.
func (s State) HeldAt(t time.Time) bool {
	return slices.ContainsFunc(s.Holds, func(h Hold) bool { return h.LiveAt(t) })
}

// Fold folds standing events.
func Fold(standing []event.Recorded) State {
	var s State
	for _, e := range standing {
		s = Evolve(s, e)
	}
	return s
}

// Evolve folds one standing event; events of other areas change nothing, and
// neither does one whose plain fields could not be opened.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := d.(type) {
	case RightsRequestReceived:
		s.Requests = append(slices.Clip(s.Requests), Request{ID: d.Request, Kind: d.Kind, Side: e.Actor.Side, Org: e.Actor.Org,
			Confirmed: d.IdentityConfirmed, Received: e.Effective, Source: e.ID})
	case RightsRequestPaused:
		s.Requests = changed(s.Requests, func(r *Request) bool { return r.ID == d.Request }, func(r *Request) {
			r.Pauses = append(slices.Clip(r.Pauses), Pause{From: e.Effective})
		})
	case RightsRequestClarified:
		s.Requests = changed(s.Requests, func(r *Request) bool { return r.ID == d.Request }, func(r *Request) {
			if n := len(r.Pauses); n > 0 && r.Pauses[n-1].Until.IsZero() {
				r.Pauses = slices.Clone(r.Pauses)
				r.Pauses[n-1].Until = e.Effective
			}
		})
	case RightsRequestExtended:
		s.Requests = changed(s.Requests, func(r *Request) bool { return r.ID == d.Request }, func(r *Request) {
			if r.Extended.IsZero() || e.Effective.Earliest().Before(r.Extended.Earliest()) {
				r.Extended = e.Effective
			}
		})
	case RightsRequestResponded:
		s.Requests = changed(s.Requests, func(r *Request) bool { return r.ID == d.Request }, func(r *Request) {
			if r.Responded.IsZero() || e.Effective.Earliest().Before(r.Responded.Earliest()) {
				r.Responded, r.Outcome, r.Answer = e.Effective, d.Outcome, e.ID
			}
		})
	case RetentionPeriodSet:
		s.Periods = append(slices.Clip(s.Periods), Period{ID: d.Period, Class: d.Class, Side: e.Actor.Side, Org: e.Actor.Org, From: d.From,
			KeepUntil: d.KeepUntil, DisposeOn: d.DisposeOn, Source: e.ID})
	case RetentionReviewed:
		s.Periods = changed(s.Periods, func(p *Period) bool { return p.ID == d.Period }, func(p *Period) {
			p.Reviewed, p.LastReview = e.Effective, d.Outcome
			if d.DisposeOn != 0 {
				p.DisposeOn = d.DisposeOn
			}
		})
	case LegalHoldPlaced:
		s.Holds = append(slices.Clip(s.Holds), Hold{ID: d.Hold, Side: e.Actor.Side, Org: e.Actor.Org, Placed: e.Effective, Source: e.ID})
	case LegalHoldLifted:
		s.Holds = changed(s.Holds, func(h *Hold) bool { return h.ID == d.Hold }, func(h *Hold) {
			if h.Lifted.IsZero() {
				h.Lifted = e.Effective
			}
		})
	case RecordDisposed:
		s.Disposed = append(slices.Clip(s.Disposed), Disposal{ID: d.Disposal, Period: d.Period, Data: d.Data, Side: e.Actor.Side, Org: e.Actor.Org,
			At: e.Effective, Source: e.ID, Stream: e.Stream})
	case ErasureDecided:
		s.Disposed = append(slices.Clip(s.Disposed), Disposal{ID: d.Erasure, Request: d.Request, Data: d.Data, Side: e.Actor.Side, Org: e.Actor.Org,
			At: e.Effective, Source: e.ID, Stream: e.Stream})
	case ErasureCompleted:
		s.Disposed = changed(s.Disposed, func(of *Disposal) bool { return of.Source == d.Decision }, func(of *Disposal) {
			of.Receipt, of.CarriedOut = e.ID, e.Effective
		})
	}
	return s
}

// changed changes a copy of the members that are meant.
func changed[T any](all []T, meant func(*T) bool, change func(*T)) []T {
	all = slices.Clone(all)
	for i := range all {
		if meant(&all[i]) {
			change(&all[i])
		}
	}
	return all
}
