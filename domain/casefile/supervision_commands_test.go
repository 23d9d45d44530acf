package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/supervision"
)

const communityOrder = `{"type":"COMMUNITY_ORDER","court":"Invented Crown Court","from":"2026-01-26","to":"2027-01-26"}`

// supervised is a story in which the person is under a community order.
func supervised(t *testing.T) *story {
	t.Helper()
	return registered(t).given("start-supervision", communityOrder)
}

func TestStartSupervision(t *testing.T) {
	t.Parallel()
	g := registered(t)
	g.when("start-supervision", communityOrder).then("supervision.started")
	g.when("start-supervision", communityOrder).refused("overlaps-same-order")
	g.when("start-supervision", `{"type":"COMMUNITY_ORDER","from":"2027-01-26","to":"2027-06-01"}`).refused("overlaps-same-order") // the last day counts
	g.when("start-supervision", `{"type":"COMMUNITY_ORDER","from":"2027-01-27","to":"2027-06-01"}`).then("supervision.started")
	g.when("start-supervision", `{"type":"SUSPENDED_SENTENCE_ORDER","from":"2026-01-26","to":"2026-06-01"}`).then("supervision.started")
	g.when("start-supervision", `{"type":"POST_SENTENCE_SUPERVISION","from":"2026-06-01","to":"2026-08-01"}`).refused("supervision-type-closed")
	g.when("start-supervision", `{"type":"POST_SENTENCE_SUPERVISION","from":"2025-12-01","to":"2026-08-01"}`).then("supervision.started")
	g.when("start-supervision", `{"type":"PROBATION","from":"2026-01-26","to":"2027-01-26"}`).invalid("/type")
	g.when("start-supervision", `{"type":"LICENCE","from":"2026-01-26","to":"2026-01-25"}`).invalid("/to")
	g.when("start-supervision", `{"type":"LICENCE","to":"2026-01-25"}`).invalid("/from")
	g.as("HUB_CLIN", "HUB-CAM").when("start-supervision", communityOrder).refused("role-may-not")
}

func TestImposeRequirement(t *testing.T) {
	t.Parallel()
	provider := event.DeriveUUID("org", []byte("trust"))
	impose := func(kind, to string, extra string) string {
		return fmt.Sprintf(`{"kind":%q,"from":"2026-01-26","to":%q,"provider":%q%s}`, kind, to, provider, extra)
	}
	registered(t).when("impose-requirement", impose("DTR", "2026-06-01", "")).refused("no-live-supervision")
	g := supervised(t)
	g.when("impose-requirement", impose("MHTR", "2026-06-01", "")).refused("no-willingness-recorded")
	g.when("impose-requirement", impose("DTR", "2026-06-01", "")).then("supervision.requirement-imposed") // needs no willingness
	g.when("record-requirement-willingness", `{"kind":"DTR"}`).refused("willingness-not-needed")
	g.when("record-requirement-willingness", `{"effectiveAt":"2026-01-26","kind":"MHTR","toCourt":true}`).then("supervision.requirement-willingness-recorded")
	g.when("impose-requirement", impose("MHTR", "2026-06-01", "")).then("supervision.requirement-imposed")
	g.when("impose-requirement", impose("MHTR", "2026-06-01", "")).refused("requirement-already-imposed")
	g.when("record-requirement-willingness", `{"kind":"MHTR"}`).refused("requirement-already-imposed")
	g.when("record-requirement-willingness", `{"kind":"MHTX"}`).invalid("/kind")
	g.when("impose-requirement", `{"kind":"MHTR","from":"2026-01-26","to":"2026-06-01"}`).invalid("/provider")
	g.when("impose-requirement", impose("MHTR", "2026-06-01", `,"testing":true`)).invalid("/testing")
	g.when("impose-requirement", impose("DRR", "2026-06-01", `,"reviewEveryMonths":-1`)).invalid("/reviewEveryMonths")

	later := supervised(t).at("2026-02-20 09:00").given("record-requirement-willingness", `{"kind":"ATR"}`)
	later.when("impose-requirement", impose("ATR", "2026-06-01", "")).refused("no-willingness-recorded") // it came after
}

func TestTheCourtReviewsARequirementOfMoreThanTwelveMonths(t *testing.T) {
	t.Parallel()
	provider := event.DeriveUUID("org", []byte("drug1"))
	for to, want := range map[string]string{"2027-01-19": "", "2027-01-20": "review-required", "2027-03-19": "review-required"} {
		g := registered(t).given("start-supervision", `{"type":"SUSPENDED_SENTENCE_ORDER","from":"2026-01-19","to":"2027-07-19"}`).
			given("record-requirement-willingness", `{"effectiveAt":"2026-01-19","kind":"DRR","toCourt":true}`)
		r := g.when("impose-requirement", fmt.Sprintf(`{"kind":"DRR","from":"2026-01-19","to":%q,"provider":%q,"testing":true}`, to, provider))
		if want == "" {
			r.then("supervision.requirement-imposed")
			continue
		}
		r.refused(want)
		g.when("impose-requirement", fmt.Sprintf(`{"kind":"DRR","from":"2026-01-19","to":%q,"provider":%q,"testing":true,"reviewEveryMonths":1}`, to, provider)).
			then("supervision.requirement-imposed")
	}
}

func TestRequirementsAndOrdersEnd(t *testing.T) {
	t.Parallel()
	g := supervised(t).given("impose-requirement", `{"kind":"DTR","from":"2026-01-26","to":"2026-06-01"}`)
	s := g.state().Supervision
	requirement, order := s.Requirements[0].ID, s.Orders[0].ID
	if s.Requirements[0].Supervision != order {
		t.Error("the requirement is not part of the order that runs")
	}
	end := fmt.Sprintf(`{"effectiveAt":"2026-02-01","requirement":%q,"reason":"COMPLETED"}`, requirement)
	g.when("end-requirement", fmt.Sprintf(`{"effectiveAt":"2026-01-01","requirement":%q,"reason":"COMPLETED"}`, requirement)).refused("before-start")
	g.when("end-requirement", end).then("supervision.requirement-ended")
	g.when("end-requirement", end).refused("requirement-not-live")
	g.when("end-requirement", fmt.Sprintf(`{"requirement":%q,"reason":"BORED"}`, requirement)).invalid("/reason")
	if _, live := g.state().Supervision.LiveRequirement("DTR", event.MustDay("2026-02-02")); live {
		t.Error("the requirement still runs the day after it ended")
	}
	endOrder := fmt.Sprintf(`{"supervision":%q,"reason":"COMPLETED"}`, order)
	g.when("end-supervision", fmt.Sprintf(`{"effectiveAt":"2026-01-25","supervision":%q,"reason":"COMPLETED"}`, order)).refused("before-start")
	g.when("end-supervision", endOrder).then("supervision.ended")
	g.when("end-supervision", endOrder).refused("no-live-supervision")
	items := supervision.Tellable(g.state().Supervision)
	if len(items) != 2 || items[0].Category != "J.SUPERVISION" || items[1].Category != "J.REQUIREMENT" || len(items[0].Facts) != 4 {
		t.Errorf("got %v, want the order and the requirement, both with their end", items)
	}
}

func TestBreachWarning(t *testing.T) {
	t.Parallel()
	warn := func(ids ...event.UUID) string {
		list := ""
		for i, id := range ids {
			if i > 0 {
				list += ","
			}
			list += fmt.Sprintf("%q", id)
		}
		return fmt.Sprintf(`{"appointments":[%s],"circumstances":"did not come"}`, list)
	}
	g := supervised(t)
	clinic := g.as("HUB_NURSE", "HUB-CAM").attended("HUB_CLINIC", "2026-02-13 10:00", "3")
	missed := g.as("PP", "PROB-N56").attended("SUPERVISION", "2026-02-14 10:00", "UAAB")
	excused := g.attended("SUPERVISION", "2026-02-14 12:00", "AAME")
	pending := g.attended("CO_LOCATED", "2026-02-14 14:00", "AFTA")
	open := g.attended("SUPERVISION", "2026-02-14 16:00", "")
	g.at("2026-02-16 09:00")

	g.when("issue-breach-warning", warn(clinic)).refused("cites-voluntary-health-appointment")
	g.when("issue-breach-warning", warn(missed, clinic)).refused("cites-voluntary-health-appointment")
	g.when("issue-breach-warning", warn(excused)).refused("acceptable-outcome")
	g.when("issue-breach-warning", warn(pending)).refused("outcome-not-decided")
	g.when("issue-breach-warning", warn(open)).refused("outcome-not-decided")
	g.when("issue-breach-warning", warn(person)).refused("no-such-appointment")
	g.when("issue-breach-warning", warn()).invalid("/appointments")
	g.when("issue-breach-warning", fmt.Sprintf(`{"appointments":[%q],"circumstances":""}`, missed)).invalid("/circumstances")
	g.when("issue-breach-warning", warn(missed)).then("supervision.breach-warning-issued")
	g.at("2026-02-17 09:00").when("issue-breach-warning", warn(missed)).refused("warning-active")

	// What happened elsewhere is recorded, though it would have been refused.
	before := len(g.history)
	g.given("issue-breach-warning", warn(clinic))
	if len(g.history) != before+1 || g.last().Origin != event.Imported {
		t.Error("an imported warning is not recorded")
	}
	free := registered(t)
	cited := free.attended("SUPERVISION", "2026-02-14 10:00", "UAAB")
	free.when("issue-breach-warning", warn(cited)).refused("no-live-supervision")
}

func TestAWarningCountsForTwelveMonths(t *testing.T) {
	t.Parallel()
	given := time.Date(2026, 2, 16, 9, 0, 0, 0, event.London)
	s := supervision.State{Warnings: []event.When{event.At(given)}}
	year := time.Date(2027, 2, 16, 9, 0, 0, 0, event.London)
	for at, want := range map[time.Time]bool{
		given.Add(-time.Microsecond): false, given: true, year.Add(-time.Microsecond): true, year: false,
	} {
		if got := s.WarningActive(at); got != want {
			t.Errorf("at %s: got %v, want %v", at.Format(time.RFC3339Nano), got, want)
		}
	}
}

func TestCustodyReleaseAndTransfer(t *testing.T) {
	t.Parallel()
	const release = `{"from":"2026-02-16","to":"2026-08-16"}`
	g := registered(t)
	g.when("release-on-licence", release).refused("not-in-custody")
	g.as("PRISON_HC", "PRISON-HC").when("enter-custody", `{"establishment":"HMP Invented"}`).then("supervision.custody-entered")
	g.when("enter-custody", `{"establishment":"HMP Invented"}`).refused("already-in-custody")
	g.as("HUB_NURSE", "HUB-CAM").when("schedule-appointment", slot("HUB_CLINIC", "2026-02-05 10:00")).refused("in-custody")
	g.at("2026-02-16 10:00").as("PP", "PROB-N58").when("release-on-licence", release).then("supervision.released-on-licence")
	if o, ok := g.state().Supervision.LiveOrder(event.MustDay("2026-08-16")); !ok || o.Terms.Value().Type != "LICENCE" {
		t.Error("the licence does not run on its last day")
	}
	pp := event.DeriveUUID("staff", []byte("PP4"))
	g.when("allocate-practitioner", fmt.Sprintf(`{"practitioner":%q}`, pp)).then("supervision.practitioner-allocated")
	g.when("allocate-practitioner", fmt.Sprintf(`{"practitioner":%q}`, pp)).nothing()
	g.when("allocate-practitioner", `{}`).invalid("/practitioner")

	g.when("transfer-case", `{"to":"N56","handoverUntil":"2026-04-03"}`).refused("same-region")
	g.when("transfer-case", `{"to":"N99","handoverUntil":"2026-04-03"}`).invalid("/to")
	g.when("transfer-case", `{"to":"N07","handoverUntil":"2026-02-15"}`).refused("handover-before-transfer")
	d := g.when("transfer-case", `{"to":"N07","handoverUntil":"2026-04-03"}`).then("supervision.case-transferred")
	if from := d[0].Data.(supervision.CaseTransferred).From; from != "N56" {
		t.Errorf("transferred from %s, want the region of registration", from)
	}
	g.when("transfer-case", `{"to":"N07","handoverUntil":"2026-04-03"}`).refused("same-region")
	g.when("transfer-case", `{"to":"N03","handoverUntil":"2026-05-11"}`).then("supervision.case-transferred")
}
