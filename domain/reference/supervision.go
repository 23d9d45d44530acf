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
	// EndsExisting: when the type is no longer in force, neither are those who
	// are under it.
	EndsExisting bool `json:"endsExisting,omitempty"`
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
	AlwaysTesting    bool `json:"alwaysTesting,omitempty"` // samples are part of every requirement of the kind
	Alcohol          bool `json:"alcohol,omitempty"`       // it names a level of alcohol and how that is monitored
	// ReviewAboveMonths: with a period of more months than this, the court must
	// review; 0 means it never must.
	ReviewAboveMonths int `json:"reviewAboveMonths"`
	// Settings are the kinds of treatment; none for a kind that is no treatment.
	Settings   []RequirementSetting `json:"settings,omitempty"`
	DirectedBy string               `json:"directedBy,omitempty"`
	Paragraph  string               `json:"paragraph"`
}

// RequirementSetting is where or by whom treatment is given; never what it is.
type RequirementSetting string

// RequirementKinds lists the kinds of requirement.
var RequirementKinds = load("requirement-kinds", func(e RequirementKindEntry) error {
	switch {
	case e.Paragraph == "":
		return errors.New("no paragraph")
	case e.Treatment != (len(e.Settings) > 0) || e.Treatment != (e.DirectedBy != ""):
		return errors.New("a treatment has settings and somebody who directs it, and nothing else has")
	case e.AlwaysTesting && !e.Testing:
		return errors.New("always tested and never tested")
	}
	return nil
},
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

type (
	EnforcementAction  string // as the probation case system writes it, such as "EA02"
	EnforcementMeaning string // our reading of one
)

// What an enforcement action means to us.
const (
	WarningGiven     EnforcementMeaning = "WARNING"
	WarningWithdrawn EnforcementMeaning = "WARNING_WITHDRAWN"
	BreachBegun      EnforcementMeaning = "BREACH"
	OfficerReferral  EnforcementMeaning = "REFERRAL"
	RecallRequested  EnforcementMeaning = "RECALL"
	DecisionPending  EnforcementMeaning = "PENDING"
	NoAction         EnforcementMeaning = "NONE"
)

// EnforcementMeanings lists them.
var EnforcementMeanings = []EnforcementMeaning{WarningGiven, WarningWithdrawn, BreachBegun, OfficerReferral,
	RecallRequested, DecisionPending, NoAction}

// EnforcementActionEntry is an enforcement action of the probation case system.
type EnforcementActionEntry struct {
	Head[EnforcementAction]
	Meaning EnforcementMeaning `json:"meaning"`
}

// EnforcementActions lists them.
var EnforcementActions = load("enforcement-actions", func(e EnforcementActionEntry) error {
	if !slices.Contains(EnforcementMeanings, e.Meaning) {
		return errors.New("unknown meaning")
	}
	return nil
}, func(e *EnforcementActionEntry, d event.Day) { e.startsBy(d) })

type (
	RegistrationType string // such as "ROSH", "MAPPA", "RISK_TO_STAFF"
	RiskLevel        string // such as "HIGH", or a MAPPA level
)

// NotRegistered is the level that ends a registration of any type.
const NotRegistered RiskLevel = "NONE"

// MAPPA is the registration for multi-agency public protection arrangements.
const MAPPA RegistrationType = "MAPPA"

// RegistrationTypeEntry is a kind of registration about risk.
type RegistrationTypeEntry struct {
	Head[RegistrationType]
	Levels []RiskLevel `json:"levels,omitempty"` // beside [NotRegistered]
	// Victim: it would say something of a victim, and is never taken in.
	Victim bool `json:"victim,omitempty"`
}

// Has reports whether the type has a level.
func (e RegistrationTypeEntry) Has(l RiskLevel) bool {
	return l == NotRegistered || slices.Contains(e.Levels, l)
}

// RegistrationTypes lists them.
var RegistrationTypes = load("registration-types", func(e RegistrationTypeEntry) error {
	if e.Victim != (len(e.Levels) == 0) {
		return errors.New("every type has levels but one that is refused")
	}
	return nil
}, func(e *RegistrationTypeEntry, d event.Day) { e.startsBy(d) })
