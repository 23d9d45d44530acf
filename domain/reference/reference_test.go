package reference

import (
	"strings"
	"testing"

	"caseledger/domain/event"
)

func TestOrganisationsShareTheControllersTheyShould(t *testing.T) {
	t.Parallel()
	r := NewRegister()
	controllers := map[event.UUID]bool{}
	for _, label := range []OrganisationCode{"HUB-CAM", "HUB-MID", "HUB-ILF", "HUB-HAM"} {
		o, ok := r.ByCode(label)
		if !ok || o.Side != event.NHS {
			t.Fatalf("%s: got %v, %v, want an NHS organisation", label, o.Side, ok)
		}
		controllers[r.Controller(o.ID)] = true
	}
	if len(controllers) != 1 {
		t.Errorf("the hubs have %d controllers, want 1", len(controllers))
	}
	clear(controllers)
	for _, region := range Regions.Codes() {
		o, ok := r.ByCode(OrganisationCode("PROB-" + region))
		if !ok || o.Side != event.Probation {
			t.Fatalf("region %s: got %v, %v, want a probation organisation", region, o.Side, ok)
		}
		controllers[o.Controller] = true
	}
	if len(controllers) != 1 {
		t.Errorf("the probation regions have %d controllers, want 1", len(controllers))
	}
	gp1, _ := r.ByCode("Z99001")
	gp2, _ := r.ByCode("GP2")
	if gp1.Controller == gp2.Controller || gp1.Controller.IsZero() {
		t.Error("two practices share a controller")
	}
}

func TestRegisterRefusesWhatIsTaken(t *testing.T) {
	t.Parallel()
	r := NewRegister()
	gp, _ := r.ByCode("GP1")
	fresh := Organisation{Head: Head[OrganisationCode]{Code: "ZZX01", Text: "Invented"}, Label: "X1",
		ID: event.MustUUID("00000000-0000-4000-8000-000000000001"), Controller: event.MustUUID("00000000-0000-4000-8000-000000000001"), Side: event.VCSE}
	for name, change := range map[string]func(*Organisation){
		"id":         func(o *Organisation) { o.ID = gp.ID },
		"code":       func(o *Organisation) { o.Code = gp.Code },
		"label":      func(o *Organisation) { o.Label = gp.Label },
		"controller": func(o *Organisation) { o.Controller = gp.Controller },
		"no side":    func(o *Organisation) { o.Side = "" },
		"no id":      func(o *Organisation) { o.ID = event.UUID{} },
	} {
		o := fresh
		change(&o)
		if err := r.Add(o); err == nil {
			t.Errorf("%s: added, want an error", name)
		}
	}
	if err := r.Add(fresh); err != nil {
		t.Errorf("a fresh organisation: %v", err)
	}
	if got, ok := r.ByCode("X1"); !ok || got.ID != fresh.ID {
		t.Error("the added organisation is not found by its label")
	}
}

func TestGroupsOfCategories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scope, of event.Category
		want      bool
	}{
		{"H.*", "H.ATTENDANCE", true}, {"H.*", "J.OFFENCE", false}, {"H.SCREEN_*", "H.SCREEN_BAND", true},
		{"H.SCREEN_*", "H.REFERRAL", false}, {"H.*", "H.SCREEN_*", true}, {"H.SCREEN_*", "H.*", false},
		{"ID.CRN", "ID.CRN", true}, {"ID.CRN", "ID.CRO", false}, {"ID.*", "ID.NHSNO", true},
	} {
		if got := Covers(c.scope, c.of); got != c.want {
			t.Errorf("Covers(%s, %s): got %v, want %v", c.scope, c.of, got, c.want)
		}
	}
	for scope, want := range map[event.Category]bool{
		"H.*": true, "ID.NHSNO": true, "H.SCREEN_*": true, "*": false, "H*": false, "X.*": false, "H.NONE": false, "": false,
	} {
		if got := ValidScope(scope); got != want {
			t.Errorf("ValidScope(%q): got %v, want %v", scope, got, want)
		}
	}
	if got := Expand("H.SCREEN_*", "J.BREACH"); len(got) != 3 {
		t.Errorf("Expand: got %v, want three categories", got)
	}
}

func TestEveryCategoryOfTheReferenceIsListed(t *testing.T) {
	t.Parallel()
	for code, want := range map[event.Category]string{ // special, criminal, confidential
		"ID.DEMOG": "---", "ID.NHSNO": "--K", "ID.CRN": "-C-", "EQ.ETHNICITY": "S--", "H.ATTENDANCE": "S-K", "H.SUBSTANCE": "SCK",
		"H.DRUGTEST": "SCK", "J.SUPERVISION": "-C-", "J.REQUIREMENT": "SCK", "J.VICTIM": "-CK", "W.HOUSING": "--K",
	} {
		e, ok := Categories.Latest(code)
		got := []byte("---")
		if e.Special {
			got[0] = 'S'
		}
		if e.Criminal {
			got[1] = 'C'
		}
		if e.Confidential {
			got[2] = 'K'
		}
		if !ok || string(got) != want {
			t.Errorf("%s: got %s (listed %v), want %s", code, got, ok, want)
		}
	}
	if e, _ := Categories.Latest("J.VICTIM"); !e.NeverCrosses {
		t.Error("victim data may cross, want never")
	}
}

func TestCodesAreInForceOnTheirDays(t *testing.T) {
	t.Parallel()
	pss := SupervisionType("POST_SENTENCE_SUPERVISION")
	e, _ := SupervisionTypes.Latest(pss)
	if !SupervisionTypes.Known(pss, e.Until-1) || SupervisionTypes.Known(pss, e.Until) || !SupervisionTypes.Listed(pss) {
		t.Error("post-sentence supervision: want in force until the day before its end, and listed for ever")
	}
	if RequirementKinds.Known("DTR", event.MustDay("2022-06-27")) || !RequirementKinds.Known("DTR", event.MustDay("2022-06-28")) {
		t.Error("drug testing requirement: want in force from 28 June 2022")
	}
	if !HeldOn("NAVIGATOR", event.VCSE) || HeldOn("PP", event.NHS) || HeldOn("NOBODY", event.NHS) {
		t.Error("roles are held on the wrong sides")
	}
}

func TestOutcomeCodesThatMayBeEnforced(t *testing.T) {
	t.Parallel()
	want := map[DeliusOutcome]Answer{"AFTC": Yes, "ATSH": Yes, "ATFI": Yes, "UAAB": Yes, "AFTA": Pending}
	for _, e := range DeliusOutcomes.All() {
		w, ok := want[e.Code]
		if !ok {
			w = No
		}
		if e.Enforceable != w {
			t.Errorf("%s: enforceable %s, want %s", e.Code, e.Enforceable, w)
		}
	}
	if n := len(DeliusOutcomes.All()); n != 23 {
		t.Errorf("got %d outcome codes, want 23", n)
	}
}

func TestEveryListHasASourceAndAHash(t *testing.T) {
	t.Parallel()
	all, err := Lists()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[32]byte]bool{}
	for _, l := range all {
		if l.Name == "" || l.Version == "" || l.Source == "" || seen[l.Hash] {
			t.Errorf("list %q lacks a name, version or source, or repeats another", l.Name)
		}
		seen[l.Hash] = true
	}
	if !seen[Purposes.Hash()] || !seen[Categories.Hash()] {
		t.Error("a list's own hash is not among them")
	}
}

func TestListsAreParsedStrictly(t *testing.T) {
	t.Parallel()
	const good = `{"list":"x","version":"1","from":"2020-01-01","source":"s","entries":[{"code":"A","text":"a"}]}`
	read := func(raw string) error {
		_, err := parse("x", []byte(raw), nil, func(e *BarrierEntry, d event.Day) { e.startsBy(d) })
		return err
	}
	if err := read(good); err != nil {
		t.Fatalf("a good list: %v", err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"unknown member":  {`"text":"a"`, `"text":"a","extra":1`, "extra"},
		"twice a member":  {`"version":"1"`, `"version":"1","version":"2"`, "twice"},
		"no source":       {`"source":"s"`, `"source":" "`, "no source"},
		"no version":      {`"version":"1"`, `"version":""`, "no version"},
		"no first day":    {`"from":"2020-01-01",`, ``, "no first day"},
		"impossible day":  {`2020-01-01`, `2020-02-30`, "line 1"},
		"empty":           {`{"code":"A","text":"a"}`, ``, "no entries"},
		"twice a code":    {`{"code":"A","text":"a"}`, `{"code":"A","text":"a"},{"code":"A","text":"b"}`, "entry A"},
		"no text":         {`"text":"a"`, `"text":""`, "entry 1"},
		"another's name":  {`"list":"x"`, `"list":"y"`, "names itself"},
		"ends before":     {`"text":"a"`, `"text":"a","until":"2019-01-01"`, "entry A"},
		"text after":      {`]}`, `]} {}`, "after the list"},
		"cut off":         {`]}`, ``, "line 1"},
		"not a code list": {good, `[]`, "line 1"},
	} {
		err := read(strings.Replace(good, c.from, c.to, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.json") {
			t.Errorf("%s: got %v, want an error from x.json saying %q", name, err, c.want)
		}
	}
	twoPeriods := strings.Replace(good, `{"code":"A","text":"a"}`,
		`{"code":"A","text":"a","until":"2021-01-01"},{"code":"A","text":"b","from":"2021-01-01"}`, 1)
	if err := read(twoPeriods); err != nil {
		t.Errorf("one code in two periods: %v", err)
	}
}
