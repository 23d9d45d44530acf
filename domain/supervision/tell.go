package supervision

import "caseledger/domain/event"

// Tellable lists what of this area could be told to somebody, each with the
// event it came from. What could not be opened is left out.
func Tellable(s State) []event.Item {
	var items []event.Item
	for _, o := range s.Orders {
		t, state := o.Terms.Get()
		if state != event.Open {
			continue
		}
		facts := []event.Fact{{Name: "type", Value: string(t.Type)}, {Name: "from", Value: t.From.String()}, {Name: "to", Value: t.To.String()}}
		items = append(items, event.Item{Category: "J.SUPERVISION", Source: o.source, Facts: withEnd(facts, o.EndedOn)})
	}
	for _, r := range s.Requirements {
		t, state := r.Terms.Get()
		if state != event.Open {
			continue
		}
		facts := []event.Fact{{Name: "kind", Value: string(t.Kind)}, {Name: "from", Value: t.From.String()}, {Name: "to", Value: t.To.String()}}
		items = append(items, event.Item{Category: "J.REQUIREMENT", Source: r.source, Facts: withEnd(facts, r.EndedOn)})
	}
	return items
}

func withEnd(facts []event.Fact, on event.When) []event.Fact {
	if on.IsZero() {
		return facts
	}
	return append(facts, event.Fact{Name: "endedOn", Value: on.String()})
}
