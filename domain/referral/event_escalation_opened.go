package referral

import "caseledger/domain/event"

// EscalationOpened says that a refusal for a reason that no practice may have
// goes to whoever commissions it.
type EscalationOpened struct {
	Referral event.UUID  `json:"referral"`
	To       EscalatedTo `json:"to"`
}

func (EscalationOpened) isEvent() {}

var escalationOpened = event.Define[EscalationOpened]("referral.escalation-opened", 1)
