package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordOptOutCheck records what the national data opt-out service answered.
// It is keyed on the NHS number; that the number is traced is for package
// casefile to see.
type RecordOptOutCheck struct {
	event.Timed
	Result OptOut `json:"result"`
}

// Validate reports fields that cannot be understood.
func (b RecordOptOutCheck) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/result", b.Result, []OptOut{OptedOut, NotOptedOut})
	return c
}

// Check needs nothing of this area.
func (b RecordOptOutCheck) Check(State, event.Context) error { return nil }

// Events records the answer.
func (b RecordOptOutCheck) Events(State, event.Context) []event.Draft {
	return draft(event.NHS, OptOutStatusChecked{b.Result})
}
