package breakglass

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReviewBreakGlass records what somebody other than its invoker thinks of a
// use. A late review is recorded like any other: that it was late is found.
type ReviewBreakGlass struct {
	event.Timed
	BreakGlass event.UUID `json:"breakGlass"`
	Verdict    Verdict    `json:"verdict"`
	Reason     string     `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b ReviewBreakGlass) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.BreakGlass.IsZero(), "/breakGlass", "required", "say which use")
	fault.OneOf(&f, "/verdict", b.Verdict, Verdicts)
	f.Text("/reason", b.Reason, 2000, false)
	return f
}

// Check refuses the invoker as reviewer, a second verdict, and a review from
// before the use.
func (b ReviewBreakGlass) Check(s State, c event.Context) error {
	u, err := s.use(b.BreakGlass, c)
	switch {
	case err != nil:
		return err
	case u.Invoker.ID == c.Actor.ID:
		return fault.Refuse("reviewer-is-invoker", "somebody else reviews it")
	case !u.At.Begun(c.Asked()):
		return fault.Refuse("reviewed-before-it-began", "a use is reviewed after it begins")
	case !u.Reviewed.IsZero():
		return fault.Refuse("break-glass-reviewed", "the use has been reviewed")
	}
	return nil
}

// Events records the review.
func (b ReviewBreakGlass) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: BreakGlassReviewed{b.BreakGlass, b.Verdict, event.Own(b.Reason)}}}
}
