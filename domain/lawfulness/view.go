package lawfulness

import (
	"iter"
	"slices"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// View is one person's record and its surroundings at one moment, as far as
// they were known: what a judgement reads.
type View struct {
	Person event.UUID
	// At is the moment asked about ("true on"), Known the moment by which facts
	// had to be recorded ("known on").
	At, Known time.Time
	Case      Case
	Shared    Known

	events []event.Recorded
	looks  []event.Recorded
	// recorded is everything recorded by Known, whatever became of it.
	recorded []event.Recorded
	given    []event.Recorded // what the item that is judged cites, also if it came about after At
}

// Events returns what stands and had begun by At, in ledger order.
func (v View) Events() []event.Recorded { return v.events }

// All yields the standing events of a view whose data is an E, in ledger
// order.
func All[E any](v View) iter.Seq2[event.Recorded, E] {
	return func(yield func(event.Recorded, E) bool) {
		for _, e := range v.events {
			if d, ok := e.Data.(E); ok && !yield(e, d) {
				return
			}
		}
	}
}

// Last returns the last standing event of a view, in ledger order, whose data
// is an E that is meant; false if there is none.
func Last[E any](v View, meant func(event.Recorded, E) bool) (event.Recorded, E, bool) {
	return last(v.events, meant)
}

func last[E any](events []event.Recorded, meant func(event.Recorded, E) bool) (event.Recorded, E, bool) {
	for _, e := range slices.Backward(events) {
		if d, ok := e.Data.(E); ok && meant(e, d) {
			return e, d, true
		}
	}
	var none E
	return event.Recorded{}, none, false
}

// Find returns the standing event with an id; false if the view has none.
func (v View) Find(id event.ID) (event.Recorded, bool) {
	i := slices.IndexFunc(v.events, func(e event.Recorded) bool { return e.ID == id })
	if i < 0 {
		return event.Recorded{}, false
	}
	return v.events[i], true
}

// Disclosure is one act of telling, whoever decided it or did not.
type Disclosure struct {
	Event event.Recorded
	ID    event.UUID
	Flow  disclosure.Flow
	// Decision is the one it cites; nil where it cites none, or none that is on
	// the record.
	Decision *Decision
	// Decided is the id it cites, also where no such decision is on the record.
	Decided event.UUID
	// Consent is the one relied on, with its version (0: not said).
	Consent        event.UUID
	ConsentVersion int
	Identifier     event.UUID // the link it was keyed on
	Sources        []event.ID // the events that what was told came from
	Unplanned      bool       // reported afterwards
}

// Decision is one decision whether something may be told.
type Decision struct {
	Event event.Recorded
	disclosure.DisclosureDecided
}

// Look is one look at the record, or a read of its log, by one member of
// staff.
type Look struct {
	Event    event.Recorded
	Access   access.RecordAccessed // zero for a read of the ledger or its log
	Purpose  access.Purpose        // of such a read
	IsLedger bool
}

// Disclosures yields every act of telling in the view.
func (v View) Disclosures() iter.Seq[Disclosure] {
	return func(yield func(Disclosure) bool) {
		for _, e := range v.events {
			if d, ok := v.disclosure(e); ok && !yield(d) {
				return
			}
		}
	}
}

// disclosure reads e as an act of telling; false if it is none, or cannot be
// read.
func (v View) disclosure(e event.Recorded) (Disclosure, bool) {
	var d Disclosure
	if e.Operational != event.Open {
		return d, false
	}
	switch data := e.Data.(type) {
	case disclosure.DisclosureMade:
		d = Disclosure{Event: e, ID: data.Disclosure, Flow: data.Flow, Decided: data.Decision, Consent: data.Consent,
			ConsentVersion: data.ConsentVersion, Identifier: data.Identifier, Sources: data.Sources}
	case disclosure.UnplannedDisclosureReported:
		d = Disclosure{Event: e, ID: data.Disclosure, Flow: data.Flow, Decided: data.Decision, Consent: data.Consent, Unplanned: true}
	default:
		return d, false
	}
	if k, ok := v.Decision(d.Decided); ok {
		d.Decision = &k
	}
	return d, true
}

// Decisions yields every decision in the view.
func (v View) Decisions() iter.Seq[Decision] {
	return func(yield func(Decision) bool) {
		for e, d := range All[disclosure.DisclosureDecided](v) {
			if !yield(Decision{e, d}) {
				return
			}
		}
	}
}

// Decision returns the last record of a decision; false if the view has none
// of that id. One that the judged item cites is found whenever it was made.
func (v View) Decision(id event.UUID) (Decision, bool) {
	if id.IsZero() {
		return Decision{}, false
	}
	is := func(_ event.Recorded, d disclosure.DisclosureDecided) bool { return d.Decision == id }
	e, d, ok := Last(v, is)
	if !ok {
		e, d, ok = last(v.given, is)
	}
	return Decision{e, d}, ok
}

// crosses reports whether d is a disclosure: between organisations of one
// controller nothing is disclosed (domain reference section 0.2), and telling
// who may act for the person is telling the person.
func (v View) crosses(d Disclosure) bool {
	from, to := d.Flow.FromOrg, d.Flow.ToOrg
	if !from.IsZero() && !to.IsZero() && v.Shared.SameController(from, to) {
		return false
	}
	return d.Flow.ToPerson.IsZero() || !v.actsFor(d.Flow.ToPerson)
}

// Looks yields every look at the person's record in the view.
func (v View) Looks() iter.Seq[Look] {
	return func(yield func(Look) bool) {
		for _, e := range v.looks {
			if l, ok := look(e); ok && !yield(l) {
				return
			}
		}
	}
}

func look(e event.Recorded) (Look, bool) {
	switch d := e.Data.(type) {
	case access.RecordAccessed:
		return Look{Event: e, Access: d}, true
	case access.LedgerRead:
		return Look{Event: e, Purpose: d.Purpose, IsLedger: true}, true
	case access.ReplayExported:
		return Look{Event: e, Purpose: d.Purpose, IsLedger: true}, true
	}
	return Look{}, false
}
