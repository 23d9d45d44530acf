package consent

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// GrantConsent records a "yes". Without a consent to answer it is a consent of
// its own, offered and given at once; widening a scope is such a new consent.
// That the privacy notice came first is for package casefile to see.
type GrantConsent struct {
	event.Timed
	// Consent is the offered consent that is answered.
	Consent event.UUID `json:"consent,omitzero"`
	Kind    Kind       `json:"kind"`
	// Scope is what is agreed to; left out, what was offered.
	Scope Scope `json:"scope,omitzero"`
	Form  Form  `json:"form"`
	// GivenBy is the person unless it says otherwise. Somebody else needs an
	// authority to act that is on the record; Authority is its reference.
	GivenBy   Giver     `json:"givenBy,omitempty"`
	Authority Reference `json:"authorityRef,omitempty"`
	// ExpiresAt is at most twelve calendar months on; left out, exactly that.
	ExpiresAt   event.When              `json:"expiresAt,omitzero"`
	Information reference.PrivacyNotice `json:"infoVersion,omitempty"`
	Language    Language                `json:"language,omitempty"`
	Interpreter bool                    `json:"interpreter,omitempty"`
	Voluntary   Voluntariness           `json:"voluntariness,omitzero"`
	Appointment event.UUID              `json:"appointment,omitzero"`
	DPOOverride Reference               `json:"dpoOverrideRef,omitempty"`
}

// publicBodies may not rest their processing on consent unless their DPO says
// so: people under supervision are not free to refuse them.
var publicBodies = []event.Side{event.NHS, event.Probation, event.LocalAuthority}

// Validate reports fields that cannot be understood.
func (b GrantConsent) Validate() []fault.Field {
	var c fault.Fields
	fault.OneOf(&c, "/kind", b.Kind, Kinds)
	fault.OneOf(&c, "/form", b.Form, []Form{Written, Oral, Implied})
	fault.OneOf(&c, "/givenBy", b.GivenBy, []Giver{"", Self, Attorney, Deputy})
	c.If(b.Authority != "" && !b.Authority.wellFormed(), "/authorityRef", "malformed-reference", "not the form of a reference")
	c.If(b.DPOOverride != "" && !b.DPOOverride.wellFormed(), "/dpoOverrideRef", "malformed-reference", "not the form of a reference")
	c.If(b.Language != "" && !b.Language.wellFormed(), "/language", "malformed-language", "not a language tag")
	c.If(b.Information != "" && !reference.PrivacyNotices.Listed(b.Information), "/infoVersion", "unknown-version", "there is no such version of the notice")
	c.Under("/scope", b.Scope.validate())
	return c
}

// Check refuses a "yes" that does not count.
func (b GrantConsent) Check(s State, c event.Context) error {
	if err := answered(s, b.Consent, b.Kind); err != nil {
		return err
	}
	if err := scoped(b.Kind, scopeOf(s, b.Consent, b.Scope)); err != nil {
		return err
	}
	if b.Kind == GDPR && b.DPOOverride == "" && slices.Contains(publicBodies, c.Actor.Side) {
		return fault.Refuse("consent-is-not-the-basis", "a public body needs its DPO's override to rest processing on consent")
	}
	if err := decides(s, b.Kind, b.GivenBy, b.Authority, c); err != nil {
		return err
	}
	if offered, ok := s.Get(b.Consent); ok && offered.Offered.Earliest().After(c.Asked()) {
		return fault.Refuse("answered-before-it-was-asked", "the consent was offered later")
	}
	return ends(c.When(), b.ExpiresAt)
}

// Events records the grant.
func (b GrantConsent) Events(s State, c event.Context) []event.Draft {
	id := b.Consent
	if id.IsZero() {
		id = c.NewID("consent")
	}
	by := b.GivenBy
	if by == "" {
		by = Self
	}
	scope := scopeOf(s, b.Consent, b.Scope)
	return draft(recordOf(b.Kind, scope, c.Actor.Side), ConsentGranted{
		Consent: id, Version: 1, Kind: b.Kind, Scope: scope, Form: b.Form, GivenBy: by, Authority: b.Authority,
		ExpiresAt: endOf(c.When(), b.ExpiresAt), Information: b.Information, Language: b.Language, Interpreter: b.Interpreter,
		Voluntary: b.Voluntary, Appointment: b.Appointment, DPOOverride: b.DPOOverride,
	})
}
