package casefile

import (
	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
)

var screeningCommands = []Command{
	in[screening.State, screening.OfferScreening]("offer-screening", "Ask the person to be screened.", ofScreening,
		"HUB_CLIN", "HUB_NURSE", "NAVIGATOR"),
	in[screening.State, screening.DeclineScreening]("decline-screening", "Record that the person would not be screened.", ofScreening,
		"HUB_CLIN", "HUB_NURSE", "NAVIGATOR"),
	in[State, CompleteScreening]("complete-screening", "Record how a screening came out.", whole,
		clinicians...),
	in[screening.State, screening.RaiseRiskFlag]("raise-risk-flag", "Record that a risk of suicide or self-harm was seen.", ofScreening,
		"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "GP", "TX_PROV", "PRISON_HC", "LD"),
	in[screening.State, screening.ReviewRiskFlag]("review-risk-flag", "Record what a clinician made of a risk flag.", ofScreening,
		clinicians...),
	in[screening.State, screening.CloseRiskFlag]("close-risk-flag", "End a risk flag that was reviewed.", ofScreening,
		clinicians...),
	in[State, RecordTestResult]("record-test-result", "Record the result of a test of a sample.", whole,
		"TX_PROV", "HUB_CLIN", "HUB_NURSE", "GP", "PRISON_HC"),
	in[State, AssessScreeningEligibility]("assess-screening-eligibility",
		"Record whether a population screening programme would invite the person.", whole,
		"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "GP"),
}

// clinicians are registered with a professional body.
var clinicians = []event.Role{"HUB_CLIN", "HUB_NURSE"}

func ofScreening(s State) screening.State { return s.Screening }

// CompleteScreening is [screening.CompleteScreening] of a person who agreed to
// take part, read by the cut-offs of their registered sex.
type CompleteScreening struct{ screening.CompleteScreening }

// Check refuses a screening that the person did not agree to, one that others
// in the room would hear without agreement, and what the screening area
// refuses.
func (b CompleteScreening) Check(s State, c event.Context) error {
	if !s.Consent.Participates(consent.Screening, c.Asked()) {
		return fault.Refuse("no-screening-consent", "the person has not agreed to be screened")
	}
	if s.Appointment.Overheard(b.Appointment, appointment.Screening, c.Asked()) {
		return fault.Refuse("no-co-presence-agreement", "the person has not agreed that others in the room hear it: agree it first, or record that they have left")
	}
	return b.CompleteScreening.Check(s.Screening, c)
}

// Events records the result.
func (b CompleteScreening) Events(s State, c event.Context) []event.Draft {
	of := b.BandFor
	if sex := reference.BandFor(s.Person.Sex); of == reference.ForEverybody && (sex == reference.ForMen || sex == reference.ForWomen) {
		of = sex
	}
	return b.Record(c, of)
}

// RecordTestResult is [screening.RecordTestResult] of a person who agreed to a
// test that needs it.
type RecordTestResult struct{ screening.RecordTestResult }

// Check refuses a test for a blood-borne virus that the person did not agree
// to, and what the screening area refuses.
func (b RecordTestResult) Check(s State, c event.Context) error {
	if at := c.Asked(); b.Kind.NeedsConsentToTest() &&
		!s.Consent.Participates(consent.Treatment, at) && !s.Consent.Participates(consent.Screening, at) {
		return fault.Refuse("no-consent-to-test", "the person has not agreed to this test")
	}
	return b.RecordTestResult.Check(s.Screening, c)
}

// Events records the result.
func (b RecordTestResult) Events(s State, c event.Context) []event.Draft {
	return b.RecordTestResult.Events(s.Screening, c)
}

// AssessScreeningEligibility is [screening.AssessScreeningEligibility] of a
// person whose date of birth the case holds.
type AssessScreeningEligibility struct {
	screening.AssessScreeningEligibility
}

// Check refuses to work anything out without a date of birth.
func (b AssessScreeningEligibility) Check(s State, c event.Context) error {
	if _, state := s.Person.DateOfBirth.Get(); b.Asked != nil && state != event.Open {
		return fault.Refuse("date-of-birth-unknown", "without a date of birth nothing can be worked out")
	}
	return b.AssessScreeningEligibility.Check(s.Screening, c)
}

// Events records the assessment.
func (b AssessScreeningEligibility) Events(s State, c event.Context) []event.Draft {
	assessed := b.AssessScreeningEligibility
	if b.Asked != nil {
		assessed = assessed.WorkedOut(s.Person.DateOfBirth.Value(), c)
	}
	return assessed.Events(s.Screening, c)
}
