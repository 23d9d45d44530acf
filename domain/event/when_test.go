package event_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestADayBeginsAndEndsInLondon(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ day, start, end string }{
		{"2026-02-23", "2026-02-23T00:00:00Z", "2026-02-24T00:00:00Z"},
		{"2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"}, // clocks go forward: 23 hours
		{"2026-07-01", "2026-06-30T23:00:00Z", "2026-07-01T23:00:00Z"},
		{"2026-10-25", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"}, // clocks go back: 25 hours
		{"1970-01-01", "1969-12-31T23:00:00Z", "1970-01-01T23:00:00Z"}, // British Standard Time, all year round
		{"2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
	} {
		d := event.MustDay(c.day)
		if got := d.Start(); !got.Equal(utc(c.start)) {
			t.Errorf("%s starts at %s, want %s", d, got, c.start)
		}
		if got := d.End(); !got.Equal(utc(c.end)) {
			t.Errorf("%s ends at %s, want %s", d, got, c.end)
		}
	}
}

func TestAnInstantFallsOnItsLondonDay(t *testing.T) {
	t.Parallel()
	for instant, want := range map[string]string{
		"2026-02-23T23:59:59Z":      "2026-02-23",
		"2026-07-01T22:59:59Z":      "2026-07-01",
		"2026-07-01T23:00:00Z":      "2026-07-02",
		"2026-03-29T23:00:00Z":      "2026-03-30",
		"2026-10-25T23:30:00Z":      "2026-10-25",
		"2026-07-02T00:30:00+03:00": "2026-07-01",
		"1969-12-31T22:59:59Z":      "1969-12-31",
	} {
		if got := event.DayOf(utc(instant)); got.String() != want {
			t.Errorf("%s falls on %s, want %s", instant, got, want)
		}
	}
}

func TestDaysTileTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(utc("1900-01-01T00:00:00Z").UnixMicro(), utc("2200-01-01T00:00:00Z").UnixMicro()).Draw(t, "at")).UTC()
		d := event.DayOf(at)
		if at.Before(d.Start()) || !at.Before(d.End()) {
			t.Errorf("%s falls on %s, which is %s to %s", at, d, d.Start(), d.End())
		}
		if again, err := event.ParseDay(d.String()); err != nil || again != d {
			t.Errorf("%s reads as %s, %v", d, again, err)
		}
	})
}

func TestMonthsAreCalendarMonths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2026-01-15", 1, "2026-02-15"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-11-30", 3, "2027-02-28"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2026-05-31", 0, "2026-05-31"},
		{"2026-12-31", 2, "2027-02-28"},
	} {
		if got := event.MustDay(c.from).AddMonths(c.n); got.String() != c.want {
			t.Errorf("%s plus %d months is %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestOnlyAWholeDayProves(t *testing.T) {
	t.Parallel()
	day := event.On(event.MustDay("2026-07-01")) // 30 June 23:00 to 1 July 23:00 UTC
	instant := event.At(utc("2026-07-01T12:00:00Z"))
	for _, c := range []struct {
		what          string
		when          event.When
		at            string
		proves, begun bool
	}{
		{"the day, before it", day, "2026-06-30T22:59:59.999999Z", false, false},
		{"the day, at its first instant", day, "2026-06-30T23:00:00Z", false, true},
		{"the day, within it", day, "2026-07-01T12:00:00Z", false, true},
		{"the day, a microsecond before its last", day, "2026-07-01T22:59:59.999998Z", false, true},
		{"the day, at its last microsecond", day, "2026-07-01T22:59:59.999999Z", true, true},
		{"the instant, before it", instant, "2026-07-01T11:59:59.999999Z", false, false},
		{"the instant, at it", instant, "2026-07-01T12:00:00Z", true, true},
	} {
		at := utc(c.at)
		if got := c.when.Proves(at); got != c.proves {
			t.Errorf("%s: proves %t, want %t", c.what, got, c.proves)
		}
		if got := c.when.Begun(at); got != c.begun {
			t.Errorf("%s: begun %t, want %t", c.what, got, c.begun)
		}
	}
}

func TestWhatProvesHasBegun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := whens.Draw(t, "when")
		at := time.UnixMicro(rapid.Int64Range(-2e15, 4e15).Draw(t, "at")).UTC()
		if w.Proves(at) && !w.Begun(at) {
			t.Errorf("%s proves at %s and has not begun", w, at)
		}
		if w.Latest().Before(w.Earliest()) {
			t.Errorf("%s ends before it starts", w)
		}
	})
}

var whens = rapid.Custom(func(t *rapid.T) event.When {
	if rapid.Bool().Draw(t, "day") {
		return event.On(event.Day(rapid.Int32Range(-30000, 60000).Draw(t, "on")))
	}
	return event.At(time.UnixMicro(rapid.Int64Range(-2e15, 4e15).Draw(t, "at")))
})

func TestAnInstantIsKeptToTheMicrosecondInUTC(t *testing.T) {
	t.Parallel()
	w := event.At(utc("2026-07-01T14:00:00.123456789+02:00"))
	if got := w.String(); got != "2026-07-01T12:00:00.123456Z" {
		t.Errorf("kept as %s", got)
	}
	if _, isDay := w.Day(); isDay || w.IsZero() || !(event.When{}).IsZero() || event.On(0).IsZero() {
		t.Error("an instant, a day and nothing are mixed up")
	}
}

func TestATimeThatIsNotOneIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "today", "2026-02-30", "2026-13-01", "0000-01-01", "26-02-23", "2026-2-23", "2026-02-23T12:00:00", "2026-02-23 12:00:00Z",
		"2026-02-23T25:00:00Z", "2026-02-23T12:00:60Z", "0000-12-31T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "2026-02-23T12:00:00,5Z"} {
		if w, err := event.ParseWhen(s); !errors.Is(err, event.ErrMalformedTime) {
			t.Errorf("%q reads as %s, %v", s, w, err)
		}
	}
	var d event.Day
	if err := d.UnmarshalText([]byte("yesterday")); !errors.Is(err, event.ErrMalformedTime) {
		t.Errorf("a day from %v", err)
	}
	var w event.When
	if err := w.UnmarshalText([]byte("soon")); !errors.Is(err, event.ErrMalformedTime) {
		t.Errorf("a time from %v", err)
	}
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"2026-02-23", "0001-01-01", "9999-12-31", "1969-12-31", "2024-02-29"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := event.ParseDay(s); err == nil && d.String() != s {
			t.Errorf("%q reads as %s", s, d)
		}
	})
}

func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"2026-02-23", "2026-02-23T12:00:00Z", "2026-07-01T14:00:00.123456789+02:00", "0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := event.ParseWhen(s)
		if err != nil {
			return
		}
		if again, err := event.ParseWhen(w.String()); err != nil || again != w {
			t.Errorf("%q reads as %s, which reads as %s, %v", s, w, again, err)
		}
		if w.IsZero() {
			t.Errorf("%q reads as no time at all", s)
		}
	})
}
