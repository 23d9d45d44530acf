package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ExpireConsent notes that a consent's end has come. Timers give it; nothing
// depends on its being given in time.
type ExpireConsent struct {
	Consent event.UUID `json:"consent"`
}

// Validate reports fields that cannot be understood.
func (b ExpireConsent) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Consent.IsZero(), "/consent", "required", "say which consent")
	return c
}

// Check refuses a consent whose end has not come.
func (b ExpireConsent) Check(s State, c event.Context) error {
	of, err := known(s, b.Consent)
	if err != nil {
		return err
	}
	switch of.StatusAt(c.Now) {
	case Expired:
		return nil
	case Active:
		return fault.Refuse("not-yet-expired", "the consent's end has not come")
	default:
		return fault.Refuse("consent-not-active", "the consent had ended otherwise")
	}
}

// Events records the end once, as of the end itself.
func (b ExpireConsent) Events(s State, _ event.Context) []event.Draft {
	of, _ := s.Get(b.Consent)
	if of.expired {
		return nil
	}
	last, _ := of.Latest()
	d := draft(of.Side, ConsentExpired{b.Consent, last.Number})
	d[0].Effective = last.Expires
	return d
}
