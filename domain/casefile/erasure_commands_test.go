package casefile_test

import (
	"fmt"
	"testing"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/rights"
)

// granted is a request for erasure that HUB-CAM answered, and what names it.
func granted(t *testing.T, outcome string) (*story, event.UUID) {
	t.Helper()
	g := told(t).at("2026-05-05 10:00").as("IG_LEAD", "HUB-CAM")
	id := g.asks(rights.Erasure)
	g.when("respond-to-rights-request", ofRequest(id, outcome)).then("rights.request-responded")
	return g, id
}

func TestErasureNeedsARequestThatWasGranted(t *testing.T) {
	t.Parallel()
	g := told(t).at("2026-05-05 10:00").as("IG_LEAD", "HUB-CAM")
	data := `"data":["health"]`
	g.when("erase-record", ofRequest(person, data)).refused("no-such-request")
	g.when("erase-record", ofRequest(g.asks(rights.Access), data)).refused("request-of-another-right")
	id := g.asks(rights.Erasure)
	g.when("erase-record", ofRequest(id, data)).refused("request-not-answered")
	g.as("IG_LEAD", "PROB-N56").when("erase-record", ofRequest(id, data)).refused("no-such-request") // asked of another controller

	g, id = granted(t, `"outcome":"REFUSED","grounds":["17(3)(b)"]`)
	g.when("erase-record", ofRequest(id, data)).refused("erasure-not-granted")

	for _, outcome := range []string{`"outcome":"GRANTED"`, `"outcome":"PARTLY_GRANTED","grounds":["17(3)(e)"]`} {
		g, id = granted(t, outcome)
		g.as("DPO", "HUB-CAM").when("erase-record", ofRequest(id, data)).refused("role-may-not")
		g.as("HUB_CLIN", "HUB-CAM").when("erase-record", ofRequest(id, data)).refused("role-may-not")
		g.as("SIRO", "HUB-CAM").when("erase-record", ofRequest(id, data)).then("rights.erasure-decided")
		if d := g.last().Data.(rights.ErasureDecided); d.Request != id || len(d.Data) != 1 || d.Erasure.IsZero() {
			t.Errorf("got %+v", d)
		}
		g.when("erase-record", ofRequest(id, `"data":["identity","health"]`)).refused("erased-already")
		g.when("erase-record", ofRequest(id, `"data":["identity"]`)).then("rights.erasure-decided") // class by class
	}
	for pointer, rest := range map[string]string{"/data": `"data":[]`, "/data/0": `"data":["operational"]`, "/data/1": `"data":["health","health"]`} {
		g.when("erase-record", ofRequest(id, rest)).invalid(pointer)
	}
	g.when("erase-record", `{"data":["health"]}`).invalid("/request")
}

// A hold keeps everything, whoever placed it, and a schedule what its own
// controller put under it. The refusal says which.
func TestErasureRespectsHoldsAndMinimums(t *testing.T) {
	t.Parallel()
	g, id := granted(t, `"outcome":"GRANTED"`)
	erase := ofRequest(id, `"data":["health"]`)
	g.as("IG_LEAD", "PROB-N56").when("place-legal-hold", `{"reason":"An inquiry."}`).then("rights.legal-hold-placed")
	hold := g.last().Data.(rights.LegalHoldPlaced).Hold
	refusal := g.as("IG_LEAD", "HUB-CAM").when("erase-record", erase)
	refusal.refused("hold-active")
	if f := fault.Of(refusal.err); f == nil || f.Message != "the legal hold "+hold.String()+" keeps the whole record" {
		t.Errorf("got %v, want the hold named", refusal.err)
	}
	g.as("IG_LEAD", "PROB-N56").when("lift-legal-hold", fmt.Sprintf(`{"hold":%q,"reason":"It has reported."}`, hold)).then()

	g.kept(`{"class":"PROBATION_CASE","from":"2026-02-02"}`) // another controller's, of another side
	g.as("IG_LEAD", "HUB-CAM")
	period := g.kept(`{"class":"ADULT_HEALTH","from":"2026-02-02"}`)
	refusal = g.when("erase-record", erase)
	refusal.refused("before-minimum")
	if f := fault.Of(refusal.err); f == nil || f.Message != "the schedule ADULT_HEALTH, of the period "+period.String()+", keeps the record until the end of 2034-02-02" {
		t.Errorf("got %v, want the period named", refusal.err)
	}
	g.at("2034-02-03 09:00").when("erase-record", erase).then("rights.erasure-decided")
}

// Keys are kept apart by side, not by controller: what another controller of the
// side holds is not destroyed over its head.
func TestAnotherControllerOfTheSideMustLetGo(t *testing.T) {
	t.Parallel()
	g, id := granted(t, `"outcome":"GRANTED"`)
	erase := ofRequest(id, `"data":["health"]`)
	gp, _ := orgs.ByCode("GP1")
	hub, _ := orgs.ByCode("HUB-CAM")
	g.happened(disclosure.DisclosureMade{Disclosure: event.DeriveUUID("test-told"), Decision: event.DeriveUUID("test-decided"),
		Flow: disclosure.Flow{FromOrg: hub.ID, ToOrg: gp.ID, Direction: disclosure.Direction{From: event.NHS, To: event.NHS}}})
	g.when("erase-record", erase).refused("another-controller-keeps-it")

	g.as("IG_LEAD", "GP1")
	theirs := g.asks(rights.Erasure)
	g.when("respond-to-rights-request", ofRequest(theirs, `"outcome":"REFUSED","grounds":["17(3)(c)"]`)).then()
	g.as("IG_LEAD", "HUB-CAM").when("erase-record", erase).refused("another-controller-keeps-it")
	g.as("IG_LEAD", "GP1")
	theirs = g.asks(rights.Erasure)
	g.when("respond-to-rights-request", ofRequest(theirs, `"outcome":"GRANTED"`)).then()
	g.as("IG_LEAD", "HUB-CAM").when("erase-record", erase).then("rights.erasure-decided")

	g, id = granted(t, `"outcome":"GRANTED"`)
	g.happened(disclosure.DisclosureMade{Disclosure: event.DeriveUUID("test-told"), Decision: event.DeriveUUID("test-decided"),
		Flow: disclosure.Flow{FromOrg: hub.ID, ToOrg: gp.ID, Direction: disclosure.Direction{From: event.NHS, To: event.NHS}}})
	g.as("IG_LEAD", "GP1")
	period := g.kept(`{"class":"ADULT_HEALTH","from":"2016-01-29"}`)
	g.as("IG_LEAD", "HUB-CAM").when("erase-record", erase2(id)).refused("another-controller-keeps-it")
	g.as("IG_LEAD", "GP1").when("review-retention", fmt.Sprintf(`{"period":%q,"outcome":"DISPOSE","reason":"x"}`, period)).then()
	g.as("IG_LEAD", "HUB-CAM").when("erase-record", erase2(id)).then("rights.erasure-decided")
}

func erase2(id event.UUID) string { return ofRequest(id, `"data":["health","identity"]`) }

// What was decided waits until its receipt is on the record.
func TestAReceiptEndsTheWaiting(t *testing.T) {
	t.Parallel()
	g, id := granted(t, `"outcome":"GRANTED"`)
	g.when("erase-record", ofRequest(id, `"data":["health"]`)).then()
	decided := g.last()
	if waiting := g.state().Rights.Waiting(); len(waiting) != 1 || waiting[0].Source != decided.ID || waiting[0].Side != event.NHS {
		t.Fatalf("got %+v", waiting)
	}
	g.happened(rights.ErasureCompleted{Erasure: decided.Data.(rights.ErasureDecided).Erasure, Decision: decided.ID, Side: event.NHS})
	s := g.state().Rights
	if len(s.Waiting()) != 0 || s.Disposed[0].Receipt != g.last().ID || s.Disposed[0].CarriedOut.IsZero() {
		t.Errorf("got %+v", s.Disposed)
	}
}
