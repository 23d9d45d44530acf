package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// BarrierRecorded says what keeps the person from care. Which one it is is
// health information, since some are.
type BarrierRecorded struct {
	Barrier event.Personal[reference.Barrier] `json:"barrier" personal:"health"`
	Note    event.Personal[string]            `json:"note" personal:"health"`
}

func (BarrierRecorded) isEvent() {}

var barrierRecorded = event.Define[BarrierRecorded]("appointment.barrier-recorded", 1)
