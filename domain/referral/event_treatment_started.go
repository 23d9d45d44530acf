package referral

import "caseledger/domain/event"

// TreatmentStarted says that the person is being treated or helped.
type TreatmentStarted struct {
	Referral event.UUID `json:"referral"`
}

func (TreatmentStarted) isEvent() {}

var treatmentStarted = event.Define[TreatmentStarted]("referral.treatment-started", 1)
