package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RefuseConsent records a "no". It needs no offer and no notice before it: a
// "no" always counts.
type RefuseConsent struct {
	event.Timed
	// Consent is the offered consent that is answered.
	Consent event.UUID `json:"consent,omitzero"`
	Kind    Kind       `json:"kind"`
	// Scope is what is refused; a part left out means all of it. With a consent
	// to answer and no scope at all, it is what was offered.
	Scope  Scope         `json:"scope,omitzero"`
	Reason RefusalReason `json:"reason"` // NOT_GIVEN if none was
}

// Validate reports fields that cannot be understood.
func (b RefuseConsent) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/kind", b.Kind, Kinds)
	c.If(b.Reason != "" && !listed(b.Reason, RefusalReasons), "/reason", "unknown-reason", "there is no such reason")
	c.Under("/scope", b.Scope.validate())
	return c
}

// Check refuses a "no" without a reason code, and a second answer.
func (b RefuseConsent) Check(s State, _ event.Context) error {
	if b.Reason == "" {
		return fault.Refuse("reason-absent", "say why, or that no reason was given")
	}
	return answered(s, b.Consent, b.Kind)
}

// Events records the refusal.
func (b RefuseConsent) Events(s State, c event.Context) []event.Draft {
	id := b.Consent
	if id.IsZero() {
		id = c.NewID("consent")
	}
	scope := scopeOf(s, b.Consent, b.Scope)
	return draft(recordOf(b.Kind, scope, c.Actor.Side), ConsentRefused{id, b.Kind, scope, b.Reason})
}
