package rights

import "caseledger/domain/event"

// LegalHoldLifted says that a hold is over.
type LegalHoldLifted struct {
	Hold   event.UUID             `json:"hold"`
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (LegalHoldLifted) isEvent() {}

var legalHoldLifted = event.Define[LegalHoldLifted]("rights.legal-hold-lifted", 1)
