package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// CaseTransferred says that another probation region takes the case over. The
// former one keeps a relationship until the handover ends.
type CaseTransferred struct {
	From          reference.Region `json:"from"`
	To            reference.Region `json:"to"`
	HandoverUntil event.Day        `json:"handoverUntil"` // the last day of the handover
}

func (CaseTransferred) isEvent() {}

var caseTransferred = event.Define[CaseTransferred]("supervision.case-transferred", 1)
