package referrals_test

import (
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/referral"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/referrals"
)

var (
	practice = boundarytest.ID("to the practice")
	therapy  = boundarytest.ID("to talking therapies")
)

func alpha(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	gp, trust := boundarytest.Org("GP1").ID, boundarytest.Org("ZZT").ID
	c.Says("HUB-CAM", referral.ReferralSent{Referral: practice, Details: referral.Details{Destination: "GP_REGISTRATION", Priority: "ROUTINE", ToOrg: gp}}, boundarytest.At(t, "2026-02-04 10:45"))
	c.Says("HUB-CAM", referral.ReferralDrafted{Referral: therapy, Details: referral.Details{Destination: "TALKING_THERAPIES", ToOrg: trust}})
	c.Says("HUB-CAM", referral.ReferralSent{Referral: therapy, Details: referral.Details{Destination: "TALKING_THERAPIES", ToOrg: trust}}, boundarytest.At(t, "2026-02-04 10:46"))
	c.Says("GP1", referral.GPRegistrationRefused{Referral: practice, Reason: "NO_ADDRESS"}, boundarytest.At(t, "2026-02-11 09:00"))
	c.Says("HUB-CAM", referral.ReferralAccepted{Referral: therapy})
	c.Says("HUB-CAM", referral.ReferralPutOnHold{Referral: therapy, Reason: "RETURNED_TO_CUSTODY"})
	c.Says("HUB-CAM", referral.ReferralResumed{Referral: therapy})
	c.Says("HUB-CAM", referral.FirstContactMade{Referral: therapy}, boundarytest.At(t, "2026-03-20 10:00"))
	return c
}

func rowsAfter(t *testing.T, side event.Side, n int) map[event.UUID]referrals.Row {
	t.Helper()
	c := alpha(t, side)
	history, _ := c.Events(c.Person())
	rows, err := projections.Replay(referrals.Model(boundarytest.Viewer(side)), history[:n])
	if err != nil {
		t.Fatal(err)
	}
	byID := map[event.UUID]referrals.Row{}
	for _, r := range rows {
		byID[r.Referral] = r
	}
	return byID
}

func TestARowSaysHowFarAReferralHasCome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after int
		id    event.UUID
		stage referral.Stage
		open  bool
	}{
		{1, practice, referral.Sent, true},
		{2, therapy, referral.Draft, false},
		{3, therapy, referral.Sent, true},
		{4, practice, referral.Rejected, false},
		{6, therapy, referral.OnHold, true},
		{7, therapy, referral.Accepted, true},
		{8, therapy, referral.FirstContact, true},
	} {
		got := rowsAfter(t, event.NHS, c.after)[c.id]
		if got.Stage != c.stage || got.Open != c.open {
			t.Errorf("after %d events: %s, open %t; want %s, %t", c.after, got.Stage, got.Open, c.stage, c.open)
		}
	}
}

func TestARowKeepsItsDestinationTimesAndReason(t *testing.T) {
	t.Parallel()
	rows := rowsAfter(t, event.NHS, 8)
	r := rows[therapy]
	if r.Destination != "TALKING_THERAPIES" || r.Recipient != boundarytest.Org("ZZT").Controller || r.Controller != boundarytest.Org("HUB-CAM").Controller {
		t.Errorf("to %s for %s by %s", r.Destination, r.Recipient, r.Controller)
	}
	if r.SentAt.String() != "2026-02-04T10:46:00Z" || r.ContactAt.String() != "2026-03-20T10:00:00Z" || r.Reason != "" {
		t.Errorf("sent %s, contact %s, reason %q", r.SentAt, r.ContactAt, r.Reason)
	}
	if got := rows[practice].Reason; got != "NO_ADDRESS" {
		t.Errorf("refused for %q, want NO_ADDRESS", got)
	}
}

func TestAnotherSidesReferralsAreAbsent(t *testing.T) {
	t.Parallel()
	if rows := rowsAfter(t, event.Probation, 8); len(rows) != 0 {
		t.Errorf("got %d rows, want none", len(rows))
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := alpha(t, event.NHS)
	history, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(history[3].ID))
	c.Says("GP1", referral.GPRegistrationAccepted{Referral: practice})
	projectiontest.Run(t, referrals.Model(boundarytest.Viewer(event.NHS)), c.Ledger, alpha(t, event.Probation).Ledger)
}
