package reference

import (
	"errors"

	"caseledger/domain/event"
)

// PublicHoliday is a day of England and Wales on which offices are closed, as
// an ISO 8601 date.
type PublicHoliday string

// PublicHolidayEntry is one public holiday.
type PublicHolidayEntry struct{ Head[PublicHoliday] }

// PublicHolidays lists the bank and public holidays of England and Wales.
var PublicHolidays = load("public-holidays", func(e PublicHolidayEntry) error {
	if _, err := event.ParseDay(string(e.Code)); err != nil {
		return errors.New("the code is not a day")
	}
	return nil
}, func(e *PublicHolidayEntry, d event.Day) { e.startsBy(d) })

// WorkingDay reports whether a Europe/London day is neither a Saturday, a
// Sunday nor a public holiday of England and Wales. Of a day outside the years
// of [PublicHolidays] only the weekend is known.
func WorkingDay(d event.Day) bool {
	const saturday, sunday = 2, 3 // 1 January 1970, day 0, was a Thursday
	switch ((d % 7) + 7) % 7 {
	case saturday, sunday:
		return false
	}
	return !PublicHolidays.Listed(PublicHoliday(d.String()))
}

// OnOrAfter is the day itself if it is a working day, or else the next one.
func OnOrAfter(d event.Day) event.Day {
	for !WorkingDay(d) {
		d++
	}
	return d
}
