package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
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

	// What it is about: it matches a flow between these sides for one of these
	// purposes, to one of these kinds of recipient, if any are named.
	FromSides []event.Side    `json:"fromSides"`
	ToSides   []event.Side    `json:"toSides"`
	FromKinds []OrgKind       `json:"fromKinds,omitempty"`
	ToKinds   []OrgKind       `json:"toKinds,omitempty"`
	Purposes  []event.Purpose `json:"purposes"`
	Internal  bool            `json:"internal,omitempty"` // between organisations of one controller, or to oneself

	// What it may rest on: the record names one of each, where the categories
	// ask for it.
	Article6   []disclosure.Article6   `json:"art6"`
	Article9   []disclosure.Article9   `json:"art9"`
	Schedule1  []disclosure.Schedule1  `json:"sch1"`
	Confidence []disclosure.Confidence `json:"confidence"`
	Gateways   []disclosure.Gateway    `json:"gateways"`

	// Ceiling is the categories, or groups, that it may never go beyond.
	// Consented are categories beyond it that the consent relied on may add.
	Ceiling   []event.Category `json:"ceiling"`
	Consented []event.Category `json:"consented,omitempty"`
	Deciders  []event.Role     `json:"deciders"`
	// Agreement: systematic sharing, which needs an agreement in force (gate G8).
	Agreement bool `json:"agreement"`
	// Overrides are the categories for which a live refusal or objection does
	// not stop it; ["*"] means all that are decided.
	Overrides []event.Category `json:"overrides,omitempty"`
}

// OrgKind is what an organisation of the register does.
type OrgKind = string
