package disclosure

import "caseledger/domain/event"

// DisclosureDecisionClosed says that nothing more will be told under a
// decision.
type DisclosureDecisionClosed struct {
	Decision event.UUID   `json:"decision"`
	Reason   ClosedReason `json:"reason"`
}

func (DisclosureDecisionClosed) isEvent() {}

var disclosureDecisionClosed = event.Define[DisclosureDecisionClosed]("disclosure.decision-closed", 1)
