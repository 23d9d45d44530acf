package api

import (
	"context"

	"caseledger/domain/event"
)

// The fake of [Care]: one row of each kind.

func (f *fakeView) Appointments(_ context.Context, p event.UUID) ([]Appointment, Reflects, error) {
	r, err := f.see(p)
	return []Appointment{{ID: nobody, Person: p, Status: "BOOKED", Position: 36}}, r, err
}

func (f *fakeView) AppointmentsOn(_ context.Context, q AppointmentFilter, p Page) ([]Appointment, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return []Appointment{{ID: nobody, Person: person1, Status: "BOOKED", Position: 36}}, 1, f.reflects, f.err
}
