package requirements_test

import (
	"testing"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/requirements"
)

var (
	order  = boundarytest.ID("order")
	drr    = boundarytest.ID("drr")
	mhtr   = boundarytest.ID("mhtr")
	source = event.ID{UUID: boundarytest.ID("the source")}
)

func imposed(id event.UUID, kind reference.RequirementKind, months int) supervision.RequirementImposed {
	return supervision.RequirementImposed{Requirement: id, Supervision: order, Terms: event.Own(supervision.RequirementTerms{Kind: kind,
		From: event.MustDay("2026-01-26"), To: event.MustDay("2027-01-26"), Provider: boundarytest.Org("DRUG1").ID, Testing: months > 0, ReviewEveryMonths: months})}
}

func fact(pairs ...string) []event.Fact {
	var facts []event.Fact
	for i := 0; i < len(pairs); i += 2 {
		facts = append(facts, event.Fact{Name: pairs[i], Value: pairs[i+1]})
	}
	return facts
}

// tells is a disclosure from one organisation to another.
func tells(from, to reference.OrganisationCode, id string, health, offence []event.Item) disclosure.DisclosureMade {
	f, o := boundarytest.Org(from), boundarytest.Org(to)
	return disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: boundarytest.ID(id), Decision: boundarytest.ID("decision"),
		Flow: disclosure.Flow{FromOrg: f.ID, ToOrg: o.ID, Direction: disclosure.Direction{From: f.Side, To: o.Side}}}),
		ToldHealth: event.Own(health), ToldOffence: event.Own(offence)}
}

func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	c.Says("PROB-N56", supervision.SupervisionStarted{Supervision: order, Terms: event.Own(supervision.Terms{Type: "COMMUNITY_ORDER",
		From: event.MustDay("2026-01-26"), To: event.MustDay("2027-01-26")})})
	c.Says("PROB-N56", imposed(drr, "DRR", 3))
	c.Says("PROB-N56", imposed(mhtr, "MHTR", 0))
	c.Says("PROB-N56", supervision.ReportingExplained{Requirement: mhtr}, boundarytest.At(t, "2026-01-27 09:00"))
	c.Says("PROB-N56", supervision.ReportingExplained{Requirement: mhtr}, boundarytest.At(t, "2026-02-27 09:00"))
	c.Says("PROB-N56", supervision.BreachWarningIssued{Warning: boundarytest.ID("warning")}, boundarytest.At(t, "2026-02-16 10:00"))
	c.Says("DRUG1", tells("DRUG1", "PROB-N56", "first", []event.Item{
		{Category: "H.DRUGTEST", Source: source, Facts: fact("test", "DRUG", "result", "INCONCLUSIVE", "testedAt", "2026-02-20T14:00:00Z")},
		{Category: "H.ATTENDANCE", Source: source, Facts: fact("kind", "REQ_TREATMENT", "on", "2026-02-20", "outcome", "ATTC", "attended", "YES")},
		{Category: "H.ATTENDANCE", Source: source, Facts: fact("kind", "HUB_CLINIC", "on", "2026-02-13", "nhsCode", "3", "attended", "NO")},
		{Category: "H.SUBSTANCE", Source: source, Facts: fact("instrument", "AUDIT", "total", "8")},
	}, nil))
	c.Says("DRUG1", tells("DRUG1", "PROB-N56", "again", []event.Item{
		{Category: "H.DRUGTEST", Source: source, Facts: fact("test", "DRUG", "result", "NEGATIVE", "testedAt", "2026-02-20T14:00:00Z")}}, nil))
	c.Says("PROB-N56", tells("PROB-N56", "HUB-CAM", "terms", nil, []event.Item{
		{Category: "J.REQUIREMENT", Source: source, Facts: fact("kind", "DRR", "from", "2026-01-26", "to", "2027-01-26")},
		{Category: "J.SUPERVISION", Source: source, Facts: fact("type", "COMMUNITY_ORDER")}}))
	c.Says("PROB-N56", supervision.EnforcementReferred{Referral: boundarytest.ID("enforcement")})
	c.Says("PROB-N56", supervision.RequirementEnded{Requirement: mhtr, Reason: event.Own(supervision.RequirementCompleted)}, boundarytest.At(t, "2026-03-02 12:00"))
	c.Says("PROB-N56", supervision.SupervisionEnded{Supervision: order, Reason: event.Own(supervision.Revoked)}, boundarytest.At(t, "2026-09-01 12:00"))
	return c
}

func only(t *testing.T, side event.Side, n int) requirements.Row {
	t.Helper()
	c := history(t, side)
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(requirements.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v; want one", len(rows), err)
	}
	return rows[0]
}

func on(day string) time.Time { return event.MustDay(day).Start().Add(12 * time.Hour) }

func TestARowSaysWhatRunsWhatIsDueAndWhatCounts(t *testing.T) {
	t.Parallel()
	whole := only(t, event.Probation, 12)
	for _, q := range []struct {
		id   event.UUID
		on   string
		live bool
		due  string
	}{
		{drr, "2026-01-25", false, "2026-04-26"},
		{drr, "2026-01-26", true, "2026-04-26"},
		{drr, "2026-04-26", true, "2026-07-26"},
		{drr, "2026-09-01", true, ""},  // with the order, so does the requirement end
		{drr, "2026-09-02", false, ""}, // and no review is left
		{mhtr, "2026-03-02", true, ""},
		{mhtr, "2026-03-03", false, ""},
	} {
		due, is := whole.ReviewDue(q.id, on(q.on))
		if live := whole.LiveAt(q.id, on(q.on)); live != q.live || is != (q.due != "") || is && due.String() != q.due {
			t.Errorf("on %s: live %t, review %s; want %t, %s", q.on, live, due, q.live, q.due)
		}
	}
	for at, want := range map[string]bool{"2026-02-15": false, "2026-02-16": true, "2027-02-15": true, "2027-02-16": false} {
		if got := whole.WarningActive(on(at)); got != want {
			t.Errorf("the warning counts on %s: %t, want %t", at, got, want)
		}
	}
	if due, is := only(t, event.Probation, 11).ReviewDue(drr, on("2026-09-01")); !is || due.String() != "2026-10-26" {
		t.Errorf("before the order was known to end: review %s, %t", due, is)
	}
	q := whole.Requirements[1]
	if len(whole.Requirements) != 2 || q.Terms.Kind != "MHTR" || q.Terms.Provider != boundarytest.Org("DRUG1").ID || q.Why != supervision.RequirementCompleted ||
		q.Explained.String() != "2026-01-27T09:00:00Z" || len(whole.Enforcements) != 1 {
		t.Errorf("%d requirements; %s, ended for %s, explained %s", len(whole.Requirements), q.Terms.Kind, q.Why, q.Explained)
	}
}

// What is told again from the same event replaces what was told before; of
// health, nothing but what is reported under a requirement is taken in.
func TestARowKeepsWhatWasToldUnderARequirement(t *testing.T) {
	t.Parallel()
	r := only(t, event.Probation, 7)
	if len(r.Tests) != 1 || r.Tests[0].Result != "INCONCLUSIVE" || r.Tests[0].Told != boundarytest.ID("first") || r.Tests[0].At.String() != "2026-02-20T14:00:00Z" ||
		len(r.Attendance) != 1 || r.Attendance[0].Attended != "YES" || r.Attendance[0].On.String() != "2026-02-20" || r.Attendance[0].Code != "ATTC" {
		t.Errorf("%d tests, %d of attendance", len(r.Tests), len(r.Attendance))
	}
	if r := only(t, event.Probation, 8); len(r.Tests) != 1 || r.Tests[0].Result != "NEGATIVE" || r.Tests[0].Told != boundarytest.ID("again") {
		t.Errorf("told again: %d tests", len(r.Tests))
	}
}

func TestAnotherSideReadsOnlyTheTermsItWasTold(t *testing.T) {
	t.Parallel()
	r := only(t, event.NHS, 12)
	q := r.Requirements[0]
	if len(r.Requirements) != 1 || q.Terms.Kind != "DRR" || q.Told != boundarytest.ID("terms") || !q.Terms.Provider.IsZero() || len(r.Orders)+len(r.Warnings)+len(r.Enforcements)+len(r.Tests) != 0 {
		t.Errorf("%d requirements, %s; %d orders, %d warnings", len(r.Requirements), q.Terms.Kind, len(r.Orders), len(r.Warnings))
	}
	if !r.LiveAt(source.UUID, on("2026-05-01")) || r.LiveAt(source.UUID, on("2027-01-27")) || r.WarningActive(on("2026-03-01")) {
		t.Error("what was told runs from its first day to its last, and no warning is known")
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.Probation)
	events, _ := c.Events(c.Person())
	c.Says("PROB-N56", event.EnteredInError{}, projectiontest.Corrects(events[5].ID))
	c.Says("PROB-N56", supervision.LicenceRecalled{Supervision: order})
	c.Says("PROB-N56", supervision.ReleasedOnLicence{Supervision: boundarytest.ID("licence"), Terms: event.Own(supervision.Terms{Type: "LICENCE",
		From: event.MustDay("2026-10-01"), To: event.MustDay("2027-10-01")})})
	projectiontest.Run(t, requirements.Model(boundarytest.Viewer(event.Probation)), c.Ledger)
	projectiontest.Run(t, requirements.Model(boundarytest.Viewer(event.NHS)), history(t, event.NHS).Ledger)
}
