package reviews_test

import (
	"testing"
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/reviews"
)

var use = boundarytest.ID("BG-1")

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("HUB-MID", breakglass.BreakGlassInvoked{BreakGlass: use, ReasonCode: "RISK_TO_LIFE", Reason: event.Own("ALPHA is in danger of their life")}, boundarytest.At(t, "2026-03-09 22:10"))
	c.Says("HUB-MID", breakglass.BreakGlassEnded{BreakGlass: use}, boundarytest.At(t, "2026-03-09 23:00"))
	c.Says("HUB-MID", breakglass.BreakGlassReviewed{BreakGlass: use, Verdict: "MORE_INFORMATION"}, boundarytest.At(t, "2026-03-10 09:00"))
	c.Says("HUB-MID", breakglass.BreakGlassReviewed{BreakGlass: use, Verdict: "APPROPRIATE"}, boundarytest.At(t, "2026-03-11 09:00"))
	c.Says("HUB-MID", breakglass.BreakGlassReviewed{BreakGlass: use, Verdict: "NOT_APPROPRIATE"}, boundarytest.At(t, "2026-03-12 09:00"))
	return c
}

func after(t *testing.T, side event.Side, from, to int) []reviews.Row {
	t.Helper()
	c := history(t, side)
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(reviews.Model(boundarytest.Viewer(side)), events[from:to])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAUseWaitsUntilAReviewSettlesIt(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]struct {
		verdict breakglass.Verdict
		settled bool
	}{1: {"", false}, 2: {"", false}, 3: {"MORE_INFORMATION", false}, 4: {"APPROPRIATE", true}, 5: {"APPROPRIATE", true}} {
		rows := after(t, event.NHS, 0, n)
		if len(rows) != 1 || rows[0].Verdict != want.verdict || rows[0].Settled != want.settled {
			t.Fatalf("after %d events: %+v", n, rows)
		}
		r := rows[0]
		if r.Due.Format(time.RFC3339) != "2026-03-12T22:10:00Z" || r.Reason != "RISK_TO_LIFE" || r.Invoker.Role != "HUB_NURSE" || r.Ended.IsZero() != (n == 1) {
			t.Errorf("after %d events: %+v", n, r)
		}
	}
}

func TestWhatIsNotThereIsAbsent(t *testing.T) {
	t.Parallel()
	if rows := after(t, event.Probation, 0, 5); len(rows) != 0 {
		t.Errorf("another side reads %+v", rows)
	}
	if rows := after(t, event.NHS, 1, 5); len(rows) != 0 {
		t.Errorf("a use that was never invoked: %+v", rows)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	c.Says("HUB-MID", event.EnteredInError{}, projectiontest.Corrects(events[3].ID))
	projectiontest.Run(t, reviews.Model(boundarytest.Viewer(event.NHS)), c.Ledger, history(t, event.Probation).Ledger)
}
