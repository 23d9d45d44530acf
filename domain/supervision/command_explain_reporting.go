package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// ExplainReporting says that the person was told what of a requirement's
// treatment or tests is reported to the responsible officer. It is most often
// said at the assessment, before the requirement began: effectiveAt says when.
type ExplainReporting struct {
	event.Timed
	Requirement event.UUID `json:"requirement"`
}

// Validate names the fields that cannot be accepted.
func (c ExplainReporting) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Requirement.IsZero(), "/requirement", "required", "this must be given")
	return f
}

// Check refuses a requirement that is not there or has ended, and one under
// which nobody reports.
func (c ExplainReporting) Check(s State, _ event.Context) error {
	r, ok := s.Requirement(c.Requirement)
	kind, _ := reference.RequirementKinds.Latest(r.Terms.Value().Kind)
	switch {
	case !ok || !r.EndedOn.IsZero():
		return fault.Refuse("requirement-not-live", "there is no such requirement, or it has ended")
	case !kind.Treatment && !kind.Testing:
		return fault.Refuse("nothing-is-reported", "under this kind of requirement nobody treats or tests, and nobody reports")
	}
	return nil
}

// Events records it; nothing if an explanation at or before that time stands
// already.
func (c ExplainReporting) Events(s State, ctx event.Context) []event.Draft {
	if s.Explained(c.Requirement, ctx.When().Latest()) {
		return nil
	}
	return []event.Draft{{Data: ReportingExplained{Requirement: c.Requirement}}}
}
