package consent

import "caseledger/domain/event"

// OptOutStatusChecked records an answer of the national data opt-out service.
// It never stands in the way of individual care.
type OptOutStatusChecked struct {
	Result OptOut `json:"result"`
}

func (OptOutStatusChecked) isEvent() {}

var optOutStatusChecked = event.Define[OptOutStatusChecked]("consent.opt-out-status-checked", 1)
