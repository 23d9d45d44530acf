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
		"DUDIT": {11, 0, 44}, "K10": {10, 10, 50}, "AQ-10": {10, 0, 10}, "PGSI": {9, 0, 27}} {
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
		if len(e.Items) == 0 {
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
		"a gap between bands":     {`"from": 10, "to": 14, "positive": true}`, `"from": 11, "to": 14, "positive": true}`},
		"overlapping bands":       {`"band": "MILD", "from": 5, "to": 9`, `"band": "MILD", "from": 4, "to": 9`},
		"a trigger on no item":    {`"item": 9`, `"item": 10`},
		"falling scores":          {`"scores": [0, 1, 2, 3]`, `"scores": [3, 2, 1, 0]`},
		"no band table version":   {`"bandTable": "UK-1"`, `"bandTable": ""`},
		"an unknown member":       {`"licence": "FREE", "snomed": "720433000"`, `"licence": "FREE", "wording": "720433000"`},
		"an unknown licence":      {`"licence": "REQUIRED"`, `"licence": "STOLEN"`},
		"a band that is nobody's": {`"for": "M"`, `"for": "X"`},
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
