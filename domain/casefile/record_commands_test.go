package casefile_test

import (
	"fmt"
	"testing"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
	"caseledger/domain/supervision"
)

func correct(id event.ID, command, body string) string {
	return fmt.Sprintf(`{"event":%q,"reason":"typed wrongly","command":%q,"body":%s}`, id, command, body)
}

func voided(id event.ID) string { return fmt.Sprintf(`{"event":%q,"reason":"another person"}`, id) }

func TestCorrectEventTakesThePlaceOfTheWrongOne(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	wrong := g.last()
	order := g.state().Supervision.Orders[0].ID
	g.given("impose-requirement", `{"kind":"DTR","from":"2026-01-26","to":"2026-06-01"}`)
	right := `{"type":"COMMUNITY_ORDER","from":"2026-01-25","to":"2027-01-25"}`

	drafts := g.at("2026-02-05 09:00").when("correct-event", correct(wrong.ID, "start-supervision", right)).then("record.corrected", "supervision.started")
	for _, d := range drafts {
		if d.Corrects != wrong.ID {
			t.Errorf("%T corrects %s, want the wrong event", d.Data, d.Corrects)
		}
	}
	s := g.state().Supervision
	if len(s.Orders) != 1 || s.Orders[0].ID != order || s.Orders[0].Terms.Value().From != event.MustDay("2026-01-25") {
		t.Error("want one order, with the identifier it had and the dates it should have had")
	}
	if g.last().Effective != wrong.Effective {
		t.Errorf("effective %s, want that of the wrong event", g.last().Effective)
	}

	// A correction is itself corrected by naming either event, and both name
	// the first one.
	replacement := g.last().ID
	for _, target := range []event.ID{replacement, wrong.ID} {
		drafts = g.when("correct-event", correct(target, "start-supervision", communityOrder)).then("record.corrected", "supervision.started")
		if drafts[1].Corrects != wrong.ID {
			t.Errorf("corrects %s, want the first event", drafts[1].Corrects)
		}
	}
	g.when("correct-event", correct(replacement, "start-supervision", right)).refused("no-such-event") // replaced itself
	if s := g.state().Supervision; len(s.Orders) != 1 || s.Orders[0].Terms.Value().From != event.MustDay("2026-01-26") {
		t.Error("the latest correction does not stand")
	}
}

func TestACorrectionMayMoveTheTime(t *testing.T) {
	t.Parallel()
	g := registered(t).given("give-privacy-notice", `{"notice":"v1","format":"STANDARD"}`)
	g.when("correct-event", correct(g.last().ID, "give-privacy-notice", `{"effectiveAt":"2026-02-01","notice":"v1","format":"EASY_READ"}`)).
		then("record.corrected", "person.privacy-notice-given")
	n := g.state().Person.Notices
	if len(n) != 1 || n[0].Format != "EASY_READ" || n[0].At != event.On(event.MustDay("2026-02-01")) {
		t.Errorf("got %v, want one notice of 1 February", n)
	}
	g.when("correct-event", correct(g.last().ID, "give-privacy-notice", `{"effectiveAt":"2027-02-01","notice":"v1","format":"EASY_READ"}`)).
		invalid("/body/effectiveAt")
}

func TestACorrectionObeysTheRulesOfItsTime(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	order := g.last().ID
	g.when("correct-event", correct(order, "start-supervision", `{"type":"POST_SENTENCE_SUPERVISION","from":"2026-06-01","to":"2026-08-01"}`)).
		then() // it was imported: what happened is recorded as it happened
	live := registered(t)
	live.when("start-supervision", communityOrder).then()
	live.when("correct-event", correct(live.last().ID, "start-supervision", `{"type":"POST_SENTENCE_SUPERVISION","from":"2026-06-01","to":"2026-08-01"}`)).
		refused("supervision-type-closed")
	live.when("correct-event", correct(live.last().ID, "start-supervision", `{"type":"COMMUNITY_ORDER","from":"2026-01-20","to":"2027-01-20"}`)).
		then() // it does not overlap itself
}

func TestWhatMayNotBeCorrected(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	order := g.last().ID
	g.given("link-identifier", `{"type":"CRN","value":"X990101","source":"SYSTEM"}`)
	link := g.last().ID
	g.when("correct-event", correct(link, "link-identifier", `{"type":"CRN","value":"X990102","source":"SYSTEM"}`)).refused("unlink-instead")
	g.when("correct-event", correct(order, "record-address", `{"variant":"UNKNOWN"}`)).refused("another-kind-of-event")
	g.when("correct-event", correct(order, "no-such-command", `{}`)).invalid("/command")
	g.when("correct-event", correct(order, "correct-event", `{}`)).invalid("/command")
	g.when("correct-event", correct(order, "start-supervision", `{"typo":1}`)).invalid("/body")
	g.when("correct-event", correct(order, "start-supervision", `{"type":"X","from":"2026-01-26","to":"2027-01-26"}`)).invalid("/body/type")
	g.when("correct-event", fmt.Sprintf(`{"event":%q,"reason":"","command":"start-supervision","body":%s}`, order, communityOrder)).invalid("/reason")
	g.when("correct-event", correct(event.ID{UUID: g.ctx.Person}, "start-supervision", communityOrder)).refused("no-such-event")
	g.as("HUB_CLIN", "HUB-CAM").when("correct-event", correct(order, "start-supervision", communityOrder)).refused("no-such-event") // another side's
	g.as("IG_LEAD", "PROB-N56").when("correct-event", correct(order, "start-supervision", communityOrder)).refused("role-may-not")

	g.as("PP", "PROB-N56").when("enter-in-error", voided(order)).then("record.entered-in-error")
	g.when("correct-event", correct(order, "start-supervision", communityOrder)).refused("no-such-event") // it is void
	g.when("enter-in-error", voided(order)).refused("no-such-event")
}

func TestEnterInError(t *testing.T) {
	t.Parallel()
	g := supervised(t).given("record-barrier", `{"barrier":"PHONE"}`)
	order := g.lastOf("supervision.started").ID
	g.as("SPO", "PROB-N56").when("enter-in-error", voided(order)).refused("role-may-not")
	g.as("IG_LEAD", "HUB-CAM").when("enter-in-error", voided(order)).refused("no-such-event")
	g.as("IG_LEAD", "PROB-N56").when("enter-in-error", fmt.Sprintf(`{"event":%q,"reason":""}`, order)).invalid("/reason")
	g.when("enter-in-error", voided(order)).then("record.entered-in-error")
	if n := len(g.state().Supervision.Orders); n != 0 {
		t.Errorf("got %d orders, want none", n)
	}
	g.as("PP", "PROB-N56").when("start-supervision", communityOrder).then("supervision.started")
}

func TestAVoidedLinkFreesItsIdentifier(t *testing.T) {
	t.Parallel()
	g := registered(t).given("link-identifier", `{"type":"CRN","value":"X990101","source":"SYSTEM"}`)
	link := g.last().ID
	if kind, value, ok := (casefile.EnterInError{Event: link}).Freed(g.state()); !ok || kind != "CRN" || value != "X990101" {
		t.Error("voiding the link does not free the identifier")
	}
	if _, _, ok := (casefile.EnterInError{Event: g.history[0].ID}).Freed(g.state()); ok {
		t.Error("voiding the registration frees an identifier")
	}
	id, _ := g.state().Person.LiveLink(domainperson.CRNType)
	g.given("unlink-identifier", fmt.Sprintf(`{"type":"CRN","link":%q,"reason":"MISTYPED"}`, id.ID))
	g.when("enter-in-error", voided(g.last().ID)).refused("link-instead")
}

// An import may correct, or void, what is not here: it is kept and changes
// nothing.
func TestAnImportedCorrectionOfNothingChangesNothing(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	nowhere := event.ID{UUID: event.DeriveUUID("nowhere")}
	g.given("correct-event", correct(nowhere, "start-supervision", communityOrder)).given("enter-in-error", voided(nowhere))
	if n := len(g.state().Supervision.Orders); n != 1 {
		t.Errorf("got %d orders, want 1", n)
	}
	if _, ok := g.history[len(g.history)-2].Data.(supervision.SupervisionStarted); !ok {
		t.Error("the replacement is not kept")
	}
}

// A command of several events is corrected one event at a time: each correction
// replaces the event it names and leaves its siblings.
func TestEachEventOfACommandIsCorrectedByItself(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	g.given("schedule-appointment", slot("SUPERVISION", "2026-03-02 10:00"))
	g.when("enter-custody", `{"establishment":"HMP Inventid"}`).then("supervision.custody-entered", "appointment.cancelled")
	entered, cancelled := g.history[len(g.history)-2], g.last()
	right := `{"effectiveAt":"2026-02-01","establishment":"HMP Invented"}`
	for _, wrong := range []event.ID{entered.ID, cancelled.ID} {
		d := g.at("2026-02-05 09:00").when("correct-event", correct(wrong, "enter-custody", right)).then()
		if len(d) != 2 || d[1].Corrects != wrong {
			t.Fatalf("got %d events, want a notice and one replacement", len(d))
		}
	}
	s := g.state()
	if e, _ := g.lastOf("supervision.custody-entered").Data.(supervision.CustodyEntered); e.Establishment.Value() != "HMP Invented" {
		t.Error("the establishment is not corrected")
	}
	if len(s.Supervision.Moves) != 1 || s.Supervision.Moves[0].At != event.On(event.MustDay("2026-02-01")) || !s.Appointment.Appointments[0].Cancelled {
		t.Errorf("got %v, want one move, on 1 February, and the appointment cancelled", s.Supervision.Moves)
	}
	g.when("correct-event", correct(entered.ID, "record-address", `{"variant":"UNKNOWN"}`)).refused("not-the-same-events")
}

// What a corrected event brought into being keeps its identifier, however often
// it is corrected.
func TestIdentifiersOutliveCorrections(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	first := g.last().ID
	order := g.state().Supervision.Orders[0].ID
	for i := range 3 {
		g.when("correct-event", correct(first, "start-supervision", fmt.Sprintf(`{"type":"COMMUNITY_ORDER","from":"2026-01-2%d","to":"2027-01-25"}`, i))).then()
		if got := g.state().Supervision.Orders; len(got) != 1 || got[0].ID != order {
			t.Fatalf("after %d corrections the order has another identifier", i+1)
		}
	}
}
