package referral

import "caseledger/domain/event"

// FirstContactMade says that the recipient saw the person for the first time.
// It is recorded whether or not the recipient had acknowledged or accepted.
type FirstContactMade struct {
	Referral event.UUID `json:"referral"`
}

func (FirstContactMade) isEvent() {}

var firstContactMade = event.Define[FirstContactMade]("referral.first-contact-made", 1)
