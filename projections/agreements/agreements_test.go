package agreements_test

import (
	"testing"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/agreements"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
)

var (
	pact   = event.Agreement(boundarytest.ID("DSA-1"))
	hub    = boundarytest.Org("HUB-CAM").ID
	region = boundarytest.Org("PROB-N56").ID
	drug   = boundarytest.Org("DRUG1").ID
)

func terms(parties ...event.UUID) agreement.Terms {
	t := agreement.Terms{Label: "DSA-1", Purposes: []event.Purpose{"REHAB_SUPPORT"}, From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05"),
		Flows: []agreement.Flow{{From: event.NHS, To: event.Probation, Categories: []event.Category{"H.REFERRAL"}}}}
	for _, org := range parties {
		t.Parties = append(t.Parties, agreement.Party{Org: org, Role: "JOINT"})
	}
	return t
}

func open(e *event.Recorded) { e.Operational = event.Open }

// history drafts an agreement between the hub and probation, which both sign;
// a second version adds the drug service, and is not signed.
func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side)).On(pact)
	c.Says("HUB-CAM", agreement.AgreementDrafted{Agreement: pact.Of, Terms: terms(hub, region), Title: event.Own("Hubs and probation")}, boundarytest.At(t, "2026-01-05 09:00"), open)
	c.Says("HUB-CAM", agreement.AgreementSigned{Version: 1, Org: hub, Role: "SIRO"}, boundarytest.At(t, "2026-01-06 09:00"), open)
	c.Says("PROB-N56", agreement.AgreementSigned{Version: 1, Org: region, Role: "SIRO"}, boundarytest.At(t, "2026-01-07 09:00"), open)
	c.Says("HUB-CAM", agreement.AgreementAmended{Version: 2, Terms: terms(hub, region, drug)}, boundarytest.At(t, "2026-02-01 09:00"), open)
	c.Says("HUB-CAM", agreement.AgreementSuspended{}, boundarytest.At(t, "2026-03-01 09:00"), open)
	c.Says("HUB-CAM", agreement.AgreementResumed{}, boundarytest.At(t, "2026-03-02 09:00"), open)
	c.Says("HUB-CAM", agreement.AgreementTerminated{}, boundarytest.At(t, "2026-05-01 09:00"), open)
	return c
}

func row(t *testing.T, side event.Side) agreements.Row {
	t.Helper()
	events, _ := history(t, side).Events(pact)
	rows, err := projections.Replay(agreements.Model(), events)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[0]
}

func TestAStatusIsAskedAtATime(t *testing.T) {
	t.Parallel()
	r := row(t, event.NHS)
	for at, want := range map[string]agreement.Status{"2026-01-06T12:00:00Z": agreement.Draft, "2026-01-07T12:00:00Z": agreement.InForce,
		"2026-03-01T12:00:00Z": agreement.Suspended, "2026-04-01T12:00:00Z": agreement.InForce, "2026-06-01T12:00:00Z": agreement.Terminated} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, v := r.Value().StatusAt(when); got != want || want != agreement.Draft && v.Number != 1 {
			t.Errorf("at %s: %s of version %d, want %s of version 1", at, got, v.Number, want)
		}
	}
	if r.Title != "Hubs and probation" || len(r.Signatures) != 2 || r.Signatures[1].Org != region || r.Signatures[1].By.IsZero() || r.Signatures[1].As != "SIRO" || r.Revision != 7 {
		t.Errorf("%+v", r)
	}
}

func TestAnAgreementIsShownToItsPartiesFromWhenTheyAre(t *testing.T) {
	t.Parallel()
	for _, side := range []event.Side{event.NHS, event.Probation, event.VCSE, ""} {
		r := row(t, side)
		for org, want := range map[event.UUID]struct{ versions, signatures int }{hub: {2, 2}, region: {2, 2}, drug: {1, 0}} {
			shown, ok := r.For(func(o event.UUID) bool { return o == org })
			if !ok || len(shown.Versions) != want.versions || len(shown.Signatures) != want.signatures {
				t.Errorf("%s: %t, %d versions, %d signatures", org, ok, len(shown.Versions), len(shown.Signatures))
			}
		}
		if _, ok := r.For(func(o event.UUID) bool { return o == boundarytest.Org("GP1").ID }); ok {
			t.Error("an agreement is shown to somebody who is no party")
		}
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(pact)
	c.Says("HUB-CAM", agreement.AgreementExpired{Version: 1}, open)
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[6].ID), open)
	projectiontest.Run(t, agreements.Model(), c.Ledger)
}
