package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// Appointment is when a person was to meet somebody, and what came of it.
type Appointment struct {
	ID       event.UUID     `json:"appointment" doc:"of one that was told, an identifier of the telling side's"`
	Person   event.UUID     `json:"person"`
	Kind     string         `json:"kind,omitempty" doc:"SUPERVISION, CO_LOCATED, HUB_CLINIC, REQ_TREATMENT or EXTERNAL_HEALTH"`
	Site     string         `json:"site,omitempty"`
	From     event.When     `json:"from" doc:"an instant, or the day where only that was told"`
	Minutes  int            `json:"minutes,omitzero"`
	With     []event.UUID   `json:"with" doc:"members of staff"`
	Status   string         `json:"status" doc:"BOOKED, CANCELLED or RECORDED"`
	By       string         `json:"changedBy,omitempty" doc:"whose wish the last change was: PERSON or SERVICE"`
	Attended string         `json:"attended,omitempty" doc:"YES, NO, or why there is neither"`
	Outcome  string         `json:"outcome,omitempty" doc:"our reading of a code of the probation case system"`
	Code     string         `json:"code,omitempty" doc:"as recorded, of the probation case system or the NHS data dictionary"`
	Late     bool           `json:"late,omitzero"`
	Told     event.UUID     `json:"toldBy,omitzero" doc:"the disclosure that told of it, where it is of another's record"`
	Position event.Position `json:"-"`
	Entry    string         `json:"entry"`
}

var getAppointments = operation[[]Appointment]{
	ID: "get-appointments", Method: http.MethodGet, Path: prefix + "/people/{person}/appointments",
	Summary: "A person's appointments and what came of them",
	Action:  "appointment.read", Audit: access.ReadOne, View: "appointments",
	Handle: (*API).getAppointments,
}

func (a *API) getAppointments(c *call) (answer[[]Appointment], error) {
	rows, reflects, err := c.view.Appointments(c.ctx, c.person)
	return answer[[]Appointment]{Data: c.appointments(rows), Reflects: reflects, Subjects: []event.UUID{c.person},
		Items: len(rows), Person: c.person}, err
}

func (c *call) appointments(rows []Appointment) []Appointment {
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
	}
	return rows
}

var listAppointments = operation[[]Appointment]{
	ID: "list-appointments", Method: http.MethodGet, Path: prefix + "/appointments",
	Summary: "The appointments of a day",
	Action:  "appointment.list", Audit: access.ReadList, View: "appointment-list",
	Query: append([]parameter{
		{Name: "site", Type: "string", Doc: "a site code"},
		{Name: "on", Type: "string", Doc: "the Europe/London day; left out, today"},
	}, pageParameters...),
	Handle: (*API).listAppointments,
}

func (a *API) listAppointments(c *call) (answer[[]Appointment], error) {
	none := answer[[]Appointment]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	var f AppointmentFilter
	if f.Site, err = c.code("site", siteListed); err != nil {
		return none, err
	}
	on, err := c.day("on", event.DayOf(c.now))
	if err != nil {
		return none, err
	}
	f.From, f.Until = on.Start(), on.End()
	rows, total, reflects, err := c.view.AppointmentsOn(c.ctx, f, page)
	found := answer[[]Appointment]{Data: c.appointments(rows), Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for _, row := range rows {
		found.Subjects = append(found.Subjects, row.Person)
	}
	return found, err
}

// day reads a parameter that is a day.
func (c *call) day(name string, standard event.Day) (event.Day, error) {
	if !c.query.Has(name) {
		return standard, nil
	}
	day, err := event.ParseDay(c.query.Get(name))
	if err != nil {
		return 0, badParameter(name, "parameter-malformed", "is no day")
	}
	return day, nil
}
