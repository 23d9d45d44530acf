package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// relied is the consent that something was told on: the one that the act
// names, or else the one that its decision rests on; zero if there is none.
func relied(d Disclosure) event.UUID {
	if !d.Consent.IsZero() || d.Decision == nil {
		return d.Consent
	}
	if b := d.Decision.Basis; b.Confidence == disclosure.ExplicitConsent || b.Confidence == "" || b.Article6 == consentBasis {
		return b.Consent
	}
	return event.UUID{}
}

// consentBasis is consent as the lawful basis of Article 6.
const consentBasis disclosure.Article6 = "A6A"

// grantOf is the event by which a consent was given; none if none is on the
// record.
func grantOf(v View, id event.UUID) event.ID {
	is := func(_ event.Recorded, g consent.ConsentGranted) bool { return !id.IsZero() && g.Consent == id }
	e, _, ok := Last(v, is)
	if !ok {
		e, _, _ = last(v.given, is)
	}
	return e.ID
}

// scopeOf is what a consent to disclosure extended to then: its version of the
// time, or else its first; false if it is none, or never was given.
func scopeOf(c consent.Consent, v View) (consent.Scope, bool) {
	version, ok := c.VersionAt(v.At)
	if !ok && len(c.Versions) > 0 {
		version, ok = c.Versions[0], true
	}
	return version.Scope, ok && (c.Kind == consent.Disclosure || c.Kind == consent.GDPR)
}

// ruleOf is the rule by which something was told, as in force then; false
// where nobody decided, or by no rule that there is.
func ruleOf(v View, d Disclosure) (Rule, bool) {
	id := under(d)
	if id == "" {
		return Rule{}, false
	}
	rules := v.Shared.Rules(v.At)
	if r, ok := rules.RuleAt(id, event.DayOf(v.At)); ok {
		return r, true
	}
	return rules.Rule(id)
}

// fitting are the rules that fit a flow's sides and purpose, the most specific
// first.
func fitting(v View, f disclosure.Flow) []Rule {
	party := func(org event.UUID, side event.Side) Party {
		if o, ok := v.Shared.Organisation(org); ok {
			return PartyOf(o)
		}
		return Party{Side: side}
	}
	return v.Shared.Rules(v.At).Matching(party(f.FromOrg, f.Direction.From), party(f.ToOrg, f.Direction.To), f.Purpose, event.DayOf(v.At))
}

// ofKind are the categories of a kind, such as the special ones.
func ofKind(categories []event.Category, kind func(reference.CategoryEntry) bool) []event.Category {
	var of []event.Category
	for _, c := range categories {
		if e, ok := reference.Categories.Latest(c); ok && kind(e) {
			of = append(of, c)
		}
	}
	return of
}

func special(e reference.CategoryEntry) bool      { return e.Special }
func criminal(e reference.CategoryEntry) bool     { return e.Criminal }
func confidential(e reference.CategoryEntry) bool { return e.Confidential }

// partTwo are the conditions of Schedule 1 Part 2, substantial public interest.
var partTwo = []disclosure.Schedule1{"p6", "p7", "p10", "p18"}

// underOfficialAuthority reports whether a side processes offence data by what
// it is (domain reference section 8.8).
func underOfficialAuthority(s event.Side) bool {
	return slices.Contains([]event.Side{event.Probation, event.Court, event.Police}, s)
}

// unordered reports whether the record does not say which of two came first:
// at least one is known to the day only, and the other lies in that day.
func unordered(a, b event.When) bool {
	_, aDay := a.Day()
	_, bDay := b.Day()
	return (aDay || bDay) && !a.Latest().Before(b.Earliest()) && !b.Latest().Before(a.Earliest())
}
