package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordReferralOutcome says what came of a referral, which ends it.
type RecordReferralOutcome struct {
	Step
	Outcome Outcome `json:"outcome"`
	Note    string  `json:"note,omitempty"`
}

// Validate names what cannot be understood.
func (b RecordReferralOutcome) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Step.Validate())
	fault.OneOf(&f, "/outcome", b.Outcome, Outcomes)
	f.Text("/note", b.Note, 4000, true)
	return f
}

// Check refuses an outcome of what nobody has begun.
func (b RecordReferralOutcome) Check(s State, c event.Context) error { return b.check(s, complete, c) }

// Events records it.
func (b RecordReferralOutcome) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, OutcomeRecorded{b.Referral, event.Own(b.Outcome), ownText(b.Note)})
}
