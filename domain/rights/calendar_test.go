package rights

import (
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

func on(day string) event.When {
	if day == "" {
		return event.When{}
	}
	return event.On(event.MustDay(day))
}

func TestDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		received string
		pauses   [][2]string
		extended string
		want     string // empty: the clock stands
	}{
		{"journey A: a Thursday, the day before Good Friday", "2026-03-02", nil, "", "2026-04-02"},
		{"the same day of the next month", "2026-05-12", nil, "", "2026-06-12"},
		{"Good Friday: the Tuesday after Easter", "2026-03-03", nil, "", "2026-04-07"},
		{"a Saturday: Monday", "2026-01-14", nil, "", "2026-02-16"},
		{"a Sunday: Monday", "2026-01-15", nil, "", "2026-02-16"},
		{"Christmas Day on a Friday: the Tuesday after", "2026-11-25", nil, "", "2026-12-29"},
		{"New Year's Day", "2025-12-01", nil, "", "2026-01-02"},
		{"31 March: 30 April", "2026-03-31", nil, "", "2026-04-30"},
		{"31 January: the end of February, a Saturday", "2026-01-31", nil, "", "2026-03-02"},
		{"31 January of a leap year", "2028-01-31", nil, "", "2028-02-29"},
		{"30 January of a leap year", "2024-01-30", nil, "", "2024-02-29"},
		{"29 February: Good Friday, so the Tuesday after Easter", "2024-02-29", nil, "", "2024-04-02"},
		{"extended: three months from receipt", "2026-03-02", nil, "2026-03-20", "2026-06-02"},
		{"extended from a month's end", "2026-01-31", nil, "2026-02-20", "2026-04-30"},
		{"extended on the last day", "2026-03-02", nil, "2026-04-02", "2026-06-02"},
		{"extended a day too late", "2026-03-02", nil, "2026-04-03", "2026-04-02"},
		{"extended on the day to which the weekend moved it", "2026-01-14", nil, "2026-02-16", "2026-04-14"},
		{"ten days of waiting", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-24"}}, "", "2026-06-22"},
		{"asked and answered on one day", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-14"}}, "", "2026-06-12"},
		{"a day of waiting onto a Saturday", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-15"}}, "", "2026-06-15"},
		{"twice", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-16"}, {"2026-05-20", "2026-05-25"}}, "", "2026-06-19"},
		{"twice at once counts once", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-24"}, {"2026-05-16", "2026-05-20"}}, "", "2026-06-22"},
		{"overlapping", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-20"}, {"2026-05-16", "2026-05-24"}}, "", "2026-06-22"},
		{"waiting", "2026-05-12", [][2]string{{"2026-05-14", ""}}, "", ""},
		{"asked when it was due already", "2026-05-12", [][2]string{{"2026-06-13", "2026-06-20"}}, "", "2026-06-12"},
		{"asked on the last day", "2026-05-12", [][2]string{{"2026-06-12", "2026-06-19"}}, "", "2026-06-19"},
		{"waiting lets an extension be in time; 22 August is a Saturday", "2026-05-12", [][2]string{{"2026-05-14", "2026-05-24"}}, "2026-06-22", "2026-08-24"},
	} {
		r := Request{Received: on(c.received), Extended: on(c.extended)}
		for _, p := range c.pauses {
			r.Pauses = append(r.Pauses, Pause{From: on(p[0]), Until: on(p[1])})
		}
		due, running := r.Due()
		if running != (c.want != "") || running && due.String() != c.want {
			t.Errorf("%s: got %s, %v, want %q", c.name, due, running, c.want)
		}
	}
}

func TestLate(t *testing.T) {
	t.Parallel()
	r := Request{Received: event.At(event.MustDay("2026-03-02").Start()), Responded: event.At(event.MustDay("2026-04-02").End().Add(-1000))}
	if r.LateAt(event.MustDay("2026-05-01").Start()) {
		t.Error("answered in the last microsecond of the last day, and late")
	}
	r.Responded = event.At(event.MustDay("2026-04-02").End())
	if !r.LateAt(event.MustDay("2026-05-01").Start()) || r.LateAt(event.MustDay("2026-04-02").Start()) {
		t.Error("answered a day later: want late from then on")
	}
	r.Responded = event.When{}
	if r.LateAt(event.MustDay("2026-04-02").End().Add(-1000)) || !r.LateAt(event.MustDay("2026-04-02").End()) {
		t.Error("unanswered: want late from the end of its last day")
	}
	r.Pauses = []Pause{{From: on("2026-03-10")}}
	if r.LateAt(event.MustDay("2026-12-01").Start()) {
		t.Error("the clock stands, and it is late")
	}
	r.Responded = on("2026-04-20")
	if due, running := r.Due(); !running || due != event.MustDay("2026-05-13") || r.LateAt(event.MustDay("2026-12-01").Start()) {
		t.Errorf("answered without what was asked for: got %s, %v, want the days until the answer not to count", due, running)
	}
}

// The day is a working day, at least a month on; waiting longer or extending
// never makes it earlier.
func TestDueNeverMovesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		received := event.MustDay("2020-01-01") + event.Day(rapid.IntRange(0, 4000).Draw(t, "received"))
		r := Request{Received: event.On(received)}
		first, _ := r.Due()
		if first < received.AddMonths(1) || !reference.WorkingDay(first) || first > received.AddMonths(1)+5 {
			t.Fatalf("received %s, due %s", received, first)
		}
		from := received + event.Day(rapid.IntRange(0, 60).Draw(t, "asked"))
		until := from + event.Day(rapid.IntRange(0, 90).Draw(t, "waited"))
		r.Pauses = []Pause{{event.On(from), event.On(until)}}
		waited, _ := r.Due()
		r.Pauses[0].Until = event.On(until + 1)
		longer, _ := r.Due()
		if waited < first || longer < waited || !reference.WorkingDay(waited) || from > first && waited != first {
			t.Fatalf("received %s, asked %s, answered %s: due %s, then %s, then %s", received, from, until, first, waited, longer)
		}
		r.Extended = event.On(received + event.Day(rapid.IntRange(0, 200).Draw(t, "extended")))
		extended, _ := r.Due()
		if extended < longer || !r.ExtendedInTime() && extended != longer {
			t.Fatalf("extended %s: due %s, was %s", r.Extended, extended, longer)
		}
	})
}
