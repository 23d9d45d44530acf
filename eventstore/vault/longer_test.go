package vault

import (
	"slices"
	"testing"

	"caseledger/domain/event"
)

// A row whose id was made longer comes after its own id, in the order of ids.
func TestALongerIdIsAnAlterationAndNotReadForEver(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
		last := slices.MaxFunc(keys, func(a, b Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
		meddle(t, c, `UPDATE keys SET key_id = $1 WHERE key_id = $2`, append(slices.Clone(last.ID[:]), 0), last.ID[:])
		var found []string
		for a, err := range v.Alterations(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, a.Table+" "+a.Row)
		}
		if !slices.Equal(found, []string{"keys " + last.ID.String()}) {
			t.Errorf("found %q", found)
		}
		s, err := v.Standings(t.Context(), []event.UUID{last.ID})
		if err != nil || s[0].State != KeyAbsent {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
