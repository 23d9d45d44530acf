package caseload_test

import (
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/caseload"
	"caseledger/projections/projectiontest"
)

func hub(t *testing.T) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	booked, kept := boundarytest.ID("booked"), boundarytest.ID("kept")
	slot := func(clock string) appointment.Slot {
		e := event.Recorded{}
		boundarytest.At(t, clock)(&e)
		return appointment.Slot{From: e.Effective, Minutes: 30}
	}
	c.Says("HUB-CAM", person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: "ALPHA"}),
		DateOfBirth: event.Own(event.MustDay("1991-05-17")), Site: "CAM", Region: "N56"})
	c.Says("HUB-CAM", person.IdentifierLinked{Link: boundarytest.ID("nhs"), Type: person.NHSNumberType, Value: event.Own("9990001014"), Status: "02"})
	c.Says("HUB-CAM", person.IdentifierVerified{Link: boundarytest.ID("nhs"), Type: person.NHSNumberType, Status: "01"})
	c.Says("HUB-CAM", person.PrivacyNoticeGiven{Notice: "v1"})
	c.Says("HUB-CAM", appointment.AppointmentScheduled{Appointment: booked, Slot: slot("2026-02-20 14:00")})
	c.Says("HUB-CAM", appointment.AppointmentScheduled{Appointment: kept, Slot: slot("2026-02-13 14:00")})
	c.Says("HUB-CAM", appointment.AttendanceRecorded{Appointment: kept})
	c.Says("HUB-CAM", screening.ScreeningCompleted{Screening: boundarytest.ID("phq9")}, boundarytest.At(t, "2026-02-04 10:20"))
	c.Says("HUB-CAM", screening.RiskFlagRaised{Flag: boundarytest.ID("flag")})
	c.Says("HUB-CAM", referral.ReferralSent{Referral: boundarytest.ID("gp")})
	c.Says("HUB-CAM", referral.ReferralSent{Referral: boundarytest.ID("trust")})
	c.Says("HUB-CAM", referral.ReferralCancelled{Referral: boundarytest.ID("trust"), Reason: "MISTAKEN"})
	c.Says("HUB-CAM", consent.ConsentGranted{Consent: boundarytest.ID("cA1"), Version: 1, Kind: consent.Screening}, boundarytest.At(t, "2026-02-04 10:12"))
	c.Says("PROB-N56", supervision.PractitionerAllocated{})
	return c
}

func only(t *testing.T, c *boundarytest.Case, side event.Side) caseload.Row {
	t.Helper()
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(caseload.Model(boundarytest.Viewer(side)), history)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v; want one", len(rows), err)
	}
	return rows[0]
}

func TestARowSaysWhoWhereAndWhatComesNext(t *testing.T) {
	t.Parallel()
	r := only(t, hub(t), event.NHS)
	if r.FamilyName != "ALPHA" || r.Sought != "alpha" || r.BirthDate != "1991-05-17" || r.Site != "CAM" || !r.Registered || !r.Notice {
		t.Errorf("family %t, sought %t, born %t, site %s", r.FamilyName == "ALPHA", r.Sought == "alpha", r.BirthDate == "1991-05-17", r.Site)
	}
	if len(r.Identifiers) != 1 || r.Identifiers[0].Status != "01" {
		t.Errorf("%d identifiers, want one that is verified", len(r.Identifiers))
	}
	if next := r.Next(event.MustDay("2026-02-10").Start()); next.String() != "2026-02-20T14:00:00Z" {
		t.Errorf("next contact %s: the one that was kept is past", next)
	}
	if next := r.Next(event.MustDay("2026-02-21").Start()); !next.IsZero() {
		t.Errorf("next contact %s, want none", next)
	}
	if len(r.Referrals) != 1 || r.Referrals[0] != boundarytest.ID("gp") || len(r.RiskFlags) != 1 {
		t.Errorf("open: %d referrals, %d flags", len(r.Referrals), len(r.RiskFlags))
	}
	if r.ScreenedAt.String() != "2026-02-04T10:20:00Z" || r.ConsentAt.String() != "2026-02-04T10:12:00Z" || !r.Practitioner.IsZero() {
		t.Errorf("screened %s, consent %s, practitioner %s: another side's allocation is absent", r.ScreenedAt, r.ConsentAt, r.Practitioner)
	}
	if r.Revision != 13 {
		t.Errorf("revision %d, want 13: of the last entry that the controller can see", r.Revision)
	}
}

// told is a person whom the hub knows from a disclosure only.
func told(t *testing.T) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	flow := disclosure.Flow{FromOrg: boundarytest.Org("PROB-N56").ID, ToOrg: boundarytest.Org("HUB-CAM").ID,
		Direction: disclosure.Direction{From: event.Probation, To: event.NHS}}
	c.Says("PROB-N56", person.PersonRegistered{})
	c.Says("PROB-N56", disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: boundarytest.ID("r06"), Flow: flow}),
		ToldIdentity: event.Own([]event.Item{
			{Category: "ID.DEMOG", Facts: []event.Fact{{Name: "familyName", Value: "ALPHA"}, {Name: "dateOfBirth", Value: "1991-05-17"}}},
			{Category: "ID.CRN", Facts: []event.Fact{{Name: "type", Value: "CRN"}, {Name: "value", Value: "X990101"}}},
		})})
	return c
}

func TestWhoWasToldKnowsThePerson(t *testing.T) {
	t.Parallel()
	r := only(t, told(t), event.NHS)
	if r.FamilyName != "ALPHA" || r.BirthDate != "1991-05-17" || r.Registered || r.Controller != boundarytest.Org("HUB-CAM").Controller {
		t.Errorf("family %t, born %t, registered %t, controller %s", r.FamilyName == "ALPHA", r.BirthDate == "1991-05-17", r.Registered, r.Controller)
	}
	if len(r.Identifiers) != 1 || r.Identifiers[0].Type != person.CRNType {
		t.Errorf("%d identifiers, want the CRN that was told", len(r.Identifiers))
	}
}

func TestControllersOfOneSideHaveRowsOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	gp := boundarytest.Org("GP1")
	flow := disclosure.Flow{FromOrg: boundarytest.Org("HUB-CAM").ID, ToOrg: gp.ID, Direction: disclosure.Direction{From: event.NHS, To: event.NHS}}
	c.Says("HUB-CAM", person.PersonRegistered{Name: event.Own(person.Name{Family: "ALPHA"}), Site: "CAM"})
	c.Says("HUB-CAM", disclosure.DisclosureMade{Disclosure: boundarytest.ID("r01"), Flow: flow,
		Notice:       event.Own(disclosure.Notice{Disclosure: boundarytest.ID("r01"), Flow: flow}),
		ToldIdentity: event.Own([]event.Item{{Category: "ID.DEMOG", Facts: []event.Fact{{Name: "familyName", Value: "ALPHA"}}}})})
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(caseload.Model(boundarytest.Viewer(event.NHS)), history)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v; want the hub's and the practice's", len(rows), err)
	}
	for _, r := range rows {
		if r.Controller == gp.Controller && (r.Site != "" || r.Registered || r.FamilyName != "ALPHA") {
			t.Errorf("the practice has site %q, registered %t: it holds what it was told and no more", r.Site, r.Registered)
		}
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := hub(t)
	history, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(history[8].ID))
	projectiontest.Run(t, caseload.Model(boundarytest.Viewer(event.NHS)), c.Ledger, told(t).Ledger)
}
