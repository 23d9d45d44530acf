package lawfulness

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"caseledger/domain/agreement"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// everyParty are the organisations that every installation knows, as parties.
func everyParty() []agreement.Party {
	var all []agreement.Party
	for _, o := range reference.Organisations.All() {
		all = append(all, agreement.Party{Org: o.ID, Side: o.Side, Role: "SOLE"})
	}
	return all
}

// agreed signs an agreement between everybody about everything, for 2026.
func (s *story) agreed(name string) *story {
	var flows []agreement.Flow
	for _, a := range event.Sides {
		for _, b := range event.Sides {
			flows = append(flows, agreement.Flow{From: a, To: b, Categories: []event.Category{"ID.*", "EQ.*", "H.*", "J.*", "W.*"}})
		}
	}
	return s.agreedTo(name, agreement.Terms{Label: agreement.Reference(name), Parties: everyParty(), Purposes: reference.Purposes.Codes(), Flows: flows,
		From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05")})
}

func (s *story) agreedTo(name string, terms agreement.Terms) *story {
	s.agreement(name, "", agreement.AgreementDrafted{Agreement: id(name), Terms: terms})
	for _, p := range terms.Parties {
		s.agreement(name, "", agreement.AgreementSigned{Version: 1, Org: p.Org, Role: "SIRO"})
	}
	return s
}

// consents records a consent from the NHS to everybody, for everything it may
// be asked about.
func (s *story) consents(name string, to reference.OrganisationCode, categories ...event.Category) *story {
	o, _ := register.ByCode(to)
	return s.record(name, consent.ConsentGranted{Consent: id(name), Kind: consent.Disclosure, Form: consent.Oral, GivenBy: consent.Self, ExpiresAt: london("2026-08-04 00:00"),
		Scope: consent.Scope{From: s.actor.Side, Recipients: []consent.Recipient{{Org: o.ID}}, Purposes: reference.Purposes.Codes(), Categories: categories}})
}

// proposal is a complete record for a flow under a rule, with what the rule
// usually rests on.
func (s *story) proposal(rule disclosure.Rule, from, to reference.OrganisationCode, purpose event.Purpose, categories ...event.Category) disclosure.Proposal {
	s.t.Helper()
	a, _ := register.ByCode(from)
	b, _ := register.ByCode(to)
	r, ok := Default().Rule(rule)
	if !ok {
		s.t.Fatalf("no rule %s", rule)
	}
	p := disclosure.Proposal{Flow: disclosure.Flow{FromOrg: a.ID, ToOrg: b.ID, ToRole: "GP", Direction: disclosure.Direction{From: a.Side, To: b.Side},
		Purpose: purpose, Categories: categories, Detail: "SUMMARY"}}
	return Complete(s.view(), r, p)
}

// view is what is known and true at the story's moment.
func (s *story) view() View { return s.history().AsKnown(s.now) }

func (s *story) evaluate(p disclosure.Proposal) Verdict { return Evaluate(s.view(), p, s.actor) }

// codes are the codes of a candidate's failures, each once.
func codes(c Candidate) []string {
	var all []string
	for _, f := range c.Failed {
		if !slices.Contains(all, f.Code) {
			all = append(all, f.Code)
		}
	}
	return all
}

// begun is a story in which the person is registered, told how information is
// used, and a nurse of HUB-CAM is at the keyboard.
func begun(t testing.TB) *story {
	t.Helper()
	s := newStory(t).at("2026-02-04 10:00")
	return s.record("registered", person.PersonRegistered{}).record("", person.PrivacyNoticeGiven{Notice: "1"})
}

func TestACompleteRecordPasses(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	for name, p := range map[string]disclosure.Proposal{
		"R01": s.proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.DIAGNOSIS", "ID.NHSNO", "H.SUBSTANCE"),
		"R02": s.proposal("R02", "HUB-CAM", "DRUG1", "DIRECT_CARE", "H.SUBSTANCE"),
		"R03": s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE"),
		"R11": s.proposal("R11", "HUB-CAM", "CRISIS", "EMERGENCY", "H.RISK_SELF"),
		"R13": s.proposal("R13", "HUB-CAM", "SCREENING1", "SCREENING_INVITE", "ID.NHSNO"),
		"R14": s.proposal("R14", "HUB-CAM", "WALES-LHB", "DIRECT_CARE", "H.DIAGNOSIS"),
	} {
		v := s.evaluate(p)
		if !v.Permit || string(v.Rule) != name || v.Fault() != nil || len(v.Gates()) > 0 {
			t.Errorf("%s: got %v", name, v.Judged().Failed)
		}
	}
}

// What the schema says of the facts is what they are.
func TestTheFactsFitTheSchema(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	for _, p := range []disclosure.Proposal{{}, s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE", "J.VICTIM")} {
		f := gather(s.view(), p, s.actor)
		for _, r := range append(Default().All(), Rule{}) {
			request := cedar.Request{Principal: types.NewEntityUID(roleType, "GP"), Action: tell, Resource: entityOf(r), Context: f.record(r)}
			if err := validate.New(resolvedSchema).Request(request); err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
			if err := validate.New(resolvedSchema).Entity(Default().gates.rules[entityOf(r)]); err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
		}
	}
}

// A policy whose evaluation errors would be passed over by Cedar: here its gate
// does not pass.
func TestAPolicyThatErrorsRefuses(t *testing.T) {
	t.Parallel()
	s := begun(t)
	p := s.proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.DIAGNOSIS")
	if !s.evaluate(p).Permit {
		t.Fatal("the proposal must pass without the planted policy")
	}
	var broken cedar.Policy
	if err := broken.UnmarshalCedar([]byte(`forbid (principal, action, resource) when { context.nothing };`)); err != nil {
		t.Fatal(err)
	}
	planted := *Default()
	planted.gates.all = append(slices.Clone(planted.gates.all), gate{policy: &broken, from: 1, failure: Failure{Gate: "G9", Policy: "planted", Code: "planted", Pointer: "/x"}})
	v := EvaluateBy(&planted, s.view(), p, s.actor)
	if v.Permit || !slices.Equal(v.Gates(), []disclosure.Gate{"G9"}) || v.Judged().Failed[0].Code != "gate-not-evaluated" {
		t.Errorf("got %+v, want a refusal at G9", v)
	}
}

func TestAGateFileIsParsedStrictly(t *testing.T) {
	t.Parallel()
	ok := string(defaultGates)
	one := func(annotations, rest string) string { return ok + "\n" + annotations + "\n" + rest }
	const all = `@id("X") @gate("G9") @code("x-y") @pointer("/x") @message("m") @source("s") @from("2026-01-01")`
	const when = `forbid (principal, action == Action::"tell", resource) when { context.barred };`
	for name, c := range map[string]struct{ text, want string }{
		"no gate G7":         {strings.ReplaceAll(ok, `@gate("G7")`, `@gate("G6")`), "no policy of gate G7"},
		"not Cedar":          {ok + "forbid", "gates.cedar: "},
		"a permit":           {one(all, strings.Replace(when, "forbid", "permit", 1)), "a gate only forbids"},
		"unknown gate":       {one(strings.Replace(all, "G9", "G12", 1), when), "unknown gate"},
		"no message":         {one(strings.Replace(all, `@message("m")`, "", 1), when), "no @message"},
		"empty source":       {one(strings.Replace(all, `@source("s")`, `@source("")`, 1), when), "no @source"},
		"no day":             {one(strings.Replace(all, "2026-01-01", "yesterday", 1), when), "@from is no day"},
		"until before":       {one(all+` @until("2025-01-01")`, when), "@until is no day after @from"},
		"not kebab":          {one(strings.Replace(all, "x-y", "X_Y", 1), when), "not kebab-case"},
		"taken":              {one(strings.Replace(all, `"X"`, `"G9-ceiling"`, 1), when), "its id is taken"},
		"unknown annotation": {one(all+` @note("n")`, when), "unknown annotation"},
		"unknown fact":       {one(all, strings.Replace(when, "barred", "nothing", 1)), "nothing"},
		"wrong type":         {one(all, strings.Replace(when, "context.barred", `context.barred == "x"`, 1)), "policy"},
		"each without star":  {one(all+` @each("denied")`, when), "@each and a * in @pointer"},
		"each of no set":     {one(strings.Replace(all, `"/x"`, `"/x/*"`, 1)+` @each("barred")`, when), "names no set"},
		"spare of no set":    {one(strings.Replace(all, `"/x"`, `"/x/*"`, 1)+` @each("denied") @spare("x")`, when), "names no set"},
	} {
		_, err := Parse(defaultRules, []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), "gates.cedar") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
	if s, err := Parse(defaultRules, []byte(one(all, when))); err != nil || s.Hash() == Default().Hash() {
		t.Errorf("a further policy: got %v, want it read, under another hash", err)
	}
}

func TestANamedRuleThatFailsIsRefused(t *testing.T) {
	t.Parallel()
	s := begun(t).record("", supervision.CaseTransferred{To: "N03"})
	p := s.proposal("R14", "HUB-CAM", "GP1", "DIRECT_CARE", "H.DIAGNOSIS")
	if v := s.evaluate(p); !v.Permit || v.Rule != "R14" {
		t.Fatalf("got %v, want R14 to permit it once Wales has the case", v.Judged().Failed)
	}
	p.Rule, p.Gateway = "R13", "G-NHSFUNC"
	v := s.evaluate(p)
	if v.Permit || v.Rule != "R13" || v.Instead != "R14" || !slices.Contains(codes(v.Judged()), "rule-does-not-fit") || !strings.Contains(v.Fault().Error(), "rule R14 would permit it") {
		t.Errorf("got %+v, want R13 refused and R14 named", v)
	}
	p.Gateway, p.Rule = "G-251B", "R01"
	if v := s.evaluate(p); v.Permit || !slices.Contains(codes(v.Judged()), "wrong-gateway") {
		t.Error("section 251B does not reach a case in Wales")
	}
	p = s.proposal("R01", "HUB-CAM", "HMP1", "RESEARCH", "H.NOTE")
	p.Rule = ""
	if v := s.evaluate(p); v.Permit || v.Rule != "" || len(v.Candidates) != 1 || !slices.Contains(codes(v.Judged()), "no-rule-fits") {
		t.Errorf("got %+v, want it said that no rule fits", v)
	}
}

// The staff register decides who holds a role, once it speaks of an
// organisation.
func TestTheRoleIsTheOneHeldThen(t *testing.T) {
	t.Parallel()
	s := begun(t)
	p := s.proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.DIAGNOSIS")
	if !s.evaluate(p).Permit {
		t.Fatal("nothing is known of the organisation's staff: the token's role counts")
	}
	s.organisation("HUB-CAM", "", governance.StaffRoleAssigned{Assignment: id("other"), Staff: id("other"), Role: "HUB_NURSE"})
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"role-not-held"}) {
		t.Errorf("got %v, want role-not-held", codes(v.Judged()))
	}
	s.organisation("HUB-CAM", "", governance.StaffRoleAssigned{Assignment: id("own"), Staff: s.actor.ID, Role: "HUB_NURSE"})
	if !s.evaluate(p).Permit {
		t.Error("the role is held")
	}
	s.at("2026-02-05 10:00").organisation("HUB-CAM", "", governance.StaffRoleEnded{Assignment: id("own")})
	if v := s.evaluate(p); v.Permit {
		t.Error("the role is no longer held")
	}
}

// Only a clinician whom the register marks as senior decides like a Caldicott
// Guardian (rule R04).
func TestASeniorClinicianDecidesInThePublicInterest(t *testing.T) {
	t.Parallel()
	s := begun(t).by("HUB_CLIN", "HUB-CAM")
	p := s.proposal("R04", "HUB-CAM", "PROB-N56", "PUBLIC_PROTECTION", "H.RISK_SELF")
	p.Decision = id("k")
	s.record("", disclosure.PublicInterestDecisionRecorded{PublicInterest: id("pi"), Decision: id("k")})
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"decider-role"}) {
		t.Errorf("got %v, want decider-role alone", codes(v.Judged()))
	}
	s.organisation("HUB-CAM", "", governance.StaffRoleAssigned{Assignment: id("own"), Staff: s.actor.ID, Role: "HUB_CLIN", Senior: true})
	if v := s.evaluate(p); !v.Permit {
		t.Errorf("got %v, want a senior clinician to decide", codes(v.Judged()))
	}
	p.Decision = id("another")
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"public-interest-record-absent"}) {
		t.Errorf("got %v, want the reasoning to be this decision's", codes(v.Judged()))
	}
}

func TestLimitedAccessIsLiftedForWhoBreaksTheGlass(t *testing.T) {
	t.Parallel()
	s := begun(t)
	p := s.proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.DIAGNOSIS")
	s.record("", person.AccessRestrictionSet{Restriction: id("r"), Mode: person.Excluded, Users: []event.UUID{s.actor.ID}})
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"access-restricted"}) {
		t.Errorf("got %v, want access-restricted", codes(v.Judged()))
	}
	s.record("", breakglass.BreakGlassInvoked{BreakGlass: id("b"), ReasonCode: "URGENT_CARE", ExpiresAt: london("2026-02-04 12:00")})
	if !s.evaluate(p).Permit {
		t.Error("break-glass lifts it for its invoker")
	}
	s.by("HUB_NURSE", "HUB-MID").record("", person.AccessRestrictionSet{Restriction: id("r2"), Mode: person.Excluded, Users: []event.UUID{s.actor.ID}})
	if s.evaluate(p).Permit {
		t.Error("break-glass lifts it for nobody else")
	}
}

func TestARequirementReportNeedsItsRequirement(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").by("TX_PROV", "DRUG1").record("", person.PrivacyNoticeGiven{Notice: "1"})
	p := s.proposal("R05", "DRUG1", "PROB-N56", "REQ_MGMT", "H.DRUGTEST")
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"no-live-requirement"}) {
		t.Errorf("got %v, want no-live-requirement", codes(v.Judged()))
	}
	impose := func(name string, kind reference.RequirementKind) {
		s.record("", supervision.RequirementImposed{Requirement: id(name), Terms: event.Own(supervision.RequirementTerms{Kind: kind,
			From: event.MustDay("2026-01-19"), To: event.MustDay("2026-06-30")})})
	}
	impose("mhtr", "MHTR")
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"not-told-at-sentence", "reporting-not-explained", "beyond-order"}) {
		t.Errorf("got %v, want a test to be beyond an MHTR", codes(v.Judged()))
	}
	p.Categories = []event.Category{"H.ATTENDANCE"}
	s.record("", supervision.ReportingExplained{Requirement: id("mhtr")})
	if v := s.evaluate(p); !v.Permit {
		t.Errorf("got %v, want attendance reported once that was explained", codes(v.Judged()))
	}
	p.Categories = []event.Category{"H.DRUGTEST"}
	s.record("", supervision.RequirementWillingnessRecorded{Willingness: event.Own(supervision.Willingness{Kind: "DRR", ToCourt: true})})
	impose("drr", "DRR")
	if v := s.evaluate(p); !v.Permit {
		t.Errorf("got %v, want a test reported under a DRR", codes(v.Judged()))
	}
	s.at("2026-07-01 00:00")
	p.ValidUntil = day("2026-12-31")
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"no-live-requirement"}) {
		t.Errorf("got %v, want the order to have run out", codes(v.Judged()))
	}
}

func TestAnAgreementMustCoverTheFlow(t *testing.T) {
	t.Parallel()
	terms := agreement.Terms{Parties: []agreement.Party{{Org: org("HUB-MID")}, {Org: org("PROB-N56")}}, Purposes: []event.Purpose{"REHAB_SUPPORT"},
		Flows: []agreement.Flow{{From: "NHS", To: "PROBATION", Categories: []event.Category{"H.ATTENDANCE"}}}, From: event.MustDay("2026-01-05"), To: event.MustDay("2026-03-01")}
	s := begun(t).agreedTo("dsa", terms).consents("c", "PROB-N56", "H.*")
	p := s.proposal("R03", "HUB-CAM", "PROB-N54", "REHAB_SUPPORT", "H.ATTENDANCE")
	p.ToOrg = org("PROB-N56")
	p = Complete(s.view(), Default().rules[2], p)
	p.ToOrg, p.ValidUntil = org("PROB-N56"), day("2026-12-31")
	if v := s.evaluate(p); !v.Permit {
		t.Fatalf("got %v, want the same controllers' agreement to cover it", codes(v.Judged()))
	}
	for name, c := range map[string]struct {
		change func(*disclosure.Proposal)
		want   string
	}{
		"none":       {func(p *disclosure.Proposal) { p.Agreement = event.UUID{} }, "decision-incomplete"},
		"unknown":    {func(p *disclosure.Proposal) { p.Agreement = id("other") }, "agreement-not-in-force"},
		"version":    {func(p *disclosure.Proposal) { p.AgreementVersion = 2 }, "agreement-version-superseded"},
		"category":   {func(p *disclosure.Proposal) { p.Categories = []event.Category{"H.REFERRAL"} }, "agreement-does-not-cover-category"},
		"no version": {func(p *disclosure.Proposal) { p.AgreementVersion = 0 }, "decision-incomplete"},
	} {
		q := p
		c.change(&q)
		if v := s.evaluate(q); !slices.Equal(codes(v.Judged()), []string{c.want}) || !slices.Equal(v.Gates(), []disclosure.Gate{"G8"}) {
			t.Errorf("%s: got %v at %v, want %s at G8", name, codes(v.Judged()), v.Gates(), c.want)
		}
	}
	s.at("2026-03-01 00:00")
	if v := s.evaluate(p); !slices.Equal(codes(v.Judged()), []string{"agreement-not-in-force"}) {
		t.Errorf("got %v, want the agreement to have run out", codes(v.Judged()))
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.NOTE", "H.ATTENDANCE", "J.VICTIM")
	p.Article6, p.Gateway = "A6F", "G-SVD"
	first, err := json.Marshal(s.evaluate(p))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, _ := json.Marshal(s.evaluate(p))
		if !bytes.Equal(first, again) {
			t.Fatalf("got %s after %s", again, first)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := begun(b).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE", "H.REFERRAL")
	for range 100 {
		s.record("", supervision.PractitionerAllocated{Practitioner: id("pp"), Organisation: org("PROB-N56")})
	}
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE", "H.REFERRAL")
	v := s.view()
	if !Evaluate(v, p, s.actor).Permit {
		b.Fatal("not permitted")
	}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(v, p, s.actor)
	}
}

// What would be found and does not stop anything is said beforehand.
func TestWhatDoesNotStopItIsWarnedOf(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE")
	warned := func() []string {
		v := s.evaluate(p)
		if !v.Permit {
			t.Fatalf("got %v, want a permit", v.Judged().Failed)
		}
		var ids []string
		for _, w := range v.Warnings {
			if w.Message == "" {
				t.Errorf("%s says nothing", w.Monitor)
			}
			ids = append(ids, string(w.Monitor))
		}
		return ids
	}
	if got := warned(); !slices.Equal(got, []string{"L15", "L37", "L38", "L40"}) {
		t.Errorf("got %v, want every document, entry and training missed", got)
	}
	s.organisation("HUB-CAM", "", governance.PolicyDocumentPublished{Document: id("apd"), Version: 1, Condition: governance.SubstantialPublicInterest, From: event.MustDay("2026-01-05"), ReviewDue: event.MustDay("2027-01-05")})
	s.organisation("HUB-CAM", "", governance.DPIAApproved{DPIA: id("dpia"), Version: 1, Processing: governance.HealthHub, ReviewDue: event.MustDay("2027-01-05")})
	s.organisation("HUB-CAM", "", governance.RopaEntryRecorded{Entry: id("ropa"), Purpose: "REHAB_SUPPORT", RecipientSide: "PROBATION", Categories: []event.Category{"H.*"}, From: event.MustDay("2026-01-05")})
	s.organisation("HUB-CAM", "", governance.TrainingRecorded{Training: id("training"), Staff: s.actor.ID, Course: governance.DataSecurity})
	if got := warned(); len(got) > 0 {
		t.Errorf("got %v, want no warning once all is there", got)
	}
}
