package lawfulness

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/agreement"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

// decidesOn records a decision, permitted, with what a rule usually rests on.
func (s *story) decidesOn(ref string, p disclosure.Proposal) *story {
	return s.record(ref, disclosure.DisclosureDecided{Decision: id(ref), Flow: p.Flow, Basis: p.Basis, Outcome: disclosure.Permit, Necessity: event.Own(p.Necessity)})
}

// under records a disclosure under a decision.
func (s *story) under(ref, decision string, p disclosure.Proposal) *story {
	return s.record(ref, disclosure.DisclosureMade{Disclosure: id(ref), Decision: id(decision), Flow: p.Flow, Method: "SPOKEN", Consent: p.Consent, ConsentVersion: p.ConsentVersion})
}

// publishes puts a rule set into force from now on.
func (s *story) publishes(ref string, rules, gates []byte) *story {
	s.t.Helper()
	set, err := Parse(rules, gates)
	if err != nil {
		s.t.Fatal(err)
	}
	docs := set.Documents()
	for i, text := range [][]byte{rules, gates} {
		s.on(event.Policy, "", policy.DocumentPublished{Hash: docs[i], Name: []policy.Name{policy.Rules, policy.Gates}[i], Part: 1, Parts: 1, Bytes: event.Own(text)}, event.ID{})
	}
	return s.on(event.Policy, ref, policy.RuleSetPublished{RuleSet: set.Hash(), Version: set.Version(), Documents: docs}, event.ID{})
}

// stricter are the default rules, but that R03 never goes as far as attendance.
func stricter() []byte {
	text := strings.Replace(string(defaultRules), `"ceiling": ["H.ATTENDANCE", "H.REFERRAL"],
      "consented": ["ID.*", "EQ.*", "H.*", "W.*"],
      "deciders": ["HUB_CLIN", "HUB_NURSE"], "agreement": true`, `"ceiling": ["H.REFERRAL"],
      "deciders": ["HUB_CLIN", "HUB_NURSE"], "agreement": true`, 1)
	return []byte(strings.Replace(text, `"2026-01"`, `"2026-02"`, 1))
}

func TestADecisionIsJudgedAgainThreeWays(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE")
	p.ValidUntil = day("2026-12-31")
	s.at("2026-02-23 11:00").decidesOn("k", p)
	s.at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("withdrawn", consent.ConsentWithdrawn{Consent: id("c")})
	s.at("2026-03-01 10:00").publishes("set", stricter(), defaultGates)
	j, ok := Rejudge(s.history(), id("k"), london("2026-03-02 10:00").Latest())
	if !ok || !j.AsKnown.Permit || j.Hindsight.Permit || j.Now.Permit {
		t.Fatalf("got %t %t %t, want it permitted as known, and in hindsight not", j.AsKnown.Permit, j.Hindsight.Permit, j.Now.Permit)
	}
	if len(j.Corrected) != 1 || j.Corrected[0].Gate != "G6" || !j.Corrected[0].Fails || !slices.Equal(j.Corrected[0].Events, []event.ID{s.ev("withdrawn")}) {
		t.Errorf("got %+v, want the withdrawal named at G6", j.Corrected)
	}
	i := slices.IndexFunc(j.Changed, func(c Shift) bool { return c.RuleSet })
	if i < 0 || j.Changed[i].Gate != "G9" || !slices.Equal(j.Changed[i].Events, []event.ID{s.ev("set")}) {
		t.Errorf("got %+v, want the new rules named at G9", j.Changed)
	}
	if j.AsKnown.RuleSet != "2026-01" || j.Now.RuleSet != "2026-02" || j.Now.Hash == j.AsKnown.Hash {
		t.Errorf("judged by %s, then %s", j.AsKnown.RuleSet, j.Now.RuleSet)
	}
	if _, ok := Rejudge(s.history(), id("nothing"), s.now); ok {
		t.Error("a decision that is not there was judged")
	}
}

func TestWhatTimeDidIsTimes(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE").decidesOn("k", begun(t).proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.NOTE"))
	s.decidesOn("k3", s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE"))
	s.at("2026-09-01 10:00").record("", consent.CapacityAssessed{})
	j, _ := Rejudge(s.history(), id("k3"), s.now)
	if !j.Hindsight.Permit || j.Now.Permit || len(j.Changed) != 1 || len(j.Changed[0].Events) != 0 || j.Changed[0].RuleSet {
		t.Errorf("got %+v, want the consent to have run out by itself", j.Changed)
	}
	if j, _ := Rejudge(s.history(), id("k"), s.now); !j.Now.Permit || len(j.Changed) != 0 {
		t.Errorf("got %+v, want a permit for care asked again to be one", j.Changed)
	}
}

func TestAnUnreadableRuleSetPermitsNothing(t *testing.T) {
	t.Parallel()
	s := begun(t)
	p := s.proposal("R01", "HUB-CAM", "GP1", "DIRECT_CARE", "H.NOTE")
	s.on(event.Policy, "", policy.RuleSetPublished{RuleSet: event.Commitment{1}, Version: "x", Documents: []event.Commitment{{1}, {2}}}, event.ID{})
	if v := s.evaluate(p); v.Permit || v.RuleSet != "x" {
		t.Errorf("got %+v, want nothing permitted by rules that nobody can read", v)
	}
	unreadable := s.view().Shared.Rules(s.now)
	unreadable.rules = Default().rules
	if v := EvaluateBy(unreadable, s.view(), p, s.actor); v.Permit || len(v.Gates()) != len(disclosure.Gates) {
		t.Errorf("got %v, want every gate without a policy to fail", v.Gates())
	}
}

// What a consent's end reaches, and what stands without it.
func TestTheReachOfAConsent(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE", "H.REFERRAL")
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE")
	p.ValidUntil = day("2026-12-31")
	s.decidesOn("k", p).under("d", "k", p).consents("care", "DRUG1", "H.SUBSTANCE")
	care := s.proposal("R02", "HUB-CAM", "DRUG1", "DIRECT_CARE", "H.SUBSTANCE")
	care.Confidence, care.Consent, care.ConsentVersion, care.ValidUntil = disclosure.ExplicitConsent, id("care"), 1, day("2026-12-31")
	s.decidesOn("k2", care).under("d2", "k2", care)
	h := s.history()
	if r, _ := ReachOf(h, id("c"), s.now); r.Status != consent.Active || len(r.Told) != 1 || r.Told[0].After || r.Decisions[0].Stop {
		t.Errorf("got %+v, want nothing to stop while it holds", r)
	}
	s.at("2026-02-10 10:00").record("", consent.ConsentWithdrawn{Consent: id("c")}).record("", consent.ConsentWithdrawn{Consent: id("care")})
	s.at("2026-02-11 10:00").under("late", "k", p)
	h = s.history()
	r, ok := ReachOf(h, id("c"), s.now)
	if !ok || r.Status != consent.Withdrawn || len(r.Told) != 2 || r.Told[0].After || !r.Told[1].After || r.Told[0].Stands || r.Told[0].Rule != "R03" {
		t.Fatalf("got %+v, want two disclosures, one of them late, neither with another basis", r)
	}
	if len(r.Decisions) != 1 || !r.Decisions[0].Stop || r.Decisions[0].Stands {
		t.Errorf("got %+v, want the permit to stop", r.Decisions)
	}
	r, _ = ReachOf(h, id("care"), s.now)
	if len(r.Told) != 1 || !r.Told[0].Stands || r.Told[0].Rule != "R02" || !r.Decisions[0].Stands || len(r.Told[0].Why) != 0 {
		t.Errorf("got %+v, want it to stand on implied consent", r)
	}
	if r.Ended != london("2026-02-10 10:00") {
		t.Errorf("it ended at %s", r.Ended)
	}
	if _, ok := ReachOf(h, id("nothing"), s.now); ok {
		t.Error("a consent that is not there reaches something")
	}
}

func TestWhatIfRunsOverHistoryAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE", "H.REFERRAL")
	p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.ATTENDANCE")
	q := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", "H.REFERRAL")
	p.ValidUntil, q.ValidUntil = day("2026-12-31"), day("2026-12-31")
	s.decidesOn("k", p).decidesOn("k2", q).at("2026-03-10 10:00").under("d", "k", p).under("d2", "k2", q)
	h := s.history()
	before, _ := json.Marshal(h.AsKnown(s.now).Case.Consent)
	set, err := Parse(stricter(), defaultGates)
	if err != nil {
		t.Fatal(err)
	}
	changes := WhatIfRules(h, set, london("2026-01-01 00:00").Latest())
	var turned []event.ID
	for _, c := range changes {
		if c.Turned() && !c.After.Permit && slices.ContainsFunc(c.Shifts, func(s Shift) bool { return s.Gate == "G9" && s.Fails }) {
			turned = append(turned, c.Event)
		}
	}
	if !slices.Equal(turned, []event.ID{s.ev("k"), s.ev("d")}) {
		t.Errorf("got %d changes, want what tells attendance refused at G9", len(turned))
	}
	if len(WhatIfRules(h, Default(), london("2026-01-01 00:00").Latest())) != 0 {
		t.Error("the same rules change something")
	}
	ended := WhatIfAgreementEnds(h, id("all"), london("2026-03-01 00:00").Latest())
	if len(ended) != 2 || ended[0].Event != s.ev("d") || !ended[0].Turned() || ended[0].Shifts[0].Gate != "G8" {
		t.Errorf("got %d changes, want what was told after the end refused at G8", len(ended))
	}
	if len(WhatIfAgreementEnds(h, id("nothing"), s.now)) != 0 {
		t.Error("an agreement that is not there changes something")
	}
	after, _ := json.Marshal(h.AsKnown(s.now).Case.Consent)
	if st, _ := h.Shared.Now().Agreement(id("all")); !bytes.Equal(before, after) || !st.Terminated.IsZero() {
		t.Error("asking what if changed what is")
	}
}

// A correction that comes later never changes what was lawful as known.
func TestACorrectionNeverChangesWhatWasKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE", "H.REFERRAL")
		p := s.proposal("R03", "HUB-CAM", "PROB-N56", "REHAB_SUPPORT", rapid.SliceOfNDistinct(rapid.SampledFrom([]event.Category{"H.ATTENDANCE", "H.REFERRAL", "H.NOTE", "J.VICTIM"}), 1, 3, rapid.ID).Draw(rt, "categories")...)
		p.Consent, p.ConsentVersion = id("c"), 1
		s.at("2026-02-10 10:00").decidesOn("k", p)
		first, _ := Rejudge(s.history(), id("k"), s.now)
		s.at("2026-02-11 10:00")
		for i := range rapid.IntRange(1, 4).Draw(rt, "corrections") {
			ref := string(rune('p' + i))
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0:
				s.was(london("2026-02-05 10:00")).record("", consent.ConsentWithdrawn{Consent: id("c")})
			case 1:
				s.record("", consent.ConsentInvalidated{Consent: id("c"), Reason: "CAPACITY"})
			case 2:
				s.was(london("2026-02-06 10:00")).record("", consent.ConsentRefused{Consent: id(ref), Kind: consent.Disclosure})
			case 3:
				s.was(london("2026-02-06 10:00")).agreement("all", "", agreement.AgreementTerminated{})
			case 4:
				if len(s.events) > 0 && !slices.ContainsFunc(s.events, func(e event.Recorded) bool { return e.Corrects == s.ev("registered") }) {
					s.void("registered")
				}
			case 5:
				s.was(london("2026-02-01 10:00")).publishes("", stricter(), defaultGates)
			case 6:
				s.consents(ref, "PROB-N56", "H.NOTE")
			}
		}
		again, _ := Rejudge(s.history(), id("k"), s.now)
		a, _ := json.Marshal(first.AsKnown)
		b, _ := json.Marshal(again.AsKnown)
		if !bytes.Equal(a, b) {
			rt.Fatalf("got %s after %s", b, a)
		}
	})
}

// A further rule that permits something never lifts a gate of another.
func TestAFurtherRuleLiftsNoGate(t *testing.T) {
	t.Parallel()
	s := begun(t).agreed("all").consents("c", "PROB-N56", "H.ATTENDANCE")
	v := s.view()
	all := Default().All()
	rapid.Check(t, func(rt *rapid.T) {
		var some []Rule
		for _, r := range all {
			if rapid.Bool().Draw(rt, string(r.ID)) {
				some = append(some, r)
			}
		}
		p := s.proposal(rapid.SampledFrom(all).Draw(rt, "named").ID, "HUB-CAM", rapid.SampledFrom([]reference.OrganisationCode{"PROB-N56", "GP1", "DRUG1", "HOUSE-HAM", "CRISIS", "VOL1"}).Draw(rt, "to"),
			rapid.SampledFrom(reference.Purposes.Codes()).Draw(rt, "purpose"), rapid.SampledFrom(reference.Categories.Codes()).Draw(rt, "category"))
		few, whole := *Default(), *Default()
		few.rules = some
		before, after := EvaluateBy(&few, v, p, s.actor), EvaluateBy(&whole, v, p, s.actor)
		for _, c := range before.Candidates {
			if c.Rule == "" {
				continue
			}
			other, ok := after.Candidate(c.Rule)
			if !ok || !slices.Equal(c.Failed, other.Failed) {
				rt.Fatalf("%s failed for %v among few rules, for %v among all", c.Rule, c.Failed, other.Failed)
			}
		}
	})
}
