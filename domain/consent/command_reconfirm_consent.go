package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReconfirmConsent gives a consent that the person stands by a later end.
type ReconfirmConsent struct {
	event.Timed
	Consent event.UUID `json:"consent"`
	// ExpiresAt is at most twelve calendar months on; left out, exactly that.
	ExpiresAt event.When `json:"expiresAt,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b ReconfirmConsent) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Consent.IsZero(), "/consent", "required", "say which consent")
	return c
}

// Check refuses what is neither active nor waiting to be confirmed after a
// merge, and a decision that whoever gave it can no longer make.
func (b ReconfirmConsent) Check(s State, c event.Context) error {
	of, err := known(s, b.Consent)
	if err == nil && of.StatusAt(c.Asked()) != Unconfirmed {
		of, err = active(s, b.Consent, c)
	}
	if err != nil {
		return err
	}
	if err := decides(s, of.Kind, of.GivenBy, of.Authority, c); err != nil {
		return err
	}
	return ends(c.When(), b.ExpiresAt)
}

// Events records the next version.
func (b ReconfirmConsent) Events(s State, c event.Context) []event.Draft {
	of, _ := s.Get(b.Consent)
	return draft(of.Side, ConsentReconfirmed{b.Consent, of.next(), endOf(c.When(), b.ExpiresAt)})
}
