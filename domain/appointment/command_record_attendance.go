package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RecordAttendance says what came of an appointment. Outcome is a code of the
// probation case system, such as "ATTC", or, for a health appointment, an NHS
// attendance code, such as "5".
type RecordAttendance struct {
	event.Timed
	Appointment event.UUID  `json:"appointment"`
	Outcome     OutcomeCode `json:"outcome"`
	Late        bool        `json:"late,omitempty"`
}

// OutcomeCode is a code of either list; no code is in both.
type OutcomeCode string

func (c OutcomeCode) scheme() (reference.OutcomeScheme, bool) {
	switch {
	case reference.NHSAttendances.Listed(reference.NHSAttendance(c)):
		return reference.NHSScheme, true
	case reference.DeliusOutcomes.Listed(reference.DeliusOutcome(c)):
		return reference.DeliusScheme, true
	}
	return "", false
}

// Validate names the fields that cannot be accepted.
func (c RecordAttendance) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Appointment.IsZero(), "/appointment", "required", "this must be given")
	scheme, ok := c.Outcome.scheme()
	f.If(!ok, "/outcome", "unknown-code", "this is not one of the codes of its list")
	f.If(c.Late && scheme == reference.NHSScheme, "/late", "impossible", "an NHS code says so itself")
	return f
}

// Check refuses an outcome before the appointment begins, in codes of another
// kind of appointment or another version, and one that may be enforced when it
// is not probation staff who record it.
func (c RecordAttendance) Check(s State, ctx event.Context) error {
	a, err := yours(s, c.Appointment, ctx)
	if err != nil {
		return err
	}
	kind, _ := reference.AppointmentKinds.Latest(a.Kind)
	scheme, _ := c.Outcome.scheme()
	day := event.DayOf(ctx.When().Latest())
	switch {
	case a.Cancelled:
		return fault.Refuse("appointment-cancelled", "the appointment is cancelled")
	case ctx.When().Latest().Before(a.Slot.Start()):
		return fault.Refuse("before-start", "the appointment has not begun")
	case a.Kind != "" && kind.Outcomes != scheme:
		return fault.Refuse("outcome-of-another-kind", "appointments of this kind have other outcome codes")
	case scheme == reference.NHSScheme && !reference.NHSAttendances.Known(reference.NHSAttendance(c.Outcome), day):
		return fault.Refuse("code-not-in-force", "the outcome code is not in force on that day")
	case scheme == reference.NHSScheme:
		return nil
	}
	outcome, ok := reference.DeliusOutcomes.Find(reference.DeliusOutcome(c.Outcome), day)
	switch {
	case !ok:
		return fault.Refuse("code-not-in-force", "the outcome code is not in force on that day")
	case outcome.Enforceable == reference.Yes && ctx.Actor.Side != event.Probation:
		return fault.Refuse("health-actor-enforceable-outcome", "only probation staff decide an outcome that may be enforced")
	}
	return nil
}

// Events records the outcome.
func (c RecordAttendance) Events(s State, ctx event.Context) []event.Draft {
	a, _ := s.Find(c.Appointment)
	e := AttendanceRecorded{Appointment: c.Appointment, Kind: a.Kind}
	draft := event.Draft{Side: side(a.Kind, ctx)}
	if scheme, _ := c.Outcome.scheme(); scheme == reference.NHSScheme {
		e.NHS = event.Own(reference.NHSAttendance(c.Outcome))
	} else {
		e.Delius, e.Late = reference.DeliusOutcome(c.Outcome), c.Late
	}
	draft.Data = e
	return []event.Draft{draft}
}
