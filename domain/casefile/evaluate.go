package casefile

import (
	"crypto/sha256"
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

// view is what a command that asks at a time can know.
func (s State) view(c event.Context) lawfulness.View {
	standing := s.standing
	if s.all != nil {
		standing = s.all
	}
	return lawfulness.ViewOf(c.Person, s.Case, standing, s.Surroundings, c.Asked(), c.Now)
}

// Evaluate says whether a proposal could be permitted, by whom and when the
// context says, and everything that stands against it. It changes nothing.
func Evaluate(s State, p disclosure.Proposal, c event.Context) lawfulness.Verdict {
	return lawfulness.Evaluate(s.view(c), p, c.Actor)
}

// Ask is [Evaluate] of a question that does not say under which rule: "may X
// tell Y this for that?".
func Ask(s State, p disclosure.Proposal, c event.Context) lawfulness.Verdict {
	return lawfulness.Ask(s.view(c), p, c.Actor)
}

// EvaluateAsKnown is [Evaluate] as far as facts had been recorded by the moment
// asked about.
func EvaluateAsKnown(s State, p disclosure.Proposal, c event.Context) lawfulness.Verdict {
	return lawfulness.Evaluate(s.knownThen(c), p, c.Actor)
}

// AskAsKnown is [Ask] as far as facts had been recorded by the moment asked
// about.
func AskAsKnown(s State, p disclosure.Proposal, c event.Context) lawfulness.Verdict {
	return lawfulness.Ask(s.knownThen(c), p, c.Actor)
}

func (s State) knownThen(c event.Context) lawfulness.View {
	if s.Past == nil || !c.Asked().Before(c.Now) {
		return s.view(c)
	}
	return s.Past.AsKnown(c.Asked())
}

// telling says whether what a decision permits may still be told, or that part
// of it which the flow is.
func telling(s State, flow disclosure.Flow, k disclosure.Decision, c event.Context) lawfulness.Verdict {
	return lawfulness.EvaluateTelling(s.view(c), flow, k.Basis, k.ID, c.Actor)
}

// judged is what the evaluation of a decision puts on the record.
func judged(s State, p disclosure.Proposal, v lawfulness.Verdict, c event.Context) disclosure.DisclosureDecided {
	d := disclosure.DisclosureDecided{FailedGates: v.Gates(), Evaluator: lawfulness.Evaluator, ReferenceData: referenceData,
		RuleSet: disclosure.RuleSet(v.RuleSet), RuleSetHash: v.Hash,
		ReadSet: slices.Concat([]disclosure.Read{{Stream: event.Case(c.Person), Revision: c.Revision}}, s.Merged, s.Surroundings.Relevant(p, c.Actor))}
	for _, w := range v.Warnings {
		d.Warnings = append(d.Warnings, disclosure.Warning(w.Monitor))
	}
	return d
}

// referenceData is the SHA-256 over the hashes of all code lists, in order of
// name.
var referenceData = func() event.Commitment {
	lists, err := reference.Lists()
	if err != nil {
		panic(err) // the lists are part of the program
	}
	h := sha256.New()
	for _, l := range lists {
		h.Write(l.Hash[:])
	}
	return event.Commitment(h.Sum(nil))
}()
