// Package appointments is the read model of when and with whom a person was to
// meet, and what came of it: one row for each appointment of a side's own
// record, and one for each that the side was told of. It never shows a side
// that may not arrange health appointments what became of one, unless that was
// told under a decision.
package appointments

import (
	"slices"
	"time"

	"caseledger/domain/appointment"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Status says how far an appointment has come.
type Status string

// The statuses.
const (
	Booked    Status = "BOOKED"
	Cancelled Status = "CANCELLED"
	Recorded  Status = "RECORDED" // what came of it is known
)

// Row is one appointment of one person.
type Row struct {
	Person event.StreamID `db:"stream"`
	// Appointment is its identifier; of one that was told, that of the event it
	// was told from.
	Appointment event.UUID `db:"appointment,key"`
	// ToldTo is the controller it was told to; zero in a side's own record.
	ToldTo     event.UUID                `db:"told_to,key"`
	Controller event.UUID                `db:"controller"`
	Kind       reference.AppointmentKind `db:"kind"` // empty if it was never scheduled here
	Site       reference.Site            `db:"site"` // empty if it is not at a hub's
	From       event.When                `db:"from_at"`
	Starts     time.Time                 `db:"starts_at"` // the earliest that From may mean
	Minutes    int                       `db:"minutes"`
	With       []event.UUID              `db:"staff,json"`
	Status     Status                    `db:"status"`
	By         appointment.Party         `db:"cancelled_by"` // whose wish the last change was
	Delius     reference.DeliusOutcome   `db:"delius"`
	NHS        reference.NHSAttendance   `db:"nhs"`
	Attended   reference.Answer          `db:"attended"`
	Outcome    reference.Outcome         `db:"outcome"` // our reading of a probation code
	Late       bool                      `db:"late"`
	Disclosure event.UUID                `db:"disclosure"` // that told of it last; zero in a side's own record
	Position   event.Position            `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "appointments", Version: 1,
		Types: []string{"appointment.scheduled", "appointment.rescheduled", "appointment.cancelled",
			"appointment.attendance-recorded", "disclosure.made"},
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, k projections.Key, e event.Recorded) *Row { return fold(v, row, k, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "site", "starts_at"}}, {Columns: []string{"controller", "starts_at"}}},
	})
}

func key(id, toldTo event.UUID) projections.Key {
	if toldTo.IsZero() {
		return projections.Keyed(id.String(), "")
	}
	return projections.Keyed(id.String(), toldTo.String())
}

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if id, known := about(e); known {
		if _, own := v.Owner(e); own {
			touched = append(touched, key(id, event.UUID{}))
		}
	}
	to, items := told(v, e)
	for _, item := range items {
		if k := key(sourceOf(e, item), to); !slices.Contains(touched, k) {
			touched = append(touched, k)
		}
	}
	return touched
}

// about is the appointment that an event is about; false where that cannot be
// read.
func about(e event.Recorded) (event.UUID, bool) {
	var id event.UUID
	switch d := e.Data.(type) {
	case appointment.AppointmentScheduled:
		id = d.Appointment
	case appointment.AppointmentRescheduled:
		id = d.Appointment
	case appointment.AppointmentCancelled:
		id = d.Appointment
	case appointment.AttendanceRecorded:
		id = d.Appointment
	}
	return id, !id.IsZero()
}

// told is what a disclosure under a decision told the viewer of attendance, and
// to which controller. What was told without a decision is in the register of
// disclosures, and on no screen of appointments.
func told(v boundary.Viewer, e event.Recorded) (to event.UUID, items []event.Item) {
	d, made := e.Data.(disclosure.DisclosureMade)
	to, was := v.Told(e)
	if !made || !was || d.Notice.Value().Decision.IsZero() {
		return event.UUID{}, nil
	}
	for _, item := range d.ToldHealth.Value() {
		if item.Category == "H.ATTENDANCE" {
			items = append(items, item)
		}
	}
	return to, items
}

// sourceOf names what an item is about: the event it came from, or else the
// telling itself.
func sourceOf(e event.Recorded, item event.Item) event.UUID {
	if item.Source.IsZero() {
		return e.ID.UUID
	}
	return item.Source.UUID
}

func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	next := projections.Copy(row)
	if _, isTold := e.Data.(disclosure.DisclosureMade); isTold {
		next.told(v, k, e)
	} else if !next.own(v, row == nil, e) {
		return row
	}
	next.Starts, next.Position = next.From.Earliest(), e.Position
	return next
}

// holds reports whether a side holds appointments of a kind in its own record,
// where what came of it is in the codes given.
func holds(v boundary.Viewer, kind reference.AppointmentKind, nhs bool) bool {
	if v.Side == "" {
		return true // the auditors'
	}
	if e, ok := reference.AppointmentKinds.Latest(kind); ok {
		return slices.Contains(e.Owners, v.Side)
	}
	return !nhs || v.Side != event.Probation
}

// own folds an event of the side's own record into r, a copy; false if it
// changes nothing.
func (r *Row) own(v boundary.Viewer, first bool, e event.Recorded) bool {
	switch d := e.Data.(type) {
	case appointment.AppointmentScheduled:
		if !holds(v, d.Kind, false) {
			return false
		}
		r.Kind, r.Site, r.From, r.Minutes, r.With, r.Status = d.Kind, d.Site, d.Slot.From, d.Slot.Minutes, d.With, Booked
	case appointment.AppointmentRescheduled:
		if first {
			return false
		}
		r.From, r.Minutes, r.By = d.Slot.From, d.Slot.Minutes, d.By
	case appointment.AppointmentCancelled:
		if first {
			return false
		}
		r.Status, r.By = Cancelled, d.By
	case appointment.AttendanceRecorded:
		nhs := d.NHS.State() != event.Absent
		if !holds(v, kindOf(r.Kind, d.Kind), nhs) {
			return false
		}
		if first {
			r.Kind, r.From = d.Kind, e.Effective
		}
		r.Status, r.Late = Recorded, d.Late
		r.came(d.Delius, d.NHS.Value())
	}
	if first {
		r.Controller, _ = v.Owner(e)
	}
	return true
}

func kindOf(scheduled, recorded reference.AppointmentKind) reference.AppointmentKind {
	if scheduled == "" {
		return recorded
	}
	return scheduled
}

// came reads an outcome in the codes of whichever list it is from.
func (r *Row) came(delius reference.DeliusOutcome, nhs reference.NHSAttendance) {
	r.Delius, r.NHS = delius, nhs
	d, _ := reference.DeliusOutcomes.Latest(delius)
	n, _ := reference.NHSAttendances.Latest(nhs)
	r.Outcome, r.Attended = d.Outcome, d.Attended
	if nhs != "" {
		r.Attended = n.Attended
	}
}

// told folds what a disclosure told of one appointment into r, a copy.
func (r *Row) told(v boundary.Viewer, k projections.Key, e event.Recorded) {
	to, items := told(v, e)
	r.Controller, r.Status = to, Recorded
	r.Disclosure = e.Data.(disclosure.DisclosureMade).Notice.Value().Disclosure
	for _, item := range items {
		if key(sourceOf(e, item), to) != k {
			continue
		}
		facts := map[string]string{}
		for _, f := range item.Facts {
			facts[f.Name] = f.Value
		}
		r.Kind = reference.AppointmentKind(facts["kind"])
		if on, err := event.ParseDay(facts["on"]); err == nil {
			r.From = event.On(on)
		}
		r.came(reference.DeliusOutcome(facts["outcome"]), reference.NHSAttendance(facts["nhsCode"]))
		if r.Attended == "" {
			r.Attended = reference.Answer(facts["attended"])
		}
	}
}

// Person asks for a person's appointments, the latest first.
func Person(person event.UUID, more ...projections.Condition) projections.Query {
	return projections.Query{Where: append([]projections.Condition{projections.Stream(event.Case(person))}, more...),
		Order: []projections.Order{projections.Descending("starts_at"), projections.Ascending("appointment")}, Limit: projections.MaxLimit}
}
