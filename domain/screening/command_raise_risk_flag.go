package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RaiseRiskFlag records that somebody saw a risk of suicide or self-harm.
type RaiseRiskFlag struct {
	event.Timed
	Level RiskLevel `json:"level"`
	Plan  string    `json:"plan,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b RaiseRiskFlag) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/level", b.Level, RiskLevels)
	f.Text("/plan", b.Plan, 4000, true)
	return f
}

// Check refuses a flag without a risk.
func (b RaiseRiskFlag) Check(State, event.Context) error {
	if b.Level == NoRisk {
		return fault.Refuse("no-risk-to-flag", "a flag says which risk was seen")
	}
	return nil
}

// Events records the flag.
func (b RaiseRiskFlag) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: RiskFlagRaised{Flag: c.NewID("risk-flag"), Level: event.Own(b.Level), Plan: ownText(b.Plan)}}}
}

func ownText(text string) event.Personal[string] {
	if text == "" {
		return event.Personal[string]{}
	}
	return event.Own(text)
}
