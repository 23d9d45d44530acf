package breakglass

import "caseledger/domain/event"

// BreakGlassReviewed says what somebody other than its invoker thought of a
// use of break-glass. MORE_INFORMATION leaves it unsettled.
type BreakGlassReviewed struct {
	BreakGlass event.UUID             `json:"breakGlass"`
	Verdict    Verdict                `json:"verdict"`
	Reason     event.Personal[string] `json:"reason" personal:"operational"`
}

func (BreakGlassReviewed) isEvent() {}

var breakGlassReviewed = event.Define[BreakGlassReviewed]("break-glass.reviewed", 1)
