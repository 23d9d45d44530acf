package event_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

func id(n int) event.ID { return event.ID{UUID: event.UUID{15: byte(n)}} }

// fact, replaces, notes and voids are events of a stream; the number is the
// event's id.
func fact(n int) event.Recorded {
	return event.Recorded{ID: id(n), Position: event.Position(n), Meta: event.Meta{Type: "mood.noted"}}
}

func correcting(n, target int, kind string) event.Recorded {
	e := fact(n)
	e.Type, e.Corrects = kind, id(target)
	return e
}

func replaces(n, target int) event.Recorded { return correcting(n, target, "mood.noted") }
func notes(n, target int) event.Recorded    { return correcting(n, target, "record.corrected") }
func voids(n, target int) event.Recorded    { return correcting(n, target, "record.entered-in-error") }

func standing(events []event.Recorded) (ids []int) {
	for _, e := range event.Standing(events) {
		ids = append(ids, int(e.ID.UUID[15]))
	}
	return ids
}

func TestCorrectionsTakeEffectInTheirTargetsPlace(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		events []event.Recorded
		want   []int
	}{
		"nothing":                             {nil, nil},
		"no corrections":                      {[]event.Recorded{fact(1), fact(2)}, []int{1, 2}},
		"a replacement, in the target's slot": {[]event.Recorded{fact(1), fact(2), notes(3, 1), replaces(4, 1)}, []int{4, 2}},
		"a notice alone changes nothing":      {[]event.Recorded{fact(1), notes(2, 1)}, []int{1}},
		"the latest replacement wins":         {[]event.Recorded{fact(1), notes(2, 1), replaces(3, 1), notes(4, 1), replaces(5, 1)}, []int{5}},
		"a void":                              {[]event.Recorded{fact(1), fact(2), voids(3, 1)}, []int{2}},
		"a void after a replacement":          {[]event.Recorded{fact(1), replaces(2, 1), voids(3, 1)}, nil},
		"a void is final":                     {[]event.Recorded{fact(1), voids(2, 1), replaces(3, 1)}, nil},
		"a target that is not there":          {[]event.Recorded{fact(1), replaces(2, 9), voids(3, 8)}, []int{1}},
	} {
		if got := standing(c.events); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v stand, want %v", what, got, c.want)
		}
	}
}

var histories = rapid.Custom(func(t *rapid.T) []event.Recorded {
	n := rapid.IntRange(0, 20).Draw(t, "length")
	var all []event.Recorded
	for i := 1; i <= n; i++ {
		e := fact(i)
		if kind := rapid.SampledFrom([]string{"", "", "mood.noted", "record.corrected", "record.entered-in-error"}).Draw(t, "kind"); kind != "" {
			e = correcting(i, rapid.IntRange(1, n).Draw(t, "target"), kind)
		}
		all = append(all, e)
	}
	return all
})

func TestWhatStoodDoesNotDependOnWhatCameLater(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := histories.Draw(t, "history")
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		alone := slices.Clone(all[:cut])
		if got, want := standing(all[:cut]), standing(alone); !slices.Equal(got, want) {
			t.Errorf("the first %d stand as %v with the rest behind them, as %v alone", cut, got, want)
		}
		if cut < len(all) && all[cut].Corrects.IsZero() { // a fact adds itself, and perhaps the corrections waiting for it, and changes nothing else
			before, after := standing(all[:cut]), standing(all[:cut+1])
			if len(after) < len(before) || !slices.Equal(before, after[:len(before)]) || len(after) > len(before)+1 {
				t.Errorf("a fact turned %v into %v", before, after)
			}
		}
	})
}

func TestStandingOfAHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := histories.Draw(t, "history")
		before := slices.Clone(all)
		got := event.Standing(all)
		if !slices.EqualFunc(before, all, func(a, b event.Recorded) bool { return a.ID == b.ID }) {
			t.Error("the history was changed")
		}
		facts, voided := 0, map[event.ID]bool{}
		for _, e := range all {
			if e.Corrects.IsZero() {
				facts++
			}
			if e.Type == "record.entered-in-error" {
				voided[e.Corrects] = true
			}
		}
		if len(got) > facts {
			t.Errorf("%d events stand where %d facts were recorded", len(got), facts)
		}
		for _, e := range got {
			if voided[e.ID] && e.Corrects.IsZero() || e.Type != "mood.noted" {
				t.Errorf("%s, a %s, stands", e.ID, e.Type)
			}
			if !slices.ContainsFunc(all, func(r event.Recorded) bool { return r.ID == e.ID }) {
				t.Errorf("%s was never recorded", e.ID)
			}
		}
	})
}
