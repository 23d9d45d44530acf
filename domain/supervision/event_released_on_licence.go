package supervision

import "caseledger/domain/event"

// ReleasedOnLicence says that the person left custody under a licence.
type ReleasedOnLicence struct {
	Supervision event.UUID            `json:"supervision"` // the licence
	Terms       event.Personal[Terms] `json:"terms" personal:"offence"`
}

func (ReleasedOnLicence) isEvent() {}

var releasedOnLicence = event.Define[ReleasedOnLicence]("supervision.released-on-licence", 1)
