package rights

import "caseledger/domain/event"

// RightsRequestClarified says that what was asked for has come: the clock goes
// on.
type RightsRequestClarified struct {
	Request event.UUID `json:"request"`
}

func (RightsRequestClarified) isEvent() {}

var requestClarified = event.Define[RightsRequestClarified]("rights.request-clarified", 1)
