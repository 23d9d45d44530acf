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

// Verdict says whether a proposal could be permitted, and everything that
// stands against it.
type Verdict struct {
	Permit  bool      `json:"permit"`
	Reasons []Against `json:"reasons"`
}

// Against is one thing that stands against a permit.
type Against struct {
	Code    string `json:"code"` // kebab-case, stable
	Gate    Gate   `json:"gate"`
	Pointer string `json:"pointer"` // the field of the proposal it is about
	Message string `json:"message"`
}

// Fault turns what stands against a permit into a refusal; nil if nothing
// does. Its code is that of the first reason.
func (v Verdict) Fault(rule Rule) error {
	if v.Permit {
		return nil
	}
	f := fault.Refuse(v.Reasons[0].Code, "%s", v.Reasons[0].Message)
	f.Rule = string(rule)
	for _, a := range v.Reasons {
		f.Fields = append(f.Fields, fault.Field{Pointer: a.Pointer, Code: a.Code, Message: a.Message})
		if g := string(a.Gate); !slices.Contains(f.Gates, g) {
			f.Gates = append(f.Gates, g)
		}
	}
	return f
}

// Gates lists the gates that failed, each once.
func (v Verdict) Gates() []Gate {
	var gates []Gate
	for _, a := range v.Reasons {
		if !slices.Contains(gates, a.Gate) {
			gates = append(gates, a.Gate)
		}
	}
	return gates
}

// objections collects what stands against a proposal.
type objections []Against

func (o *objections) when(bad bool, code string, gate Gate, pointer, message string) {
	if bad {
		*o = append(*o, Against{code, gate, pointer, message})
	}
}

func (o *objections) absent(is bool, gate Gate, pointer, what string) {
	o.when(is, "decision-incomplete", gate, pointer, "the decision record does not say "+what)
}

// Judge says what of a proposal alone, or of who decides and when, stands
// against a permit: what the record lacks, and what no permit may do. What the
// person said is judged by package casefile.
func (p Proposal) Judge(c event.Context) []Against {
	var o objections
	o.absent(p.FromOrg.IsZero(), "G11", "/fromOrg", "which organisation tells")
	o.absent(p.ToOrg.IsZero(), "G11", "/toOrg", "which organisation is told")
	o.absent(p.Direction.From == "", "G11", "/direction/from", "from which side")
	o.absent(p.Direction.To == "", "G11", "/direction/to", "to which side")
	o.absent(p.ToPerson.IsZero() && p.ToRole == "", "G11", "/toRole", "who is told")
	o.absent(p.Purpose == "", "G1", "/purpose", "what for")
	o.absent(len(p.Categories) == 0, "G9", "/categories", "what is told")
	o.absent(p.Detail == "", "G9", "/detailLevel", "in how much detail")
	o.absent(p.Rule == "", "G11", "/rule", "under which rule")
	o.absent(p.RuleVersion == 0, "G11", "/ruleVersion", "under which version of the rule")
	o.absent(p.Article6 == "", "G3", "/art6", "the basis of Article 6")
	o.absent(p.Gateway == "", "G2", "/gateway", "the power or duty to share")
	o.absent(p.Necessity == "", "G9", "/necessityNote", "why it is necessary")
	o.absent(p.ValidUntil.IsZero(), "G11", "/validUntil", "until when it holds")
	o.absent(p.Informed == "", "G11", "/personInformed", "whether the person was informed")
	o.absent(p.Informed == WasNotInformed && p.WhyNot == "", "G11", "/whyNotInformed", "why the person was not informed")
	o.absent(!p.Agreement.IsZero() && p.AgreementVersion == 0, "G8", "/dsaVersion", "which version of the agreement")

	special, criminal, confidential := p.sensitive()
	o.absent(special && p.Article9 == "", "G4", "/art9", "the condition of Article 9")
	o.absent(special && p.Article9 == "A9G" && p.Schedule1 == "", "G4", "/sch1", "the condition of Schedule 1 that Article 9(2)(g) needs")
	o.absent(criminal && p.Schedule1 == "" && !slices.Contains(officialAuthority, p.Direction.From), "G5", "/sch1", "the condition of Schedule 1 for offence data")
	o.absent(confidential && p.Confidence == "", "G6", "/confidenceBasis", "what lifts the duty of confidence")
	if p.Confidence == ExplicitConsent {
		o.absent(p.Consent.IsZero(), "G6", "/consent", "which consent")
		o.absent(p.ConsentVersion == 0, "G6", "/consentVersion", "which version of the consent")
	}

	for i, category := range p.Categories {
		e, _ := reference.Categories.Latest(category)
		o.when(e.NeverCrosses, "never-crosses", "G9", "/categories/"+strconv.Itoa(i), "this category is never told to another controller")
	}
	o.when(p.Article6 == "A6F" && slices.Contains(publicBodies, p.Direction.From), "basis-barred", "G3", "/art6", "a public body may not rest its tasks on legitimate interests")
	o.when(p.wrongGateway(), "wrong-gateway", "G2", "/gateway", "the gateway is not one between these sides, or not for this")
	o.when(p.Direction.From != "" && p.Direction.From != c.Actor.Side, "not-the-holder", "G10", "/direction/from", "only the side that holds something may decide to tell it")
	o.when(p.Rule != "" && !slices.Contains(deciders[p.Rule], c.Actor.Role), "decider-role", "G10", "/rule", "your role may not decide under this rule")
	o.when(!p.ValidUntil.IsZero() && !p.ValidUntil.Latest().After(c.Asked()), "lapses-before-it-begins", "G11", "/validUntil", "the decision would have lapsed already")
	return o
}

// sensitive says which duties the categories bring with them.
func (f Flow) sensitive() (special, criminal, confidential bool) {
	for _, category := range f.Categories {
		e, _ := reference.Categories.Latest(category)
		special, criminal, confidential = special || e.Special, criminal || e.Criminal, confidential || e.Confidential
	}
	return special, criminal, confidential
}

// wrongGateway reports whether the gateway plainly does not lead between these
// sides, or excludes what is told (domain reference section 8.2).
func (p Proposal) wrongGateway() bool {
	either := func(sides ...event.Side) bool {
		return slices.Contains(sides, p.Direction.From) || slices.Contains(sides, p.Direction.To)
	}
	switch p.Gateway {
	case "G-251B":
		return either(event.Probation, event.Prison, event.Police, event.Court)
	case "G-OMA14":
		return either(event.NHS)
	case "G-SVD":
		_, _, confidential := p.sensitive()
		return confidential && p.Direction.From == event.NHS
	case "G-251":
		return either(event.Probation, event.Prison, event.Police, event.Court)
	}
	return false
}

// Overrides reports whether a decision under its rule goes ahead of the
// person's own "no" for a category.
func (b Basis) Overrides(category event.Category) bool {
	only, overrides := overrides[b.Rule]
	if !overrides || b.Rule == "R12" && b.Confidence != PublicInterest {
		return false
	}
	return len(only) == 0 || slices.Contains(only, category)
}
