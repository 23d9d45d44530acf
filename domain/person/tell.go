package person

import (
	"strings"

	"caseledger/domain/event"
)

// Tellable lists what of this area could be told to somebody, each with the
// event it came from. What could not be opened is left out.
func Tellable(s State) []event.Item {
	var items []event.Item
	if s.Registered {
		var facts []event.Fact
		if s.Name.Family != "" {
			facts = append(facts, event.Fact{Name: "familyName", Value: s.Name.Family})
		}
		if s.Name.Given != "" {
			facts = append(facts, event.Fact{Name: "givenName", Value: s.Name.Given})
		}
		if day, state := s.DateOfBirth.Get(); state == event.Open {
			facts = append(facts, event.Fact{Name: "dateOfBirth", Value: day.String()})
		}
		if s.Sex != "" {
			facts = append(facts, event.Fact{Name: "sex", Value: string(s.Sex)})
		}
		if len(facts) > 0 {
			items = append(items, event.Item{Category: "ID.DEMOG", Source: s.registration, Facts: facts})
		}
	}
	if a := s.Address; a.Variant != "" {
		facts := []event.Fact{{Name: "variant", Value: string(a.Variant)}}
		for _, f := range []event.Fact{{Name: "uprn", Value: a.UPRN}, {Name: "postcode", Value: a.Postcode},
			{Name: "address", Value: strings.Join(a.Lines, ", ")}} {
			if f.Value != "" {
				facts = append(facts, f)
			}
		}
		items = append(items, event.Item{Category: "ID.ADDRESS", Source: s.address, Facts: facts})
	}
	for _, l := range s.Links {
		if !l.Live() || l.Value == "" {
			continue
		}
		facts := []event.Fact{{Name: "type", Value: string(l.Type)}, {Name: "value", Value: l.Value}}
		if l.Status != "" {
			facts = append(facts, event.Fact{Name: "status", Value: string(l.Status)})
		}
		items = append(items, event.Item{Category: l.Type.category(), Source: l.Source, Facts: facts})
	}
	var needs []event.Fact
	for _, n := range s.Needs.Adjustments {
		needs = append(needs, event.Fact{Name: "adjustment", Value: string(n)})
	}
	if len(needs) > 0 {
		items = append(items, event.Item{Category: "EQ.DISABILITY", Source: s.Needs.source, Facts: needs})
	}
	if s.Needs.Language != "" {
		items = append(items, event.Item{Category: "EQ.LANGUAGE", Source: s.Needs.source,
			Facts: []event.Fact{{Name: "language", Value: string(s.Needs.Language)}}})
	}
	return items
}
