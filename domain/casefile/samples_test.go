package casefile_test

import (
	"caseledger/domain/appointment"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

var (
	sampleID    = event.MustUUID("5a000000-0000-4000-8000-00000000000a")
	sampleStaff = event.MustUUID("5a000000-0000-4000-8000-00000000000b")
	sampleOrg   = event.MustUUID("5a000000-0000-4000-8000-00000000000c")
	sampleSlot  = appointment.Slot{From: when("2026-02-04T10:00:00Z"), Minutes: 30}
)

func when(text string) event.When {
	w, err := event.ParseWhen(text)
	if err != nil {
		panic(err)
	}
	return w
}

// whoSamples has one event of each type of the areas person, supervision and
// appointment, about an invented person.
var whoSamples = map[string]any{
	"person.registered": domainperson.PersonRegistered{
		Name: event.Own(domainperson.Name{Given: "TEST", Family: "ALPHA"}), DateOfBirth: event.Own(event.MustDay("1991-05-17")),
		Sex: event.Own(domainperson.Female), Site: "CAMBRIDGE", Region: "N56"},
	"person.identifier-linked": domainperson.IdentifierLinked{Link: sampleID, Type: domainperson.NHSNumberType,
		Value: event.Own("9990001014"), Source: domainperson.FromPerson, Confidence: domainperson.Certain, Status: "02"},
	"person.identifier-verified": domainperson.IdentifierVerified{Link: sampleID, Type: domainperson.NHSNumberType, Status: domainperson.Traced},
	"person.identifier-unlinked": domainperson.IdentifierUnlinked{Link: sampleID, Type: domainperson.NHSNumberType,
		Value: event.Own("9990001014"), Reason: domainperson.WrongPerson},
	"person.address-recorded": domainperson.AddressRecorded{Address: event.Own(domainperson.Address{
		Variant: domainperson.Fixed, UPRN: "12", Postcode: "ZZ1 1ZZ", Lines: []string{"1 Invented Street"}})},
	"person.access-restriction-set": domainperson.AccessRestrictionSet{Restriction: sampleID, Mode: domainperson.Restricted,
		Users: []event.UUID{sampleStaff}, Reason: event.Own("An invented reason.")},
	"person.access-restriction-lifted": domainperson.AccessRestrictionLifted{Restriction: sampleID, Reason: event.Own("An invented reason.")},
	"person.communication-need-recorded": domainperson.CommunicationNeedRecorded{
		Adjustments: event.Own([]reference.CommunicationNeed{"EASY_READ", "EXTRA_TIME"}),
		Language:    event.Own(domainperson.Language("pl")), Note: event.Own("Prefers mornings.")},
	"person.privacy-notice-given": domainperson.PrivacyNoticeGiven{Notice: "v1", Format: "EASY_READ", Language: "en", Method: domainperson.InPerson},

	"person.merge-fenced": domainperson.MergeFenced{Merge: sampleID, Survivor: sampleStaff},
	"person.merged":       domainperson.PersonsMerged{Merge: sampleID, Merged: sampleStaff, Revision: 7, Evidence: event.Own("The same date of birth and prison number.")},
	"person.unmerged":     domainperson.PersonsUnmerged{Merge: sampleID, Other: sampleStaff, Reason: event.Own("Two sisters.")},

	"supervision.started": supervision.SupervisionStarted{Supervision: sampleID, Practitioner: sampleStaff,
		Terms: event.Own(supervision.Terms{Type: "COMMUNITY_ORDER", Court: "Invented Crown Court",
			From: event.MustDay("2026-01-26"), To: event.MustDay("2027-01-26")})},
	"supervision.requirement-willingness-recorded": supervision.RequirementWillingnessRecorded{
		Willingness: event.Own(supervision.Willingness{Kind: "MHTR", On: event.MustDay("2026-01-26"), ToCourt: true})},
	"supervision.requirement-imposed": supervision.RequirementImposed{Requirement: sampleID, Supervision: sampleID,
		Terms: event.Own(supervision.RequirementTerms{Kind: "DRR", From: event.MustDay("2026-01-19"), To: event.MustDay("2027-03-19"),
			Provider: sampleOrg, Testing: true, ReviewEveryMonths: 1}),
		Specified: event.Own(supervision.Specification{Setting: "NON_RESIDENT", Alcohol: supervision.Limited, Monitoring: supervision.Tag})},
	"supervision.enforcement-referred": supervision.EnforcementReferred{Referral: sampleID, Appointments: []event.UUID{sampleID},
		Reason: event.Own("A second absence without reasonable excuse.")},
	"supervision.recalled": supervision.LicenceRecalled{Supervision: sampleID, Reason: event.Own("A condition was not kept.")},
	"supervision.risk-registration-noted": supervision.RiskRegistrationNoted{Registration: sampleID,
		Terms: event.Own(supervision.RiskRegistration{Type: reference.MAPPA, Level: "2"})},
	"supervision.reporting-explained":    supervision.ReportingExplained{Requirement: sampleID},
	"supervision.requirement-ended":      supervision.RequirementEnded{Requirement: sampleID, Reason: event.Own(supervision.RequirementCompleted)},
	"supervision.practitioner-allocated": supervision.PractitionerAllocated{Practitioner: sampleStaff, Organisation: sampleOrg},
	"supervision.breach-warning-issued": supervision.BreachWarningIssued{Warning: sampleID, Appointments: []event.UUID{sampleID},
		Circumstances: event.Own("Did not come on the day agreed.")},
	"supervision.custody-entered": supervision.CustodyEntered{Establishment: event.Own("HMP Invented")},
	"supervision.released-on-licence": supervision.ReleasedOnLicence{Supervision: sampleID,
		Terms: event.Own(supervision.Terms{Type: "LICENCE", From: event.MustDay("2026-02-16"), To: event.MustDay("2026-08-16")})},
	"supervision.case-transferred": supervision.CaseTransferred{From: "N58", To: "N07", HandoverUntil: event.MustDay("2026-04-03")},
	"supervision.ended":            supervision.SupervisionEnded{Supervision: sampleID, Reason: event.Own(supervision.Completed)},

	"appointment.scheduled": appointment.AppointmentScheduled{Appointment: sampleID, Kind: reference.CoLocated, Site: "CAMBRIDGE",
		Slot: sampleSlot, Owner: event.Probation, With: []event.UUID{sampleStaff}},
	"appointment.rescheduled": appointment.AppointmentRescheduled{Appointment: sampleID, Slot: sampleSlot, By: appointment.ThePerson, Reason: event.Own("Work.")},
	"appointment.cancelled":   appointment.AppointmentCancelled{Appointment: sampleID, By: appointment.TheService, Reason: event.Own("Illness.")},
	"appointment.attendance-recorded": appointment.AttendanceRecorded{Appointment: sampleID, Kind: reference.HubClinic,
		NHS: event.Own(reference.NHSAttendance("3"))},
	"appointment.co-presence-agreed": appointment.CoPresenceAgreed{Presence: sampleID, Appointment: sampleID, Persons: []event.UUID{sampleStaff},
		Topics: []appointment.Topic{appointment.Intro}, Slot: sampleSlot, PrivateOffered: true},
	"appointment.co-presence-declined": appointment.CoPresenceDeclined{Appointment: sampleID, Persons: []event.UUID{sampleStaff},
		Topics: []appointment.Topic{appointment.Results}, PrivateOffered: true},
	"appointment.co-presence-ended": appointment.CoPresenceEnded{Presence: sampleID},
	"appointment.barrier-recorded":  appointment.BarrierRecorded{Barrier: event.Own(reference.Barrier("TRAVEL")), Note: event.Own("No bus on Sundays.")},
}
