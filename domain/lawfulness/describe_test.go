package lawfulness

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/disclosure"
)

// changed is the default rule set with its texts changed.
func changed(t *testing.T, rules, gates *strings.Replacer) *RuleSet {
	t.Helper()
	r, g := string(defaultRules), string(defaultGates)
	if rules != nil {
		r = rules.Replace(r)
	}
	if gates != nil {
		g = gates.Replace(g)
	}
	s, err := Parse([]byte(r), []byte(g))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every gate is described by what its file says, and by what it forbids.
func TestPoliciesAreDescribed(t *testing.T) {
	t.Parallel()
	seen := map[disclosure.Gate]bool{}
	for _, p := range Default().Policies() {
		seen[p.Gate] = true
		if p.ID == "" || p.Code == "" || p.Message == "" || p.Source == "" || p.From == 0 || !strings.HasPrefix(p.When, "forbid (") || strings.Contains(p.When, "@") {
			t.Errorf("described as %+v", p)
		}
		if p.ID == "G11-lapsed" && (p.Of != "decision" || !strings.Contains(p.When, "context.lapsed")) || p.ID == "G9-ceiling" && (p.Each != "unconsented" || p.Spare != "ceiling") {
			t.Errorf("described as %+v", p)
		}
	}
	for _, g := range disclosure.Gates {
		if !seen[g] {
			t.Errorf("gate %s has no policy", g)
		}
	}
}

// Two rule sets are compared field by field, in both directions alike.
func TestRuleSetsAreCompared(t *testing.T) {
	t.Parallel()
	if d := Default().Compare(Default()); d == nil || len(d) > 0 {
		t.Errorf("a rule set differs from itself: %+v", d)
	}
	reordered := changed(t, strings.NewReplacer(`"version": "2026-01"`, `"version": "x"`, `domain reference sections 8.3 to 8.5, 8.8`, `elsewhere, 8.8`), nil)
	if d := Default().Compare(reordered); len(d) > 0 || bytes.Equal(reordered.documents[0][:], Default().documents[0][:]) {
		t.Errorf("another version is a difference: %+v", d)
	}
	other := changed(t,
		strings.NewReplacer(`"NHS to NHS, for direct care"`, `"NHS to NHS, for care"`, `"deciders": ["HUB_CLIN", "HUB_NURSE", "GP", "PRISON_HC"], "agreement": false`, `"deciders": ["HUB_CLIN", "GP"], "agreement": true`),
		strings.NewReplacer(`@id("G11-lapsed")`, `@id("G11-over")`, `{ context.barred }`, `{ context.barred && context.related }`, `"the consent is not active then"`, `"it is not active"`))
	got := Default().Compare(other)
	var said []string
	for _, d := range got {
		var names []string
		for _, f := range d.Fields {
			names = append(names, f.Name)
		}
		said = append(said, string(d.Kind)+" "+string(d.Rule)+d.Policy+" "+strings.Join(names, ","))
	}
	for _, want := range []string{"CHANGED R01 agreement,deciders,text", "CHANGED G7-limited-access when", "CHANGED G6-consent-active message",
		"REMOVED G11-lapsed code,from,gate,id,message,of,pointer,source,when", "ADDED G11-over code,from,gate,id,message,of,pointer,source,when"} {
		if !slices.Contains(said, want) {
			t.Errorf("not said: %s\n%s", want, strings.Join(said, "\n"))
		}
	}
	i := slices.IndexFunc(got, func(d Difference) bool { return d.Policy == "G7-limited-access" })
	if f := got[i].Fields[0]; strings.Contains(string(f.Before), "related") || !strings.Contains(string(f.After), "&& context.related") || got[i].Gate != "G7" {
		t.Errorf("the condition differs as %+v", f)
	}
	back := other.Compare(Default())
	if len(back) != len(got) {
		t.Fatalf("%d differences, and %d the other way", len(got), len(back))
	}
	for _, d := range got {
		want := map[DifferenceKind]DifferenceKind{Added: Removed, Removed: Added, Changed: Changed}[d.Kind]
		if !slices.ContainsFunc(back, func(o Difference) bool {
			return o.Kind == want && o.Rule == d.Rule && o.Policy == d.Policy && len(o.Fields) == len(d.Fields) && bytes.Equal(o.Fields[0].Before, d.Fields[0].After)
		}) {
			t.Errorf("the other way it lacks %+v", d)
		}
	}
}

// A rule that ends and goes on otherwise is two entries, by first day.
func TestAVersionOfARuleIsAnEntry(t *testing.T) {
	t.Parallel()
	const r13 = `"id": "R13", "version": 1, "rank": `
	at := strings.Index(string(defaultRules), r13)
	if at < 0 {
		t.Fatal("the rule file is written otherwise")
	}
	ended := strings.Replace(string(defaultRules[at:]), `"from": "2018-05-25"`, `"from": "2018-05-25", "until": "2026-06-01"`, 1)
	s, err := Parse([]byte(string(defaultRules[:at])+ended), defaultGates)
	if err != nil {
		t.Fatal(err)
	}
	d := Default().Compare(s)
	if len(d) != 1 || d[0].Kind != Changed || d[0].Rule != "R13" || d[0].Fields[0].Name != "until" || d[0].Fields[0].Before != nil || string(d[0].Fields[0].After) != `"2026-06-01"` {
		t.Errorf("got %+v", d)
	}
}

// What asks about other rules alone is not among a rule's policies; what asks
// about every rule, or about it, is.
func TestARuleHasItsPolicies(t *testing.T) {
	t.Parallel()
	of := func(id disclosure.Rule) (ids []string) {
		r, _ := Default().Rule(id)
		for _, p := range Default().PoliciesOf(r) {
			ids = append(ids, p.ID)
		}
		return ids
	}
	for policy, rules := range map[string]string{"G7-opt-out": "R17", "G9-summary": "R06 R07 R09", "G6-chosen-authority": "R08", "G6-told-at-sentence": "R05",
		"G8-agreement": "R02 R03 R05 R06 R07 R08 R09 R12 R13 R17 R22 R23 R24", "G9-ceiling": strings.Trim(strings.Join(strings.Fields(fmt.Sprint(disclosure.Rules)), " "), "[]")} {
		var got []string
		for _, id := range disclosure.Rules {
			if slices.Contains(of(id), policy) {
				got = append(got, string(id))
			}
		}
		if strings.Join(got, " ") != rules {
			t.Errorf("%s concerns %v, want %s", policy, got, rules)
		}
	}
}
