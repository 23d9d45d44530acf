package consent

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordCapacity records an assessment of capacity for one kind of decision.
type RecordCapacity struct {
	event.Timed
	Decision Kind            `json:"decision"`
	Outcome  CapacityOutcome `json:"outcome"`
	Support  []Support       `json:"supportTried,omitempty"`
	ReviewOn event.Day       `json:"reviewOn,omitzero"`
}

// Assessors may assess capacity (domain reference section 11, row 26).
var Assessors = []event.Role{"HUB_CLIN", "GP"}

// Validate reports fields that cannot be understood.
func (b RecordCapacity) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/decision", b.Decision, Kinds)
	fault.OneOf(&c, "/outcome", b.Outcome, []CapacityOutcome{Has, Lacks, Fluctuating})
	c.If(len(b.Support) > len(Supports), "/supportTried", "too-many", "too many kinds of support")
	for i, x := range b.Support {
		fault.OneOf(&c, "/supportTried/"+strconv.Itoa(i), x, Supports)
	}
	return c
}

// Check refuses an assessor who may not assess.
func (b RecordCapacity) Check(_ State, c event.Context) error {
	if !slices.Contains(Assessors, c.Actor.Role) {
		return fault.Refuse("not-an-assessor", "capacity is assessed by a clinician or a GP")
	}
	return nil
}

// Events records the assessment.
func (b RecordCapacity) Events(_ State, c event.Context) []event.Draft {
	return draft(event.NHS, CapacityAssessed{Assessment: c.NewID("assessment"), Decision: b.Decision,
		Outcome: event.Own(b.Outcome), Support: event.Own(b.Support), ReviewOn: b.ReviewOn})
}
