package appointment

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// MissedStep is what is to be done about somebody who does not come to the
// hub's clinic. None of it is enforcement, and nothing is closed of itself.
type MissedStep string

// What is to be done after the first, the second and any further appointment
// missed in a row (domain reference section 6.3, policy).
const (
	NothingMissed    MissedStep = ""
	NavigatorContact MissedStep = "NAVIGATOR_CONTACT" // and check what keeps them away
	OfferCoLocated   MissedStep = "OFFER_CO_LOCATED"  // offer again, in a shared appointment
	ClinicianDecides MissedStep = "CLINICIAN_DECIDES" // to close or keep, with a reason
)

// ContactWorkingDays is how many working days a navigator has after the first.
const ContactWorkingDays = 2

// DidNotAttend is the NHS attendance code of somebody who did not come.
const DidNotAttend reference.NHSAttendance = "3"

// Missed is how often in a row the person did not come to the hub's clinic.
type Missed struct {
	Count int
	Last  event.UUID // the last appointment that was missed
	Due   MissedStep
	// By is the last day for it; zero where no day is set.
	By event.Day
}

// MissedAt says how often in a row the person had not come to the hub's clinic,
// of the appointments whose outcome was recorded and that began by t, and what
// is due. Coming, also too late to be seen, begins the count anew; what was
// cancelled counts as neither. An outcome that could not be opened is passed
// over.
func (s State) MissedAt(t time.Time) Missed {
	var clinics []*Appointment
	for _, a := range s.Appointments {
		if a.Kind == reference.HubClinic && a.NHS != "" && !a.Cancelled && !a.Slot.Start().After(t) {
			clinics = append(clinics, a)
		}
	}
	slices.SortStableFunc(clinics, func(a, b *Appointment) int { return a.Slot.Start().Compare(b.Slot.Start()) })
	var m Missed
	for _, a := range clinics {
		switch {
		case a.NHS == DidNotAttend:
			m.Count, m.Last = m.Count+1, a.ID
		case came(a.NHS):
			m = Missed{}
		}
	}
	switch m.Count {
	case 0:
	case 1:
		last, _ := s.Find(m.Last)
		m.Due, m.By = NavigatorContact, reference.AfterWorkingDays(event.DayOf(last.Slot.Start()), ContactWorkingDays)
	case 2:
		m.Due = OfferCoLocated
	default:
		m.Due = ClinicianDecides
	}
	return m
}

// came reports whether an NHS attendance code says that the person came.
func came(code reference.NHSAttendance) bool { return code == "5" || code == "6" || code == "7" }
