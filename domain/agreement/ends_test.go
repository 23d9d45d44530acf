package agreement_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
)

// Whatever happened to an agreement: until the next instant no end comes, at it
// one does; each can be noted as of its instant, and is then none any more.
func TestEndsAreNotedWhenTheyCome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		s, at := agreement.Fold(events), instant(t)
		due, next := s.Ends(at)
		count := func(t time.Time) int { due, _ := s.Ends(t); return len(due) }
		last := at.AddDate(1, 0, 0)
		if !next.IsZero() {
			if last = next.Add(-time.Microsecond); !next.After(at) || count(next) <= len(due) {
				t.Fatalf("asked at %s, at %s no end comes", at, next)
			}
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(last.Sub(at))).Draw(t, "between")))
		for _, until := range []time.Time{last, between} {
			if count(until) != len(due) {
				t.Fatalf("asked at %s, next is %s, and by %s an end comes", at, next, until)
			}
		}
		for _, e := range due {
			ctx := event.Context{Now: at, Effective: event.At(e.At), Origin: event.Live}
			if is, v := s.StatusAt(e.At); is != agreement.Expired || v.Number != e.Version.Number || e.At.After(at) || len(v.Terms.Parties) == 0 {
				t.Fatalf("asked at %s, by %s it is %s", at, e.At, is)
			}
			if err := (agreement.ExpireAgreement{}).Check(s, ctx); err != nil && len(events) > 0 && !s.ID.IsZero() {
				t.Fatalf("it cannot be noted: %v", err)
			}
			for _, d := range (agreement.ExpireAgreement{}).Events(s, ctx) {
				s = agreement.Evolve(s, event.Recorded{Data: d.Data, Operational: event.Open, Meta: event.Meta{Effective: d.Effective}})
			}
		}
		if left, _ := s.Ends(at); len(left) > 0 {
			t.Fatalf("noted, and still there: %d", len(left))
		}
	})
}

// A version's end is noted also after the next one began, and a signature that
// came after the end is its instant.
func TestEndsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	parties := []agreement.Party{{Org: hub}}
	s := agreement.State{ID: hub, Versions: []agreement.Version{
		{Number: 1, Terms: agreement.Terms{Parties: parties, From: firstDay, To: firstDay + 5}, Signed: []agreement.Signature{{Org: hub, At: event.On(firstDay + 7)}}},
		{Number: 2, Terms: agreement.Terms{Parties: parties, From: firstDay + 10, To: firstDay + 15}, Signed: []agreement.Signature{{Org: hub, At: event.On(firstDay)}}},
	}}
	at := func(day event.Day) (all []time.Time) {
		due, _ := s.Ends(day.Start())
		for _, e := range due {
			all = append(all, e.At)
		}
		return all
	}
	late, then := (firstDay + 7).Start(), (firstDay + 15).Start()
	for day, want := range map[event.Day][]time.Time{firstDay + 6: nil, firstDay + 7: {late}, firstDay + 12: {late}, firstDay + 15: {late, then}} {
		if got := at(day); !slices.Equal(got, want) {
			t.Errorf("on %s: %s, want %s", day, got, want)
		}
	}
}
