package lawfulness

import (
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// Monitor finds one kind of unlawfulness (domain reference section 8.7). It is
// pure. Exactly one of its predicates is set.
type Monitor struct {
	ID       finding.Monitor
	Version  int // raised whenever the same history would be judged differently
	Severity finding.Severity
	Title    string // what a finding says, in a sentence
	Source   string // the law or policy it rests on

	// OfDisclosure, OfDecision, OfLook and OfEvent judge one item. They are asked
	// twice where it makes a difference: with the view of the item's own time as
	// it was known then, and as it is known now. A hit in either is a finding,
	// which says in which. OfDisclosure is asked only where something crossed from
	// one controller to another; OfEvent about every event of the case, and every
	// look at it.
	OfDisclosure func(View, Disclosure) []Hit
	OfDecision   func(View, Decision) []Hit
	OfLook       func(View, Look) []Hit
	OfEvent      func(View, event.Recorded) []Hit
	// OfCase judges the whole case, as known now. Its hits name an item and an
	// instant; one in the future is when the case must be judged again.
	OfCase func(View) []Hit
	// OfOrganisation judges one organisation's governance, as OfCase does. Its
	// hits name the people they are about, if any.
	OfOrganisation func(Known, governance.State) []Hit
}

// Hit is one thing a monitor found about the item it judged.
type Hit struct {
	// Key tells apart several hits about one item; most have none.
	Key finding.Note
	// Evidence are the events that show it beside the item.
	Evidence []event.ID
	// Item is the event that it is about, and Due the instant from which it is
	// so: of OfCase and OfOrganisation only.
	Item event.ID
	Due  time.Time
	// Organisation, if set, makes it a finding about the organisation, found
	// once for its Key, whoever's case shows it first.
	Organisation event.UUID
	// People are whom a hit of OfOrganisation is about.
	People        []event.UUID
	Indeterminate bool
	Notes         []finding.Note
	Categories    []event.Category
}

// found is the answer of a predicate that found one thing, with the events
// that show it beside the item.
func found(evidence ...event.ID) []Hit { return []Hit{{Evidence: evidence}} }
