package rights

import "caseledger/domain/event"

// RightsRequestExtended says that the time to answer is two months longer, and
// that the person was told so within the first one (Article 12(3)).
type RightsRequestExtended struct {
	Request event.UUID      `json:"request"`
	Reason  ExtensionReason `json:"reason"`
}

func (RightsRequestExtended) isEvent() {}

var requestExtended = event.Define[RightsRequestExtended]("rights.request-extended", 1)
