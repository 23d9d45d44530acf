package consentstatus_test

import (
	"testing"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/consentstatus"
	"caseledger/projections/projectiontest"
)

var (
	told  = boundarytest.ID("cA2")
	score = boundarytest.ID("cA3")
)

func scope(categories ...event.Category) consent.Scope {
	return consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Org: boundarytest.Org("PROB-N56").ID}},
		Purposes: []event.Purpose{"REHAB_SUPPORT"}, Categories: categories}
}

// alpha grants a consent on 4 February and takes it back on the 23rd at 09:30,
// which is recorded at 16:00.
func alpha(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("HUB-CAM", consent.ConsentOffered{Consent: told, Kind: consent.Disclosure, Scope: scope("H.ATTENDANCE", "H.REFERRAL")}, boundarytest.At(t, "2026-02-04 10:13"))
	c.Says("HUB-CAM", consent.ConsentGranted{Consent: told, Version: 1, Kind: consent.Disclosure, Form: "EXPLICIT_ORAL",
		Scope: scope("H.ATTENDANCE", "H.REFERRAL"), ExpiresAt: event.On(event.MustDay("2026-08-04"))}, boundarytest.At(t, "2026-02-04 10:14"))
	c.Says("HUB-CAM", consent.ConsentRefused{Consent: score, Kind: consent.Disclosure, Scope: scope("H.SCREEN_SCORE"), Reason: "PRIVACY"}, boundarytest.At(t, "2026-02-04 10:15"))
	c.Says("HUB-CAM", consent.ConsentNarrowed{Consent: told, Version: 2, Scope: scope("H.REFERRAL")}, boundarytest.At(t, "2026-02-10 12:00"))
	c.Says("HUB-CAM", consent.ConsentWithdrawn{Consent: told, To: "NAVIGATOR"}, boundarytest.At(t, "2026-02-23 09:30"))
	return c
}

func at(t *testing.T, clock string) time.Time {
	t.Helper()
	e := event.Recorded{}
	boundarytest.At(t, clock)(&e)
	return e.Effective.Earliest()
}

func statusOf(t *testing.T, rows []consentstatus.Row, id event.UUID, clock string) consent.Status {
	t.Helper()
	for _, r := range rows {
		if r.Consent == id {
			return r.Value().StatusAt(at(t, clock))
		}
	}
	return consent.None
}

func TestStatusOnBothTimeAxes(t *testing.T) {
	t.Parallel()
	model := consentstatus.Model(boundarytest.Viewer(event.NHS))
	c := alpha(t, event.NHS)
	history, _ := c.Events(c.Person())
	for _, q := range []struct {
		name   string
		known  int // how many of the events
		id     event.UUID
		trueOn string
		want   consent.Status
	}{
		{"before it was asked", 5, told, "2026-02-04 10:12", consent.None},
		{"asked", 5, told, "2026-02-04 10:13", consent.Proposed},
		{"granted", 5, told, "2026-02-04 10:14", consent.Active},
		{"23 February at noon, as known then", 4, told, "2026-02-23 12:00", consent.Active},
		{"23 February at noon, in hindsight", 5, told, "2026-02-23 12:00", consent.Withdrawn},
		{"a minute before it was taken back", 5, told, "2026-02-23 09:29", consent.Active},
		{"after its end, had it not been taken back", 4, told, "2026-08-04 00:00", consent.Expired},
		{"refused", 5, score, "2026-02-04 10:15", consent.Refused},
	} {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			rows, err := projections.Replay(model, history[:q.known])
			if err != nil {
				t.Fatal(err)
			}
			if got := statusOf(t, rows, q.id, q.trueOn); got != q.want {
				t.Errorf("got %s, want %s", got, q.want)
			}
		})
	}
}

func TestAnotherSidesConsentsAreAbsent(t *testing.T) {
	t.Parallel()
	c := alpha(t, event.Probation)
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(consentstatus.Model(boundarytest.Viewer(event.Probation)), history)
	if err != nil || len(rows) != 0 {
		t.Errorf("got %d rows, %v; want none", len(rows), err)
	}
}

func TestScopeIsTheLastInForceOrTheOneRefused(t *testing.T) {
	t.Parallel()
	c := alpha(t, event.NHS)
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(consentstatus.Model(boundarytest.Viewer(event.NHS)), history)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		want := event.Category("H.REFERRAL")
		if r.Consent == score {
			want = "H.SCREEN_SCORE"
		}
		if got := r.Scope().Categories; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", r.Kind, got, want)
		}
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := alpha(t, event.NHS)
	granted, _ := c.Events(c.Person())
	c.Of(2).Says("HUB-MID", consent.ConsentGranted{Consent: boundarytest.ID("cB1"), Version: 1, Kind: consent.Screening})
	c.Of(1).Says("HUB-CAM", event.EventCorrected{}, projectiontest.Corrects(granted[1].ID))
	c.Says("HUB-CAM", consent.ConsentGranted{Consent: told, Version: 1, Kind: consent.Disclosure, Scope: scope("H.REFERRAL")}, projectiontest.Corrects(granted[1].ID))
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(granted[2].ID))
	projectiontest.Run(t, consentstatus.Model(boundarytest.Viewer(event.NHS)), c.Ledger, alpha(t, event.Probation).Ledger)
}
