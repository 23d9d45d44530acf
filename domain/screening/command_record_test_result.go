package screening

import (
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordTestResult records the result of a test. That the person agreed to a
// test that needs it is for package casefile to see.
type RecordTestResult struct {
	event.Timed
	Kind        TestKind    `json:"kind"`
	Result      TestResult  `json:"result"`
	Found       []Substance `json:"found,omitempty"`
	Requirement event.UUID  `json:"requirement,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b RecordTestResult) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/kind", b.Kind, func(k TestKind) bool { return categories[k] != "" })
	fault.OneOf(&f, "/result", b.Result, TestResults)
	f.If(len(b.Found) > len(Substances), "/found", "too-many", "too many substances")
	for i, x := range b.Found {
		fault.OneOf(&f, "/found/"+strconv.Itoa(i), x, Substances)
	}
	return f
}

// Check refuses a finding without a positive result.
func (b RecordTestResult) Check(State, event.Context) error {
	if len(b.Found) > 0 && b.Result != "POSITIVE" {
		return fault.Refuse("found-without-positive-result", "only a positive test found something")
	}
	return nil
}

// Events records the result.
func (b RecordTestResult) Events(_ State, c event.Context) []event.Draft {
	d := TestResultRecorded{Test: c.NewID("test"), Requirement: b.Requirement, Kind: event.Own(b.Kind), Result: event.Own(b.Result)}
	if len(b.Found) > 0 {
		d.Found = event.Own(b.Found)
	}
	return []event.Draft{{Data: d}}
}
