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
}

// careRoutes are the operations of [Care].
func careRoutes(a *API) []route {
	return []route{bind(a, getAppointments), bind(a, listAppointments)}
}

// AppointmentFilter says which appointments are wanted.
type AppointmentFilter struct {
	Site  string    // empty: of every site
	From  time.Time // that begin at or after
	Until time.Time // that begin before
}
