package lawfulness

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Act is what a rule is about.
type Act string

// The acts. Only rules about telling are candidates for a proposal; the others
// say by what the acts are judged that nobody proposes.
const (
	Telling  Act = ""         // one controller tells another
	Presence Act = "PRESENCE" // somebody of another controller is in the room
	Access   Act = "ACCESS"   // somebody reads what their own controller holds
	Onward   Act = "ONWARD"   // what was told is told on: a rule of its own decides
)

// Rule is one entity of the rule table (domain reference section 8.3): between
// whom and what for it may be told, and on what it must rest.
type Rule struct {
	ID      disclosure.Rule `json:"id"`
	Version int             `json:"version"` // from 1
	Text    string          `json:"text"`
	Source  string          `json:"source"`
	// Rank orders rules that match one flow: of two that permit it, the higher
	// one is the more specific. Two that match one flow never have the same.
	Rank  int       `json:"rank"`
	From  event.Day `json:"from"`
	Until event.Day `json:"until,omitzero"` // the first day it is no longer in force
	Note  string    `json:"note,omitempty"` // doubt about the source, for reviewers
	Of    Act       `json:"of,omitzero"`

	// What it is about: it matches a flow between these sides for one of these
	// purposes, between organisations of these kinds, if any are named.
	FromSides []event.Side                 `json:"fromSides"`
	ToSides   []event.Side                 `json:"toSides"`
	FromKinds []reference.OrganisationKind `json:"fromKinds,omitempty"`
	ToKinds   []reference.OrganisationKind `json:"toKinds,omitempty"`
	Purposes  []event.Purpose              `json:"purposes"`

	// What it may rest on: the record names one of each, where the categories
	// ask for it. The first is the usual one. No confidence or no gateway means
	// that it needs none.
	Article6   []disclosure.Article6   `json:"art6"`
	Article9   []disclosure.Article9   `json:"art9,omitempty"`
	Schedule1  []disclosure.Schedule1  `json:"sch1,omitempty"`
	Confidence []disclosure.Confidence `json:"confidence,omitempty"`
	Gateways   []disclosure.Gateway    `json:"gateways,omitempty"`

	// Ceiling is the categories, or groups, that it may never go beyond.
	// Consented are categories beyond it that the consent relied on may add.
	Ceiling   []event.Category `json:"ceiling"`
	Consented []event.Category `json:"consented,omitempty"`
	Deciders  []event.Role     `json:"deciders"`
	// Seniors are roles that may decide too where the staff register marks who
	// holds them as senior.
	Seniors []event.Role `json:"seniors,omitempty"`
	// Agreement: systematic sharing, which needs an agreement in force (gate G8).
	Agreement bool `json:"agreement"`
	// Overrides are the categories for which a live refusal or objection does
	// not stop it; ["*"] means all. OverridesOn names what must lift the duty of
	// confidence for that, if not everything does.
	Overrides   []event.Category        `json:"overrides,omitempty"`
	OverridesOn []disclosure.Confidence `json:"overridesOn,omitempty"`
}

// Party is one end of a flow, as far as rules ask.
type Party struct {
	Side event.Side
	Kind reference.OrganisationKind // empty: not known
}

// PartyOf is an organisation as an end of a flow.
func PartyOf(o reference.Organisation) Party { return Party{o.Side, o.Kind} }

// InForce reports whether the rule is in force on a day.
func (r Rule) InForce(on event.Day) bool { return on >= r.From && (r.Until == 0 || on < r.Until) }

// Matches reports whether the rule is about a flow.
func (r Rule) Matches(from, to Party, purpose event.Purpose) bool {
	return slices.Contains(r.FromSides, from.Side) && slices.Contains(r.ToSides, to.Side) &&
		(len(r.FromKinds) == 0 || slices.Contains(r.FromKinds, from.Kind)) &&
		(len(r.ToKinds) == 0 || slices.Contains(r.ToKinds, to.Kind)) &&
		slices.Contains(r.Purposes, purpose)
}

// Within reports whether a category is within the ceiling, or beyond it within
// what a consent to these categories may add.
func (r Rule) Within(category event.Category, consented ...event.Category) bool {
	return reference.CoveredBy(r.Ceiling, category) ||
		reference.CoveredBy(r.Consented, category) && reference.CoveredBy(consented, category)
}

// Override reports whether the rule goes ahead of the person's own "no" for a
// category, where the given basis lifts the duty of confidence.
func (r Rule) Override(category event.Category, basis disclosure.Confidence) bool {
	if len(r.OverridesOn) > 0 && !slices.Contains(r.OverridesOn, basis) {
		return false
	}
	return slices.Contains(r.Overrides, "*") || reference.CoveredBy(r.Overrides, category)
}
