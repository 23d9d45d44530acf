package disclosure

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Flow is who would tell whom what, and what for.
type Flow struct {
	FromOrg event.UUID `json:"fromOrg,omitzero"`
	ToOrg   event.UUID `json:"toOrg,omitzero"`
	// ToPerson and ToRole say who at the recipient is told; one of them must.
	ToPerson   event.UUID       `json:"toPerson,omitzero"`
	ToRole     event.Role       `json:"toRole,omitempty"`
	Direction  Direction        `json:"direction,omitzero"`
	Purpose    event.Purpose    `json:"purpose,omitempty"`
	Categories []event.Category `json:"categories,omitempty"` // never a group
	Detail     Detail           `json:"detailLevel,omitempty"`
}

// Direction is from which side to which.
type Direction struct {
	From event.Side `json:"from"`
	To   event.Side `json:"to"`
}

// Basis is why it may be told.
type Basis struct {
	Rule             Rule       `json:"rule,omitempty"`
	RuleVersion      int        `json:"ruleVersion,omitzero"`
	Article6         Article6   `json:"art6,omitempty"`
	Article9         Article9   `json:"art9,omitempty"`
	Schedule1        Schedule1  `json:"sch1,omitempty"`
	Confidence       Confidence `json:"confidenceBasis,omitempty"`
	Consent          event.UUID `json:"consent,omitzero"`
	ConsentVersion   int        `json:"consentVersion,omitzero"`
	Gateway          Gateway    `json:"gateway,omitempty"`
	Agreement        event.UUID `json:"dsa,omitzero"`
	AgreementVersion int        `json:"dsaVersion,omitzero"`
	// ValidUntil is the last moment, or day, on which it may be told.
	ValidUntil event.When `json:"validUntil,omitzero"`
	Informed   Informed   `json:"personInformed,omitempty"`
}

// Proposal is what a decision is about and what it would rest on.
type Proposal struct {
	Flow
	Basis
	Necessity string `json:"necessityNote,omitempty"`
	// WhyNot says why the person was not informed.
	WhyNot string `json:"whyNotInformed,omitempty"`
	// Decision is the id of the decision, where it was proposed under one.
	Decision event.UUID `json:"-"`
}

// Unsaid reports whether the flow says nothing at all.
func (f Flow) Unsaid() bool {
	return f.FromOrg.IsZero() && f.ToOrg.IsZero() && f.ToPerson.IsZero() && f.ToRole == "" && f.Direction == Direction{} &&
		f.Purpose == "" && len(f.Categories) == 0 && f.Detail == ""
}

// mostCategories is how many categories one flow may have.
const mostCategories = 64

// sideOf knows the sides of the organisations that every installation knows.
var sideOf = func() map[event.UUID]event.Side {
	sides := map[event.UUID]event.Side{}
	for _, o := range reference.Organisations.All() {
		sides[o.ID] = o.Side
	}
	return sides
}()

// validate names codes that are unknown; what is left out is for the decision
// to ask for.
func (f Flow) validate() []fault.Field {
	var c fault.Fields
	given := func(bad bool, pointer, code, message string) { c.If(bad, pointer, code, message) }
	given(f.ToRole != "" && !reference.Roles.Listed(f.ToRole), "/toRole", "unknown-code", "there is no such role")
	for _, s := range []struct {
		side    event.Side
		org     event.UUID
		pointer string
	}{{f.Direction.From, f.FromOrg, "/direction/from"}, {f.Direction.To, f.ToOrg, "/direction/to"}} {
		given(s.side != "" && !slices.Contains(event.Sides, s.side), s.pointer, "unknown-code", "there is no such side")
		known, ok := sideOf[s.org]
		given(ok && s.side != "" && known != s.side, s.pointer, "wrong-side", "the organisation is on another side")
	}
	given(f.Purpose != "" && !reference.Purposes.Listed(f.Purpose), "/purpose", "unknown-code", "there is no such purpose")
	given(f.Detail != "" && !slices.Contains(Details, f.Detail), "/detailLevel", "unknown-code", "there is no such level of detail")
	c.Under("/categories", validCategories(f.Categories))
	return c
}

func validCategories(of []event.Category) []fault.Field {
	var c fault.Fields
	c.If(len(of) > mostCategories, "", "too-many", "too many categories")
	for i, category := range of {
		c.If(!reference.Categories.Listed(category), "/"+strconv.Itoa(i), "unknown-category", "name single categories of the list")
		c.If(slices.Contains(of[:i], category), "/"+strconv.Itoa(i), "given-twice", "the category is given twice")
	}
	return c
}

func (b Basis) validate() []fault.Field {
	var c fault.Fields
	code(&c, "/rule", b.Rule, Rules)
	code(&c, "/art6", b.Article6, Articles6)
	code(&c, "/art9", b.Article9, Articles9)
	code(&c, "/sch1", b.Schedule1, Schedules1)
	code(&c, "/confidenceBasis", b.Confidence, Confidences)
	code(&c, "/gateway", b.Gateway, Gateways)
	code(&c, "/personInformed", b.Informed, []Informed{WasInformed, WasNotInformed})
	c.If(b.RuleVersion < 0, "/ruleVersion", "out-of-range", "versions count from 1")
	c.If(b.ConsentVersion < 0, "/consentVersion", "out-of-range", "versions count from 1")
	c.If(b.AgreementVersion < 0, "/dsaVersion", "out-of-range", "versions count from 1")
	return c
}

// code adds a field whose code is given and not among those allowed.
func code[C ~string](f *fault.Fields, pointer string, given C, allowed []C) {
	if given != "" {
		fault.OneOf(f, pointer, given, allowed)
	}
}

// Validate names what of the proposal cannot be understood. A part left out is
// no such thing.
func (p Proposal) Validate() []fault.Field {
	var c fault.Fields
	c.Under("", p.Flow.validate())
	c.Under("", p.Basis.validate())
	c.Text("/necessityNote", p.Necessity, 4000, true)
	c.Text("/whyNotInformed", p.WhyNot, 2000, true)
	return c
}
