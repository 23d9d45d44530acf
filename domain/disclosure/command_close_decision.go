package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// CloseDecision says that nothing more will be told under a decision.
type CloseDecision struct {
	event.Timed
	Decision event.UUID   `json:"decision"`
	Reason   ClosedReason `json:"reason"`
}

// Validate names what cannot be understood.
func (b CloseDecision) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Decision.IsZero(), "/decision", "required", "say which decision")
	fault.OneOf(&f, "/reason", b.Reason, ClosedReasons)
	return f
}

// Check refuses a decision that is not there, closed, or another side's.
func (b CloseDecision) Check(s State, c event.Context) error {
	k, ok := s.Decision(b.Decision)
	switch {
	case !ok || k.Side != c.Actor.Side:
		return fault.Refuse("no-such-decision", "this side holds no such decision")
	case k.Closed:
		return fault.Refuse("decision-closed", "the decision is closed")
	}
	return nil
}

// Events records the end.
func (b CloseDecision) Events(s State, _ event.Context) []event.Draft {
	k, _ := s.Decision(b.Decision)
	return []event.Draft{{Data: DisclosureDecisionClosed{b.Decision, b.Reason}, Side: k.Side}}
}
