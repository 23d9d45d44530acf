package appointments_test

import (
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/projections"
	"caseledger/projections/appointments"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
)

var (
	shared = boundarytest.ID("shared")
	clinic = boundarytest.ID("clinic")
	source = event.ID{UUID: boundarytest.ID("the attendance")}
)

func slot(t *testing.T, clock string) appointment.Slot {
	t.Helper()
	e := event.Recorded{}
	boundarytest.At(t, clock)(&e)
	return appointment.Slot{From: e.Effective, Minutes: 30}
}

// missed tells probation that the clinic was missed, under a decision unless
// it is zero.
func missed(decision event.UUID) disclosure.DisclosureMade {
	flow := disclosure.Flow{FromOrg: boundarytest.Org("HUB-CAM").ID, ToOrg: boundarytest.Org("PROB-N56").ID,
		Direction: disclosure.Direction{From: event.NHS, To: event.Probation}, Categories: []event.Category{"H.ATTENDANCE"}}
	return disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: boundarytest.ID("telling"), Decision: decision, Flow: flow}),
		ToldHealth: event.Own([]event.Item{
			{Category: "H.ATTENDANCE", Source: source, Facts: []event.Fact{{Name: "kind", Value: "HUB_CLINIC"}, {Name: "on", Value: "2026-02-20"},
				{Name: "nhsCode", Value: "3"}, {Name: "attended", Value: "NO"}}},
			{Category: "H.REFERRAL", Source: source, Facts: []event.Fact{{Name: "stage", Value: "SENT"}}},
		})}
}

// history is a shared appointment, which was kept, and a clinic, which was
// moved, missed, and told of in the end.
func history(t *testing.T, side event.Side, decision event.UUID) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("PROB-N56", appointment.AppointmentScheduled{Appointment: shared, Kind: "CO_LOCATED", Site: "CAMBRIDGE", Slot: slot(t, "2026-02-04 10:00")})
	c.Says("PROB-N56", appointment.AttendanceRecorded{Appointment: shared, Kind: "CO_LOCATED", Delius: "ATTC"})
	c.Says("HUB-CAM", appointment.AppointmentScheduled{Appointment: clinic, Kind: "HUB_CLINIC", Site: "CAMBRIDGE", Slot: slot(t, "2026-02-18 14:00")})
	c.Says("HUB-CAM", appointment.AppointmentRescheduled{Appointment: clinic, Slot: slot(t, "2026-02-20 14:00"), By: appointment.ThePerson})
	c.Says("HUB-CAM", appointment.AttendanceRecorded{Appointment: clinic, Kind: "HUB_CLINIC", NHS: event.Own[reference.NHSAttendance]("3")})
	c.Says("HUB-CAM", missed(decision))
	return c
}

func rowsOf(t *testing.T, c *boundarytest.Case, side event.Side, n int) map[event.UUID]appointments.Row {
	t.Helper()
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(appointments.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil {
		t.Fatal(err)
	}
	byID := map[event.UUID]appointments.Row{}
	for _, r := range rows {
		byID[r.Appointment] = r
	}
	return byID
}

func TestARowSaysWhenAndWhatCameOfIt(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS, boundarytest.ID("decision"))
	for _, q := range []struct {
		after    int
		starts   string
		status   appointments.Status
		attended reference.Answer
	}{
		{3, "2026-02-18T14:00:00Z", appointments.Booked, ""},
		{4, "2026-02-20T14:00:00Z", appointments.Booked, ""},
		{5, "2026-02-20T14:00:00Z", appointments.Recorded, "NO"},
	} {
		r := rowsOf(t, c, event.NHS, q.after)[clinic]
		if r.From.String() != q.starts || !r.Starts.Equal(r.From.Earliest()) || r.Status != q.status || r.Attended != q.attended {
			t.Errorf("after %d events: %s, %s, attended %q; want %s, %s, %q", q.after, r.From, r.Status, r.Attended, q.starts, q.status, q.attended)
		}
	}
	r := rowsOf(t, c, event.NHS, 5)[clinic]
	if r.Kind != "HUB_CLINIC" || r.Site != "CAMBRIDGE" || r.Minutes != 30 || r.NHS != "3" || r.By != appointment.ThePerson ||
		r.Controller != boundarytest.Org("HUB-CAM").Controller || !r.ToldTo.IsZero() {
		t.Errorf("%s at %s for %d minutes, code %s, by %s", r.Kind, r.Site, r.Minutes, r.NHS, r.By)
	}
	c.Says("HUB-CAM", appointment.AppointmentCancelled{Appointment: clinic, By: appointment.TheService})
	if r := rowsOf(t, c, event.NHS, 7)[clinic]; r.Status != appointments.Cancelled || r.By != appointment.TheService {
		t.Errorf("cancelled: %s by %s", r.Status, r.By)
	}
	own := rowsOf(t, history(t, event.Probation, event.UUID{}), event.Probation, 6)
	if r := own[shared]; len(own) != 1 || r.Delius != "ATTC" || r.Outcome != reference.AttendedComplied || r.Attended != "YES" {
		t.Errorf("%d rows; the shared one came to %s, %s", len(own), r.Outcome, r.Attended)
	}
}

// A clinic that was missed shows on no screen of probation's, until that is
// told under a decision, and then as far as it was told.
func TestAMissedClinicShowsOnlyWhereADecisionLetItBeTold(t *testing.T) {
	t.Parallel()
	decided := history(t, event.Probation, boundarytest.ID("decision"))
	if rows := rowsOf(t, decided, event.Probation, 5); len(rows) != 1 {
		t.Errorf("before it was told: %d rows, want the shared appointment alone", len(rows))
	}
	r, there := rowsOf(t, decided, event.Probation, 6)[source.UUID]
	if !there || r.Attended != "NO" || r.NHS != "3" || r.Kind != "HUB_CLINIC" || r.From.String() != "2026-02-20" || r.Site != "" ||
		r.ToldTo != boundarytest.Org("PROB-N56").Controller || r.Controller != r.ToldTo || r.Disclosure != boundarytest.ID("telling") {
		t.Errorf("told: there %t, %s on %s, attended %s", there, r.Kind, r.From, r.Attended)
	}
	if rows := rowsOf(t, history(t, event.Probation, event.UUID{}), event.Probation, 6); len(rows) != 1 {
		t.Errorf("told without a decision: %d rows, want 1", len(rows))
	}
	// Nor does it if somebody of probation wrote it down.
	c := boundarytest.New(boundarytest.Viewer(event.Probation))
	c.Says("PROB-N56", appointment.AppointmentScheduled{Appointment: clinic, Kind: "HUB_CLINIC", Slot: slot(t, "2026-02-18 14:00")})
	c.Says("PROB-N56", appointment.AppointmentRescheduled{Appointment: clinic, Slot: slot(t, "2026-02-19 14:00")})
	c.Says("PROB-N56", appointment.AppointmentCancelled{Appointment: clinic})
	c.Says("PROB-N56", appointment.AttendanceRecorded{Appointment: clinic, Kind: "HUB_CLINIC", NHS: event.Own[reference.NHSAttendance]("3")})
	c.Says("PROB-N56", appointment.AttendanceRecorded{Appointment: boundarytest.ID("other"), NHS: event.Own[reference.NHSAttendance]("3")})
	if rows := rowsOf(t, c, event.Probation, 5); len(rows) != 0 {
		t.Errorf("written down by probation: %d rows, want none", len(rows))
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS, boundarytest.ID("decision"))
	events, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[3].ID))
	c.Says("HUB-CAM", appointment.AttendanceRecorded{Appointment: boundarytest.ID("never scheduled"), Kind: "EXTERNAL_HEALTH", NHS: event.Own[reference.NHSAttendance]("5")})
	told := history(t, event.Probation, boundarytest.ID("decision"))
	told.Says("HUB-CAM", missed(boundarytest.ID("decision")))
	projectiontest.Run(t, appointments.Model(boundarytest.Viewer(event.NHS)), c.Ledger)
	projectiontest.Run(t, appointments.Model(boundarytest.Viewer(event.Probation)), told.Ledger)
}
