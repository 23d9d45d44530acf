package person

import "caseledger/domain/event"

// AccessRestrictionLifted ends a restriction.
type AccessRestrictionLifted struct {
	Restriction event.UUID             `json:"restriction"`
	Reason      event.Personal[string] `json:"reason" personal:"operational"`
}

func (AccessRestrictionLifted) isEvent() {}

var accessRestrictionLifted = event.Define[AccessRestrictionLifted]("person.access-restriction-lifted", 1)
