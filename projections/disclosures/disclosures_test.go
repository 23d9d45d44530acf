package disclosures_test

import (
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/disclosures"
	"caseledger/projections/projectiontest"
)

var (
	decision = boundarytest.ID("dA2")
	telling  = boundarytest.ID("the telling")
	mishap   = boundarytest.ID("the mishap")
	flow     = disclosure.Flow{FromOrg: boundarytest.Org("HUB-CAM").ID, ToOrg: boundarytest.Org("PROB-N56").ID,
		Direction: disclosure.Direction{From: event.NHS, To: event.Probation}, Purpose: "REHAB_SUPPORT",
		Categories: []event.Category{"H.ATTENDANCE"}}
)

func alpha(t *testing.T) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	c.Says("HUB-CAM", disclosure.DisclosureProposed{Decision: decision, Flow: flow}, boundarytest.At(t, "2026-02-06 13:50"))
	c.Says("HUB-CAM", disclosure.DisclosureDecided{Decision: decision, Flow: flow, Outcome: disclosure.Permit,
		Basis:       disclosure.Basis{Rule: "R03", Confidence: disclosure.ExplicitConsent, Consent: boundarytest.ID("cA2"), Agreement: boundarytest.ID("DSA-1"), AgreementVersion: 1},
		FailedGates: []disclosure.Gate{"G8"}, Warnings: []disclosure.Warning{"NOT_INFORMED"}, RuleSet: "1"}, boundarytest.At(t, "2026-02-06 13:55"))
	c.Says("HUB-CAM", disclosure.DisclosureMade{Disclosure: telling, Decision: decision, Flow: flow}, boundarytest.At(t, "2026-02-06 14:00"))
	c.Says("HUB-CAM", disclosure.UnplannedDisclosureReported{Disclosure: mishap, Decision: decision, Flow: flow, Mishap: "TOO_MUCH"}, boundarytest.At(t, "2026-02-06 14:00"))
	return c
}

func rowsAfter(t *testing.T, c *boundarytest.Case, side event.Side, n int) map[event.UUID]disclosures.Row {
	t.Helper()
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(disclosures.Model(boundarytest.Viewer(side)), history[:n])
	if err != nil {
		t.Fatal(err)
	}
	byID := map[event.UUID]disclosures.Row{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	return byID
}

func TestADecisionIsOneRowFromProposalToTelling(t *testing.T) {
	t.Parallel()
	c := alpha(t)
	for n, want := range map[int]disclosures.Status{1: disclosures.Proposed, 2: disclosures.Decided, 3: disclosures.Made} {
		rows := rowsAfter(t, c, event.NHS, n)
		if r := rows[decision]; len(rows) != 1 || r.Status != want {
			t.Errorf("after %d events: %d rows, %s; want %s", n, len(rows), r.Status, want)
		}
	}
	r := rowsAfter(t, c, event.NHS, 3)[decision]
	if r.Rule != "R03" || r.Outcome != disclosure.Permit || r.Consent != boundarytest.ID("cA2") || r.Purpose != "REHAB_SUPPORT" {
		t.Errorf("rule %s, outcome %s, consent %s, purpose %s", r.Rule, r.Outcome, r.Consent, r.Purpose)
	}
	if r.RuleSet != "1" || len(r.Failed) != 1 || len(r.Warnings) != 1 || r.Agreement != boundarytest.ID("DSA-1") || r.AgreementVersion != 1 {
		t.Errorf("rules %s, failed %v, warnings %v, agreement %s version %d", r.RuleSet, r.Failed, r.Warnings, r.Agreement, r.AgreementVersion)
	}
	history, _ := alpha(t).Events(boundarytest.New(boundarytest.Viewer(event.NHS)).Person())
	if len(r.Entries) != 3 || r.Entries[0] != history[0].ID || r.Entries[2] != history[2].ID {
		t.Errorf("entries %v", r.Entries)
	}
	if last := r.Last(); last.Disclosure != telling || last.At.String() != "2026-02-06T14:00:00Z" {
		t.Errorf("told %s at %s", last.Disclosure, last.At)
	}
}

func TestWhatNobodyDecidedIsARowOfItsOwn(t *testing.T) {
	t.Parallel()
	rows := rowsAfter(t, alpha(t), event.NHS, 4)
	if r := rows[mishap]; len(rows) != 2 || r.Status != disclosures.Unplanned {
		t.Errorf("%d rows, %s", len(rows), r.Status)
	}
}

func TestADecisionRecordedAfterTheTellingKeepsBoth(t *testing.T) {
	t.Parallel()
	c := boundarytest.New(boundarytest.Viewer(event.NHS))
	c.Says("HUB-MID", disclosure.DisclosureMade{Disclosure: telling, Decision: decision, Flow: flow}, boundarytest.At(t, "2026-03-18 14:00"))
	c.Says("HUB-MID", disclosure.DisclosureDecided{Decision: decision, Flow: flow, Outcome: disclosure.Permit}, boundarytest.At(t, "2026-03-18 14:40"))
	r := rowsAfter(t, c, event.NHS, 2)[decision]
	if r.Status != disclosures.Made || r.Outcome != disclosure.Permit || r.DecidedAt.Earliest().Before(r.Last().At.Earliest()) {
		t.Errorf("%s, %s, decided %s, told %s", r.Status, r.Outcome, r.DecidedAt, r.Last().At)
	}
}

// received is the telling as probation reads it.
func received(t *testing.T) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(event.Probation))
	c.Says("HUB-CAM", disclosure.DisclosureDecided{})
	c.Says("HUB-CAM", disclosure.DisclosureMade{Notice: event.Own(disclosure.Notice{Disclosure: telling, Flow: flow, Method: "SPOKEN"})})
	return c
}

func TestARecipientSeesTheTellingAndNotTheDecision(t *testing.T) {
	t.Parallel()
	rows := rowsAfter(t, received(t), event.Probation, 2)
	r := rows[telling]
	if len(rows) != 1 || r.Part != disclosures.Received || r.Controller != boundarytest.Org("PROB-N56").Controller || r.Rule != "" || r.Outcome != "" || len(r.Entries) != 0 {
		t.Errorf("%d rows; %s of %s, rule %q", len(rows), r.Part, r.Controller, r.Rule)
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := alpha(t)
	history, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(history[2].ID))
	c.Says("HUB-CAM", disclosure.DisclosureDecisionClosed{Decision: decision, Reason: "DONE"})
	projectiontest.Run(t, disclosures.Model(boundarytest.Viewer(event.NHS)), c.Ledger)
	projectiontest.Run(t, disclosures.Model(boundarytest.Viewer(event.Probation)), received(t).Ledger)
}
