package supervision

import "caseledger/domain/event"

// CustodyEntered says that the person is in custody. Consents are not ended by
// it.
type CustodyEntered struct {
	Establishment event.Personal[string] `json:"establishment" personal:"offence"`
}

func (CustodyEntered) isEvent() {}

var custodyEntered = event.Define[CustodyEntered]("supervision.custody-entered", 1)
