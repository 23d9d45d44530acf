package casefile

import (
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
)

var consentCommands = []Command{
	in[State, OfferConsent]("offer-consent", "Put a question of consent to the person", whole,
		consentTakers...),
	in[State, GrantConsent]("grant-consent", "Record that the person consents", whole,
		consentTakers...),
	in[consent.State, consent.RefuseConsent]("refuse-consent", "Record that the person refuses consent", ofConsent,
		everyoneTheyMeet...),
	in[consent.State, consent.NarrowConsent]("narrow-consent", "Record that the person agrees to less than before", ofConsent,
		everyoneTheyMeet...),
	in[consent.State, consent.WithdrawConsent]("withdraw-consent", "Record that the person takes a consent back", ofConsent,
		everyoneTheyMeet...),
	in[consent.State, consent.ReconfirmConsent]("reconfirm-consent", "Record that the person stands by a consent", ofConsent,
		consentTakers...),
	in[State, ExpireConsent]("expire-consent", "Note that a consent's end has come", whole,
		"SYSTEM"),
	in[consent.State, consent.InvalidateConsent]("invalidate-consent", "Record that a consent never was one", ofConsent,
		"HUB_CLIN", "HUB_NURSE", "GP", "IG_LEAD", "CALDICOTT", "DPO"),
	in[consent.State, consent.RecordCapacity]("record-capacity", "Record an assessment of capacity for one kind of decision", ofConsent,
		consent.Assessors...),
	in[consent.State, consent.RecordBestInterests]("record-best-interests", "Record a decision made in the person's best interests", ofConsent,
		"HUB_CLIN", "HUB_NURSE", "GP"),
	in[consent.State, consent.RecordObjection]("record-objection", "Record that the person objects to information being told", ofConsent,
		everyoneTheyMeet...),
	in[consent.State, consent.LiftObjection]("lift-objection", "Record that the person no longer objects", ofConsent,
		consentTakers...),
	in[consent.State, consent.RecordAuthority]("record-authority-to-act", "Record that an attorney or a deputy may decide for the person", ofConsent,
		"HUB_CLIN", "HUB_NURSE", "GP", "PP", "SPO", "IG_LEAD", "CALDICOTT"),
	in[State, RecordOptOutCheck]("record-opt-out-check", "Record an answer of the national data opt-out service", whole,
		"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "IG_LEAD"),
}

// consentTakers may ask for consent. What a practitioner takes for a
// disclosure from the NHS to probation is flagged by a monitor.
var consentTakers = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP"}

// everyoneTheyMeet may record a "no": the person may say it to anyone.
var everyoneTheyMeet = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "GP", "TX_PROV", "PRISON_HC",
	"LD", "HOUSING", "IG_LEAD", "CALDICOTT", "DPO"}

func ofConsent(s State) consent.State { return s.Consent }

// OfferConsent is [consent.OfferConsent] to a person who was told first how
// their information is used.
type OfferConsent struct{ consent.OfferConsent }

// Check refuses a question before the privacy notice, and what the consent
// area refuses.
func (b OfferConsent) Check(s State, c event.Context) error {
	if err := told(s, c); err != nil {
		return err
	}
	return b.OfferConsent.Check(s.Consent, c)
}

// Events records the offer.
func (b OfferConsent) Events(s State, c event.Context) []event.Draft {
	return b.OfferConsent.Events(s.Consent, c)
}

// GrantConsent is [consent.GrantConsent] by a person who was told first how
// their information is used: a grant without an offer is both at once.
type GrantConsent struct{ consent.GrantConsent }

// Check refuses a grant before the privacy notice, and what the consent area
// refuses.
func (b GrantConsent) Check(s State, c event.Context) error {
	if err := told(s, c); err != nil {
		return err
	}
	return b.GrantConsent.Check(s.Consent, c)
}

// Events records the grant.
func (b GrantConsent) Events(s State, c event.Context) []event.Draft {
	return b.GrantConsent.Events(s.Consent, c)
}

// ExpireConsent is [consent.ExpireConsent] of a consent whose own end has come,
// or, of a disclosure, whose supervision is over (domain reference section 7.3,
// policy): until the latter is recorded the consent holds.
type ExpireConsent struct{ consent.ExpireConsent }

// outlived is when the supervision under which a disclosure consent was given
// was over; false while it goes on, and where none is known.
func (b ExpireConsent) outlived(s State, c event.Context) (event.When, bool) {
	of, _ := s.Consent.Get(b.Consent)
	v, given := of.VersionAt(c.Now)
	over, isOver := s.Supervision.OverAt(c.Now)
	if !given || !isOver || of.Kind != consent.Disclosure || of.StatusAt(c.Now) != consent.Active || !over.After(v.From.Earliest()) {
		return event.When{}, false
	}
	return event.At(over), true
}

// Check refuses a consent that nothing has ended.
func (b ExpireConsent) Check(s State, c event.Context) error {
	if _, over := b.outlived(s, c); over {
		return nil
	}
	return b.ExpireConsent.Check(s.Consent, c)
}

// Events records the end once, as of the end itself.
func (b ExpireConsent) Events(s State, c event.Context) []event.Draft {
	drafts := b.ExpireConsent.Events(s.Consent, c)
	if at, over := b.outlived(s, c); over && len(drafts) > 0 {
		drafts[0].Effective = at
	}
	return drafts
}

func told(s State, c event.Context) error {
	if !s.Person.Told(c.When()) {
		return fault.Refuse("privacy-notice-not-given", "give the privacy notice first")
	}
	return nil
}

// RecordOptOutCheck is [consent.RecordOptOutCheck] for a person whose NHS
// number is traced.
type RecordOptOutCheck struct{ consent.RecordOptOutCheck }

// Check refuses an answer about a number that is not verified.
func (b RecordOptOutCheck) Check(s State, _ event.Context) error {
	if l, ok := s.Person.LiveLink(person.NHSNumberType); !ok || l.Status != person.Traced {
		return fault.Refuse("nhs-number-not-traced", "the opt-out is asked by an NHS number that is present and verified")
	}
	return nil
}

// Events records the answer.
func (b RecordOptOutCheck) Events(s State, c event.Context) []event.Draft {
	return b.RecordOptOutCheck.Events(s.Consent, c)
}
