package entries_test

import (
	"testing"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/entries"
	"caseledger/projections/projectiontest"
)

var (
	contract = event.StreamID{Kind: event.AgreementStream, Of: boundarytest.ID("DSA-1")}
	hub      = event.StreamID{Kind: event.OrgStream, Of: boundarytest.Org("HUB-CAM").ID}
	found    = event.StreamID{Kind: event.FindingStream, Of: boundarytest.ID("A")}
)

// history has an entry of an agreement, which every side reads, and two of the
// hub's.
func history(side event.Side) *boundarytest.Case {
	c := boundarytest.New(boundarytest.Viewer(side))
	c.On(contract).Says("HUB-CAM", agreement.AgreementSigned{Version: 1}, func(e *event.Recorded) { e.Operational = event.Open })
	c.On(hub).Says("HUB-CAM", governance.TrainingRecorded{Training: boundarytest.ID("t")})
	c.On(found).Says("HUB-CAM", finding.FindingAcknowledged{Finding: boundarytest.ID("f")})
	return c
}

func rows(t *testing.T, c *boundarytest.Case, side event.Side, stream event.StreamID) []entries.Row {
	t.Helper()
	events, _ := c.Events(stream)
	rows, err := projections.Replay(entries.Model(boundarytest.Viewer(side)), events)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAnEntryIsFoundByItsOwnSideAlone(t *testing.T) {
	t.Parallel()
	for side, want := range map[event.Side]int{event.NHS: 1, "": 1, event.Probation: 0} {
		c := history(side)
		for _, stream := range []event.StreamID{hub, found} {
			got := rows(t, c, side, stream)
			if len(got) != want {
				t.Errorf("%s: %d entries of %s, want %d", side, len(got), stream, want)
			}
			if len(got) > 0 && (got[0].Controller != boundarytest.Org("HUB-CAM").Controller || got[0].Type == "" || got[0].Actor.Role != "HUB_NURSE") {
				t.Errorf("%s: %+v", side, got[0])
			}
		}
	}
}

func TestAnEntryOfAnAgreementIsForEverySide(t *testing.T) {
	t.Parallel()
	for _, side := range []event.Side{event.NHS, event.Probation, ""} {
		got := rows(t, history(side), side, contract)
		if len(got) != 1 || got[0].Controller != boundary.WholeSide || got[0].Type != "agreement.signed" {
			t.Errorf("%s: %+v", side, got)
		}
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history("")
	events, _ := c.Events(hub)
	c.On(hub).Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[0].ID))
	projectiontest.Run(t, entries.Model(boundarytest.Viewer("")), c.Ledger)
	projectiontest.Run(t, entries.Model(boundarytest.Viewer(event.Probation)), history(event.Probation).Ledger)
}

// A row whose JSON has a member that nobody wrote is not taken for the row
// without it.
func TestARowWithAMemberThatNobodyWroteIsRefused(t *testing.T) {
	t.Parallel()
	m := entries.Model(boundarytest.Viewer(""))
	row := func(actor string) []any {
		return []any{hub.String(), boundarytest.ID("e").String(), "", int64(1), int64(1), "training.recorded", "2026-01-05T08:00:00Z", actor}
	}
	plain := `{"id":"` + boundarytest.ID("who").String() + `","role":"SYSTEM","side":"NHS"}`
	if _, err := m.Projection.Decode(row(plain)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Projection.Decode(row(plain[:len(plain)-1] + `,"orf":""}`)); err == nil {
		t.Error("it is read")
	}
}
