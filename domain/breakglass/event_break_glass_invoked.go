package breakglass

import "caseledger/domain/event"

// BreakGlassInvoked says that somebody opened the record past the usual rules
// (rule R20). It holds for its invoker alone, for at most four hours, and is
// reviewed by somebody else within 72 hours (policy; finding L20).
type BreakGlassInvoked struct {
	BreakGlass event.UUID `json:"breakGlass"`
	ReasonCode ReasonCode `json:"reasonCode"`
	// ExpiresAt is when it no longer holds, also if nobody ends it.
	ExpiresAt event.When `json:"expiresAt"`
	// Reason is why it could not wait, in at least 20 characters.
	Reason event.Personal[string] `json:"reason" personal:"operational"`
}

func (BreakGlassInvoked) isEvent() {}

var breakGlassInvoked = event.Define[BreakGlassInvoked]("break-glass.invoked", 1)
