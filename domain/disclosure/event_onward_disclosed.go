package disclosure

import "caseledger/domain/event"

// OnwardDisclosed says that a recipient told on what it had been told. It
// stands beside the disclosure that did so.
type OnwardDisclosed struct {
	Onward   event.UUID `json:"onward"`
	Origin   event.UUID `json:"origin"`   // the disclosure it was learnt by
	Decision event.UUID `json:"decision"` // the recipient's own
	// Categories are those told on.
	Categories         []event.Category `json:"categories"`
	OriginatorInformed bool             `json:"originatorInformed"`
}

func (OnwardDisclosed) isEvent() {}

var onwardDisclosed = event.Define[OnwardDisclosed]("disclosure.onward-disclosed", 1)
