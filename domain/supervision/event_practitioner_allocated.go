package supervision

import "caseledger/domain/event"

// PractitionerAllocated says who supervises the person from now on.
type PractitionerAllocated struct {
	Practitioner event.UUID `json:"practitioner"`
	Organisation event.UUID `json:"organisation"` // the practitioner's
}

func (PractitionerAllocated) isEvent() {}

var practitionerAllocated = event.Define[PractitionerAllocated]("supervision.practitioner-allocated", 1)
