package appointment

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// clinics is a state of clinic appointments, one a day from Monday 2 February
// 2026 at 10:00, with these NHS codes; "" is one without an outcome.
func clinics(codes ...reference.NHSAttendance) State {
	var s State
	for i, code := range codes {
		id := event.DeriveUUID("a", []byte{byte(i)})
		start := event.MustDay("2026-02-02").Start().Add(time.Duration(i)*24*time.Hour + 10*time.Hour)
		s = tell(s, start, AppointmentScheduled{Appointment: id, Kind: reference.HubClinic, Owner: event.NHS, Slot: Slot{event.At(start), 30}})
		if code != "" {
			s = tell(s, start, AttendanceRecorded{Appointment: id, Kind: reference.HubClinic, NHS: event.Own(code)})
		}
	}
	return s
}

func tell(s State, at time.Time, data Event) State {
	return Evolve(s, event.Recorded{Data: data, Operational: event.Open, Meta: event.Meta{Effective: event.At(at), Actor: event.Actor{Side: event.NHS}}})
}

func TestMissedAppointmentsInARow(t *testing.T) {
	t.Parallel()
	end := event.MustDay("2026-06-01").Start()
	for _, c := range []struct {
		codes []reference.NHSAttendance
		count int
		due   MissedStep
		by    string
	}{
		{nil, 0, NothingMissed, ""},
		{[]reference.NHSAttendance{"5"}, 0, NothingMissed, ""},
		{[]reference.NHSAttendance{"3"}, 1, NavigatorContact, "2026-02-04"},
		{[]reference.NHSAttendance{"5", "5", "5", "5", "3"}, 1, NavigatorContact, "2026-02-10"}, // a weekend between
		{[]reference.NHSAttendance{"3", "3"}, 2, OfferCoLocated, ""},
		{[]reference.NHSAttendance{"3", "3", "3"}, 3, ClinicianDecides, ""},
		{[]reference.NHSAttendance{"3", "3", "3", "3"}, 4, ClinicianDecides, ""},
		{[]reference.NHSAttendance{"3", "2", "4", "3"}, 2, OfferCoLocated, ""},        // cancelled: neither
		{[]reference.NHSAttendance{"3", "7", "3"}, 1, NavigatorContact, "2026-02-06"}, // came too late, and came
		{[]reference.NHSAttendance{"3", "6", "3", "", "3"}, 2, OfferCoLocated, ""},    // nothing recorded: passed over
		{[]reference.NHSAttendance{"3", "3", "3", "5"}, 0, NothingMissed, ""},         // came
	} {
		got := clinics(c.codes...).MissedAt(end)
		by := ""
		if got.By != 0 {
			by = got.By.String()
		}
		if got.Count != c.count || got.Due != c.due || by != c.by || got.Last.IsZero() != (c.count == 0) {
			t.Errorf("%v: got %+v by %s, want %d, %s by %s", c.codes, got, by, c.count, c.due, c.by)
		}
	}
	s := clinics("3", "3", "3")
	if got := s.MissedAt(event.MustDay("2026-02-03").Start()); got.Count != 1 {
		t.Errorf("on the second day: got %d", got.Count)
	}
	s.Appointments[2].Cancelled = true
	if got := s.MissedAt(end); got.Count != 2 {
		t.Errorf("with the last one cancelled: got %d, want 2", got.Count)
	}
}

// Statutory appointments are not the hub's to chase, and the hub's are nobody's
// to enforce: no outcome of any other kind changes the count.
func TestOnlyClinicsAreCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]reference.AppointmentKind{reference.SupervisionAppointment, reference.CoLocated,
			reference.RequirementTreatment, reference.ExternalHealth, ""}).Draw(t, "kind")
		s := clinics("3", "3")
		start := event.MustDay("2026-03-02").Start()
		id := event.DeriveUUID("other")
		s = tell(s, start, AppointmentScheduled{Appointment: id, Kind: kind, Slot: Slot{event.At(start), 30}})
		s = tell(s, start, AttendanceRecorded{Appointment: id, Kind: kind, Delius: "UAAB", NHS: event.Own(rapid.SampledFrom([]reference.NHSAttendance{"3", "5"}).Draw(t, "code"))})
		if got := s.MissedAt(event.MustDay("2026-06-01").Start()); got.Count != 2 {
			t.Fatalf("%s: got %d, want 2", kind, got.Count)
		}
	})
}

// Every session that Refer and Monitor can record is either refused or read as
// one of our outcomes, and none that the person kept is read as missed.
func TestSessions(t *testing.T) {
	t.Parallel()
	want := map[string]reference.Outcome{
		"YES true ": reference.AttendedComplied, "LATE true ": reference.AttendedComplied,
		"YES false POP_ACCEPTABLE": reference.AttendedComplied, "LATE false POP_ACCEPTABLE": reference.AttendedComplied,
		"YES false POP_UNACCEPTABLE": reference.AttendedNotComplied, "LATE false POP_UNACCEPTABLE": reference.AttendedNotComplied,
		"YES false LOGISTICS": reference.AttendanceNotRequired, "LATE false LOGISTICS": reference.AttendanceNotRequired, "NO false LOGISTICS": reference.AttendanceNotRequired,
		"NO false POP_ACCEPTABLE": reference.AcceptableAbsence, "NO false POP_UNACCEPTABLE": reference.UnacceptableAbsence, "NO false ": reference.FailedToAttend,
	}
	for _, attended := range append(SessionAttendances, "MAYBE") {
		for _, happened := range []bool{true, false} {
			for _, reason := range append(NoSessionReasons, "", "BORED") {
				s := Session{Attended: attended, Happened: happened, NoSession: reason}
				key := fmt.Sprintf("%s %v %s", attended, happened, reason)
				outcome, possible := want[key]
				if fields := s.Validate(); possible != (len(fields) == 0) {
					t.Errorf("%s: got %v, want it possible: %v", key, fields, possible)
				}
				if possible && s.Outcome() != outcome {
					t.Errorf("%s: got %s, want %s", key, s.Outcome(), outcome)
				}
			}
		}
	}
}
