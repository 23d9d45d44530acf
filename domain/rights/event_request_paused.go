package rights

import "caseledger/domain/event"

// RightsRequestPaused says that the person was asked for something without
// which the request cannot be answered: the clock stands from here on.
type RightsRequestPaused struct {
	Request event.UUID  `json:"request"`
	Reason  PauseReason `json:"reason"`
}

func (RightsRequestPaused) isEvent() {}

var requestPaused = event.Define[RightsRequestPaused]("rights.request-paused", 1)
