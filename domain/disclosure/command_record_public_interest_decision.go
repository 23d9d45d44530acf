package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordPublicInterestDecision records the reasoning for a disclosure without
// agreement, before it is decided.
type RecordPublicInterestDecision struct {
	event.Timed
	Decision        event.UUID  `json:"decision"`
	Harm            string      `json:"harm,omitempty"`
	Seriousness     Seriousness `json:"seriousness,omitempty"`
	Likelihood      Likelihood  `json:"likelihood,omitempty"`
	Consent         string      `json:"whyNoConsent,omitempty"` // not sought, or refused
	Proportionality string      `json:"proportionality,omitempty"`
	Alternatives    string      `json:"alternatives,omitempty"`
	Informed        Informed    `json:"personInformed,omitempty"`
	WhyNot          string      `json:"whyNotInformed,omitempty"`
	ReviewOn        event.Day   `json:"reviewOn,omitzero"`
}

// Validate names what cannot be understood.
func (b RecordPublicInterestDecision) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Decision.IsZero(), "/decision", "required", "say for which decision")
	code(&f, "/seriousness", b.Seriousness, Seriousnesses)
	code(&f, "/likelihood", b.Likelihood, Likelihoods)
	code(&f, "/personInformed", b.Informed, []Informed{WasInformed, WasNotInformed})
	f.Text("/harm", b.Harm, 2000, true)
	f.Text("/whyNoConsent", b.Consent, 2000, true)
	f.Text("/proportionality", b.Proportionality, 2000, true)
	f.Text("/alternatives", b.Alternatives, 2000, true)
	f.Text("/whyNotInformed", b.WhyNot, 2000, true)
	return f
}

// Check refuses reasoning for nothing, reasoning with gaps, and a harm that is
// not serious.
func (b RecordPublicInterestDecision) Check(s State, _ event.Context) error {
	k, ok := s.Decision(b.Decision)
	switch {
	case !ok:
		return fault.Refuse("no-such-decision", "this case holds no such proposal")
	case k.Outcome == Permit || k.Outcome == Refuse:
		return fault.Refuse("already-decided", "the reasoning comes before the decision")
	}
	var f fault.Fields
	for _, x := range []struct {
		blank   bool
		pointer string
	}{{b.Harm == "", "/harm"}, {b.Seriousness == "", "/seriousness"}, {b.Likelihood == "", "/likelihood"}, {b.Consent == "", "/whyNoConsent"},
		{b.Proportionality == "", "/proportionality"}, {b.Alternatives == "", "/alternatives"}, {b.Informed == "", "/personInformed"},
		{b.Informed == WasNotInformed && b.WhyNot == "", "/whyNotInformed"}, {b.ReviewOn == 0, "/reviewOn"}} {
		f.If(x.blank, x.pointer, "required", "the reasoning does not say this")
	}
	if len(f) > 0 {
		no := fault.Refuse("public-interest-incomplete", "the reasoning has gaps")
		no.Fields, no.Gates, no.Rule = f, []string{"G6", "G11"}, "R04"
		return no
	}
	if b.Seriousness == "NOT_SERIOUS" {
		return fault.Refuse("harm-not-serious", "only a serious harm outweighs confidence")
	}
	return nil
}

// Events records the reasoning.
func (b RecordPublicInterestDecision) Events(_ State, c event.Context) []event.Draft {
	text := func(s string) event.Personal[string] {
		if s == "" {
			return event.Personal[string]{}
		}
		return event.Own(s)
	}
	return []event.Draft{{Data: PublicInterestDecisionRecorded{PublicInterest: c.NewID("public-interest"), Decision: b.Decision,
		Seriousness: b.Seriousness, Likelihood: b.Likelihood, Informed: b.Informed, ReviewOn: b.ReviewOn, Harm: text(b.Harm),
		Consent: text(b.Consent), Proportionality: text(b.Proportionality), Alternatives: text(b.Alternatives), WhyNot: text(b.WhyNot)}}}
}
