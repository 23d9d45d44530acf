package casefile_test

import (
	"fmt"
	"maps"
	"testing"

	"caseledger/domain/casefile"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
)

func (g *story) referralTo(destination string, to reference.OrganisationCode) fieldsOf {
	return fieldsOf{"destination": destination, "priority": "ROUTINE", "toOrg": orgID(g.t, to), "reason": "Low for months."}
}

func (g *story) sent() event.UUID {
	g.t.Helper()
	return g.lastOf("referral.sent").Data.(referral.ReferralSent).Referral
}

func step(id event.UUID) string { return fmt.Sprintf(`{"referral":%q}`, id) }

func TestAReferralIsSentOnceItsRecipientMayBeTold(t *testing.T) {
	t.Parallel()
	g := told(t)
	send := g.referralTo("GP_REGISTRATION", "GP1").String()
	g.when("send-referral", send).refused("disclosure-decision-absent")
	g.decides(g.toPractice("GP1", "ID.DEMOG"))
	g.when("send-referral", send).refused("disclosure-decision-absent") // of another category
	g.decides(g.toPractice("GP2", "H.REFERRAL"))
	g.when("send-referral", send).refused("disclosure-decision-absent") // to another practice
	id := g.decides(g.toPractice("GP1", "H.REFERRAL"))
	g.when("send-referral", send).then("referral.sent")
	if got := g.last().Data.(referral.ReferralSent).Decision; got != id {
		t.Error("it does not say under which decision it was sent")
	}
	g.when("send-referral", g.referralTo("GP_REGISTRATION", "GP1").with("decision", person).String()).refused("disclosure-decision-absent")
	g.at("2026-02-05 10:00").given("record-objection", `{}`)
	g.when("send-referral", send).refused("live-refusal")
	g.as("NAVIGATOR", "HUB-CAM").when("send-referral", send).refused("role-may-not")
	g.when("draft-referral", send).then("referral.drafted")
}

func TestADraftIsSentByAClinician(t *testing.T) {
	t.Parallel()
	g := told(t).as("NAVIGATOR", "HUB-CAM")
	g.when("draft-referral", g.referralTo("GP_REGISTRATION", "GP1").String()).then("referral.drafted")
	id := g.last().Data.(referral.ReferralDrafted).Referral
	g.as("HUB_NURSE", "HUB-CAM").decides(g.toPractice("GP1", "H.REFERRAL"))
	g.when("send-referral", step(id)).then("referral.sent")
	if d := g.last().Data.(referral.ReferralSent); d.Referral != id || d.Details.Destination != "GP_REGISTRATION" {
		t.Errorf("sent %+v", d.Details)
	}
	g.when("send-referral", step(id)).refused("referral-not-at-that-stage")
	g.as("GP", "GP1").when("return-referral", fmt.Sprintf(`{"referral":%q,"reason":"INFORMATION_NEEDED","note":"Which medicines?"}`, id)).then("referral.returned")
	g.as("HUB_NURSE", "HUB-CAM").when("send-referral", step(id)).then("referral.sent")
	for pointer, body := range map[string]fieldsOf{
		"/destination": g.referralTo("PROSTATE", "GP1"), "/priority": g.referralTo("GP_REVIEW", "GP1").with("priority", "WHENEVER"),
		"/toOrg": g.referralTo("GP_REVIEW", "GP1").without("toOrg"),
	} {
		g.when("send-referral", body.String()).invalid(pointer)
	}
}

func TestNobodyInCustodyIsReferredIntoTheCommunity(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.decides(g.toPractice("GP1", "H.REFERRAL"))
	concern := g.flow("HUB-CAM", "SOCIAL1", "HOUSING", "SAFEGUARDING", "W.SAFEGUARD")
	maps.Copy(concern, fieldsOf{"rule": "R10", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p18", "confidenceBasis": "C-STAT",
		"gateway": "G-CARE", "necessityNote": "They look into the concern.", "validUntil": "2026-12-31", "personInformed": "YES"})
	g.decides(concern)
	g.as("PP", "PROB-N56").given("enter-custody", `{"establishment":"HMP Invented"}`).as("HUB_NURSE", "HUB-CAM")
	g.when("send-referral", g.referralTo("GP_REGISTRATION", "GP1").String()).refused("in-custody")
	g.when("send-referral", g.referralTo("SAFEGUARDING_ADULT", "SOCIAL1").String()).then("referral.sent")
	g.given("send-referral", g.referralTo("GP_REGISTRATION", "GP1").String()) // an import is a fact
}

// Journey A: the first practice refuses for want of an address, the second
// registers her.
func TestGPRegistration(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.decides(g.toPractice("GP1", "H.REFERRAL"))
	g.decides(g.toPractice("GP2", "H.REFERRAL"))
	g.when("send-referral", g.referralTo("GP_REGISTRATION", "GP1").String()).then()
	first := g.sent()
	g.at("2026-02-11 10:00").as("GP", "GP1").when("refuse-gp-registration", fmt.Sprintf(`{"referral":%q,"reason":"NO_ADDRESS"}`, first)).
		then("referral.gp-registration-refused", "referral.escalation-opened")
	g.when("accept-gp-registration", step(first)).refused("referral-not-at-that-stage")
	g.as("HUB_NURSE", "HUB-CAM").when("send-referral", g.referralTo("GP_REGISTRATION", "GP2").String()).then("referral.sent")
	second := g.sent()
	g.at("2026-02-13 10:00").as("GP", "GP2").when("accept-gp-registration", step(second)).then("referral.gp-registration-accepted")
	if r, _ := g.state().Referral.Get(second); r.Stage != referral.Completed {
		t.Errorf("registered and %s", r.Stage)
	}
	g.as("NAVIGATOR", "HUB-CAM").when("record-gp-refusal-letter", step(first)).then("referral.gp-refusal-letter-recorded")
	g.as("SYSTEM", "HUB-CAM").when("cross-wait-threshold", fmt.Sprintf(`{"referral":%q,"timer":"ACK"}`, first)).invalid("/timer")
}

// What a recipient of another side does is part of the referrer's record, and
// the referrer may tell of it.
func TestTheStatusOfAReferralIsTheReferrersToTell(t *testing.T) {
	t.Parallel()
	g := told(t)
	care := g.flow("HUB-CAM", "DRUG1", "TX_PROV", "DIRECT_CARE", "H.SUBSTANCE")
	maps.Copy(care, fieldsOf{"rule": "R02", "ruleVersion": 1, "art6": "A6E", "art9": "A9H", "sch1": "p2", "confidenceBasis": "C-IMP", "dsa": pact, "dsaVersion": 1,
		"gateway": "G-NHSFUNC", "necessityNote": "They will treat the person.", "validUntil": "2026-12-31", "personInformed": "YES"})
	g.decides(care)
	g.when("send-referral", g.referralTo("DRUG_ALCOHOL", "DRUG1").String()).then()
	g.at("2026-02-10 10:00").as("TX_PROV", "DRUG1").when("accept-referral", step(g.sent())).then("referral.accepted")
	items := casefile.Tellable(g.state(), event.NHS, g.ctx, []event.Category{"H.REFERRAL"})
	if len(items) != 1 || items[0].Facts[1] != (event.Fact{Name: "status", Value: "ACCEPTED"}) {
		t.Fatalf("got %d items, want the referral as it stands", len(items))
	}
	for _, f := range items[0].Facts {
		if f.Value == "Low for months." {
			t.Error("the reason is told with the status")
		}
	}
	if n := len(casefile.Tellable(g.state(), event.VCSE, g.ctx, []event.Category{"H.REFERRAL"})); n != 0 {
		t.Errorf("the recipient could tell %d things of the referrer's record", n)
	}
	id := g.as("HUB_NURSE", "HUB-CAM").decides(g.toProbation(g.consents("PROB-N56"), "H.REFERRAL"))
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SPOKEN"}`, id)).then("disclosure.made")
	if told := g.last().Data.(disclosure.DisclosureMade); len(told.ToldHealth.Value()) != 1 {
		t.Errorf("told %d items, want the referral", len(told.ToldHealth.Value()))
	}
}
