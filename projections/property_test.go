package projections_test

import (
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

var models = []*projections.Projection{members.Projection, loans.Projection, diary.Projection}

// Random histories with corrections, voids, destroyed keys, poison and folds
// that fail give the same rows for every page size, one by one, and rebuilt.
func TestRowsDoNotDependOnPages(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store := open(t)
		rapid.Check(t, func(draw *rapid.T) {
			if err := projectiontest.Check(t, store, randomLedger(draw), models...); err != nil {
				draw.Fatal(err)
			}
		})
	})
}

var stages = []stage{"new", "active", "waiting", "explosive"}

func randomLedger(t *rapid.T) *projectiontest.Ledger {
	ledger := newLedger()
	people := rapid.IntRange(1, 4).Draw(t, "people")
	recorded := map[event.StreamID][]event.Recorded{}
	for range rapid.IntRange(0, 40).Draw(t, "events") {
		stream := projectiontest.Person(rapid.IntRange(1, people).Draw(t, "person"))
		earlier := recorded[stream]
		var change []func(*event.Recorded)
		var data any
		switch rapid.IntRange(0, 19).Draw(t, "what") {
		case 0:
			ledger.Poison(stream, rapid.SampledFrom([]string{"sample.moved", "sample.lent", "sample.noise", ""}).Draw(t, "poison"))
			continue
		case 1:
			data = event.KeyDestroyed{}
		case 2, 3, 4:
			if len(earlier) > 0 {
				target := rapid.SampledFrom(earlier).Draw(t, "target")
				change = append(change, projectiontest.Corrects(target.ID))
				if rapid.Bool().Draw(t, "void") {
					data = event.EnteredInError{}
					break
				}
				ledger.Add(stream, event.EventCorrected{}, change...)
			}
			data = randomEvent(t)
		default:
			data = randomEvent(t)
		}
		recorded[stream] = append(earlier, ledger.Add(stream, data, change...))
	}
	return ledger
}

func randomEvent(t *rapid.T) any {
	book := func(label string) event.UUID {
		return event.DeriveUUID("book", []byte{byte(rapid.IntRange(1, 3).Draw(t, label))})
	}
	day := event.Day(rapid.IntRange(-1000, 25000).Draw(t, "day"))
	switch rapid.IntRange(0, 11).Draw(t, "event") {
	case 0, 1:
		return joined{Stage: "new", On: day, Name: event.Own(rapid.StringN(0, 8, 40).Draw(t, "name"))}
	case 2, 3, 4:
		return moved{Stage: rapid.SampledFrom(stages).Draw(t, "stage")}
	case 5, 6, 7:
		return lent{Book: book("book"), Due: day}
	case 8:
		return returned{Books: []event.UUID{book("first"), event.DeriveUUID("book", []byte("other"))}}
	case 9:
		return left{}
	}
	return noise{}
}
