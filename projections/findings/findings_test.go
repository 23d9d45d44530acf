package findings_test

import (
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/findings"
	"caseledger/projections/projectiontest"
)

var (
	about   = event.StreamID{Kind: event.FindingStream, Of: boundarytest.ID("A")}
	told    = boundarytest.ID("L01 of A")
	checked = boundarytest.ID("L09 of A")
	hub     = boundarytest.Org("HUB-CAM")
)

func judged(t *testing.T, monitor finding.Monitor, severity finding.Severity) finding.Judged {
	t.Helper()
	var e event.Recorded
	boundarytest.At(t, "2026-02-24 10:00")(&e)
	item := event.ID{UUID: boundarytest.ID("the telling")}
	return finding.Judged{Monitor: monitor, Version: 2, Severity: severity, Item: item, Evidence: []event.ID{item, {UUID: boundarytest.ID("the withdrawal")}},
		At: e.Effective, AsKnown: true, Hindsight: true, Notes: []finding.Note{"known-at-the-time"}, Categories: []event.Category{"H.REFERRAL"},
		By: boundarytest.ID("NUR1"), Org: hub.ID, Side: event.NHS}
}

// board raises two findings about the hub's acts; the first is settled.
func board(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side)).On(about)
	c.Says("HUB-CAM", finding.FindingRaised{Finding: told, Judged: judged(t, "L01", finding.Critical), To: 40})
	c.Says("HUB-CAM", finding.FindingRaised{Finding: checked, Judged: judged(t, "L09", finding.Low), To: 41})
	c.Says("HUB-CAM", finding.FindingAcknowledged{Finding: told})
	c.Says("HUB-CAM", finding.FindingResolved{Finding: told, Outcome: "INCIDENT_RAISED", Breach: boundarytest.ID("breach"), Reason: event.Own("ALPHA was told on")})
	c.Says("HUB-CAM", finding.FindingSuperseded{Finding: checked, Cause: finding.Disproved, To: 50})
	return c
}

func after(t *testing.T, c *boundarytest.Case, side event.Side, n int) map[event.UUID]findings.Row {
	t.Helper()
	history, _ := c.Events(about)
	rows, err := projections.Replay(findings.Model(boundarytest.Viewer(side)), history[:n])
	if err != nil {
		t.Fatal(err)
	}
	byID := map[event.UUID]findings.Row{}
	for _, r := range rows {
		byID[r.Finding] = r
	}
	return byID
}

func TestAFindingKeepsWhatWasDoneAboutIt(t *testing.T) {
	t.Parallel()
	c := board(t, event.NHS)
	for n, want := range map[int]finding.Status{1: finding.Open, 3: finding.Acknowledged, 5: finding.Resolved} {
		if r := after(t, c, event.NHS, n)[told]; r.Status != want || !r.Stands() {
			t.Errorf("after %d events: %s, want %s", n, r.Status, want)
		}
	}
	rows := after(t, c, event.NHS, 5)
	r := rows[told]
	if r.Controller != hub.Controller || r.Org != hub.ID || r.Person != about.Of || r.Side != event.NHS || r.Monitor != "L01" ||
		r.Severity != finding.Critical || r.Gravity != 0 || r.Item != boundarytest.ID("the telling") || r.Judged.Version != 2 || r.JudgedTo != 40 ||
		r.Outcome != "INCIDENT_RAISED" || r.Breach != boundarytest.ID("breach") || r.At.Format("2006-01-02T15:04Z07:00") != "2026-02-24T10:00Z" {
		t.Errorf("%+v", r)
	}
	if len(r.Steps) != 3 || r.Steps[2].Status != finding.Resolved || r.Steps[1].Role != "HUB_NURSE" || r.RaisedAt() != projectiontest.Start {
		t.Errorf("steps %+v", r.Steps)
	}
	if s := rows[checked]; s.Status != finding.Superseded || s.Cause != finding.Disproved || s.Stands() || s.JudgedTo != 50 || s.Gravity != 3 {
		t.Errorf("%+v", s)
	}
}

func TestAFindingRaisedAgainStaysSettledUnlessItIsGraver(t *testing.T) {
	t.Parallel()
	c := board(t, event.NHS)
	c.Says("HUB-CAM", finding.FindingRaised{Finding: told, Judged: judged(t, "L01", finding.High), To: 60, Again: true})
	c.Says("HUB-CAM", finding.FindingRaised{Finding: checked, Judged: judged(t, "L09", finding.Low), To: 61, Again: true})
	rows := after(t, c, event.NHS, 7)
	if r := rows[told]; r.Status != finding.Resolved || r.Severity != finding.High || len(r.Steps) != 4 || r.JudgedTo != 60 {
		t.Errorf("%+v", r)
	}
	if r := rows[checked]; r.Status != finding.Open || r.Cause != "" {
		t.Errorf("found again: %+v", r)
	}
}

func TestAnotherSidesFindingsAreAbsent(t *testing.T) {
	t.Parallel()
	for side, want := range map[event.Side]int{event.Probation: 0, event.NHS: 2, "": 2} {
		if rows := after(t, board(t, side), side, 5); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", side, len(rows), want)
		}
	}
	// What a side records of a finding it was never shown makes no row.
	c := boundarytest.New(boundarytest.Viewer(event.NHS)).On(about)
	c.Says("HUB-CAM", finding.FindingAcknowledged{Finding: told})
	if rows := after(t, c, event.NHS, 1); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
}

func TestWhatIsFoundAboutAnOrganisationIsAboutNobody(t *testing.T) {
	t.Parallel()
	c := boundarytest.New(boundarytest.Viewer(event.NHS)).On(about)
	j := judged(t, "L33", finding.Medium)
	j.Organisation, j.Org, j.By = hub.ID, event.UUID{}, event.UUID{}
	c.Says("HUB-CAM", finding.FindingRaised{Finding: told, Judged: j})
	if r := after(t, c, event.NHS, 1)[told]; !r.Person.IsZero() || r.Org != hub.ID || r.Controller != hub.Controller {
		t.Errorf("%+v", r)
	}
	c = boundarytest.New(boundarytest.Viewer(event.NHS)).On(about)
	j.Organisation = event.UUID{}
	c.Says("HUB-CAM", finding.FindingRaised{Finding: told, Judged: j})
	if r := after(t, c, event.NHS, 1)[told]; r.Controller != boundary.WholeSide || r.Person != about.Of {
		t.Errorf("%+v", r)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := board(t, event.NHS)
	history, _ := c.Events(about)
	c.Says("HUB-CAM", finding.FindingRaised{Finding: checked, Judged: judged(t, "L09", finding.Low), To: 61, Again: true})
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(history[3].ID))
	projectiontest.Run(t, findings.Model(boundarytest.Viewer(event.NHS)), c.Ledger)
	projectiontest.Run(t, findings.Model(boundarytest.Viewer(event.Probation)), board(t, event.Probation).Ledger)
}
