package supervision

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// State is what decisions and disclosures need to know of the supervision.
// Values that could not be opened are zero.
type State struct {
	Orders       []Order // in the order they were recorded
	Willingness  []Willingness
	Requirements []Requirement
	Allocations  []Allocation
	Warnings     []event.When // when each was given
	// Enforcements are when breaches were referred to an enforcement officer.
	Enforcements  []event.When
	Registrations []Registration
	Transfers     []Transfer
	Moves         []Move // into custody and out of it
	// InCustody and Recalled are as last recorded; [State.WhereaboutsAt] is as of
	// a time.
	InCustody bool
	Recalled  bool       // and not yet back in custody
	Died      event.When // zero while nothing says so
	// Region is the probation region since the last transfer; empty if there
	// was none.
	Region        reference.Region
	HandoverFrom  reference.Region // whose handover may still run
	HandoverUntil event.Day        // its last day
}

// Order is an order of a court, or a licence.
type Order struct {
	ID    event.UUID
	Terms event.Personal[Terms]
	// EndedOn is when it ended; zero while it runs.
	EndedOn event.When
	// Recalled: it ended by recall.
	Recalled bool
	source   event.ID
}

// LiveOn reports whether the order runs on a day. One whose terms could not be
// opened never does, nor does one of a type whose repeal ended those that ran
// (post-sentence supervision: Sentencing Act 2026 section 34).
func (o Order) LiveOn(day event.Day) bool {
	t, state := o.Terms.Get()
	return state == event.Open && day >= t.From && day <= t.To && day <= t.closed() &&
		(o.EndedOn.IsZero() || day <= event.DayOf(o.EndedOn.Latest()))
}

// Requirement is a requirement of an order.
type Requirement struct {
	ID          event.UUID
	Supervision event.UUID
	Terms       event.Personal[RequirementTerms]
	Specified   event.Personal[Specification]
	// Explained is when the person was told what is reported; in the order it
	// was recorded.
	Explained []event.When
	// EndedOn is when it ended; zero while it runs.
	EndedOn event.When
	source  event.ID
}

// LiveOn reports whether the requirement runs on a day. One whose terms could
// not be opened never does.
func (r Requirement) LiveOn(day event.Day) bool {
	t, state := r.Terms.Get()
	return state == event.Open && day >= t.From && day <= t.To &&
		(r.EndedOn.IsZero() || day <= event.DayOf(r.EndedOn.Latest()))
}

// Allocation is a practitioner who supervises the person from a time on.
type Allocation struct {
	Practitioner, Organisation event.UUID
	Side                       event.Side // of whoever allocated: the one whose allocation it takes over
	From                       event.When
}

// Registration is a level of risk that was registered.
type Registration struct {
	ID event.UUID
	RiskRegistration
	At event.When
}

// Transfer is a case's going over to another region.
type Transfer struct {
	From, To      reference.Region
	At            event.When
	HandoverUntil event.Day // the last day
}

// Move is a step into custody or out of it.
type Move struct {
	To Whereabouts
	At event.When
}

// Evolve folds one standing event; events of other areas change nothing. An
// event whose plain fields could not be opened changes only what its type
// alone says.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok {
		return s
	}
	readable := e.Operational == event.Open
	switch d := d.(type) {
	case SupervisionStarted:
		if !readable {
			break
		}
		s.Orders = append(slices.Clip(s.Orders), Order{ID: d.Supervision, Terms: d.Terms, source: e.ID})
		if !d.Practitioner.IsZero() {
			s.Allocations = append(slices.Clip(s.Allocations), Allocation{d.Practitioner, e.Actor.Org, e.Actor.Side, e.Effective})
		}
	case RequirementWillingnessRecorded:
		if w, state := d.Willingness.Get(); state == event.Open {
			s.Willingness = append(slices.Clip(s.Willingness), w)
		}
	case RequirementImposed:
		if readable {
			s.Requirements = append(slices.Clip(s.Requirements), Requirement{ID: d.Requirement, Supervision: d.Supervision, Terms: d.Terms, Specified: d.Specified, source: e.ID})
		}
	case RequirementEnded:
		s.Requirements = slices.Clone(s.Requirements)
		for i := range s.Requirements {
			if s.Requirements[i].ID == d.Requirement {
				s.Requirements[i].EndedOn = e.Effective
			}
		}
	case PractitionerAllocated:
		if readable {
			s.Allocations = append(slices.Clip(s.Allocations), Allocation{d.Practitioner, d.Organisation, e.Actor.Side, e.Effective})
		}
	case BreachWarningIssued:
		s.Warnings = append(slices.Clip(s.Warnings), e.Effective)
	case EnforcementReferred:
		s.Enforcements = append(slices.Clip(s.Enforcements), e.Effective)
	case RiskRegistrationNoted:
		if r, state := d.Terms.Get(); state == event.Open {
			s.Registrations = append(slices.Clip(s.Registrations), Registration{d.Registration, r, e.Effective})
		}
	case ReportingExplained:
		s.Requirements = slices.Clone(s.Requirements)
		for i := range s.Requirements {
			if r := &s.Requirements[i]; r.ID == d.Requirement {
				r.Explained = append(slices.Clip(r.Explained), e.Effective)
			}
		}
	case LicenceRecalled:
		s.Recalled = true
		s.Moves = append(slices.Clip(s.Moves), Move{RecalledTo, e.Effective})
		s.Orders = ended(s.Orders, e.Effective, true, func(o Order) bool { return o.ID == d.Supervision })
	case CustodyEntered:
		s.InCustody, s.Recalled = true, false
		s.Moves = append(slices.Clip(s.Moves), Move{InCustody, e.Effective})
	case ReleasedOnLicence:
		s.InCustody, s.Recalled = false, false
		s.Moves = append(slices.Clip(s.Moves), Move{OnLicence, e.Effective})
		if readable {
			s.Orders = append(slices.Clip(s.Orders), Order{ID: d.Supervision, Terms: d.Terms, source: e.ID})
		}
	case CaseTransferred:
		if readable {
			s.Region, s.HandoverFrom, s.HandoverUntil = d.To, d.From, d.HandoverUntil
			s.Transfers = append(slices.Clip(s.Transfers), Transfer{d.From, d.To, e.Effective, d.HandoverUntil})
		}
	case SupervisionEnded:
		died := d.Reason.Value() == Deceased
		if died {
			s.Died = e.Effective
		}
		s.Orders = ended(s.Orders, e.Effective, false, func(o Order) bool {
			return o.ID == d.Supervision || died && o.EndedOn.IsZero()
		})
	}
	return s
}

// ended ends those orders that are meant, in a copy.
func ended(orders []Order, on event.When, recalled bool, meant func(Order) bool) []Order {
	orders = slices.Clone(orders)
	for i := range orders {
		if meant(orders[i]) {
			orders[i].EndedOn, orders[i].Recalled = on, recalled
		}
	}
	return orders
}

// Order returns the order with an id; false if there is none.
func (s State) Order(id event.UUID) (Order, bool) {
	for _, o := range s.Orders {
		if o.ID == id {
			return o, true
		}
	}
	return Order{}, false
}

// LiveOrder returns the latest order that runs on a day; false if none does.
func (s State) LiveOrder(day event.Day) (Order, bool) {
	for _, o := range slices.Backward(s.Orders) {
		if o.LiveOn(day) {
			return o, true
		}
	}
	return Order{}, false
}

// Requirement returns the requirement with an id; false if there is none.
func (s State) Requirement(id event.UUID) (Requirement, bool) {
	for _, r := range s.Requirements {
		if r.ID == id {
			return r, true
		}
	}
	return Requirement{}, false
}

// LiveRequirement returns the latest requirement of a kind that runs on a
// day; false if none does.
func (s State) LiveRequirement(kind reference.RequirementKind, day event.Day) (Requirement, bool) {
	for _, r := range slices.Backward(s.Requirements) {
		if s.runs(r, day) && r.Terms.Value().Kind == kind {
			return r, true
		}
	}
	return Requirement{}, false
}

// WarningActive reports whether a warning given in the twelve months up to t
// still counts: from the moment it is given until just before the same time
// of the same day a year on.
func (s State) WarningActive(t time.Time) bool {
	return slices.ContainsFunc(s.Warnings, func(w event.When) bool {
		given := w.Earliest()
		day := event.DayOf(given)
		until := day.AddMonths(12).Start().Add(given.Sub(day.Start()))
		return !given.After(t) && t.Before(until)
	})
}
