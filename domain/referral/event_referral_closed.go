package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralClosed says that a clinician ended the referral of somebody who did
// not come.
type ReferralClosed struct {
	Referral event.UUID               `json:"referral"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralClosed) isEvent() {}

var referralClosed = event.Define[ReferralClosed]("referral.closed-not-engaged", 1)
