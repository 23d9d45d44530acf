package reference

import (
	"errors"
	"slices"

	"caseledger/domain/event"
)

// SupervisionTypeEntry is a kind of supervision. One that is no longer in
// force may still be held in history.
type SupervisionTypeEntry struct {
	Head[SupervisionType]
	Basis string `json:"basis"` // the Act
}

// SupervisionTypes lists the kinds of supervision.
var SupervisionTypes = load("supervision-types", func(e SupervisionTypeEntry) error {
	if e.Basis == "" {
		return errors.New("no basis")
	}
	return nil
}, func(e *SupervisionTypeEntry, d event.Day) { e.startsBy(d) })

// RequirementKindEntry is a kind of requirement that a court may impose.
type RequirementKindEntry struct {
	Head[RequirementKind]
	NeedsWillingness bool `json:"needsWillingness"` // the person must have expressed willingness to comply
	Treatment        bool `json:"treatment"`
	Testing          bool `json:"testing"`
	// ReviewAboveMonths: with a period of more months than this, the court must
	// review; 0 means it never must.
	ReviewAboveMonths int    `json:"reviewAboveMonths"`
	Paragraph         string `json:"paragraph"`
}

// RequirementKinds lists the kinds of requirement.
var RequirementKinds = load("requirement-kinds", nil,
	func(e *RequirementKindEntry, d event.Day) { e.startsBy(d) })

// The answers an outcome code gives to a question.
const (
	Yes           Answer = "YES"
	No            Answer = "NO"
	Pending       Answer = "PENDING"
	Undecided     Answer = "UNDECIDED"
	NotApplicable Answer = "NOT_APPLICABLE"
)

// What an outcome code of the probation case system means to us.
const (
	AttendedComplied      Outcome = "ATTENDED_COMPLIED"
	AttendedNotComplied   Outcome = "ATTENDED_NOT_COMPLIED"
	AcceptableAbsence     Outcome = "ACCEPTABLE_ABSENCE"
	UnacceptableAbsence   Outcome = "UNACCEPTABLE_ABSENCE"
	FailedToAttend        Outcome = "FAILED_TO_ATTEND_PENDING"
	OutcomeRescheduled    Outcome = "RESCHEDULED"
	AttendanceNotRequired Outcome = "NOT_REQUIRED"
)

// Outcomes lists them.
var Outcomes = []Outcome{AttendedComplied, AttendedNotComplied, AcceptableAbsence, UnacceptableAbsence,
	FailedToAttend, OutcomeRescheduled, AttendanceNotRequired}

// DeliusOutcomeEntry is an outcome code of the probation case system.
type DeliusOutcomeEntry struct {
	Head[DeliusOutcome]
	Attended    Answer  `json:"attended"`
	Complied    Answer  `json:"complied"`
	Enforceable Answer  `json:"enforceable"`
	Outcome     Outcome `json:"outcome"`
}

// DeliusOutcomes lists the outcome codes of the probation case system.
var DeliusOutcomes = load("delius-outcomes", func(e DeliusOutcomeEntry) error {
	if !answers(e.Attended, e.Complied, e.Enforceable) || !slices.Contains(Outcomes, e.Outcome) {
		return errors.New("unknown answer or outcome")
	}
	return nil
}, func(e *DeliusOutcomeEntry, d event.Day) { e.startsBy(d) })

func answers(as ...Answer) bool {
	for _, a := range as {
		if !slices.Contains([]Answer{Yes, No, Pending, Undecided, NotApplicable}, a) {
			return false
		}
	}
	return true
}

// NHSAttendanceEntry is an NHS attendance code. It never says whether the
// person complied: attending is voluntary.
type NHSAttendanceEntry struct {
	Head[NHSAttendance]
	Attended Answer `json:"attended"`
}

// NHSAttendances lists the NHS attendance codes.
var NHSAttendances = load("nhs-attendance", func(e NHSAttendanceEntry) error {
	if !answers(e.Attended) {
		return errors.New("unknown answer")
	}
	return nil
}, func(e *NHSAttendanceEntry, d event.Day) { e.startsBy(d) })

// The lists an appointment kind may take its outcome codes from.
const (
	DeliusScheme OutcomeScheme = "DELIUS"
	NHSScheme    OutcomeScheme = "NHS"
)

// The kinds of appointment.
const (
	SupervisionAppointment AppointmentKind = "SUPERVISION"
	CoLocated              AppointmentKind = "CO_LOCATED"
	HubClinic              AppointmentKind = "HUB_CLINIC"
	RequirementTreatment   AppointmentKind = "REQ_TREATMENT"
	ExternalHealth         AppointmentKind = "EXTERNAL_HEALTH"
)

// AppointmentKindEntry is a kind of appointment.
type AppointmentKindEntry struct {
	Head[AppointmentKind]
	Enforceable bool          `json:"enforceable"` // missing one may lead to a warning
	Owners      []event.Side  `json:"owners"`      // the sides that may arrange and record it
	Outcomes    OutcomeScheme `json:"outcomes"`
	Community   bool          `json:"community"` // cannot be kept from custody
}

// AppointmentKinds lists the kinds of appointment.
var AppointmentKinds = load("appointment-kinds", func(e AppointmentKindEntry) error {
	if e.Outcomes != DeliusScheme && e.Outcomes != NHSScheme {
		return errors.New("unknown outcome scheme")
	}
	return sides(e.Owners)
}, func(e *AppointmentKindEntry, d event.Day) { e.startsBy(d) })

// BarrierEntry is something that keeps a person from care.
type BarrierEntry struct{ Head[Barrier] }

// Barriers lists what keeps people from care.
var Barriers = load("barriers", nil, func(e *BarrierEntry, d event.Day) { e.startsBy(d) })
