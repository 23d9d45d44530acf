package referral

import (
	"reflect"
	"testing"

	"caseledger/domain/event"
)

func newOf(d *event.Definition) any { return reflect.New(d.Current().Type).Elem().Interface() }

// An event that cannot be read changes nothing, and one that names no referral
// makes none.
func TestEvolveIsTotal(t *testing.T) {
	t.Parallel()
	for _, d := range Events {
		for _, state := range []event.State{event.Open, event.Withheld, event.Erased} {
			got := Evolve(State{}, event.Recorded{Data: newOf(d), Operational: state})
			if !reflect.DeepEqual(got, State{}) {
				t.Errorf("%s, %v: the state changed", d.Name(), state)
			}
			if items := Tellable(got); len(items) > 0 {
				t.Errorf("%s, %v: something can be told of it", d.Name(), state)
			}
		}
	}
}
