package consent

import (
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordBestInterests records a decision made for a person who lacks capacity
// for it.
type RecordBestInterests struct {
	event.Timed
	Kind      Kind     `json:"kind"`
	Decision  string   `json:"decision"`
	Consulted []string `json:"consulted,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b RecordBestInterests) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/kind", b.Kind, Kinds)

	c.Text("/decision", b.Decision, 4000, false)
	c.If(len(b.Consulted) > 20, "/consulted", "too-many", "too many people")
	for i, who := range b.Consulted {
		c.Text("/consulted/"+strconv.Itoa(i), who, 200, false)
	}
	return c
}

// Check refuses to decide for a person who can, and what nobody can decide for
// them.
func (b RecordBestInterests) Check(s State, c event.Context) error {
	if b.Kind == Willingness {
		return fault.Refuse("willingness-goes-to-the-court", "nobody expresses willingness to comply for somebody else")
	}
	if s.LatestOutcome(b.Kind, c.When().Latest()) != Lacks {
		return fault.Refuse("capacity-not-lacking", "the latest assessment for this decision does not say that the person lacks capacity")
	}
	return nil
}

// Events records the decision.
func (b RecordBestInterests) Events(_ State, c event.Context) []event.Draft {
	return draft(event.NHS, BestInterestsDecisionRecorded{BestInterests: c.NewID("best-interests"), Kind: b.Kind,
		Decision: event.Own(b.Decision), Consulted: event.Own(b.Consulted)})
}
