package person

import "caseledger/domain/event"

// AccessRestrictionSet limits who of those otherwise entitled may look at the
// case (limited access).
type AccessRestrictionSet struct {
	Restriction event.UUID             `json:"restriction"`
	Mode        RestrictionMode        `json:"mode"`
	Users       []event.UUID           `json:"users"` // members of staff
	Reason      event.Personal[string] `json:"reason" personal:"operational"`
}

func (AccessRestrictionSet) isEvent() {}

var accessRestrictionSet = event.Define[AccessRestrictionSet]("person.access-restriction-set", 1)

// How a restriction works.
const (
	Excluded   RestrictionMode = "EXCLUDED"   // these users may not look
	Restricted RestrictionMode = "RESTRICTED" // only these users may look
)

// RestrictionModes lists them.
var RestrictionModes = []RestrictionMode{Excluded, Restricted}
