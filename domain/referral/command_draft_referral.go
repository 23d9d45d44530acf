package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// DraftReferral writes a referral that somebody else may send.
type DraftReferral struct {
	event.Timed
	Details
	Reason string `json:"reason,omitempty"`
}

// Validate names what cannot be understood.
func (b DraftReferral) Validate() []fault.Field {
	f := fault.Fields(b.validate())
	f.Text("/reason", b.Reason, 4000, true)
	return f
}

// Check lets every draft stand.
func (b DraftReferral) Check(State, event.Context) error { return nil }

// Events records the draft.
func (b DraftReferral) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: ReferralDrafted{c.NewID("referral"), b.Details, ownText(b.Reason)}}}
}
