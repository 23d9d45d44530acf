package consent

import "caseledger/domain/event"

// ObjectionLifted says that the person no longer objects.
type ObjectionLifted struct {
	Objection event.UUID `json:"objection"`
}

func (ObjectionLifted) isEvent() {}

var objectionLifted = event.Define[ObjectionLifted]("consent.objection-lifted", 1)
