package lawfulness

import (
	"slices"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// l27: a warning or a referral to enforcement rests on an appointment of a kind
// that nobody can be made to keep, such as a hub clinic (UK GDPR Article
// 5(1)(b); domain reference section 4.1).
var l27 = Monitor{ID: "L27", Version: 1, Severity: finding.High,
	Title:  "Voluntary-health DNA used in enforcement",
	Source: "UK GDPR Art 5(1)(b), purpose limitation",
	OfEvent: func(v View, e event.Recorded) []Hit {
		var cited []event.UUID
		switch d := e.Data.(type) {
		case supervision.BreachWarningIssued:
			cited = d.Appointments
		case supervision.EnforcementReferred:
			cited = d.Appointments
		}
		cited = slices.DeleteFunc(slices.Clone(cited), func(id event.UUID) bool { return !voluntary(v, id) })
		if len(cited) == 0 {
			return nil
		}
		var evidence []event.ID
		for e, a := range All[appointment.AppointmentScheduled](v) {
			if slices.Contains(cited, a.Appointment) {
				evidence = append(evidence, e.ID)
			}
		}
		for e, a := range All[appointment.AttendanceRecorded](v) {
			if slices.Contains(cited, a.Appointment) {
				evidence = append(evidence, e.ID)
			}
		}
		return found(evidence...)
	},
}

// voluntary reports whether an appointment is on the record and of a kind that
// is not enforceable.
func voluntary(v View, id event.UUID) bool {
	a, ok := v.Case.Appointment.Find(id)
	if !ok {
		return false
	}
	kind, listed := reference.AppointmentKinds.Latest(a.Kind)
	return listed && !kind.Enforceable
}
