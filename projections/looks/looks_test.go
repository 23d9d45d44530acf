package looks_test

import (
	"testing"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/looks"
	"caseledger/projections/projectiontest"
)

var (
	alpha   = boundarytest.ID("ALPHA")
	bravo   = boundarytest.ID("BRAVO")
	session = event.Access(boundarytest.ID("session"))
)

// reads is a ledger of looks, as a side reads it: its own are open, and the
// other side's are withheld.
func reads(t *testing.T, side event.Side) *projectiontest.Ledger {
	t.Helper()
	l := projectiontest.NewLedger(access.Catalogue)
	by := func(org string, purpose event.Purpose) func(*event.Recorded) {
		return func(e *event.Recorded) {
			o := boundarytest.Org("HUB-CAM")
			if org != "HUB-CAM" {
				o = boundarytest.Org("PROB-N56")
			}
			e.Actor = event.Actor{ID: event.DeriveUUID("test-staff", []byte(org)), Role: "IG_LEAD", Side: o.Side, Org: o.ID, Client: boundarytest.ID("app")}
			e.Subject, e.Purpose = o.ID, purpose
			if side != "" && o.Side != side {
				e.Operational, e.Data = event.Withheld, access.RecordAccessed{}
			}
		}
	}
	l.Add(session, access.RecordAccessed{View: "timeline", Class: access.ReadOne, Subjects: []event.UUID{alpha}, Items: 12, Bytes: 4096,
		KnownOn: event.On(event.MustDay("2026-02-23")), Reason: event.Own("an invented reason")}, by("HUB-CAM", "DIRECT_CARE"), boundarytest.At(t, "2026-02-24 10:00"))
	l.Add(session, access.RecordAccessed{View: "caseload", Class: access.ReadList, Subjects: []event.UUID{alpha, bravo, alpha}, Items: 2}, by("HUB-CAM", "CARE_ADMIN"))
	l.Add(session, access.RecordAccessed{View: "search", Class: access.Search}, by("HUB-CAM", "DIRECT_CARE"))
	l.Add(event.Access(boundarytest.ID("other session")), access.RecordAccessed{View: "person", Class: access.ReadOne, Subjects: []event.UUID{alpha}, Items: 1}, by("PROB-N56", "REQ_MGMT"))
	l.Add(session, access.LedgerRead{View: "access-log", Purpose: "AUDIT", Subjects: []event.UUID{alpha}, Items: 3}, by("HUB-CAM", "AUDIT"))
	l.Add(session, access.ReplayExported{Purpose: "CRIMINAL_PROCEEDINGS", Subjects: []event.UUID{bravo}, Items: 9}, by("HUB-CAM", "AUDIT"))
	return l
}

func rowsOf(t *testing.T, side event.Side) []looks.Row {
	t.Helper()
	var all []looks.Row
	l := reads(t, side)
	for _, stream := range l.Streams() {
		events, _ := l.Events(stream)
		rows, err := projections.Replay(looks.Model(boundarytest.Viewer(side)), events)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	return all
}

func TestThereIsARowForEachPersonOfEachLook(t *testing.T) {
	t.Parallel()
	seen := map[looks.Class]looks.Row{}
	of := map[event.UUID]int{}
	for _, r := range rowsOf(t, event.NHS) {
		of[r.Subject]++
		seen[r.Class] = r
	}
	if of[alpha] != 3 || of[bravo] != 2 || len(of) != 2 {
		t.Errorf("%d looks at ALPHA and %d at BRAVO, want 3 and 2", of[alpha], of[bravo])
	}
	r := seen["READ_ONE"]
	if r.View != "timeline" || r.Items != 12 || r.Purpose != "DIRECT_CARE" || r.Reason != "an invented reason" || r.Use != "" ||
		r.KnownOn.String() != "2026-02-23" || r.At.Format("2006-01-02T15:04") != "2026-02-24T10:00" || r.By != r.Actor.ID || r.By.IsZero() ||
		r.Client != boundarytest.ID("app") || r.Actor.Role != "IG_LEAD" || r.Controller != boundarytest.Org("HUB-CAM").Controller {
		t.Errorf("%s at %s for %s, %d items", r.View, r.At, r.Purpose, r.Items)
	}
	if r := seen[looks.LedgerRead]; r.Use != "AUDIT" || r.View != "access-log" {
		t.Errorf("a read of the log: for %q", r.Use)
	}
	if r := seen[looks.ReplayExported]; r.Use != "CRIMINAL_PROCEEDINGS" || r.Subject != bravo {
		t.Errorf("an export: for %q", r.Use)
	}
}

func TestAnotherSidesLooksAreAbsent(t *testing.T) {
	t.Parallel()
	if rows := rowsOf(t, event.Probation); len(rows) != 1 || rows[0].Purpose != "REQ_MGMT" {
		t.Errorf("probation has %d rows, want its own look alone", len(rows))
	}
	if rows := rowsOf(t, ""); len(rows) != 6 {
		t.Errorf("the auditors have %d rows, want 6", len(rows))
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	projectiontest.Run(t, looks.Model(boundarytest.Viewer(event.NHS)), reads(t, event.NHS), reads(t, event.Probation))
}
