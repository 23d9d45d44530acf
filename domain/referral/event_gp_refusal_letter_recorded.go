package referral

import "caseledger/domain/event"

// GPRefusalLetterRecorded says that the practice's reasons came in writing.
type GPRefusalLetterRecorded struct {
	Referral event.UUID `json:"referral"`
}

func (GPRefusalLetterRecorded) isEvent() {}

var gpRefusalLetterRecorded = event.Define[GPRefusalLetterRecorded]("referral.gp-refusal-letter-recorded", 1)
