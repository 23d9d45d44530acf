package rightsrequests_test

import (
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/rightsrequests"
)

var asked = boundarytest.ID("the request")

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("HUB-CAM", rights.RightsRequestReceived{Request: asked, Kind: rights.Access, Wording: event.Own("everything about TEST ALPHA")}, boundarytest.At(t, "2026-03-02 09:00"))
	c.Says("HUB-CAM", rights.RightsRequestPaused{Request: asked, Reason: "CLARIFICATION"}, boundarytest.At(t, "2026-03-09 09:00"))
	c.Says("HUB-CAM", rights.RightsRequestClarified{Request: asked}, boundarytest.At(t, "2026-03-12 09:00"))
	c.Says("HUB-CAM", rights.RightsRequestExtended{Request: asked, Reason: "COMPLEX"}, boundarytest.At(t, "2026-03-20 09:00"))
	c.Says("HUB-CAM", rights.RightsRequestResponded{Request: asked, Outcome: rights.Granted}, boundarytest.At(t, "2026-06-01 09:00"))
	return c
}

func TestARequestIsDueWhenTheLawSays(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	for n, want := range map[int]string{1: "2026-04-02", 2: "", 3: "2026-04-07", 4: "2026-06-05", 5: "2026-06-05"} {
		rows, err := projections.Replay(rightsrequests.Model(boundarytest.Viewer(event.NHS)), events[:n])
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		r := rows[0]
		got := ""
		if r.Due != nil {
			got = r.Due.String()
		}
		if got != want || r.Answered != (n == 5) || r.Kind != rights.Access || r.Controller != boundarytest.Org("HUB-CAM").Controller {
			t.Errorf("after %d events: due %q, want %q: %+v", n, got, want, r)
		}
		if n == 5 && r.Request.LateAt(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)) {
			t.Error("answered in time is not late")
		}
	}
}

func TestAnotherSidesRequestsAreAbsent(t *testing.T) {
	t.Parallel()
	c := history(t, event.Probation)
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(rightsrequests.Model(boundarytest.Viewer(event.Probation)), events)
	if err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v; want none", len(rows), err)
	}
	// An answer to what nobody asked makes no row.
	rows, err = projections.Replay(rightsrequests.Model(boundarytest.Viewer(event.NHS)), events[4:])
	if err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v; want none", len(rows), err)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[3].ID))
	projectiontest.Run(t, rightsrequests.Model(boundarytest.Viewer(event.NHS)), c.Ledger, history(t, event.Probation).Ledger)
}
