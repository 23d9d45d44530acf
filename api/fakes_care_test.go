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

func (f *fakeView) Screenings(_ context.Context, p event.UUID) (Screenings, Reflects, error) {
	r, err := f.see(p)
	total := 17
	return Screenings{Screenings: []Screening{{ID: nobody, Instrument: "PHQ-9", Total: &total, Position: 35}},
		RiskFlags: []RiskFlag{{ID: nobody, Position: 34}}, Programmes: []Programme{{Programme: "BOWEL", Position: 33}}}, r, err
}

func (f *fakeView) Looks(_ context.Context, q LookFilter, p Page) ([]LookAt, int, Reflects, error) {
	f.note(q)
	f.note(p)
	r, err := f.see(q.Person)
	return []LookAt{{Event: event1, Class: "READ_ONE", Position: 32}}, 1, r, err
}

func (f *fakeView) Requirements(_ context.Context, p event.UUID) (Compliance, Reflects, error) {
	r, err := f.see(p)
	return Compliance{Requirements: []Requirement{{ID: nobody, Kind: "MHTR", Status: "LIVE"}}, Warnings: []Step{{ID: nobody}}}, r, err
}

func (f *fakeView) HubFigures(_ context.Context, until event.Day, weeks int) (HubFigures, Reflects, error) {
	f.note(until)
	f.note(weeks)
	return HubFigures{Threshold: 10, Weeks: []HubWeek{{Monday: until}}}, f.reflects, f.err
}
