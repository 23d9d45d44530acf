package consent

import "caseledger/domain/event"

// ObjectionRecorded says that the person objects to information being told
// (UK GDPR Article 21, and the duty of confidence). It denies its scope until
// it is lifted.
type ObjectionRecorded struct {
	Objection event.UUID             `json:"objection"`
	Scope     Scope                  `json:"scope"`
	Reason    event.Personal[string] `json:"reason" personal:"operational"`
}

func (ObjectionRecorded) isEvent() {}

var objectionRecorded = event.Define[ObjectionRecorded]("consent.objection-recorded", 1)
