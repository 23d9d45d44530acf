package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// NarrowConsent makes a consent cover less.
type NarrowConsent struct {
	event.Timed
	Consent event.UUID `json:"consent"`
	Scope   Scope      `json:"scope"`
}

// Validate reports fields that cannot be understood.
func (b NarrowConsent) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Consent.IsZero(), "/consent", "required", "say which consent")
	c.Under("/scope", b.Scope.validate())
	return c
}

// Check refuses a scope that is not smaller: covering more is a new consent.
func (b NarrowConsent) Check(s State, c event.Context) error {
	of, err := active(s, b.Consent, c)
	if err != nil {
		return err
	}
	if err := scoped(of.Kind, b.Scope); err != nil {
		return err
	}
	was, _ := of.VersionAt(c.Asked())
	if !b.Scope.Within(was.Scope) || was.Scope.Within(b.Scope) {
		return fault.Refuse("not-narrower", "the scope is not a smaller part of the consent's: covering more is another consent")
	}
	return nil
}

// Events records the next version.
func (b NarrowConsent) Events(s State, _ event.Context) []event.Draft {
	of, _ := s.Get(b.Consent)
	return draft(of.Side, ConsentNarrowed{b.Consent, of.next(), b.Scope})
}

// next is the number of the version that comes after the last.
func (c Consent) next() int {
	last, _ := c.Latest()
	return last.Number + 1
}
