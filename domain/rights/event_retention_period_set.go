package rights

import "caseledger/domain/event"

// RetentionPeriodSet says under which schedule the controller's record of the
// person falls, and until when it must be kept at least.
type RetentionPeriodSet struct {
	Period event.UUID     `json:"period"`
	Class  RetentionClass `json:"class"`
	From   event.Day      `json:"from"`
	// KeepUntil is the last day of the minimum. At DisposeOn the record is
	// reviewed; zero where the schedule does not dispose.
	KeepUntil event.Day `json:"keepUntil,omitzero"`
	DisposeOn event.Day `json:"disposeOn,omitzero"`
}

func (RetentionPeriodSet) isEvent() {}

var retentionPeriodSet = event.Define[RetentionPeriodSet]("rights.retention-period-set", 1)
