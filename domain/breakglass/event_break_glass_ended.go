package breakglass

import "caseledger/domain/event"

// BreakGlassEnded says that its invoker, or the clock, ended a use of
// break-glass.
type BreakGlassEnded struct {
	BreakGlass event.UUID `json:"breakGlass"`
}

func (BreakGlassEnded) isEvent() {}

var breakGlassEnded = event.Define[BreakGlassEnded]("break-glass.ended", 1)
