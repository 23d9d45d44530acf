package lawfulness

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// Example is a worked example of a rule, written for those who approve it:
// what is on the record, what somebody would tell, and what comes of it. Its
// people are invented.
type Example struct {
	Rule  disclosure.Rule `json:"rule"`
	Title string          `json:"title"`
	Why   string          `json:"why"` // what decides it, in a sentence
	Given ExampleFacts    `json:"given"`
	Tell  ExampleFlow     `json:"tell"`
	// Expect is PERMIT or REFUSE, and Codes, of a refusal, all that stands
	// against it, in order.
	Expect disclosure.Outcome `json:"expect"`
	Codes  []string           `json:"codes,omitempty"`
}

// ExampleFacts are what is on the record. The person is registered, a privacy
// notice was given, and an agreement between everybody covers everything,
// unless they say otherwise.
type ExampleFacts struct {
	// On is the day, at 10:00, on which it is asked; left out, 1 March 2026.
	On           event.Day            `json:"on,omitzero"`
	NoNotice     bool                 `json:"noNotice,omitempty"`
	NoAgreement  bool                 `json:"noAgreement,omitempty"`
	Consent      *ExampleConsent      `json:"consent,omitempty"`
	Refused      []event.Category     `json:"refused,omitempty"` // the person refused that anybody be told these
	Objects      bool                 `json:"objects,omitempty"` // to everything
	Requirements []ExampleRequirement `json:"requirements,omitempty"`
	CourtOrder   []event.Category     `json:"courtOrder,omitempty"`   // what a court ordered to be told
	MappaRequest []event.Category     `json:"mappaRequest,omitempty"` // what the responsible authority asked for
	OptOut       consent.OptOut       `json:"optOut,omitempty"`       // as last checked
	Reasoned     bool                 `json:"reasoned,omitempty"`     // the public interest is reasoned on the record
	Lacks        bool                 `json:"bestInterests,omitempty"`
	BreakGlass   bool                 `json:"breakGlass,omitempty"` // the decider broke the glass
	Wales        bool                 `json:"wales,omitempty"`      // a region in Wales has the case
	Restricted   bool                 `json:"restricted,omitempty"` // the decider is excluded from the case
	Stranger     bool                 `json:"stranger,omitempty"`   // the decider's organisation has nothing to do with the person
	Attorney     bool                 `json:"attorney,omitempty"`   // somebody may act for the person, and is told
}

// ExampleConsent is a consent to disclosure by the side that tells.
type ExampleConsent struct {
	To         reference.OrganisationCode `json:"to"`
	Purposes   []event.Purpose            `json:"purposes"`
	Categories []event.Category           `json:"categories"`
	Expires    event.Day                  `json:"expires,omitzero"`
	Withdrawn  event.Day                  `json:"withdrawn,omitzero"`
}

// ExampleRequirement is a treatment requirement from 19 January 2026 on.
type ExampleRequirement struct {
	Kind      reference.RequirementKind `json:"kind"`
	To        event.Day                 `json:"to"`
	Explained bool                      `json:"explained,omitempty"`
}

// ExampleFlow is who would tell whom what. What it leaves out of the record is
// what the rule usually rests on.
type ExampleFlow struct {
	By         event.Role                 `json:"by"`
	From       reference.OrganisationCode `json:"from"`
	To         reference.OrganisationCode `json:"to,omitempty"` // left out: the person
	Purpose    event.Purpose              `json:"purpose"`
	Categories []event.Category           `json:"categories"`
	Detail     disclosure.Detail          `json:"detailLevel,omitempty"`
	Article6   disclosure.Article6        `json:"art6,omitempty"`
	Article9   disclosure.Article9        `json:"art9,omitempty"`
	Confidence disclosure.Confidence      `json:"confidenceBasis,omitempty"`
	Gateway    disclosure.Gateway         `json:"gateway,omitempty"`
}

//go:embed cases/*.json
var exampleFiles embed.FS

// Examples returns the worked examples, by rule.
func Examples() ([]Example, error) {
	files, err := exampleFiles.ReadDir("cases")
	if err != nil {
		return nil, fmt.Errorf("lawfulness: %w", err)
	}
	var all []Example
	for _, f := range files {
		raw, err := exampleFiles.ReadFile("cases/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("lawfulness: %w", err)
		}
		some, err := ParseExamples(f.Name(), raw)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// ParseExamples reads the examples of one rule strictly: an unknown or
// duplicate member, an unknown code, an example without a reason, and a refusal
// that does not say what stands against it are errors naming the file and the
// line, or the example.
func ParseExamples(file string, raw []byte) ([]Example, error) {
	var in struct {
		Rule     disclosure.Rule `json:"rule"`
		Examples []Example       `json:"examples"`
	}
	if err := reference.DecodeStrict(file, raw, &in); err != nil {
		return nil, err
	}
	if !slices.Contains(disclosure.Rules, in.Rule) || len(in.Examples) == 0 {
		return nil, fmt.Errorf("%s: line 1: unknown rule, or no example", file)
	}
	for i := range in.Examples {
		e := &in.Examples[i]
		if e.Rule == "" {
			e.Rule = in.Rule
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%s: example %d: %w", file, i+1, err)
		}
	}
	return in.Examples, nil
}

func (e Example) check() error {
	switch {
	case e.Title == "" || e.Why == "":
		return errors.New("no title, or no reason")
	case e.Expect != disclosure.Permit && e.Expect != disclosure.Refuse || (e.Expect == disclosure.Refuse) != (len(e.Codes) > 0):
		return errors.New("it expects neither a permit nor a refusal that says why")
	case !reference.Organisations.Listed(codeOf(e.Tell.From)) || e.Tell.To != "" && !reference.Organisations.Listed(codeOf(e.Tell.To)):
		return errors.New("unknown organisation")
	case e.Given.Consent != nil && !reference.Organisations.Listed(codeOf(e.Given.Consent.To)):
		return errors.New("unknown recipient of the consent")
	case !reference.Roles.Listed(e.Tell.By) || !reference.Purposes.Listed(e.Tell.Purpose) || len(e.Tell.Categories) == 0 ||
		slices.ContainsFunc(e.Tell.Categories, func(c event.Category) bool { return !reference.Categories.Listed(c) }):
		return errors.New("unknown role, purpose or category")
	}
	for _, r := range e.Given.Requirements {
		if !reference.RequirementKinds.Listed(r.Kind) || r.To == 0 {
			return errors.New("unknown requirement, or one without its last day")
		}
	}
	for _, scope := range [][]event.Category{e.Given.Refused, e.Given.CourtOrder, e.Given.MappaRequest} {
		if slices.ContainsFunc(scope, func(c event.Category) bool { return !reference.ValidScope(c) }) {
			return errors.New("unknown category or group")
		}
	}
	return nil
}

// codeOf is the code of an organisation that is named by code or by label.
func codeOf(name reference.OrganisationCode) reference.OrganisationCode {
	for _, o := range reference.Organisations.All() {
		if reference.OrganisationCode(o.Label) == name {
			return o.Code
		}
	}
	return name
}

// Judge judges the example by a rule set.
func (e Example) Judge(set *RuleSet) Verdict {
	v, p, by := e.question()
	if r, ok := set.Rule(e.Rule); ok {
		p = Complete(v, r, p)
	}
	return EvaluateBy(set, v, p, by)
}

// Differs says how a verdict differs from what is expected; empty if it does
// not.
func (e Example) Differs(v Verdict) string {
	var codes []string
	for _, f := range v.Judged().Failed {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	if v.Permit == (e.Expect == disclosure.Permit) && slices.Equal(codes, e.Codes) {
		return ""
	}
	return fmt.Sprintf("got permit %t %v, want %s %v", v.Permit, codes, e.Expect, e.Codes)
}

// scene is an example's record in the making.
type scene struct {
	events []event.Recorded
	around []event.Recorded
	person event.UUID
	actor  event.Actor
}

func (s *scene) add(at time.Time, data any) {
	s.put(event.Case(s.person), at, data, &s.events)
}

func (s *scene) put(stream event.StreamID, at time.Time, data any, to *[]event.Recorded) {
	n := len(s.events) + len(s.around) + 1
	*to = append(*to, event.Recorded{Position: event.Position(n), Revision: event.Revision(n), RecordedAt: at, Stream: stream,
		ID: event.ID{UUID: made(fmt.Sprint("event ", n))}, Data: data, Operational: event.Open,
		Meta: event.Meta{Subject: s.person, Effective: event.At(at), Actor: s.actor, Origin: event.Live}})
}

// made is an identifier of an example.
func made(name string) event.UUID { return event.DeriveUUID("example", []byte(name)) }

// question is what the example asks, of which view.
func (e Example) question() (View, disclosure.Proposal, event.Actor) {
	orgs := map[reference.OrganisationCode]reference.Organisation{}
	for _, o := range reference.Organisations.All() {
		orgs[o.Code], orgs[reference.OrganisationCode(o.Label)] = o, o
	}
	from, to := orgs[e.Tell.From], orgs[e.Tell.To]
	by := event.Actor{ID: made("decider"), Role: e.Tell.By, Side: from.Side, Org: from.ID}
	s := &scene{person: made("person"), actor: by}
	if e.Given.Stranger {
		s.actor.Org = orgs["ICB1"].ID
	}
	day := e.Given.On
	if day == 0 {
		day = event.MustDay("2026-03-01")
	}
	now, begun := day.Start().Add(10*time.Hour), event.MustDay("2026-02-02").Start()
	s.facts(e.Given, orgs, from, begun, now)

	p := disclosure.Proposal{Decision: made("decision"), Flow: disclosure.Flow{FromOrg: from.ID, ToOrg: to.ID,
		Direction: disclosure.Direction{From: from.Side, To: to.Side}, Purpose: e.Tell.Purpose, Categories: e.Tell.Categories, Detail: e.Tell.Detail},
		Basis: disclosure.Basis{Rule: e.Rule, Article6: e.Tell.Article6, Article9: e.Tell.Article9, Confidence: e.Tell.Confidence, Gateway: e.Tell.Gateway}}
	switch {
	case e.Given.Attorney:
		p.Direction.To, p.ToPerson = event.PersonSide, made("attorney")
	case e.Tell.To == "":
		p.Direction.To, p.ToPerson = event.PersonSide, s.person
	default:
		p.ToRole = "GP"
	}
	if e.Given.Consent != nil && p.Confidence == disclosure.ExplicitConsent {
		p.Consent, p.ConsentVersion = made("consent"), 1
	}
	h := NewHistory(s.person, s.events, nil, NewShared(reference.NewRegister(), s.around))
	return h.AsKnown(now), p, by
}

func (s *scene) facts(g ExampleFacts, orgs map[reference.OrganisationCode]reference.Organisation, from reference.Organisation, begun, now time.Time) {
	add := func(when bool, data any) {
		if when {
			s.add(begun, data)
		}
	}
	add(true, person.PersonRegistered{})
	add(!g.NoNotice, person.PrivacyNoticeGiven{})
	add(g.Wales, supervision.CaseTransferred{To: "N03"})
	add(g.OptOut != "", consent.OptOutStatusChecked{Result: g.OptOut})
	add(g.Lacks, consent.BestInterestsDecisionRecorded{Kind: consent.Disclosure})
	add(g.Reasoned, disclosure.PublicInterestDecisionRecorded{Decision: made("decision")})
	add(len(g.CourtOrder) > 0, disclosure.CourtOrderRecorded{Categories: g.CourtOrder, From: event.MustDay("2026-01-05"), To: event.MustDay("2026-06-30")})
	add(len(g.MappaRequest) > 0, disclosure.MappaRequestRecorded{Categories: g.MappaRequest})
	add(g.Restricted, person.AccessRestrictionSet{Mode: person.Excluded, Users: []event.UUID{s.actor.ID}})
	add(g.Attorney, consent.AuthorityToActRecorded{Kind: consent.Attorney, Holder: made("attorney"), From: event.DayOf(begun)})
	add(len(g.Refused) > 0, consent.ConsentRefused{Consent: made("refused"), Kind: consent.Disclosure, Scope: consent.Scope{Categories: g.Refused}})
	add(g.Objects, consent.ObjectionRecorded{Objection: made("objection")})
	for i, r := range g.Requirements {
		requirement := made(fmt.Sprint("requirement ", i))
		add(true, supervision.RequirementWillingnessRecorded{Willingness: event.Own(supervision.Willingness{Kind: r.Kind, ToCourt: true})})
		add(true, supervision.RequirementImposed{Requirement: requirement, Terms: event.Own(supervision.RequirementTerms{Kind: r.Kind, From: event.MustDay("2026-01-19"), To: r.To})})
		add(r.Explained, supervision.ReportingExplained{Requirement: requirement})
	}
	if c := g.Consent; c != nil {
		expires := c.Expires
		if expires == 0 {
			expires = event.MustDay("2026-08-02")
		}
		add(true, consent.ConsentGranted{Consent: made("consent"), Version: 1, Kind: consent.Disclosure, Form: consent.Oral, GivenBy: consent.Self, ExpiresAt: event.On(expires),
			Scope: consent.Scope{From: from.Side, Recipients: []consent.Recipient{{Org: orgs[c.To].ID}}, Purposes: c.Purposes, Categories: c.Categories}})
		if c.Withdrawn != 0 {
			s.add(c.Withdrawn.Start(), consent.ConsentWithdrawn{Consent: made("consent")})
		}
	}
	if g.BreakGlass {
		s.add(now, breakglass.BreakGlassInvoked{BreakGlass: made("glass"), ExpiresAt: event.At(now.Add(4 * time.Hour))})
	}
	if !g.NoAgreement {
		s.agree(begun)
	}
}

// agree signs an agreement between everybody about everything.
func (s *scene) agree(at time.Time) {
	id := made("agreement")
	terms := agreement.Terms{Label: "EXAMPLE", Purposes: reference.Purposes.Codes(), From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05")}
	for _, o := range reference.Organisations.All() {
		terms.Parties = append(terms.Parties, agreement.Party{Org: o.ID, Side: o.Side, Role: "SOLE"})
	}
	for _, a := range event.Sides {
		for _, b := range event.Sides {
			terms.Flows = append(terms.Flows, agreement.Flow{From: a, To: b, Categories: reference.Categories.Codes()})
		}
	}
	stream := event.StreamID{Kind: event.AgreementStream, Of: id}
	s.put(stream, at, agreement.AgreementDrafted{Agreement: id, Terms: terms}, &s.around)
	for _, p := range terms.Parties {
		s.put(stream, at, agreement.AgreementSigned{Version: 1, Org: p.Org, Role: "SIRO"}, &s.around)
	}
}
