package governance_test

import (
	"testing"
	"time"

	domain "caseledger/domain/governance"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/governance"
	"caseledger/projections/projectiontest"
)

var (
	hub   = event.StreamID{Kind: event.OrgStream, Of: boundarytest.Org("HUB-CAM").ID}
	id    = boundarytest.ID
	staff = boundarytest.ID("NAV1")
)

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side)).On(hub)
	says := func(clock string, data any) { c.Says("HUB-CAM", data, boundarytest.At(t, clock)) }
	says("2026-01-05 09:00", domain.DPIAApproved{DPIA: id("dpia"), Version: 1, Processing: domain.HealthHub, Residual: "MEDIUM", ReviewDue: event.MustDay("2026-06-01"), DPOAdvice: event.Own("go on")})
	says("2026-05-05 09:00", domain.DPIAApproved{DPIA: id("dpia"), Version: 2, Processing: domain.HealthHub, Residual: "LOW", ReviewDue: event.MustDay("2027-06-01")})
	says("2026-05-06 09:00", domain.ProcessingChanged{Processing: domain.HealthHub})
	says("2026-01-05 09:00", domain.PolicyDocumentPublished{Document: id("apd"), Version: 1, Condition: "A9G", From: event.MustDay("2026-01-05"), ReviewDue: event.MustDay("2027-01-05")})
	says("2026-01-05 09:00", domain.RopaEntryRecorded{Entry: id("ropa"), Purpose: "REHAB_SUPPORT", RecipientSide: event.Probation, Categories: []event.Category{"H.REFERRAL"}, From: event.MustDay("2026-01-05")})
	says("2026-01-05 09:00", domain.StaffRoleAssigned{Assignment: id("role"), Staff: staff, Role: "NAVIGATOR", Senior: true})
	says("2026-01-05 09:00", domain.TrainingRecorded{Training: id("training"), Staff: staff, Course: domain.DataSecurity})
	says("2026-01-05 09:00", domain.UndertakingSigned{Undertaking: id("undertaking"), Staff: staff, Until: event.MustDay("2026-12-31")})
	says("2026-03-02 09:00", domain.BreachDetected{Breach: id("breach"), Kind: "CONFIDENTIALITY", AwareAt: event.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)),
		Subjects: []event.UUID{id("A"), id("B")}, Notifiable: true, Description: event.Own("ALPHA was told of")})
	says("2026-03-03 09:00", domain.BreachAssessed{Breach: id("breach"), Likelihood: "LIKELY", Notifiable: true})
	says("2026-03-04 09:00", domain.SubjectsInformed{Breach: id("breach"), Subjects: []event.UUID{id("A")}})
	says("2026-03-04 10:00", domain.SubjectsInformed{Breach: id("breach"), Subjects: []event.UUID{id("B")}})
	says("2026-03-06 09:00", domain.RegulatorNotified{Breach: id("breach"), Delay: "INVESTIGATION"})
	says("2026-04-01 09:00", domain.StaffRoleEnded{Assignment: id("role")})
	return c
}

func after(t *testing.T, side event.Side, n int) map[governance.Register]governance.Row {
	t.Helper()
	events, _ := history(t, side).Events(hub)
	rows, err := projections.Replay(governance.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil {
		t.Fatal(err)
	}
	byRegister := map[governance.Register]governance.Row{}
	for _, r := range rows {
		byRegister[r.Register] = r
	}
	return byRegister
}

func TestEachRegisterHasItsEntry(t *testing.T) {
	t.Parallel()
	rows := after(t, event.NHS, 14)
	if len(rows) != len(governance.Registers) {
		t.Fatalf("%d registers, want %d", len(rows), len(governance.Registers))
	}
	for register, want := range map[governance.Register]struct {
		code    string
		version int
		due     string // the first moment at which it is overdue
	}{
		governance.DPIA:        {"HEALTH_HUB", 2, "2027-05-31T23:00:00Z"},
		governance.Change:      {"HEALTH_HUB", 0, ""},
		governance.Document:    {"A9G", 1, "2027-01-05T00:00:00Z"},
		governance.Ropa:        {"REHAB_SUPPORT", 0, ""},
		governance.StaffRole:   {"NAVIGATOR", 0, ""},
		governance.Training:    {"DATA_SECURITY", 0, "2027-01-06T00:00:00Z"},
		governance.Undertaking: {"", 0, "2027-01-01T00:00:00Z"},
	} {
		r := rows[register]
		due := ""
		if !r.Due.IsZero() {
			due = r.Due.UTC().Format(time.RFC3339)
		}
		if r.Code != want.code || r.Version != want.version || due != want.due || r.Controller != boundarytest.Org("HUB-CAM").Controller {
			t.Errorf("%s: %+v, due %s", register, r, due)
		}
		if due != "" && (r.OverdueAt(r.Due.Add(-1)) || !r.OverdueAt(r.Due)) {
			t.Errorf("%s: overdue from another moment than %s", register, due)
		}
	}
	if r := rows[governance.StaffRole]; r.Staff != staff || !r.Senior || r.Ended.IsZero() || r.At.String() != "2026-01-05T09:00:00Z" {
		t.Errorf("%+v", r)
	}
	if r := rows[governance.Ropa]; r.Recipient != event.Probation || len(r.Categories) != 1 || r.From.String() != "2026-01-05" {
		t.Errorf("%+v", r)
	}
}

func TestTheClockOfABreachRunsSeventyTwoHours(t *testing.T) {
	t.Parallel()
	in, late := time.Date(2026, 3, 5, 8, 0, 0, 0, time.UTC), time.Date(2026, 3, 5, 8, 0, 0, 1000, time.UTC)
	before := after(t, event.NHS, 12)[governance.Breach]
	if before.OverdueAt(in) || !before.OverdueAt(late) || before.Incident.Likelihood != "LIKELY" || before.Incident.Informed.String() != "2026-03-04T10:00:00Z" {
		t.Errorf("%+v", before)
	}
	if r := after(t, event.NHS, 13)[governance.Breach]; r.OverdueAt(late) || r.Incident.Delay != "INVESTIGATION" || r.Incident.Notified.IsZero() || r.At != before.At {
		t.Errorf("notified: %+v", r)
	}
}

func TestWhatIsNotThereIsAbsent(t *testing.T) {
	t.Parallel()
	if rows := after(t, event.Probation, 14); len(rows) != 0 {
		t.Errorf("another side reads %+v", rows)
	}
	events, _ := history(t, event.NHS).Events(hub)
	if rows, err := projections.Replay(governance.Model(boundarytest.Viewer(event.NHS)), events[9:]); err != nil || len(rows) != 0 {
		t.Errorf("what became of nothing: %+v, %v", rows, err)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(hub)
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[12].ID))
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[1].ID))
	projectiontest.Run(t, governance.Model(boundarytest.Viewer(event.NHS)), c.Ledger, history(t, event.Probation).Ledger)
}
