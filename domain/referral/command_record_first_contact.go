package referral

import "caseledger/domain/event"

// RecordFirstContact says that the recipient saw the person for the first time.
type RecordFirstContact struct{ Step }

// Check refuses it at any other stage.
func (b RecordFirstContact) Check(s State, c event.Context) error { return b.check(s, firstContact, c) }

// Events records it.
func (b RecordFirstContact) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, FirstContactMade{b.Referral})
}
