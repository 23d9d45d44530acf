package screenings_test

import (
	"slices"
	"strings"
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/screenings"
)

var (
	phq    = boundarytest.ID("phq9")
	bisi   = boundarytest.ID("bisi")
	audit  = boundarytest.ID("audit")
	flag   = boundarytest.ID("flag")
	source = event.ID{UUID: boundarytest.ID("the result")}
	seen   = event.ID{UUID: boundarytest.ID("the flag's event")}
)

func fact(pairs ...string) []event.Fact {
	var facts []event.Fact
	for i := 0; i < len(pairs); i += 2 {
		facts = append(facts, event.Fact{Name: pairs[i], Value: pairs[i+1]})
	}
	return facts
}

// tells is a disclosure to probation of a band, then of the total, and of a risk.
func tells(items ...event.Item) disclosure.DisclosureMade {
	flow := disclosure.Flow{FromOrg: boundarytest.Org("HUB-CAM").ID, ToOrg: boundarytest.Org("PROB-N56").ID,
		Direction: disclosure.Direction{From: event.NHS, To: event.Probation}}
	return disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: boundarytest.ID("telling"), Decision: boundarytest.ID("decision"), Flow: flow}),
		ToldHealth: event.Own(items)}
}

func band() event.Item {
	return event.Item{Category: "H.SCREEN_BAND", Source: source, Facts: fact("instrument", "PHQ-9", "screenedAt", "2026-02-04T10:20:00Z",
		"band", "MODERATELY_SEVERE", "bandTable", "1", "positive", "true")}
}

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("HUB-CAM", screening.ScreeningOffered{Screening: phq, Instrument: event.Own[reference.Instrument]("PHQ-9")})
	c.Says("HUB-CAM", screening.ScreeningCompleted{Screening: phq, Status: screening.Complete, Instrument: event.Own[reference.Instrument]("PHQ-9"),
		Form: event.Own[reference.InstrumentForm]("form-1"), Total: event.Own(17), Band: event.Own[reference.Band]("MODERATELY_SEVERE"),
		BandTable: event.Own[reference.BandTable]("1"), Positive: event.Own(true)}, boundarytest.At(t, "2026-02-04 10:20"))
	c.Says("HUB-CAM", screening.RiskFlagRaised{Flag: flag, Screening: phq, Level: event.Own(screening.Ideation), Plan: event.Own("an invented plan")})
	c.Says("HUB-CAM", screening.ScreeningDeclined{Screening: audit, Instrument: event.Own[reference.Instrument]("AUDIT"), Reason: "NOT_NOW"})
	c.Says("HUB-CAM", screening.ScreeningCompleted{Screening: bisi, Status: screening.Incomplete, Instrument: event.Own[reference.Instrument]("GAD-7")})
	c.Says("HUB-CAM", screening.RiskFlagReviewed{Flag: flag, Level: event.Own(screening.Plan)})
	c.Says("HUB-CAM", screening.RiskFlagClosed{Flag: flag, Reason: event.Own("an invented reason")})
	c.Says("HUB-CAM", screening.ScreeningEligibilityAssessed{Programme: event.Own[reference.ScreeningProgramme]("CERVICAL"),
		Eligible: event.Own(screening.NotEligible), Reason: event.Own[screening.EligibilityReason]("NOT_REGISTERED_WITH_GP")})
	c.Says("HUB-CAM", screening.ScreeningEligibilityAssessed{Programme: event.Own[reference.ScreeningProgramme]("CERVICAL"),
		Eligible: event.Own(screening.Eligible), Reason: event.Own[screening.EligibilityReason]("AGE_AND_ANATOMY")})
	c.Says("HUB-CAM", tells(band(), event.Item{Category: "H.RISK_SELF", Source: seen, Facts: fact("level", "IDEATION", "seenAt", "2026-02-04T10:20:00Z")},
		event.Item{Category: "H.SUBSTANCE", Source: event.ID{UUID: audit}, Facts: fact("test", "ALCOHOL", "result", "NEGATIVE")}))
	c.Says("HUB-CAM", tells(event.Item{Category: "H.SCREEN_SCORE", Source: source, Facts: fact("instrument", "PHQ-9", "screenedAt", "2026-02-04T10:20:00Z", "total", "17")}))
	return c
}

func rowsAfter(t *testing.T, side event.Side, n int) []screenings.Row {
	t.Helper()
	c := history(t, side)
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(screenings.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func row(rows []screenings.Row, id event.UUID) screenings.Row {
	for _, r := range rows {
		if r.ID == id {
			return r
		}
	}
	return screenings.Row{}
}

func TestARowSaysHowAScreeningCameOut(t *testing.T) {
	t.Parallel()
	if r := row(rowsAfter(t, event.NHS, 1), phq); r.Item != screenings.Screening || r.Status != screenings.Offered || r.Instrument != "PHQ-9" || len(r.Total) > 0 || r.Positive != "" {
		t.Errorf("offered: %s, %s", r.Item, r.Status)
	}
	rows := rowsAfter(t, event.NHS, 11)
	r := row(rows, phq)
	if r.Status != screenings.Complete || r.Form != "form-1" || r.BandTable != "1" || r.Band != "MODERATELY_SEVERE" || r.Positive != reference.Yes ||
		!slices.Equal(r.Total, []int{17}) || r.At.String() != "2026-02-04T10:20:00Z" || r.Controller != boundarytest.Org("HUB-CAM").Controller {
		t.Errorf("completed: %s, table %s, at %s", r.Status, r.BandTable, r.At)
	}
	if r := row(rows, audit); r.Status != screenings.Declined || r.Why != "NOT_NOW" {
		t.Errorf("declined: %s", r.Status)
	}
	if r := row(rows, bisi); r.Status != screenings.Incomplete || len(r.Total) > 0 || r.Positive != "" {
		t.Errorf("with items missing: %s, total %t, positive %q", r.Status, len(r.Total) > 0, r.Positive)
	}
	for after, want := range map[int]screenings.Status{3: screenings.Raised, 6: screenings.Reviewed, 7: screenings.Closed} {
		if r := row(rowsAfter(t, event.NHS, after), flag); r.Item != screenings.RiskFlag || r.Status != want || r.Of != phq || r.Level == "" {
			t.Errorf("the flag after %d events: %s, want %s", after, r.Status, want)
		}
	}
	programmes := 0
	for _, r := range rows {
		if r.Item == screenings.Programme {
			programmes++
			if r.Programme != "CERVICAL" || r.Eligible != screening.Eligible || r.Because != "AGE_AND_ANATOMY" || strings.Contains(r.ID.String(), "CERVICAL") {
				t.Errorf("programme %s: %s", r.Programme, r.Eligible)
			}
		}
	}
	if programmes != 1 || len(rows) != 5 {
		t.Errorf("%d rows, %d of programmes; want 5 and the one that was assessed twice", len(rows), programmes)
	}
}

// Another controller reads what it was told, item by item, and nothing else.
func TestAnotherSideReadsOnlyWhatItWasTold(t *testing.T) {
	t.Parallel()
	if rows := rowsAfter(t, event.Probation, 9); len(rows) != 0 {
		t.Errorf("before anything was told: %d rows, want none", len(rows))
	}
	rows := rowsAfter(t, event.Probation, 10)
	r := row(rows, source.UUID)
	if len(rows) != 2 || r.Status != screenings.Told || r.Band == "" || r.BandTable != "1" || r.Positive != reference.Yes || len(r.Total) > 0 || r.Form != "" ||
		r.At.String() != "2026-02-04T10:20:00Z" || r.ToldTo != boundarytest.Org("PROB-N56").Controller || r.Telling != boundarytest.ID("telling") {
		t.Errorf("%d rows; the band: %s, at %s, total told %t", len(rows), r.Status, r.At, len(r.Total) > 0)
	}
	if f := row(rows, seen.UUID); f.Item != screenings.RiskFlag || f.Level != screening.Ideation || f.Of != (event.UUID{}) {
		t.Errorf("the risk: %s", f.Item)
	}
	rows = rowsAfter(t, event.Probation, 11)
	if r := row(rows, source.UUID); len(rows) != 2 || !slices.Equal(r.Total, []int{17}) || r.Band == "" {
		t.Errorf("once the total was told too: %d rows, total %t, band %t", len(rows), len(r.Total) > 0, r.Band != "")
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[5].ID))
	told := history(t, event.Probation)
	first, _ := told.Events(told.Person())
	told.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(first[10].ID))
	projectiontest.Run(t, screenings.Model(boundarytest.Viewer(event.NHS)), c.Ledger)
	projectiontest.Run(t, screenings.Model(boundarytest.Viewer(event.Probation)), told.Ledger)
}
