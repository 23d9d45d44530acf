package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// OfferConsent puts a question to the person. That they were given the privacy
// notice first is for package casefile to see.
type OfferConsent struct {
	event.Timed
	Kind  Kind  `json:"kind"`
	Scope Scope `json:"scope,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b OfferConsent) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/kind", b.Kind, Kinds)
	c.Under("/scope", b.Scope.validate())
	return c
}

// Check refuses a question that says too little, or is not ours to put.
func (b OfferConsent) Check(s State, c event.Context) error {
	if err := answered(s, event.UUID{}, b.Kind); err != nil {
		return err
	}
	return scoped(b.Kind, b.Scope)
}

// Events records the offer.
func (b OfferConsent) Events(_ State, c event.Context) []event.Draft {
	return draft(recordOf(b.Kind, b.Scope, c.Actor.Side), ConsentOffered{c.NewID("consent"), b.Kind, b.Scope})
}
