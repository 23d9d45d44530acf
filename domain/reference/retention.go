package reference

import (
	"errors"
	"slices"

	"caseledger/domain/event"
)

type (
	RetentionClass string // a schedule that a record falls under
	RetentionStart string // from what its years count
)

// RetentionStarts lists what a schedule may count from.
var RetentionStarts = []RetentionStart{"LAST_CONTACT", "DEATH", "DEREGISTRATION", "LAST_CHILD_BORN", "SUPERVISION_END", "RECORD_DISPOSED"}

// RetentionClassEntry is one schedule.
type RetentionClassEntry struct {
	Head[RetentionClass]
	Starts RetentionStart `json:"starts"`
	// Years is how long a record is kept at least. Disposes says that it may be
	// disposed of after them; without it there is no end.
	Years    int  `json:"years"`
	Disposes bool `json:"disposes"`
	// Verified says that the years were checked in a source.
	Verified bool `json:"verified"`
}

// RetentionClasses lists the schedules.
var RetentionClasses = load("retention-classes", RetentionClassEntry.check,
	func(e *RetentionClassEntry, d event.Day) { e.startsBy(d) })

func (e RetentionClassEntry) check() error {
	switch {
	case !slices.Contains(RetentionStarts, e.Starts):
		return errors.New("it counts from nothing known")
	case e.Years < 0 || e.Disposes != (e.Years > 0):
		return errors.New("a schedule disposes after a number of years, or never")
	case !e.Verified && e.Note == "":
		return errors.New("not verified, and no word about it")
	}
	return nil
}

// KeepUntil is the last day of the minimum that counts from a day; false of a
// schedule that never disposes.
func (e RetentionClassEntry) KeepUntil(from event.Day) (event.Day, bool) {
	return from.AddMonths(12 * e.Years), e.Disposes
}
