package disclosure

import "caseledger/domain/event"

// DisclosureProposed says that somebody asked for something to be told. The
// decision has this id from here on.
type DisclosureProposed struct {
	Decision event.UUID `json:"decision"`
	Flow     Flow       `json:"flow"`
}

func (DisclosureProposed) isEvent() {}

var disclosureProposed = event.Define[DisclosureProposed]("disclosure.proposed", 1)
