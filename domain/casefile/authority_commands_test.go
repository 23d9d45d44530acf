package casefile_test

import (
	"fmt"
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

func TestACourtOrderIsItsTerms(t *testing.T) {
	t.Parallel()
	g := told(t).as("CALDICOTT", "HUB-CAM")
	g.when("record-court-order", fmt.Sprintf(`{"categories":["H.DIAGNOSIS"],"toOrg":%q,"from":"2026-05-01","to":"2026-05-31","reference":"Invented Crown Court 7/26"}`, sampleOrg)).
		then("disclosure.court-order-recorded")
	o := g.state().Disclosure.CourtOrders[0]
	for _, c := range []struct {
		category event.Category
		to       event.UUID
		day      string
		want     bool
	}{
		{"H.DIAGNOSIS", sampleOrg, "2026-05-01", true}, {"H.DIAGNOSIS", sampleOrg, "2026-05-31", true},
		{"H.DIAGNOSIS", sampleOrg, "2026-04-30", false}, {"H.DIAGNOSIS", sampleOrg, "2026-06-01", false},
		{"H.NOTE", sampleOrg, "2026-05-10", false}, {"H.DIAGNOSIS", sampleStaff, "2026-05-10", false},
	} {
		if got := o.Compels(c.category, c.to, event.MustDay(c.day)); got != c.want {
			t.Errorf("%s to %s on %s: got %v, want %v", c.category, c.to, c.day, got, c.want)
		}
	}
	for pointer, body := range map[string]string{
		"/categories":   `{"from":"2026-05-01","to":"2026-05-31","reference":"x"}`,
		"/categories/0": `{"categories":["H.*"],"from":"2026-05-01","to":"2026-05-31","reference":"x"}`,
		"/to":           `{"categories":["H.NOTE"],"from":"2026-05-01","to":"2026-04-30","reference":"x"}`,
		"/from":         `{"categories":["H.NOTE"],"to":"2026-04-30","reference":"x"}`,
		"/reference":    `{"categories":["H.NOTE"],"from":"2026-05-01","to":"2026-05-31"}`,
	} {
		g.when("record-court-order", body).invalid(pointer)
	}
	g.as("NAVIGATOR", "HUB-CAM").when("record-court-order", `{}`).refused("role-may-not")
}

func TestAMappaRequest(t *testing.T) {
	t.Parallel()
	g := told(t).as("SPO", "PROB-N56")
	g.when("record-mappa-request", `{"categories":["H.RISK_SELF"],"meeting":{"level":2,"reference":"An invented panel."}}`).then("disclosure.mappa-request-recorded")
	if got := g.state().Disclosure.MappaRequests; len(got) != 1 || got[0].Org != g.ctx.Actor.Org {
		t.Errorf("got %+v", got)
	}
	for pointer, body := range map[string]string{
		"/meeting/level":     `{"categories":["H.RISK_SELF"],"meeting":{"level":4,"reference":"x"}}`,
		"/meeting/reference": `{"categories":["H.RISK_SELF"],"meeting":{"level":1}}`,
		"/categories":        `{"meeting":{"level":1,"reference":"x"}}`,
	} {
		g.when("record-mappa-request", body).invalid(pointer)
	}
}

func TestAnEmergencyDisclosureIsReviewedBySomebodyElse(t *testing.T) {
	t.Parallel()
	tell := func(g *story, purpose string) event.UUID {
		g.given("report-unplanned-disclosure", fmt.Sprintf(`{"fromOrg":%q,"toOrg":%q,"direction":{"from":"NHS","to":"NHS"},"purpose":%q,"categories":["H.RISK_SELF"],"mishap":"OTHER"}`,
			orgID(t, "HUB-CAM"), orgID(t, "ZZT"), purpose))
		return g.lastOf("disclosure.unplanned-reported").Data.(disclosure.UnplannedDisclosureReported).Disclosure
	}
	review := func(id event.UUID, rest string) string {
		return fmt.Sprintf(`{"disclosure":%q,"justified":true,"reason":"She was at risk."%s}`, id, rest)
	}
	g := told(t).at("2026-03-09 22:50").as("HUB_CLIN", "HUB-CAM")
	id := tell(g, "EMERGENCY")
	other := tell(g, "DIRECT_CARE")
	g.at("2026-03-10 09:00")
	g.when("review-emergency-disclosure", review(id, "")).refused("role-may-not")
	g.ctx.Actor.Role = "CALDICOTT" // the same person, in another role
	g.when("review-emergency-disclosure", review(id, "")).refused("reviewer-took-part")
	g.as("IG_LEAD", "PROB-N56").when("review-emergency-disclosure", review(id, "")).refused("no-such-disclosure")
	g.as("IG_LEAD", "HUB-CAM").when("review-emergency-disclosure", review(other, "")).refused("not-an-emergency")
	g.when("review-emergency-disclosure", review(id, `,"effectiveAt":"2026-03-08"`)).refused("reviewed-before-it-was-told")
	g.when("review-emergency-disclosure", fmt.Sprintf(`{"disclosure":%q}`, id)).invalid("/reason")
	g.when("review-emergency-disclosure", review(id, "")).then("disclosure.emergency-reviewed")
	g.when("review-emergency-disclosure", review(id, "")).refused("emergency-reviewed")
}
