package lawfulness

import (
	"strings"
	"testing"

	"caseledger/domain/disclosure"
)

// Every worked example comes out as it says, and every rule about telling has
// one that is permitted and one that is not.
func TestTheWorkedExamplesHold(t *testing.T) {
	t.Parallel()
	all, err := Examples()
	if err != nil {
		t.Fatal(err)
	}
	has := map[disclosure.Rule]map[disclosure.Outcome]bool{}
	for _, e := range all {
		if has[e.Rule] == nil {
			has[e.Rule] = map[disclosure.Outcome]bool{}
		}
		has[e.Rule][e.Expect] = true
		if d := e.Differs(e.Judge(Default())); d != "" {
			t.Errorf("%s, %s: %s", e.Rule, e.Title, d)
		}
	}
	for _, r := range Default().All() {
		if !has[r.ID][disclosure.Refuse] || r.Of == Telling && !has[r.ID][disclosure.Permit] {
			t.Errorf("%s: no example of a permit, or none of a refusal", r.ID)
		}
	}
}

func TestExamplesAreParsedStrictly(t *testing.T) {
	t.Parallel()
	const ok = `{"rule":"R01","examples":[{"title":"t","why":"w","given":{},"tell":{"by":"HUB_NURSE","from":"HUB-CAM","to":"GP1","purpose":"DIRECT_CARE","categories":["H.NOTE"]},"expect":"PERMIT"}]}`
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown member":       {`"why"`, `"because"`, "line 1"},
		"member twice":         {`"title":"t"`, `"title":"t","title":"u"`, "twice"},
		"unknown rule":         {`"R01"`, `"R99"`, "unknown rule"},
		"no example":           {ok[strings.Index(ok, "[{") : strings.LastIndex(ok, "]")+1], `[]`, "no example"},
		"no reason":            {`"w"`, `""`, "example 1: no title, or no reason"},
		"unknown outcome":      {`"PERMIT"`, `"MAYBE"`, "neither a permit"},
		"refusal without why":  {`"PERMIT"`, `"REFUSE"`, "refusal that says why"},
		"unknown organisation": {`"HUB-CAM"`, `"HUB-XYZ"`, "unknown organisation"},
		"unknown category":     {`"H.NOTE"`, `"H.NOTES"`, "unknown role, purpose or category"},
		"unknown consent":      {`"given":{}`, `"given":{"consent":{"to":"X"}}`, "unknown recipient"},
		"unknown requirement":  {`"given":{}`, `"given":{"requirements":[{"kind":"X","to":"2026-01-01"}]}`, "unknown requirement"},
		"unknown group":        {`"given":{}`, `"given":{"refused":["X.*"]}`, "unknown category or group"},
	} {
		_, err := ParseExamples("R01.json", []byte(strings.Replace(ok, c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "R01.json: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
	if _, err := ParseExamples("R01.json", []byte(ok)); err != nil {
		t.Errorf("got %v, want it read", err)
	}
}

func FuzzParseExamples(f *testing.F) {
	raw, err := exampleFiles.ReadFile("cases/R03.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		some, err := ParseExamples("x.json", raw)
		if err != nil {
			return
		}
		for _, e := range some[:min(len(some), 2)] {
			if v := e.Judge(Default()); v.Permit != (len(v.Judged().Failed) == 0) {
				t.Fatal("a permit with something against it, or a refusal without")
			}
		}
	})
}
