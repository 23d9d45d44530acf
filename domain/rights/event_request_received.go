package rights

import "caseledger/domain/event"

// RightsRequestReceived says that the person, or somebody with authority to
// act for them, asked for one of their rights. The time to answer counts from
// its effective day (UK GDPR Article 12(3)).
type RightsRequestReceived struct {
	Request event.UUID  `json:"request"`
	Kind    RequestKind `json:"kind"`
	// IdentityConfirmed: nobody needs to be asked who is asking.
	IdentityConfirmed bool                   `json:"identityConfirmed"`
	Wording           event.Personal[string] `json:"wording" personal:"identity"`
}

func (RightsRequestReceived) isEvent() {}

var requestReceived = event.Define[RightsRequestReceived]("rights.request-received", 1)
