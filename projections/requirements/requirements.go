// Package requirements is the read model of what the court requires of a person
// and how it goes: one row for each person and controller, from which can be
// asked what runs, which reviews are due and whether a warning counts at a time.
// It never holds what a treatment is, nor what was not told of it.
package requirements

import (
	"slices"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one person's requirements as one controller knows them.
type Row struct {
	Person       event.StreamID `db:"stream"`
	Controller   event.UUID     `db:"controller,key"`
	Orders       []Order        `db:"orders,json"`       // in the order they were recorded
	Requirements []Requirement  `db:"requirements,json"` // in the order they were recorded or told
	Warnings     []Dated        `db:"warnings,json"`
	Enforcements []Dated        `db:"enforcements,json"` // referred to an enforcement officer
	// Attendance and Tests are what was told: of appointments under a
	// requirement, and of samples.
	Attendance []Attendance   `db:"attendance,json"`
	Tests      []Test         `db:"tests,json"`
	Position   event.Position `db:"position"`
}

// Order is an order or licence that requirements are part of.
type Order struct {
	ID      event.UUID        `json:"id"`
	Terms   supervision.Terms `json:"terms"`
	EndedOn event.When        `json:"endedOn,omitzero"`
}

// Requirement is one requirement.
type Requirement struct {
	ID        event.UUID                   `json:"id"` // of one that was told, of the event it was told from
	Order     event.UUID                   `json:"order,omitzero"`
	Terms     supervision.RequirementTerms `json:"terms"`
	Setting   reference.RequirementSetting `json:"setting,omitempty"`
	Explained event.When                   `json:"explained,omitzero"` // first told what is reported
	EndedOn   event.When                   `json:"endedOn,omitzero"`
	Why       supervision.RequirementEnd   `json:"why,omitempty"`
	Told      event.UUID                   `json:"told,omitzero"` // the disclosure; zero in the controller's own record
}

// Dated is something that was done at a time.
type Dated struct {
	ID event.UUID `json:"id"`
	At event.When `json:"at"`
}

// Attendance is what was told of an appointment under a requirement.
type Attendance struct {
	Source   event.ID                `json:"source"`
	Told     event.UUID              `json:"told"`
	On       event.When              `json:"on,omitzero"`
	Attended reference.Answer        `json:"attended,omitempty"`
	Code     reference.DeliusOutcome `json:"code,omitempty"`
}

// Test is what was told of a test of a sample.
type Test struct {
	Source event.ID   `json:"source"`
	Told   event.UUID `json:"told"`
	Kind   string     `json:"kind"`
	Result string     `json:"result"`
	At     event.When `json:"at,omitzero"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "requirements", Version: 1,
		Types: []string{"supervision.started", "supervision.ended", "supervision.recalled", "supervision.released-on-licence",
			"supervision.requirement-imposed", "supervision.requirement-ended", "supervision.reporting-explained",
			"supervision.breach-warning-issued", "supervision.enforcement-referred", "disclosure.made", "disclosure.unplanned-reported"},
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, k projections.Key, e event.Recorded) *Row { return fold(v, row, k, e) },
	})
}

func key(controller event.UUID) projections.Key {
	if controller.IsZero() {
		return projections.Keyed("")
	}
	return projections.Keyed(controller.String())
}

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if _, ours := e.Data.(supervision.Event); ours {
		if controller, own := v.Owner(e); own {
			touched = append(touched, key(controller))
		}
	}
	if to, items := told(v, e); len(items) > 0 {
		touched = append(touched, key(to))
	}
	return touched
}

// told is what a disclosure told the viewer of requirements and what is
// reported under them, and to which controller.
func told(v boundary.Viewer, e event.Recorded) (to event.UUID, items []event.Item) {
	to, was := v.Told(e)
	if !was {
		return event.UUID{}, nil
	}
	var all []event.Item
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		all = slices.Concat(d.ToldHealth.Value(), d.ToldOffence.Value())
	case disclosure.UnplannedDisclosureReported:
		all = slices.Concat(d.ToldHealth.Value(), d.ToldOffence.Value())
	}
	for _, item := range all {
		facts := factsOf(item)
		if item.Category == "J.REQUIREMENT" || facts["test"] != "" || item.Category == "H.ATTENDANCE" && facts["kind"] == "REQ_TREATMENT" {
			items = append(items, item)
		}
	}
	return to, items
}

func factsOf(item event.Item) map[string]string {
	facts := map[string]string{}
	for _, f := range item.Facts {
		facts[f.Name] = f.Value
	}
	return facts
}

// telling is the disclosure that e is, as its recipient knows it.
func telling(e event.Recorded) event.UUID {
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		return d.Notice.Value().Disclosure
	case disclosure.UnplannedDisclosureReported:
		return d.Notice.Value().Disclosure
	}
	return event.UUID{}
}

func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	next := projections.Copy(row)
	if controller, own := v.Owner(e); own && k == key(controller) {
		next.own(e)
	}
	if to, items := told(v, e); k == key(to) {
		for _, item := range items {
			next.told(item, telling(e))
		}
	}
	next.Position = e.Position
	return next
}

// own folds an event of the controller's own record into r, a copy. Terms that
// cannot be read are left out: nothing can be said of them.
func (r *Row) own(e event.Recorded) {
	switch d := e.Data.(type) {
	case supervision.SupervisionStarted:
		r.ordered(d.Supervision, d.Terms)
	case supervision.ReleasedOnLicence:
		r.ordered(d.Supervision, d.Terms)
	case supervision.SupervisionEnded:
		died := d.Reason.Value() == supervision.Deceased
		r.ended(e.Effective, func(o Order) bool { return o.ID == d.Supervision || died && o.EndedOn.IsZero() })
	case supervision.LicenceRecalled:
		r.ended(e.Effective, func(o Order) bool { return o.ID == d.Supervision })
	case supervision.RequirementImposed:
		if t, state := d.Terms.Get(); state == event.Open {
			r.Requirements = append(slices.Clone(r.Requirements), Requirement{ID: d.Requirement, Order: d.Supervision, Terms: t, Setting: d.Specified.Value().Setting})
		}
	case supervision.RequirementEnded:
		r.changed(d.Requirement, func(q *Requirement) { q.EndedOn, q.Why = e.Effective, d.Reason.Value() })
	case supervision.ReportingExplained:
		r.changed(d.Requirement, func(q *Requirement) {
			if q.Explained.IsZero() {
				q.Explained = e.Effective
			}
		})
	case supervision.BreachWarningIssued:
		r.Warnings = append(slices.Clone(r.Warnings), Dated{d.Warning, e.Effective})
	case supervision.EnforcementReferred:
		r.Enforcements = append(slices.Clone(r.Enforcements), Dated{d.Referral, e.Effective})
	}
}

func (r *Row) ordered(id event.UUID, terms event.Personal[supervision.Terms]) {
	if t, state := terms.Get(); state == event.Open {
		r.Orders = append(slices.Clone(r.Orders), Order{ID: id, Terms: t})
	}
}

func (r *Row) ended(on event.When, meant func(Order) bool) {
	r.Orders = slices.Clone(r.Orders)
	for i := range r.Orders {
		if meant(r.Orders[i]) {
			r.Orders[i].EndedOn = on
		}
	}
}

func (r *Row) changed(id event.UUID, change func(*Requirement)) {
	r.Requirements = slices.Clone(r.Requirements)
	for i := range r.Requirements {
		if r.Requirements[i].ID == id {
			change(&r.Requirements[i])
		}
	}
}

// told folds an item that was told into r, a copy. What is told again replaces
// what was told before from the same event.
func (r *Row) told(item event.Item, by event.UUID) {
	facts := factsOf(item)
	switch {
	case item.Category == "J.REQUIREMENT":
		q := Requirement{ID: item.Source.UUID, Told: by, Terms: supervision.RequirementTerms{Kind: reference.RequirementKind(facts["kind"])}}
		q.Terms.From, _ = event.ParseDay(facts["from"])
		q.Terms.To, _ = event.ParseDay(facts["to"])
		q.EndedOn, _ = event.ParseWhen(facts["endedOn"])
		r.Requirements = with(r.Requirements, q, func(o Requirement) bool { return !o.Told.IsZero() && o.ID == q.ID })
	case facts["test"] != "":
		t := Test{Source: item.Source, Told: by, Kind: facts["test"], Result: facts["result"]}
		t.At, _ = event.ParseWhen(facts["testedAt"])
		r.Tests = with(r.Tests, t, func(o Test) bool { return o.Source == t.Source && (!t.Source.IsZero() || o == t) })
	default:
		a := Attendance{Source: item.Source, Told: by, Attended: reference.Answer(facts["attended"]), Code: reference.DeliusOutcome(facts["outcome"])}
		a.On, _ = event.ParseWhen(facts["on"])
		r.Attendance = with(r.Attendance, a, func(o Attendance) bool { return o.Source == a.Source && (!a.Source.IsZero() || o == a) })
	}
}

func with[T any](all []T, one T, same func(T) bool) []T {
	return append(slices.DeleteFunc(slices.Clone(all), same), one)
}

// state is the row as the supervision area sees it.
func (r Row) state() supervision.State {
	var s supervision.State
	for _, o := range r.Orders {
		s.Orders = append(s.Orders, supervision.Order{ID: o.ID, Terms: event.Own(o.Terms), EndedOn: o.EndedOn})
	}
	for _, q := range r.Requirements {
		s.Requirements = append(s.Requirements, supervision.Requirement{ID: q.ID, Supervision: q.Order, Terms: event.Own(q.Terms), EndedOn: q.EndedOn})
	}
	for _, w := range r.Warnings {
		s.Warnings = append(s.Warnings, w.At)
	}
	return s
}

// LiveAt reports whether a requirement runs at t: by its own terms and, where
// they are known, those of the order that it is part of.
func (r Row) LiveAt(id event.UUID, t time.Time) bool { return r.state().RequirementLiveAt(id, t) }

// ReviewDue is the first review of a requirement by the court that is due after
// t, on its day; false if none is.
func (r Row) ReviewDue(id event.UUID, t time.Time) (event.Day, bool) {
	return r.state().ReviewDue(id, t)
}

// WarningActive reports whether a warning given in the twelve months up to t
// still counts.
func (r Row) WarningActive(t time.Time) bool { return r.state().WarningActive(t) }

// Person asks for the rows about a person.
func Person(person event.UUID) projections.Query {
	return projections.Query{Where: []projections.Condition{projections.Stream(event.Case(person))},
		Order: []projections.Order{projections.Ascending("position")}, Limit: projections.MaxLimit}
}
