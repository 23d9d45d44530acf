package relay

import (
	"slices"
	"testing"

	"caseledger/domain/catalogue"
)

// Every event type has a row, in order, with a reason; one that is an HMPPS
// domain event is published to the justice sides and says nothing of health.
func TestEveryTypeHasARow(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, p := range publications {
		listed = append(listed, p.name)
		if p.why == "" {
			t.Errorf("%s has no reason", p.name)
		}
		if p.says != "" && (len(p.own) != len(every) || p.why == clinical || p.why == sentence) {
			t.Errorf("%s is a domain event", p.name)
		}
	}
	if want := catalogue.Events.Names(); !slices.Equal(listed, want) {
		for _, name := range want {
			if !slices.Contains(listed, name) {
				t.Errorf("%s has no row", name)
			}
		}
		t.Errorf("%d rows, %d event types, or another order", len(listed), len(want))
	}
}
