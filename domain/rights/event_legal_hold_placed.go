package rights

import "caseledger/domain/event"

// LegalHoldPlaced says that nothing of the person's record may be disposed of,
// for a public inquiry or a claim. A hold beats every schedule.
type LegalHoldPlaced struct {
	Hold   event.UUID             `json:"hold"`
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (LegalHoldPlaced) isEvent() {}

var legalHoldPlaced = event.Define[LegalHoldPlaced]("rights.legal-hold-placed", 1)
