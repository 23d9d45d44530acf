package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// CloseRiskFlag ends a risk flag that was reviewed.
type CloseRiskFlag struct {
	event.Timed
	Flag   event.UUID `json:"flag"`
	Reason string     `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b CloseRiskFlag) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Flag.IsZero(), "/flag", "required", "say which flag")
	f.Text("/reason", b.Reason, 2000, false)
	return f
}

// Check refuses a flag that nobody reviewed.
func (b CloseRiskFlag) Check(s State, _ event.Context) error {
	flag, err := openFlag(s, b.Flag)
	if err != nil {
		return err
	}
	if !flag.Reviewed {
		return fault.Refuse("risk-flag-not-reviewed", "review the risk flag before you close it")
	}
	return nil
}

// Events records the end.
func (b CloseRiskFlag) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RiskFlagClosed{b.Flag, event.Own(b.Reason)}}}
}
