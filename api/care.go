package api

import (
	"context"
	"time"

	"caseledger/domain/event"
)

// Care is what those who work with people read of one side beside the record
// itself. No method returns what the caller may not see.
type Care interface {
	// Appointments returns at most 1,000 appointments of a person, the latest
	// first.
	Appointments(ctx context.Context, person event.UUID) ([]Appointment, Reflects, error)
	// AppointmentsOn returns a page of the appointments of a site on a day, the
	// earliest first, and how many there are in all. What other controllers told
	// of appointments is not among them.
	AppointmentsOn(ctx context.Context, f AppointmentFilter, p Page) ([]Appointment, int, Reflects, error)
	// Screenings returns at most 1,000 screenings, flags and assessments of a
	// person, in the order in which they last changed.
	Screenings(ctx context.Context, person event.UUID) (Screenings, Reflects, error)
	// Requirements returns what the court requires of a person, and how it stands
	// now.
	Requirements(ctx context.Context, person event.UUID) (Compliance, Reflects, error)
	// HubFigures returns the counts of the caller's side for so many weeks, up to
	// the week of a day: the same for everybody of the side, because they show
	// nobody. The regulator gets those of the NHS, whose the hubs are.
	HubFigures(ctx context.Context, until event.Day, weeks int) (HubFigures, Reflects, error)
	// Looks returns a page of the looks at a person by staff of the caller's
	// controller, the latest first, and how many there are in all.
	Looks(ctx context.Context, f LookFilter, p Page) ([]LookAt, int, Reflects, error)
}

// careRoutes are the operations of [Care], and the matrix that goes with them.
func careRoutes(a *API) []route {
	return []route{bind(a, getAppointments), bind(a, listAppointments), bind(a, getScreenings), bind(a, getAccessLog),
		bind(a, getRequirements), bind(a, getHubMetrics), bind(a, getMatrix)}
}

// AppointmentFilter says which appointments are wanted.
type AppointmentFilter struct {
	Site  string    // empty: of every site
	From  time.Time // that begin at or after
	Until time.Time // that begin before
}
