package agreement

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// DraftAgreement proposes an agreement. It is in force once every party has
// signed it and its first day has come.
type DraftAgreement struct {
	event.Timed
	Terms
	Title string `json:"title"`
	// Security says how what is shared is kept safe.
	Security string    `json:"security,omitempty"`
	Contacts *Contacts `json:"contacts,omitempty"`
}

// Validate names what cannot be understood.
func (b DraftAgreement) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Terms.Validate())
	f.Text("/title", b.Title, longestTitle, false)
	further{b.Security, b.Contacts}.validate(&f)
	return f
}

// Check refuses an agreement that is there already, and terms by which nobody
// could lawfully share.
func (b DraftAgreement) Check(s State, c event.Context) error {
	if len(s.Versions) > 0 {
		return fault.New(fault.Conflict, "agreement-already-drafted", "this agreement is already drafted: amend it")
	}
	return b.check(s, c)
}

// Events records the first version.
func (b DraftAgreement) Events(_ State, c event.Context) []event.Draft {
	security, contacts := further{b.Security, b.Contacts}.own()
	return []event.Draft{{Data: AgreementDrafted{Agreement: c.Person, Terms: b.Terms, Title: event.Own(b.Title), Security: security, Contacts: contacts}}}
}
