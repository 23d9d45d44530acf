package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// WithdrawConsent takes a consent back. EffectiveAt is when the person said
// so, to whomever they said it: disclosures stop from then.
type WithdrawConsent struct {
	event.Timed
	Consent event.UUID `json:"consent"`
	// To is the role of whoever was told; left out, of whoever records it.
	To event.Role `json:"communicatedTo,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b WithdrawConsent) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Consent.IsZero(), "/consent", "required", "say which consent")
	c.If(b.To != "" && !reference.Roles.Listed(b.To), "/communicatedTo", "unknown-role", "there is no such role")
	return c
}

// Check refuses what is not active at the time of the withdrawal.
func (b WithdrawConsent) Check(s State, c event.Context) error {
	_, err := active(s, b.Consent, c)
	return err
}

// Events records the withdrawal in the record the consent belongs to.
func (b WithdrawConsent) Events(s State, c event.Context) []event.Draft {
	of, _ := s.Get(b.Consent)
	to := b.To
	if to == "" {
		to = c.Actor.Role
	}
	return draft(of.Side, ConsentWithdrawn{b.Consent, to})
}
