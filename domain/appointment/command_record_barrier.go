package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RecordBarrier says what keeps the person from care.
type RecordBarrier struct {
	event.Timed
	Barrier reference.Barrier `json:"barrier"`
	Note    string            `json:"note,omitempty"`
}

// Validate names the fields that cannot be accepted.
func (c RecordBarrier) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/barrier", c.Barrier, reference.Barriers.Listed)
	f.Text("/note", c.Note, longestReason, true)
	return f
}

// Check accepts every barrier that can be understood.
func (c RecordBarrier) Check(State, event.Context) error { return nil }

// Events records the barrier.
func (c RecordBarrier) Events(State, event.Context) []event.Draft {
	e := BarrierRecorded{Barrier: event.Own(c.Barrier)}
	if c.Note != "" {
		e.Note = event.Own(c.Note)
	}
	return []event.Draft{{Data: e}}
}
