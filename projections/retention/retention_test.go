package retention_test

import (
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/retention"
)

var (
	period = boundarytest.ID("the period")
	hold   = boundarytest.ID("the hold")

	disposal, erasure, request = boundarytest.ID("the disposal"), boundarytest.ID("the erasure"), boundarytest.ID("the request")
)

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("HUB-CAM", rights.RetentionPeriodSet{Period: period, Class: "ADULT_HEALTH", From: event.MustDay("2026-03-02"),
		KeepUntil: event.MustDay("2034-03-02"), DisposeOn: event.MustDay("2034-03-03")}, boundarytest.At(t, "2026-03-02 09:00"))
	c.Says("HUB-CAM", rights.LegalHoldPlaced{Hold: hold, Reason: event.Own("inquiry")}, boundarytest.At(t, "2033-01-01 09:00"))
	c.Says("HUB-CAM", rights.RetentionReviewed{Period: period, Outcome: rights.Extend, DisposeOn: event.MustDay("2036-03-03")}, boundarytest.At(t, "2034-03-03 09:00"))
	c.Says("HUB-CAM", rights.LegalHoldLifted{Hold: hold}, boundarytest.At(t, "2035-01-01 09:00"))
	c.Says("HUB-CAM", rights.RecordDisposed{Disposal: disposal, Period: period, Data: []event.Class{event.Health}}, boundarytest.At(t, "2036-03-03 09:00"))
	c.Says("HUB-CAM", rights.ErasureDecided{Erasure: erasure, Request: request, Data: []event.Class{event.Identity}}, boundarytest.At(t, "2036-03-04 09:00"))
	c.Says("HUB-CAM", rights.ErasureCompleted{Erasure: disposal, Side: side, Keys: 2, CopiesUntil: event.MustDay("2036-04-03")}, boundarytest.At(t, "2036-03-04 10:00"))
	c.Says("HUB-CAM", rights.ErasureCompleted{Erasure: boundarytest.ID("never decided"), Side: side}, boundarytest.At(t, "2036-03-04 11:00"))
	return c
}

func after(t *testing.T, side event.Side, n int) map[event.UUID]retention.Row {
	t.Helper()
	c := history(t, side)
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(retention.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil {
		t.Fatal(err)
	}
	byID := map[event.UUID]retention.Row{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	return byID
}

func TestAPeriodIsReviewedAndThenOver(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "2034-03-03", 3: "2036-03-03", 5: "2036-03-03"} {
		r := after(t, event.NHS, n)[period]
		if r.DisposeOn == nil || r.DisposeOn.String() != want || r.KeepUntil.String() != "2034-03-02" || r.Disposed.IsZero() != (n < 5) || r.Class != "ADULT_HEALTH" {
			t.Errorf("after %d events: %+v", n, r)
		}
	}
	if r := after(t, event.NHS, 5)[period]; r.LastReview != rights.Extend || len(r.Data) != 1 || r.Org != boundarytest.Org("HUB-CAM").ID {
		t.Errorf("%+v", r)
	}
}

func TestWhatWasDecidedIsCarriedOut(t *testing.T) {
	t.Parallel()
	rows := after(t, event.NHS, 8)
	d, e := rows[disposal], rows[erasure]
	if d.Kind != retention.Erasure || d.Period != period || d.CarriedOut.IsZero() || d.Keys != 2 || d.CopiesUntil.String() != "2036-04-03" || len(d.Data) != 1 {
		t.Errorf("the disposal: %+v", d)
	}
	if e.Request != request || !e.CarriedOut.IsZero() || e.Disposed.IsZero() || e.Org != boundarytest.Org("HUB-CAM").ID {
		t.Errorf("the erasure: %+v", e)
	}
	if len(rows) != 4 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestAHoldHoldsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	rows := after(t, event.NHS, 5)
	s := retention.Holds([]retention.Row{rows[period], rows[hold]})
	for at, want := range map[string]bool{"2032-12-31T00:00:00Z": false, "2034-06-01T00:00:00Z": true, "2035-06-01T00:00:00Z": false} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.HeldAt(when); got != want || len(s.Holds) != 1 {
			t.Errorf("at %s: held %t, want %t", at, got, want)
		}
	}
}

func TestWhatIsNotThereIsAbsent(t *testing.T) {
	t.Parallel()
	if rows := after(t, event.Probation, 8); len(rows) != 0 {
		t.Errorf("another side reads %+v", rows)
	}
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	c.Says("HUB-CAM", rights.RetentionReviewed{Period: period, Outcome: rights.Dispose})
	c.Says("HUB-CAM", rights.LegalHoldLifted{Hold: hold})
	events, _ := c.Events(c.Person())
	if rows, err := projections.Replay(retention.Model(boundarytest.Viewer(event.NHS)), events); err != nil || len(rows) != 0 {
		t.Errorf("what was never set or placed: %+v, %v", rows, err)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	c.Says("HUB-CAM", rights.RetentionPeriodSet{Period: boundarytest.ID("another"), Class: "ADULT_HEALTH"}) // the schedule does not dispose
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[4].ID))
	projectiontest.Run(t, retention.Model(boundarytest.Viewer(event.NHS)), c.Ledger, history(t, event.Probation).Ledger)
}
