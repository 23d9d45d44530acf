package person

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// CommunicationNeedRecorded says which adjustments the person needs. It takes
// the place of any earlier one. It names adjustments, never a condition.
type CommunicationNeedRecorded struct {
	Adjustments event.Personal[[]reference.CommunicationNeed] `json:"adjustments" personal:"health"`
	Language    event.Personal[Language]                      `json:"language" personal:"health"` // absent: English
	Note        event.Personal[string]                        `json:"note" personal:"health"`
}

func (CommunicationNeedRecorded) isEvent() {}

var communicationNeedRecorded = event.Define[CommunicationNeedRecorded]("person.communication-need-recorded", 1)
