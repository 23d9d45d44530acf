package lawfulness

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// The default rules are exactly those of the domain reference.
func TestTheDefaultRulesAreAllThere(t *testing.T) {
	t.Parallel()
	var ids []disclosure.Rule
	for _, r := range Default().All() {
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, disclosure.Rules) {
		t.Errorf("got %v, want %v", ids, disclosure.Rules)
	}
}

// Whatever flow is asked about, no two rules that match it have the same rank:
// every side, kind and purpose is enumerated.
func TestTheMostSpecificRuleIsNeverInDoubt(t *testing.T) {
	t.Parallel()
	kinds := append([]reference.OrganisationKind{""}, reference.OrganisationKinds...)
	day := event.MustDay("2026-02-04")
	n := 0
	for _, from := range event.Sides {
		for _, to := range event.Sides {
			for _, purpose := range reference.Purposes.Codes() {
				for _, fk := range kinds {
					for _, tk := range kinds {
						match := Default().Matching(Party{from, fk}, Party{to, tk}, purpose, day)
						for i := 1; i < len(match); i++ {
							if match[i-1].Rank <= match[i].Rank {
								t.Fatalf("%s and %s match %s to %s for %s and neither goes ahead", match[i-1].ID, match[i].ID, from, to, purpose)
							}
						}
						if len(match) > 0 {
							n++
						}
					}
				}
			}
		}
	}
	if n == 0 {
		t.Error("no rule matches any flow")
	}
}

// Every rule about telling is met by some pair of organisations that every
// installation knows.
func TestEveryRuleHasItsOrganisations(t *testing.T) {
	t.Parallel()
	for _, r := range Default().All() {
		met := false
		for _, a := range reference.Organisations.All() {
			for _, b := range reference.Organisations.All() {
				met = met || r.Matches(PartyOf(a), PartyOf(b), r.Purposes[0])
			}
			met = met || r.Matches(PartyOf(a), Party{Side: event.PersonSide}, r.Purposes[0])
		}
		if !met {
			t.Errorf("%s: no organisations meet it", r.ID)
		}
	}
}

func TestARuleFileIsParsedStrictly(t *testing.T) {
	t.Parallel()
	rule := func(id, rank, more string) string {
		return fmt.Sprintf(`{"id":%q,"version":1,"text":"a","source":"s","rank":%s,"from":"2026-01-01","fromSides":["NHS"],"toSides":["NHS"],
"purposes":["DIRECT_CARE"],"art6":["A6E"],"art9":["A9H"],"ceiling":["H.*"],"deciders":["GP"],"agreement":false%s}`, id, rank, more)
	}
	file := func(rules ...string) string {
		return `{"list":"rules","version":"1","source":"s",` + "\n" + `"rules":[` + "\n" + strings.Join(rules, ",\n") + "\n]}"
	}
	ok := rule("R01", "10", "")
	for name, c := range map[string]struct{ text, want string }{
		"unknown member":     {file(strings.Replace(ok, `"text"`, `"txt"`, 1)), "line 3"},
		"unknown top member": {strings.Replace(file(ok), `"list"`, `"lists"`, 1), "rules.json: line"},
		"member twice":       {file(rule("R01", "10", `,"rank":2`)), `line 4: member "rank" twice`},
		"not rules":          {strings.Replace(file(ok), `"rules","version"`, `"roles","version"`, 1), "not a list of rules"},
		"no set source":      {strings.Replace(file(ok), `"source":"s",`+"\n", `"source":" ",`, 1), "no source"},
		"no set version":     {strings.Replace(file(ok), `"version":"1",`, `"version":"",`, 1), "no version"},
		"no rules":           {file(), "no rules"},
		"text after":         {file(ok) + "{}", "after the list"},
		"missing source":     {file(strings.Replace(ok, `"source":"s"`, `"source":""`, 1)), "line 3: rule R01: no source"},
		"missing from":       {file(strings.Replace(ok, `"from":"2026-01-01",`, "", 1)), "line 3: rule R01: no first day"},
		"empty set":          {file(strings.Replace(ok, `"deciders":["GP"]`, `"deciders":[]`, 1)), "line 3: rule R01: deciders is an empty set"},
		"optional empty set": {file(rule("R01", "10", `,"gateways":[ ]`)), "line 3: rule R01: gateways is an empty set"},
		"null set":           {file(rule("R01", "10", `,"gateways":null`)), "gateways is an empty set"},
		"unknown code":       {file(strings.Replace(ok, `"A6E"`, `"A6Z"`, 1)), "line 3: rule R01: art6: unknown code"},
		"code twice":         {file(strings.Replace(ok, `["A6E"]`, `["A6E","A6E"]`, 1)), "line 3: rule R01: art6: a code twice"},
		"no Article 9":       {file(strings.Replace(ok, `"art9":["A9H"],`, "", 1)), "art9 is an empty set"},
		"unknown rule":       {file(rule("R99", "10", "")), "line 3: rule R99: unknown id"},
		"unknown act":        {file(rule("R01", "10", `,"of":"X"`)), "unknown act"},
		"equal rank":         {file(ok, rule("R02", "10", "")), "line 5: rule R02: of the same rank as rule R01 on line 3"},
		"twice on one day":   {file(ok, rule("R01", "20", "")), "line 5: rule R01: in force twice on one day, also on line 3"},
		"ends before":        {file(rule("R01", "10", `,"until":"2025-01-01"`)), "ends before it begins"},
		"no rank":            {file(rule("R01", "0", "")), "no rank"},
		"not a day":          {file(strings.Replace(ok, "2026-01-01", "2026-13-01", 1)), "line 3"},
		"overrides on":       {file(rule("R01", "10", `,"overridesOn":["C-PI"]`)), "overridesOn without overrides"},
	} {
		_, err := Parse([]byte(c.text), defaultGates)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "rules.json: line ") {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
	for name, text := range map[string]string{
		"one rule":          file(ok),
		"another rank":      file(ok, rule("R02", "20", "")),
		"another recipient": file(ok, strings.Replace(rule("R02", "10", ""), `"toSides":["NHS"]`, `"toSides":["VCSE"]`, 1)),
		"another act":       file(ok, rule("R02", "10", `,"of":"ACCESS"`)),
		"a later version":   file(rule("R01", "10", `,"until":"2026-06-01"`), strings.Replace(rule("R01", "10", ""), "2026-01-01", "2026-06-01", 1)),
	} {
		if _, err := Parse([]byte(text), defaultGates); err != nil {
			t.Errorf("%s: got %v, want it read", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(defaultRules, defaultGates)
	f.Add([]byte(`{"list":"rules","version":"rules","source":"s","rules":[{}]}`), []byte("forbid(principal, action, resource);"))
	f.Fuzz(func(t *testing.T, rules, gates []byte) {
		s, err := Parse(rules, gates)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "rules.json: ") && !strings.HasPrefix(err.Error(), "gates.cedar") {
				t.Fatalf("an error without its file: %v", err)
			}
			return
		}
		for _, r := range s.All() {
			if r.Source == "" || r.From == 0 || len(r.Deciders) == 0 {
				t.Fatal("a rule was read that says too little")
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(defaultRules, defaultGates); err != nil {
			b.Fatal(err)
		}
	}
}
