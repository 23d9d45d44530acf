package referral

import "caseledger/domain/event"

// RecordGPRefusalLetter says that a practice's reasons came in writing.
type RecordGPRefusalLetter struct{ Step }

// Check refuses it where no registration was refused.
func (b RecordGPRefusalLetter) Check(s State, c event.Context) error {
	return b.checkRegistration(s, letter, c)
}

// Events records it once.
func (b RecordGPRefusalLetter) Events(s State, _ event.Context) []event.Draft {
	if r, ok := s.Get(b.Referral); ok && r.Letter {
		return nil
	}
	return record(s, b.Referral, GPRefusalLetterRecorded{b.Referral})
}
