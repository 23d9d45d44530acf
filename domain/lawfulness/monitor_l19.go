package lawfulness

import (
	"slices"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
)

// l19: the person was screened in a shared appointment, and had not agreed that
// the practitioner hears it, who had not left (common law duty of
// confidentiality; domain reference section 4.3). Being in the room is judged
// by this alone.
var l19 = Monitor{ID: "L19", Version: 1, Severity: finding.High,
	Title:  "Clinical topic with PP present, no CoPresenceAgreed covering topic",
	Source: "CLDC",
	OfEvent: func(v View, e event.Recorded) []Hit {
		d, ok := e.Data.(screening.ScreeningCompleted)
		if !ok || e.Operational != event.Open {
			return nil
		}
		in := d.Appointment
		if in.IsZero() {
			shared, _ := v.Case.Appointment.SharedAt(v.At)
			in = shared.ID
		}
		if in.IsZero() || !v.Case.Appointment.Overheard(in, appointment.Screening, v.At) && !heardBySomebodyElse(v, in) {
			return nil
		}
		hit := Hit{}
		_, hit.Indeterminate = e.Effective.Day()
		for _, x := range v.Events() {
			switch p := x.Data.(type) {
			case appointment.AppointmentScheduled:
				if p.Appointment == in {
					hit.Evidence = append(hit.Evidence, x.ID)
				}
			case appointment.CoPresenceAgreed:
				if p.Appointment == in {
					hit.Evidence = append(hit.Evidence, x.ID)
				}
			case appointment.CoPresenceDeclined:
				if p.Appointment == in {
					hit.Evidence = append(hit.Evidence, x.ID)
				}
			}
		}
		// Of a day alone nobody can say whether those agreed to had left by then.
		hit.Indeterminate = hit.Indeterminate && slices.ContainsFunc(v.Case.Appointment.Presences, func(p appointment.Presence) bool { return p.Appointment == in })
		return []Hit{hit}
	},
}

// heardBySomebodyElse reports whether a practitioner of a shared appointment,
// to whom the person never agreed, is there while others were agreed to.
func heardBySomebodyElse(v View, shared event.UUID) bool {
	a, _ := v.Case.Appointment.Find(shared)
	_, planned, ok := Last(v, func(_ event.Recorded, p appointment.AppointmentScheduled) bool { return p.Appointment == shared })
	return ok && a.Kind == reference.CoLocated && slices.ContainsFunc(planned.With, func(staff event.UUID) bool {
		return practises(v, staff) && !slices.ContainsFunc(v.Case.Appointment.Presences, func(p appointment.Presence) bool {
			if p.Appointment != shared || !slices.Contains(p.Persons, staff) {
				return false
			}
			return p.Covers(staff, appointment.Screening, v.At) || !p.EndedAt.IsZero() && p.EndedAt.Begun(v.At)
		})
	})
}

// practises reports whether a member of staff supervises the person, or is a
// practitioner by the staff register.
func practises(v View, staff event.UUID) bool {
	for _, a := range v.Case.Supervision.Allocations {
		if a.Practitioner == staff {
			return true
		}
	}
	for _, a := range v.Shared.Staff(staff).Roles {
		if (a.Role == "PP" || a.Role == "SPO") && a.HoldsAt(v.At) {
			return true
		}
	}
	return false
}
