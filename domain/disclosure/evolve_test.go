package disclosure

import (
	"reflect"
	"testing"

	"caseledger/domain/event"
)

func newOf(d *event.Definition) any { return reflect.New(d.Current().Type).Elem().Interface() }

func TestEvolveIsTotal(t *testing.T) {
	t.Parallel()
	for _, d := range Events {
		for _, state := range []event.State{event.Open, event.Withheld, event.Erased} {
			got := Evolve(State{}, event.Recorded{Data: newOf(d), Operational: state})
			if len(got.Decisions)+len(got.Disclosures)+len(got.PublicInterest) > 0 {
				t.Errorf("%s, %v: something came of an event that names nothing", d.Name(), state)
			}
		}
	}
}

// The recipient's side, which opens only its own box, learns from the notice
// what the telling side's fields say.
func TestADisclosureIsTheSameToBothSides(t *testing.T) {
	t.Parallel()
	org := event.DeriveUUID("org", []byte("x"))
	flow := Flow{ToOrg: org, ToRole: "PP", Direction: Direction{event.NHS, event.Probation}, Purpose: "REHAB_SUPPORT",
		Categories: []event.Category{"H.ATTENDANCE"}}
	id := event.DeriveUUID("disclosure")
	telling := DisclosureMade{Disclosure: id, Flow: flow}
	told := DisclosureMade{Notice: event.Own(Notice{Disclosure: id, Flow: flow})}
	for name, d := range map[string]DisclosureMade{"telling": telling, "told": told} {
		if d.RecipientSide() != event.Probation || d.RecipientOrg() != org {
			t.Errorf("%s side: got recipient %s %s", name, d.RecipientSide(), d.RecipientOrg())
		}
		if got := Evolve(State{}, event.Recorded{Data: d}); len(got.Disclosures) != 1 || got.Disclosures[0].ID != id ||
			!reflect.DeepEqual(got.Disclosures[0].Flow, flow) {
			t.Errorf("%s side: got %+v", name, got.Disclosures)
		}
	}
	if (DisclosureMade{}).RecipientSide() != "" {
		t.Error("with no box open there is no recipient")
	}
	report := UnplannedDisclosureReported{Disclosure: id, Flow: flow}
	if !report.RecipientOrg().IsZero() {
		t.Error("a report without a snapshot reaches the recipient's record")
	}
}
