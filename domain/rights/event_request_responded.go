package rights

import "caseledger/domain/event"

// RightsRequestResponded says how a request was answered.
type RightsRequestResponded struct {
	Request event.UUID     `json:"request"`
	Outcome RequestOutcome `json:"outcome"`
	// Grounds are why it was refused, wholly or in part.
	Grounds []Ground `json:"grounds,omitempty"`
	// Assessor is the health professional who made the serious-harm test, where
	// that is a ground.
	Assessor   event.UUID             `json:"assessor,omitzero"`
	Redactions int                    `json:"redactions"` // how many were made
	Answer     event.Personal[string] `json:"answer" personal:"identity"`
}

func (RightsRequestResponded) isEvent() {}

var requestResponded = event.Define[RightsRequestResponded]("rights.request-responded", 1)
