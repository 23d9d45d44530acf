package agreement

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// AmendAgreement proposes the next version of an agreement: all of its terms,
// not only those that change. The version before stays in force until every
// party has signed this one and its first day has come.
type AmendAgreement struct {
	event.Timed
	Terms
	Reason string `json:"reason"`
	// Security says how what is shared is kept safe.
	Security string    `json:"security,omitempty"`
	Contacts *Contacts `json:"contacts,omitempty"`
}

// Validate names what cannot be understood.
func (b AmendAgreement) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Terms.Validate())
	f.Text("/reason", b.Reason, longestText, false)
	further{b.Security, b.Contacts}.validate(&f)
	return f
}

// Check refuses an agreement that is terminated, and terms by which nobody
// could lawfully share.
func (b AmendAgreement) Check(s State, c event.Context) error {
	if err := s.stands(c, "agreement-over", Draft, InForce, Suspended, Expired); err != nil {
		return err
	}
	return b.check(s, c)
}

// Events records the next version.
func (b AmendAgreement) Events(s State, _ event.Context) []event.Draft {
	security, contacts := further{b.Security, b.Contacts}.own()
	return []event.Draft{{Data: AgreementAmended{Version: s.latest() + 1, Terms: b.Terms, Reason: event.Own(b.Reason), Security: security, Contacts: contacts}}}
}
