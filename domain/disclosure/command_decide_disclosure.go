package disclosure

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// DecideDisclosure decides whether something may be told. What the person said
// is for package casefile to see.
type DecideDisclosure struct {
	event.Timed
	// Decision is the proposal that is decided, or one that was referred; left
	// out, it is a decision of its own.
	Decision event.UUID `json:"decision,omitzero"`
	Proposal
	// Outcome is PERMIT unless it says otherwise.
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  Reason  `json:"reason,omitempty"`
	// FailedGates are those that an imported decision names; of a live one they
	// are worked out.
	FailedGates []Gate `json:"failedGates,omitempty"`
}

// Validate names what cannot be understood.
func (b DecideDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Proposal.Validate())
	code(&f, "/outcome", b.Outcome, Outcomes)
	code(&f, "/reason", b.Reason, Reasons)
	f.If(len(b.FailedGates) > len(Gates) || slices.ContainsFunc(b.FailedGates, func(g Gate) bool { return !slices.Contains(Gates, g) }),
		"/failedGates", "unknown-code", "there is no such gate")
	return f
}

// Result is the outcome, PERMIT where none is given.
func (b DecideDisclosure) Result() Outcome {
	if b.Outcome == "" {
		return Permit
	}
	return b.Outcome
}

// Proposed is what is decided: where the body says nothing of the flow, that of
// the proposal.
func (b DecideDisclosure) Proposed(s State) Proposal {
	p := b.Proposal
	if k, ok := s.Decision(b.Decision); ok && p.Flow.Unsaid() {
		p.Flow = k.Flow
	}
	p.Decision = b.Decision
	return p
}

// Check refuses what was decided already, and a refusal that says too little.
// Whether a permit may stand is judged by package casefile.
func (b DecideDisclosure) Check(s State, _ event.Context) error {
	if !b.Decision.IsZero() {
		k, ok := s.Decision(b.Decision)
		switch {
		case !ok:
			return fault.Refuse("no-such-decision", "this case holds no such proposal")
		case k.Closed:
			return fault.Refuse("decision-closed", "the decision is closed")
		case k.Outcome == Permit || k.Outcome == Refuse:
			return fault.Refuse("already-decided", "this was decided already")
		}
	}
	if b.Result() == Permit {
		return nil
	}
	p := b.Proposed(s)
	var f fault.Fields
	const absent = "decision-incomplete"
	f.If(p.ToOrg.IsZero() && p.Direction.To != event.PersonSide, "/toOrg", absent, "the decision record does not say which organisation asked or would be told")
	f.If(p.Purpose == "", "/purpose", absent, "the decision record does not say what for")
	f.If(len(p.Categories) == 0, "/categories", absent, "the decision record does not say what would be told")
	f.If(b.Result() == Refuse && b.Reason == "", "/reason", "reason-absent", "a refusal says why")
	if len(f) == 0 {
		return nil
	}
	no := fault.Refuse(f[0].Code, "%s", f[0].Message)
	no.Rule, no.Gates, no.Fields = string(p.Rule), []string{"G11"}, f
	return no
}

// Events records the decision as given, without a verdict.
func (b DecideDisclosure) Events(s State, c event.Context) []event.Draft {
	return b.Record(s, c, DisclosureDecided{FailedGates: b.FailedGates})
}

// Record records the decision. judged holds what the evaluation says of it.
func (b DecideDisclosure) Record(s State, c event.Context, judged DisclosureDecided) []event.Draft {
	d, p := judged, b.Proposed(s)
	d.Decision, d.Flow, d.Basis, d.Outcome, d.Reason = b.Decision, p.Flow, p.Basis, b.Result(), b.Reason
	if d.Decision.IsZero() {
		d.Decision = c.NewID("decision")
	}
	if p.Necessity != "" {
		d.Necessity = event.Own(p.Necessity)
	}
	if p.WhyNot != "" {
		d.WhyNot = event.Own(p.WhyNot)
	}
	return []event.Draft{{Data: d}}
}
