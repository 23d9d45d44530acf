package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReviewRiskFlag records what a clinician made of a risk flag.
type ReviewRiskFlag struct {
	event.Timed
	Flag  event.UUID `json:"flag"`
	Level RiskLevel  `json:"level"`
	Plan  string     `json:"plan,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b ReviewRiskFlag) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Flag.IsZero(), "/flag", "required", "say which flag")
	fault.OneOf(&f, "/level", b.Level, RiskLevels)
	f.Text("/plan", b.Plan, 4000, true)
	return f
}

// Check refuses a flag that is not open.
func (b ReviewRiskFlag) Check(s State, _ event.Context) error {
	_, err := openFlag(s, b.Flag)
	return err
}

func openFlag(s State, id event.UUID) (Flag, error) {
	flag, ok := s.Flag(id)
	switch {
	case !ok:
		return Flag{}, fault.Refuse("no-such-risk-flag", "this case holds no such risk flag")
	case flag.Closed:
		return Flag{}, fault.Refuse("risk-flag-closed", "the risk flag is closed")
	}
	return flag, nil
}

// Events records the review.
func (b ReviewRiskFlag) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RiskFlagReviewed{b.Flag, event.Own(b.Level), ownText(b.Plan)}}}
}
