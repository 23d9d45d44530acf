package lawfulness

import (
	"fmt"
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/finding"
	"caseledger/domain/policy"
)

// Verdict says whether something may be told, by which rule, and everything
// that stands against it under each rule that is about the flow. The same
// question of the same view always has the same verdict, to the byte.
type Verdict struct {
	Permit bool `json:"permit"`
	// Rule is the one that permits it; of a refusal the one that was named, or
	// else the nearest. Empty: no rule is about the flow.
	Rule disclosure.Rule `json:"rule"`
	// Nearest is the candidate with the fewest failed gates.
	Nearest disclosure.Rule `json:"nearest"`
	// Instead is a rule that would permit it where the one that was named does
	// not.
	Instead disclosure.Rule `json:"instead,omitempty"`
	// Candidates are the rules that are about the flow, the most specific first,
	// and before them the one that was named, if it is not.
	Candidates []Candidate `json:"candidates"`
	// Warnings are what does not stop it (domain reference section 8.8).
	Warnings []Warning `json:"warnings"`
	// RuleSet and Hash say by what it was judged.
	RuleSet policy.Version   `json:"ruleSet"`
	Hash    event.Commitment `json:"ruleSetHash"`
}

// Candidate is a rule and why it does not permit something; no failure: it
// does.
type Candidate struct {
	Rule    disclosure.Rule `json:"rule"`
	Version int             `json:"version"`
	Text    string          `json:"text"`
	Failed  []Failure       `json:"failed"`
}

// Warning is what a finding would be raised for, and a permit stands beside.
type Warning struct {
	Monitor finding.Monitor `json:"monitor"`
	Message string          `json:"message"`
}

// Gates lists the gates that failed, each once, in order.
func (c Candidate) Gates() []disclosure.Gate {
	var failed []disclosure.Gate
	for _, g := range disclosure.Gates {
		if slices.ContainsFunc(c.Failed, func(f Failure) bool { return f.Gate == g }) {
			failed = append(failed, g)
		}
	}
	return failed
}

// Judged is the candidate of the verdict's rule.
func (v Verdict) Judged() Candidate {
	c, _ := v.Candidate(v.Rule)
	return c
}

// Candidate returns the candidate of a rule; false if it is none.
func (v Verdict) Candidate(rule disclosure.Rule) (Candidate, bool) {
	i := slices.IndexFunc(v.Candidates, func(c Candidate) bool { return c.Rule == rule })
	if i < 0 {
		return Candidate{}, false
	}
	return v.Candidates[i], true
}

// Gates lists the gates that fail it under its rule, each once, in order; none
// for a permit.
func (v Verdict) Gates() []disclosure.Gate { return v.Judged().Gates() }

// Fault turns a refusal into what the command answers; nil for a permit. Its
// code is that of the first failure.
func (v Verdict) Fault() error {
	if v.Permit {
		return nil
	}
	c := v.Judged()
	message := c.Failed[0].Message
	if v.Instead != "" {
		message = fmt.Sprintf("%s; rule %s would permit it", message, v.Instead)
	}
	f := fault.Refuse(c.Failed[0].Code, "%s", message)
	f.Rule = string(v.Rule)
	for _, g := range c.Gates() {
		f.Gates = append(f.Gates, string(g))
	}
	for _, x := range c.Failed {
		f.Fields = append(f.Fields, fault.Field{Pointer: x.Pointer, Code: x.Code, Message: x.Message})
	}
	return f
}
