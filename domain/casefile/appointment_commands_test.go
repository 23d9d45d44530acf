package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// slot is the body that schedules half an hour at Cambridge.
func slot(kind reference.AppointmentKind, clock string) string {
	return fmt.Sprintf(`{"kind":%q,"site":"CAMBRIDGE","slot":%s}`, kind, halfHour(clock))
}

func halfHour(clock string) string {
	from, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"from":%q,"minutes":30}`, from.Format(time.RFC3339))
}

// attended lets an appointment happen and returns its id; an empty outcome
// leaves it open.
func (g *story) attended(kind reference.AppointmentKind, clock, outcome string) event.UUID {
	g.t.Helper()
	g.at(clock).given("schedule-appointment", slot(kind, clock))
	id := g.last().Data.(appointment.AppointmentScheduled).Appointment
	if outcome != "" {
		g.given("record-attendance", attendance(id, outcome))
	}
	return id
}

func attendance(id event.UUID, outcome string) string {
	return fmt.Sprintf(`{"appointment":%q,"outcome":%q}`, id, outcome)
}

func TestScheduleAppointment(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-04 10:00")).then("appointment.scheduled")
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-04 10:29")).refused("clashes-with-another")
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-04 10:30")).then("appointment.scheduled")
	g.when("schedule-appointment", slot("HUB_CLINIC", "2026-02-05 10:00")).refused("another-sides-appointment")
	g.as("NAVIGATOR", "VOL1").when("schedule-appointment", slot("HUB_CLINIC", "2026-02-05 10:00")).refused("another-sides-appointment")
	g.as("NAVIGATOR", "HUB-CAM").when("schedule-appointment", slot("HUB_CLINIC", "2026-02-05 10:00")).then("appointment.scheduled")
	g.when("schedule-appointment", fmt.Sprintf(`{"kind":"HUB_CLINIC","slot":%s}`, halfHour("2026-02-06 10:00"))).invalid("/site")
	g.when("schedule-appointment", slot("TEA", "2026-02-06 10:00")).invalid("/kind")
	g.when("schedule-appointment", `{"kind":"EXTERNAL_HEALTH","slot":{"from":"2026-02-06","minutes":30}}`).invalid("/slot/from")
	g.when("schedule-appointment", `{"kind":"EXTERNAL_HEALTH","slot":{"from":"2026-02-06T10:00:00Z","minutes":0}}`).invalid("/slot/minutes")
}

// That a slot is taken by the other side would tell that there is such an
// appointment.
func TestAClashNeverTellsOfAnotherSidesClinic(t *testing.T) {
	t.Parallel()
	g := supervised(t).as("HUB_NURSE", "HUB-CAM")
	g.when("schedule-appointment", slot("HUB_CLINIC", "2026-02-05 10:00")).then()
	clinic := g.last().Data.(appointment.AppointmentScheduled).Appointment
	g.as("PP", "PROB-N56").when("schedule-appointment", slot("SUPERVISION", "2026-02-05 10:00")).then("appointment.scheduled")
	for _, command := range []string{"record-attendance", "cancel-appointment", "reschedule-appointment"} {
		body := map[string]string{
			"record-attendance":      attendance(clinic, "ATTC"),
			"cancel-appointment":     fmt.Sprintf(`{"appointment":%q,"by":"SERVICE"}`, clinic),
			"reschedule-appointment": fmt.Sprintf(`{"appointment":%q,"by":"SERVICE","slot":%s}`, clinic, halfHour("2026-02-06 10:00")),
		}[command]
		g.when(command, body).refused("no-such-appointment")
	}
}

func TestRescheduleAndCancel(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-04 10:00")).then()
	id := g.last().Data.(appointment.AppointmentScheduled).Appointment
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-05 10:00")).then()
	move := func(clock string) string {
		return fmt.Sprintf(`{"appointment":%q,"by":"PERSON","slot":%s,"reason":"work"}`, id, halfHour(clock))
	}
	g.when("reschedule-appointment", move("2026-02-05 10:00")).refused("clashes-with-another")
	g.when("reschedule-appointment", move("2026-02-04 10:10")).then("appointment.rescheduled") // not with itself
	g.when("reschedule-appointment", fmt.Sprintf(`{"appointment":%q,"by":"NOBODY","slot":%s}`, id, halfHour("2026-02-04 10:10"))).invalid("/by")
	g.at("2026-02-04 10:41").when("reschedule-appointment", move("2026-02-06 10:00")).refused("appointment-past")
	g.at("2026-02-04 10:15").when("cancel-appointment", fmt.Sprintf(`{"appointment":%q,"by":"SERVICE"}`, id)).then("appointment.cancelled")
	g.when("cancel-appointment", fmt.Sprintf(`{"appointment":%q,"by":"SERVICE"}`, id)).refused("appointment-cancelled")
	g.when("record-attendance", attendance(id, "ATTC")).refused("appointment-cancelled")
	g.when("schedule-appointment", slot("SUPERVISION", "2026-02-04 10:15")).then("appointment.scheduled") // the slot is free again
}

func TestRecordAttendance(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	supervisionAt := g.attended("SUPERVISION", "2026-02-04 09:00", "")
	shared := g.attended("CO_LOCATED", "2026-02-04 10:00", "")
	clinic := g.as("HUB_NURSE", "HUB-CAM").attended("HUB_CLINIC", "2026-02-04 11:00", "")

	g.as("PP", "PROB-N56").at("2026-02-04 08:59").when("record-attendance", attendance(supervisionAt, "ATTC")).refused("before-start")
	g.at("2026-02-04 11:00").when("record-attendance", attendance(supervisionAt, "5")).refused("outcome-of-another-kind")
	g.when("record-attendance", attendance(supervisionAt, "XXXX")).invalid("/outcome")
	g.when("record-attendance", attendance(supervisionAt, "AFTA")).then("appointment.attendance-recorded")
	g.when("record-attendance", attendance(supervisionAt, "UAAB")).then("appointment.attendance-recorded") // decided later
	if a, _ := g.state().Appointment.Find(supervisionAt); a.Delius != "UAAB" {
		t.Errorf("outcome %s, want the later one", a.Delius)
	}

	g.as("HUB_NURSE", "HUB-CAM")
	g.when("record-attendance", attendance(shared, "UAAB")).refused("health-actor-enforceable-outcome")
	g.when("record-attendance", attendance(shared, "AFTA")).then("appointment.attendance-recorded")
	g.when("record-attendance", attendance(clinic, "UAAB")).refused("outcome-of-another-kind")
	g.when("record-attendance", fmt.Sprintf(`{"appointment":%q,"outcome":"6","late":true}`, clinic)).invalid("/late")
	d := g.when("record-attendance", attendance(clinic, "3")).then("appointment.attendance-recorded")
	e := d[0].Data.(appointment.AttendanceRecorded)
	if e.Delius != "" || e.NHS.Value() != "3" || d[0].Side != event.NHS {
		t.Errorf("a missed clinic: got %+v on side %s, want a health code in the NHS record only", e, d[0].Side)
	}

	items := appointment.Tellable(g.state().Appointment)
	if len(items) != 2 {
		t.Fatalf("got %d things to tell, want the shared appointment and the clinic", len(items))
	}
	for _, i := range items {
		if i.Category != "H.ATTENDANCE" || i.Facts[len(i.Facts)-1] != (event.Fact{Name: "attended", Value: "NO"}) {
			t.Errorf("got %s %v, want a missed health contact", i.Category, i.Facts)
		}
	}
}

// A clinic that another side's system reports missed is the NHS's record.
func TestAnImportedClinicStaysWithTheNHS(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	clinic := g.as("HUB_NURSE", "HUB-CAM").attended("HUB_CLINIC", "2026-02-04 11:00", "")
	d := g.as("PP", "PROB-N56").decide("record-attendance", attendance(clinic, "3"), event.Imported).then("appointment.attendance-recorded")
	if d[0].Side != event.NHS {
		t.Errorf("side %s, want NHS", d[0].Side)
	}
	unknown := g.decide("record-attendance", attendance(person, "ATTC"), event.Imported).then("appointment.attendance-recorded")
	if unknown[0].Side != event.Probation {
		t.Errorf("an appointment nobody knows: side %s, want the actor's", unknown[0].Side)
	}
}

func TestCoPresence(t *testing.T) {
	t.Parallel()
	pp1, pp2 := event.DeriveUUID("staff", []byte("PP1")), event.DeriveUUID("staff", []byte("PP2"))
	g := supervised(t)
	alone := g.attended("SUPERVISION", "2026-02-04 09:00", "")
	shared := g.attended("CO_LOCATED", "2026-02-04 10:00", "")
	g.as("HUB_CLIN", "HUB-CAM")
	agree := func(id event.UUID, from string, topic string) string {
		return fmt.Sprintf(`{"appointment":%q,"persons":[%q],"topics":[%q],"slot":{"from":%q,"minutes":10},"privateOffered":true}`, id, pp1, topic, from)
	}
	g.when("agree-co-presence", agree(shared, "2026-02-04T10:00:00Z", "INTRO")).then("appointment.co-presence-agreed")
	presence := g.last().Data.(appointment.CoPresenceAgreed).Presence
	g.when("agree-co-presence", agree(shared, "2026-02-04T10:25:00Z", "INTRO")).refused("outside-appointment")
	g.when("agree-co-presence", agree(shared, "2026-02-04T10:00:00Z", "GOSSIP")).invalid("/topics")
	g.when("agree-co-presence", agree(alone, "2026-02-04T09:00:00Z", "INTRO")).refused("no-such-appointment")
	g.as("PP", "PROB-N56").when("agree-co-presence", agree(alone, "2026-02-04T09:00:00Z", "INTRO")).refused("not-co-located")

	at := func(clock string) time.Time {
		v, _ := time.Parse(time.RFC3339, "2026-02-04T"+clock+"Z")
		return v
	}
	for _, c := range []struct {
		staff event.UUID
		topic appointment.Topic
		at    string
		want  bool
	}{
		{pp1, appointment.Intro, "10:00:00", true}, {pp1, appointment.Intro, "10:09:59", true}, {pp1, appointment.Intro, "10:10:00", false},
		{pp1, appointment.Screening, "10:05:00", false}, {pp2, appointment.Intro, "10:05:00", false}, {pp1, appointment.Intro, "09:59:59", false},
	} {
		if got := g.state().Appointment.CoPresent(c.staff, c.topic, at(c.at)); got != c.want {
			t.Errorf("%s at %s: got %v, want %v", c.topic, c.at, got, c.want)
		}
	}
	g.at("2026-02-04 10:05").when("end-co-presence", fmt.Sprintf(`{"presence":%q}`, presence)).then("appointment.co-presence-ended")
	g.when("end-co-presence", fmt.Sprintf(`{"presence":%q}`, presence)).nothing()
	g.when("end-co-presence", fmt.Sprintf(`{"presence":%q}`, person)).refused("no-such-presence")
	if g.state().Appointment.CoPresent(pp1, appointment.Intro, at("10:06:00")) {
		t.Error("an agreement that was ended still covers")
	}
	g.given("agree-co-presence", agree(shared, "2026-02-04T10:10:00Z", "PLAN"))
	g.when("decline-co-presence", fmt.Sprintf(`{"appointment":%q,"persons":[%q],"topics":["PLAN"],"privateOffered":true}`, shared, pp1)).
		then("appointment.co-presence-declined", "appointment.co-presence-ended")
	if a, ok := g.state().Appointment.SharedAt(at("10:05:00")); !ok || a.ID != shared {
		t.Error("the shared appointment is not found by its time")
	}
}

func TestRecordBarrier(t *testing.T) {
	t.Parallel()
	g := registered(t).as("NAVIGATOR", "VOL1")
	g.when("record-barrier", `{"barrier":"ADDRESS","note":"sofa surfing"}`).then("appointment.barrier-recorded")
	g.when("record-barrier", `{"barrier":"RAIN"}`).invalid("/barrier")
	g.as("GP", "GP1").when("record-barrier", `{"barrier":"ID"}`).refused("role-may-not")
}
