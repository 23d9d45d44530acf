package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
)

// proposedRules is a folder with this program's rule set under another version,
// changed.
func proposedRules(t testing.TB, version string, changes ...string) string {
	t.Helper()
	rules, gates := lawfulness.DefaultDocuments()
	text := strings.NewReplacer(append([]string{`"version": "2026-01"`, `"version": "` + version + `"`}, changes...)...).Replace(string(rules))
	folder := t.TempDir()
	for name, content := range map[string][]byte{"rules.json": []byte(text), "gates.cedar": gates} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// withoutNurses lets hub clinicians alone decide under R03 and others.
var withoutNurses = []string{`"deciders": ["HUB_CLIN", "HUB_NURSE"]`, `"deciders": ["HUB_CLIN"]`}

func filesIn(folder string) []string {
	return []string{"--rules", filepath.Join(folder, "rules.json"), "--gates", filepath.Join(folder, "gates.cedar")}
}

// asJSON runs a command whose answer is one object.
func asJSON[T any](t testing.TB, args ...string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustCommand(t, append(args, "--json")...)), &out); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

// asLines runs a command whose answer is a list.
func asLines[T any](t testing.TB, args ...string) (all []T) {
	t.Helper()
	for line := range strings.Lines(mustCommand(t, append(args, "--json")...)) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, one)
	}
	return all
}

func TestBlackBoxPolicyExplainARule(t *testing.T) {
	t.Parallel()
	text := mustCommand(t, "policy", "explain", "R03", "--data", t.TempDir())
	for _, want := range []string{"R03  NHS to probation", "Source: ", "in rule set 2026-01, in force from 2018-05-25", "REHAB_SUPPORT (", "C-EXP", "HUB_CLIN, HUB_NURSE",
		"with consent also", "consent-not-active", "common law duty of confidentiality", "G8 "} {
		if !strings.Contains(text, want) {
			t.Errorf("R03 in words lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "opted-out") {
		t.Error("a gate of another rule is listed")
	}
	out := asJSON[explainedRule](t, append([]string{"policy", "explain", "R03"}, filesIn(proposedRules(t, "2026-02", withoutNurses...))...)...)
	if out.RuleSet != "2026-02" || len(out.Rule.Deciders) != 1 || out.Rule.Source == "" || len(out.Gates) == 0 || out.Gates[0].When == "" {
		t.Errorf("R03 of the files: %+v", out)
	}
	if text := mustCommand(t, "policy", "explain", "R18", "--data", t.TempDir()); !strings.Contains(text, "is judged when it happened") {
		t.Errorf("a rule that nobody proposes under:\n%s", text)
	}
	for args, code := range map[string]exit{"R99": exitUsage, "R03 --rules /nowhere/rules.json": exitNotFound, "5eed0000-0000-8000-8000-000000000001": exitNotFound} {
		if f := command(t, append([]string{"policy", "explain", "--data", t.TempDir()}, strings.Fields(args)...)...); f.code != int(code) {
			t.Errorf("policy explain %s ended with %d, want %d: %s", args, f.code, code, f.errs)
		}
	}
}

// TestBlackBoxPolicyTest judges the worked examples by this program's rules,
// and by rules under which one of them comes out otherwise.
func TestBlackBoxPolicyTest(t *testing.T) {
	t.Parallel()
	if out := mustCommand(t, "policy", "test", "--data", t.TempDir()); !strings.Contains(out, " 0 do not") {
		t.Error(out)
	}
	changed := append([]string{"policy", "test"}, filesIn(proposedRules(t, "2026-02", withoutNurses...))...)
	f := command(t, changed...)
	if f.code != int(exitFindings) || !strings.Contains(f.out, "FAILED  R03  Attendance is told with consent") || !strings.Contains(f.out, "decider-role") {
		t.Errorf("ended with %d:\n%s%s", f.code, f.out, f.errs)
	}
	f = command(t, append(changed, "--json")...)
	passed, failed := 0, 0
	for line := range strings.Lines(f.out) {
		var one judgedExample
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if one.Passed {
			passed++
		} else if failed++; one.Difference == "" || one.Verdict.RuleSet != "2026-02" {
			t.Errorf("failed as %+v", one)
		}
	}
	if f.code != int(exitFindings) || passed == 0 || failed == 0 {
		t.Errorf("ended with %d, %d passed and %d failed", f.code, passed, failed)
	}
	folder := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, "R01.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"rule":"R01","examples":[{"title":"A practice is told","why":"It is care.","given":{},
"tell":{"by":"HUB_NURSE","from":"HUB-CAM","to":"GP1","purpose":"DIRECT_CARE","categories":["H.REFERRAL"]},"expect":"PERMIT"}]}`)
	if out := mustCommand(t, "policy", "test", "--cases", folder, "--data", t.TempDir()); !strings.HasPrefix(out, "1 worked examples") {
		t.Error(out)
	}
	write(`{"rule":"R01",` + "\n" + `"exmples":[]}`)
	if f := command(t, "policy", "test", "--cases", folder, "--data", t.TempDir()); f.code != int(exitUsage) || !strings.Contains(f.errs, "R01.json: line ") {
		t.Errorf("an unknown field ended with %d: %s", f.code, f.errs)
	}
	if f := command(t, "policy", "test", "--cases", t.TempDir(), "--data", t.TempDir()); f.code != int(exitNotFound) {
		t.Errorf("an empty folder ended with %d", f.code)
	}
}

// A rule file that says too little, or something that there is not, is refused
// with its own name and the line.
func TestBlackBoxBadRuleFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, by, want string }{
		"unknown field":  {`"rank": 10`, `"rnk": 10`, "rules.json: line "},
		"missing source": {`"source": "domain reference section 8.3; HSCA 2012 s.251B; UK GDPR Art 9(2)(h), DPA 2018 Sch 1 para 2"`, `"source": ""`, "no source"},
		"empty set":      {`"deciders": ["HUB_CLIN", "HUB_NURSE", "GP", "PRISON_HC"]`, `"deciders": []`, "deciders is an empty set"},
		"overlap":        {`"id": "R14", "version": 1, "rank": 40`, `"id": "R14", "version": 1, "rank": 10`, "of the same rank as rule R01 on line 6"},
	} {
		folder := proposedRules(t, "2026-02", c.old, c.by)
		for _, args := range [][]string{{"test"}, {"explain", "R01"}, {"simulate"}, {"publish", "--as", "DPO1/DPO/HUB-CAM", "--reason", "x"}} {
			f := command(t, append(append([]string{"policy"}, args...), append(filesIn(folder), "--data", filepath.Join(folder, "none"))...)...)
			if f.code != int(exitUsage) || !strings.Contains(f.errs, c.want) || !strings.Contains(f.errs, filepath.Join(folder, "rules.json")+": line ") {
				t.Errorf("%s: policy %s ended with %d: %s", name, args[0], f.code, f.errs)
			}
		}
		if f := command(t, "policy", "diff", "2026-01", folder); f.code != int(exitUsage) || !strings.Contains(f.errs, c.want) {
			t.Errorf("%s: policy diff ended with %d: %s", name, f.code, f.errs)
		}
	}
}

// TestBlackBoxPolicy goes the way of a change: it is compared, tried on the
// past, published, and a decision is judged again by it. Only publishing is
// recorded.
func TestBlackBoxPolicy(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	before := mustCommand(t, "events", "list", "--json", "--data", data)
	folder := proposedRules(t, "2026-02", withoutNurses...)

	d := asJSON[compared](t, "policy", "diff", "2026-01", folder, "--data", data)
	if d.Before != "2026-01" || d.After != "2026-02" || len(d.Differences) == 0 || d.Differences[0].Rule != "R03" || d.Differences[0].Fields[0].Name != "deciders" {
		t.Fatalf("differences: %+v", d)
	}
	if text := mustCommand(t, "policy", "diff", "2026-01", folder, "--data", data); !strings.Contains(text, "~ rule R03") || !strings.Contains(text, `  + deciders: ["HUB_CLIN"]`) {
		t.Error(text)
	}

	changes := asLines[changedVerdict](t, append([]string{"policy", "simulate", "--data", data}, filesIn(folder)...)...)
	var decision, late event.UUID // the second was overtaken by a withdrawal that was recorded later
	for _, c := range changes {
		if c.Person != personID("A") || !c.Turned || !c.Before.Permit || c.After.Permit || c.After.RuleSet != "2026-02" {
			t.Errorf("a verdict changes so: %+v", c)
		}
		if decision, late = late, c.Decision; decision.IsZero() {
			decision = c.Decision
		}
	}
	if len(changes) != 2 {
		t.Fatalf("%d verdicts change, want both permits under R03", len(changes))
	}
	since := append([]string{"policy", "simulate", "--data", data, "--since", "2026-02-20"}, filesIn(folder)...)
	if some := asLines[changedVerdict](t, since...); len(some) != 1 {
		t.Errorf("%d verdicts change since 20 February, of %d", len(some), len(changes))
	}
	ended := asLines[changedVerdict](t, "policy", "simulate", "--end-agreement", "DSA-1", "--at", "2026-02-10", "--data", data)
	if len(ended) == 0 {
		t.Error("nothing rests on DSA-1")
	}
	for _, c := range ended {
		if c.After.Permit || len(c.Shifts) == 0 || c.Shifts[0].Gate != "G8" {
			t.Errorf("without DSA-1 a verdict changes so: %+v", c)
		}
	}
	if text := mustCommand(t, "policy", "simulate", "--end-agreement", "DSA-1", "--at", "2026-02-10", "--data", data); !strings.Contains(text, "nothing was recorded") {
		t.Error(text)
	}

	explained := mustCommand(t, "policy", "explain", decision.String(), "--data", data)
	for _, want := range []string{"Stored with it: rule R03, rule set 2026-01, failed gates none", "With what was known then: PERMIT under R03", "With what is known now: ", "nothing stands against it"} {
		if !strings.Contains(explained, want) {
			t.Errorf("the decision explained lacks %q:\n%s", want, explained)
		}
	}
	again := asJSON[rejudgedDecision](t, "policy", "rejudge", decision.String(), "--data", data)
	if again.Person != personID("A") || again.Outcome != disclosure.Permit || !again.AsKnown.Permit || again.Now.Permit || len(again.Changed) == 0 || again.Stored.RuleSet != "2026-01" {
		t.Errorf("judged again: %+v", again)
	}
	overtaken := asJSON[rejudgedDecision](t, "policy", "rejudge", late.String(), "--data", data)
	if !overtaken.AsKnown.Permit || overtaken.Hindsight.Permit || len(overtaken.Corrected) != 1 || len(overtaken.Corrected[0].Events) != 1 {
		t.Errorf("overtaken by a withdrawal: %+v", overtaken)
	}
	if then := asJSON[rejudgedDecision](t, "policy", "rejudge", decision.String(), "--at", again.At.String(), "--data", data); !then.Now.Permit {
		t.Errorf("judged again as at the same moment: %+v", then.Changed)
	}
	if now := mustCommand(t, "events", "list", "--json", "--data", data); now != before {
		t.Fatal("something was recorded")
	}

	publish := append([]string{"policy", "publish", "--quiet", "--data", data, "--reason", "an invented reason"}, filesIn(folder)...)
	for as, code := range map[string]exit{"NUR1/HUB_NURSE/HUB-CAM": exitDenied, "DPO1/DPO": exitUsage, "DPO1/PP/HUB-CAM": exitUsage} {
		if f := command(t, append(publish, "--as", as)...); f.code != int(code) {
			t.Errorf("published as %s: ended with %d: %s", as, f.code, f.errs)
		}
	}
	as := append(publish, "--as", "DPO1/DPO/HUB-CAM")
	if out := asJSON[publishedSet](t, as...); out.RuleSet != "2026-02" || out.Events == 0 {
		t.Errorf("published: %+v", out)
	}
	if out := mustCommand(t, as...); !strings.Contains(out, "in force already") {
		t.Error(out)
	}
	if out := asJSON[explainedRule](t, "policy", "explain", "R03", "--data", data); out.RuleSet != "2026-02" {
		t.Errorf("in force is %s", out.RuleSet)
	}
	if d := asJSON[compared](t, "policy", "diff", "2026-01", "2026-02", "--data", data); len(d.Differences) == 0 {
		t.Error("two versions on the record do not differ")
	}
	after := asJSON[rejudgedDecision](t, "policy", "rejudge", decision.String(), "--data", data)
	byRules := false
	for _, s := range after.Changed {
		byRules = byRules || s.RuleSet && s.Gate == "G10"
	}
	if !byRules || after.Now.RuleSet != "2026-02" || after.AsKnown.RuleSet != "2026-01" || !after.AsKnown.Permit {
		t.Errorf("judged by the rules of now: %+v", after.Changed)
	}
	if text := mustCommand(t, "policy", "rejudge", decision.String(), "--data", data); !strings.Contains(text, "Facts and rules of now             REFUSE") || !strings.Contains(text, "because of ") {
		t.Error(text)
	}
	// Another rule set may not take the version.
	other := proposedRules(t, "2026-02")
	if f := command(t, append([]string{"policy", "publish", "--quiet", "--data", data, "--reason", "x", "--as", "DPO1/DPO/HUB-CAM"}, filesIn(other)...)...); f.code != int(exitError) || !strings.Contains(f.errs, "version") {
		t.Errorf("a taken version ended with %d: %s", f.code, f.errs)
	}
}

func TestBlackBoxPolicyIsAskedRightly(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "bravo")
	for args, code := range map[string]exit{
		"diff 2026-01 2031-01":                                          exitNotFound,
		"diff 2026-01 ./nowhere":                                        exitNotFound,
		"simulate":                                                      exitUsage,
		"simulate --end-agreement DSA-1":                                exitUsage,
		"simulate --end-agreement DSA-1 --at then":                      exitUsage,
		"simulate --end-agreement NONE --at 2026-02-10":                 exitNotFound,
		"simulate --rules x.json --end-agreement DSA-1 --at 2026-02-10": exitUsage,
		"rejudge B": exitUsage,
		"rejudge 5eed0000-0000-8000-8000-000000000001": exitNotFound,
		"publish --as DPO1/DPO/HUB-CAM --reason x":     exitUsage,
	} {
		if f := command(t, append([]string{"policy", "--data", data}, strings.Fields(args)...)...); f.code != int(code) {
			t.Errorf("policy %s ended with %d, want %d: %s", args, f.code, code, f.errs)
		}
	}
}

// TestBlackBoxJudgedAgain asks a server what became of past decisions, how far a
// consent reached and what the end of an agreement would change. The other side
// is told nothing of them.
func TestBlackBoxJudgedAgain(t *testing.T) {
	t.Parallel()
	r := serveData(t, journeyData(t, "alpha"))
	nurse, a := r.as("NUR1"), "/api/v1/people/"+personID("A").String()
	type row struct {
		Decision event.UUID `json:"decision"`
		Consent  event.UUID `json:"consent"`
		Rule     string     `json:"rule"`
	}
	var told []row
	nurse.get(a+"/disclosures", &told)
	i := slices.IndexFunc(told, func(d row) bool { return d.Rule == "R03" && !d.Decision.IsZero() && !d.Consent.IsZero() })
	if i < 0 {
		t.Fatalf("nothing was decided on consent: %+v", told)
	}
	var again struct {
		Outcome string `json:"outcome"`
		AsKnown struct {
			Permit  bool   `json:"permit"`
			RuleSet string `json:"ruleSet"`
		} `json:"asKnown"`
		Now struct {
			Permit bool `json:"permit"`
		} `json:"now"`
	}
	rejudge := a + "/decisions/" + told[i].Decision.String() + "/rejudge"
	nurse.get(rejudge, &again)
	if again.Outcome != "PERMIT" || !again.AsKnown.Permit || again.AsKnown.RuleSet != "2026-01" || again.Now.Permit {
		t.Errorf("judged again: %+v", again)
	}
	var reach struct {
		Status string `json:"status"`
		Told   []struct {
			Stands bool `json:"stands"`
		} `json:"told"`
	}
	reached := a + "/consents/" + told[i].Consent.String() + "/reach"
	nurse.get(reached, &reach)
	if reach.Status != "WITHDRAWN" || len(reach.Told) == 0 || reach.Told[0].Stands {
		t.Errorf("the reach of the consent: %+v", reach)
	}
	practitioner := r.as("PP1")
	if p, err := practitioner.try(http.MethodGet, rejudge, nil, nil); err != nil || p.status != http.StatusNotFound {
		t.Errorf("the other side judges it again: status %d, %v", p.status, err)
	}
	officer := r.as("DPO1")
	p, err := officer.try(http.MethodPost, "/api/v1/policy/simulate", nil, map[string]any{"endAgreement": agreementID("DSA-1"), "at": "2026-02-01"})
	if err != nil || p.status != http.StatusOK {
		t.Fatalf("what the end of DSA-1 would change: status %d, %v\n%s", p.status, err, p.body)
	}
	var would struct {
		People int  `json:"people"`
		Turned int  `json:"turned"`
		Whole  bool `json:"whole"`
	}
	p.into(t, &would)
	if would.People != 1 || would.Turned == 0 || !would.Whole {
		t.Errorf("the end of DSA-1 would change %+v", would)
	}
	if p, err := nurse.try(http.MethodPost, "/api/v1/policy/simulate", nil, map[string]any{"endAgreement": agreementID("DSA-1"), "at": "2026-02-01"}); err != nil || p.status != http.StatusForbidden {
		t.Errorf("a nurse asks what would change: status %d, %v", p.status, err)
	}
}
