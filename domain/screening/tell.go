package screening

import (
	"slices"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Tellable lists what of this area could be told: the latest result of each
// instrument, open risk flags and test results. What could not be opened is
// left out, and so are item scores: a total is the most that is told.
func Tellable(s State) []event.Item {
	var items []event.Item
	seen := map[reference.Instrument]bool{}
	for _, r := range slices.Backward(s.Results) {
		if r.Instrument == "" || seen[r.Instrument] {
			continue
		}
		seen[r.Instrument] = true
		items = append(items, r.items()...)
	}
	slices.Reverse(items)
	for _, f := range s.Flags {
		if !f.Closed && f.Level != "" {
			items = append(items, event.Item{Category: "H.RISK_SELF", Source: f.Source, Facts: []event.Fact{
				{Name: "level", Value: string(f.Level)}, {Name: "seenAt", Value: f.At.String()}}})
		}
	}
	for _, t := range s.Tests {
		category, known := categories[t.Kind]
		if !known {
			continue
		}
		facts := []event.Fact{{Name: "test", Value: string(t.Kind)}, {Name: "result", Value: string(t.Result)}, {Name: "testedAt", Value: t.At.String()}}
		if len(t.Found) > 0 {
			var found []string
			for _, x := range t.Found {
				found = append(found, string(x))
			}
			facts = append(facts, event.Fact{Name: "found", Value: strings.Join(found, ",")})
		}
		items = append(items, event.Item{Category: category, Source: t.Source, Facts: facts})
	}
	return items
}

// items are a result's band and, apart from it, its total. Of an instrument
// whose very result belongs to a more sensitive category, both are of that.
func (r Result) items() []event.Item {
	band, score := event.Category("H.SCREEN_BAND"), event.Category("H.SCREEN_SCORE")
	if e, ok := reference.Instruments.Latest(r.Instrument); ok && e.Category != "" {
		band, score = e.Category, e.Category
	}
	head := []event.Fact{{Name: "instrument", Value: string(r.Instrument)}, {Name: "screenedAt", Value: r.At.String()}}
	var items []event.Item
	if total, state := r.Total.Get(); state == event.Open {
		items = append(items, event.Item{Category: score, Source: r.Source,
			Facts: append(slices.Clone(head), event.Fact{Name: "total", Value: strconv.Itoa(total)})})
	}
	switch {
	case r.Band != "":
		items = append(items, event.Item{Category: band, Source: r.Source, Facts: append(slices.Clone(head),
			event.Fact{Name: "band", Value: string(r.Band)}, event.Fact{Name: "bandTable", Value: string(r.BandTable)},
			event.Fact{Name: "positive", Value: strconv.FormatBool(r.Positive)})})
	case r.Outcome != "":
		items = append(items, event.Item{Category: band, Source: r.Source,
			Facts: append(slices.Clone(head), event.Fact{Name: "outcome", Value: string(r.Outcome)})})
	}
	return items
}
