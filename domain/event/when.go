package event

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the law speaks of days in Europe/London, also where no zone files are installed
)

// London is the zone in which a [Day] begins and ends.
var London = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return zone
}()

// ErrMalformedTime is returned for text that is neither a day nor an instant.
// It never carries the text.
var ErrMalformedTime = errors.New("event: malformed day or instant")

// Day is a calendar day in Europe/London, counted from 1970-01-01 (day 0).
type Day int32

// DayOf returns the Europe/London day that holds t.
func DayOf(t time.Time) Day {
	y, m, d := t.In(London).Date()
	return dayFrom(y, m, d)
}

func dayFrom(y int, m time.Month, d int) Day {
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads an ISO 8601 calendar date, "2006-01-02", that exists.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return 0, ErrMalformedTime
	}
	return Day(t.Unix() / 86400), nil // whole days: exact before 1970 too
}

// MustDay is [ParseDay] for constants and tests; it panics on bad text.
func MustDay(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func (d Day) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Start is the day's first instant in Europe/London.
func (d Day) Start() time.Time {
	y, m, day := d.utc().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, London).UTC()
}

// End is the first instant after the day.
func (d Day) End() time.Time { return (d + 1).Start() }

// AddMonths moves by calendar months; a day that the month lacks becomes its
// last day (UK GDPR time limits count so).
func (d Day) AddMonths(n int) Day {
	y, m, day := d.utc().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return dayFrom(first.Year(), first.Month(), min(day, last))
}

// String returns "2006-01-02".
func (d Day) String() string { return d.utc().Format(time.DateOnly) }

// MarshalText writes [Day.String].
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [Day.MarshalText] writes.
func (d *Day) UnmarshalText(text []byte) error {
	parsed, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// When is the time at which something was true: an instant, or a whole
// Europe/London day where no more is known. The zero value is "not given".
type When struct {
	day     Day
	instant time.Time
	isDay   bool
}

// At returns the instant t, in UTC, to the microsecond.
func At(t time.Time) When { return When{instant: t.UTC().Truncate(time.Microsecond)} }

// On returns the whole day d.
func On(d Day) When { return When{day: d, isDay: true} }

// IsZero reports whether no time was given.
func (w When) IsZero() bool { return w == When{} }

// Day returns the day and true if w is a whole day.
func (w When) Day() (Day, bool) { return w.day, w.isDay }

// Earliest is the first instant that w may mean.
func (w When) Earliest() time.Time {
	if w.isDay {
		return w.day.Start()
	}
	return w.instant
}

// Latest is the last microsecond that w may mean.
func (w When) Latest() time.Time {
	if w.isDay {
		return w.day.End().Add(-time.Microsecond)
	}
	return w.instant
}

// Proves reports whether w lies wholly at or before t. A day does so only if
// the whole day does: otherwise the order is indeterminate.
func (w When) Proves(t time.Time) bool { return !w.Latest().After(t) }

// Begun reports whether w may have come about by t: its first instant is at
// or before t. This is the question "was it true on t?" of a status.
func (w When) Begun(t time.Time) bool { return !w.Earliest().After(t) }

// String returns the day or the RFC 3339 instant in UTC.
func (w When) String() string {
	switch {
	case w.IsZero():
		return ""
	case w.isDay:
		return w.day.String()
	}
	return w.instant.Format(time.RFC3339Nano)
}

// ParseWhen reads an ISO 8601 day or an RFC 3339 instant with its offset, in
// the years 1 to 9999 of UTC.
func ParseWhen(s string) (When, error) {
	if len(s) == len(time.DateOnly) {
		d, err := ParseDay(s)
		return On(d), err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || strings.Contains(s, ",") { // package time takes a comma for the point
		return When{}, ErrMalformedTime
	}
	w := At(t)
	if y := w.instant.Year(); y < 1 || y > 9999 || w.IsZero() {
		return When{}, ErrMalformedTime
	}
	return w, nil
}

// MarshalText writes [When.String].
func (w When) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what [When.MarshalText] writes.
func (w *When) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*w = When{}
		return nil
	}
	parsed, err := ParseWhen(string(text))
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	*w = parsed
	return nil
}
