package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// InvalidateConsent says that a consent never was one.
type InvalidateConsent struct {
	event.Timed
	Consent event.UUID       `json:"consent"`
	Reason  InvalidityReason `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b InvalidateConsent) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Consent.IsZero(), "/consent", "required", "say which consent")
	fault.OneOf(&c, "/reason", b.Reason, InvalidityReasons)
	return c
}

// Check refuses what is not active.
func (b InvalidateConsent) Check(s State, c event.Context) error {
	_, err := active(s, b.Consent, c)
	return err
}

// Events records that it never was one.
func (b InvalidateConsent) Events(s State, _ event.Context) []event.Draft {
	of, _ := s.Get(b.Consent)
	return draft(of.Side, ConsentInvalidated{b.Consent, b.Reason})
}
