package reference

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

func instrument(t *testing.T, code Instrument) InstrumentEntry {
	t.Helper()
	e, ok := Instruments.Latest(code)
	if !ok {
		t.Fatalf("%s is not listed", code)
	}
	return e
}

func TestBandsAreThoseOfTheDomainReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code     Instrument
		total    int
		of       BandFor
		band     Band
		positive bool
	}{
		{"PHQ-9", 4, "", "MINIMAL", false}, {"PHQ-9", 9, "", "MILD", false}, {"PHQ-9", 10, "", "MODERATE", true},
		{"PHQ-9", 17, "", "MODERATELY_SEVERE", true}, {"PHQ-9", 27, "", "SEVERE", true},
		{"GAD-7", 7, "", "MILD", false}, {"GAD-7", 8, "", "MILD", true}, {"GAD-7", 12, "", "MODERATE", true},
		{"AUDIT-C", 3, "", "NEGATIVE", false}, {"AUDIT-C", 4, "F", "NEGATIVE", false}, {"AUDIT-C", 5, "", "POSITIVE", true},
		{"AUDIT", 7, "", "LOWER_RISK", false}, {"AUDIT", 15, "", "INCREASING_RISK", true}, {"AUDIT", 19, "", "HIGHER_RISK", true},
		{"AUDIT", 22, "", "POSSIBLE_DEPENDENCE", true},
		{"DUDIT", 5, ForMen, "NO_PROBLEM_INDICATED", false}, {"DUDIT", 6, ForMen, "PROBLEM_INDICATED", true},
		{"DUDIT", 1, ForWomen, "NO_PROBLEM_INDICATED", false}, {"DUDIT", 2, ForWomen, "PROBLEM_INDICATED", true},
		{"DUDIT", 2, ForEverybody, "PROBLEM_INDICATED", true}, {"DUDIT", 29, ForMen, "DEPENDENCE_LIKELY", true},
		{"K10", 15, "", "LOW", false}, {"K10", 21, "", "MODERATE", false}, {"K10", 22, "", "HIGH", true}, {"K10", 29, "", "HIGH", true},
		{"K10-0-40", 5, "", "LOW", false}, {"K10-0-40", 11, "", "MODERATE", false}, {"K10-0-40", 19, "", "HIGH", true}, {"K10-0-40", 20, "", "VERY_HIGH", true},
		{"CORE-10", 10, "", "BELOW_CLINICAL", false}, {"CORE-10", 11, "", "CLINICAL", true},
		{"DAST-10", 0, "", "NONE", false}, {"DAST-10", 2, "", "LOW", false}, {"DAST-10", 5, "", "MODERATE", true}, {"DAST-10", 8, "", "SUBSTANTIAL", true}, {"DAST-10", 9, "", "SEVERE", true},
		{"HSI", 3, "", "NOT_HIGH", false}, {"HSI", 4, "", "HIGH", true}, {"ASRS-A", 3, "", "NEGATIVE", false}, {"ASRS-A", 4, "", "POSITIVE", true},
		{"PGSI", 0, "", "NON_PROBLEM", false}, {"PGSI", 2, "", "LOW_RISK", false}, {"PGSI", 7, "", "MODERATE_RISK", true}, {"PGSI", 8, "", "PROBLEM", true},
		{"DUDIT", 24, ForMen, "PROBLEM_INDICATED", true}, {"DUDIT", 25, ForWomen, "DEPENDENCE_LIKELY", true},
		{"K10", 31, "", "VERY_HIGH", true}, {"AQ-10", 5, "", "BELOW_CUT_OFF", false}, {"AQ-10", 6, "", "REFER", true},
	} {
		got, ok := instrument(t, c.code).BandOf(c.total, c.of)
		if !ok || got.Band != c.band || got.Positive != c.positive {
			t.Errorf("%s %d for %q: got %s, %v, %v, want %s, %v", c.code, c.total, c.of, got.Band, got.Positive, ok, c.band, c.positive)
		}
	}
}

func TestRangesAreThoseOfTheDomainReference(t *testing.T) {
	t.Parallel()
	for code, want := range map[Instrument][3]int{"PHQ-9": {9, 0, 27}, "GAD-7": {7, 0, 21}, "AUDIT-C": {3, 0, 12}, "AUDIT": {10, 0, 40},
		"DUDIT": {11, 0, 44}, "K10": {10, 10, 50}, "AQ-10": {10, 0, 10}, "PGSI": {9, 0, 27},
		"K10-0-40": {10, 0, 40}, "CORE-10": {10, 0, 40}, "DAST-10": {10, 0, 10}, "HSI": {2, 0, 6}, "ASRS-A": {6, 0, 6}, "SWEMWBS": {7, 7, 35}, "DIALOG": {11, 11, 77}} {
		e := instrument(t, code)
		lowest, highest := e.Range()
		if got := [3]int{len(e.Scores()), lowest, highest}; got != want {
			t.Errorf("%s: got %v items, lowest, highest, want %v", code, got, want)
		}
	}
}

// Whatever the item scores, a total has one band, the same for everybody whose
// table it is, and an unknown sex never hides a positive result.
func TestEveryTotalHasABand(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(Instruments.All()).Draw(t, "instrument")
		total := 0
		for _, scores := range e.Scores() {
			total += rapid.SampledFrom(scores).Draw(t, "score")
		}
		unknown, ok := e.BandOf(total, ForEverybody)
		if len(e.Items) == 0 || e.ChangeMeasure {
			if ok {
				t.Fatalf("%s has a band", e.Code)
			}
			return
		}
		men, okM := e.BandOf(total, ForMen)
		women, okF := e.BandOf(total, ForWomen)
		if !ok || !okM || !okF || (men.Positive || women.Positive) != unknown.Positive {
			t.Fatalf("%s %d: unknown %+v, men %+v, women %+v", e.Code, total, unknown, men, women)
		}
	})
}

func TestSelfHarmIsSeenInItemsAndInWhatOnlyATotalCanMean(t *testing.T) {
	t.Parallel()
	e := instrument(t, "PHQ-9")
	items := func(ninth *int) []*int {
		zero := 0
		all := make([]*int, 9)
		for i := range 8 {
			all[i] = &zero
		}
		all[8] = ninth
		return all
	}
	zero, one := 0, 1
	for name, c := range map[string]struct {
		items []*int
		total int
		known bool
		want  bool
	}{
		"ninth is 1":       {items(&one), 1, true, true},
		"ninth is 0":       {items(&zero), 0, true, false},
		"ninth is missing": {items(nil), 0, false, false},
		"total 24 alone":   {nil, 24, true, false},
		"total 25 alone":   {nil, 25, true, true},
	} {
		if got := e.Triggers(c.items, c.total, c.known); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if gad := instrument(t, "GAD-7"); gad.Triggers(nil, 21, true) {
		t.Error("GAD-7 has no self-harm item")
	}
}

func TestInstrumentFilesThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	raw, err := data.ReadFile("data/instruments.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, change := range map[string][2]string{
		"a gap between bands":       {`"from": 10, "to": 14, "positive": true}`, `"from": 11, "to": 14, "positive": true}`},
		"overlapping bands":         {`"band": "MILD", "from": 5, "to": 9`, `"band": "MILD", "from": 4, "to": 9`},
		"a trigger on no item":      {`"item": 9`, `"item": 10`},
		"falling scores":            {`"scores": [0, 1, 2, 3]`, `"scores": [3, 2, 1, 0]`},
		"no band table version":     {`"bandTable": "UK-1"`, `"bandTable": ""`},
		"an unknown member":         {`"licence": "FREE", "snomed": "720433000"`, `"licence": "FREE", "wording": "720433000"`},
		"an unknown licence":        {`"licence": "REQUIRED"`, `"licence": "STOLEN"`},
		"two tables of one version": {`"more-than-6-1"`, `"6-or-above-1"`},
		"a gap in another table":    {`"from": 7, "to": 10`, `"from": 8, "to": 10`},
		"a trigger on no outcome":   {`"selfHarm": {"outcomes": ["IDEATION"`, `"selfHarm": {"outcomes": ["DREAMS"`},
		"bands of a change measure": {`"text": "satisfaction and needs"`, `"text": "satisfaction and needs", "bandTable": "1"`},
		"a band that is nobody's":   {`"for": "M"`, `"for": "X"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: the file does not hold %s", name, change[0])
		}
		if _, err := parse[Instrument]("instruments", []byte(bad), InstrumentEntry.check, func(*InstrumentEntry, event.Day) {}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Where the sources disagree the default is the domain reference's, and the
// other table is there to be chosen.
func TestAnotherTableMayBeChosen(t *testing.T) {
	t.Parallel()
	e := instrument(t, "AQ-10")
	for by, want := range map[BandTable]bool{"": true, "6-or-above-1": true, "more-than-6-1": false} {
		read, ok := e.Read(by)
		row, found := read.BandOf(6, ForEverybody)
		if !ok || !found || row.Positive != want {
			t.Errorf("6 by %q: got %+v, %v, want positive %v", by, row, ok, want)
		}
	}
	if _, ok := e.Read("no-such-table"); ok {
		t.Error("a table that is not there was found")
	}
}

func TestAnOutcomeMayTriggerARiskFlag(t *testing.T) {
	t.Parallel()
	e := instrument(t, "SELF_HARM_RISK")
	for _, o := range e.Outcomes {
		if got := e.TriggersBy(o); got != (o != "NONE") {
			t.Errorf("%s: got %v", o, got)
		}
	}
	if e.Triggers(nil, 0, false) || instrument(t, "BISI").TriggersBy("REPEATED_INJURY") {
		t.Error("what says nothing of self-harm triggers")
	}
}
