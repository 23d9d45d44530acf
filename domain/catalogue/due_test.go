package catalogue_test

import (
	"slices"
	"testing"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
)

// The end of an agreement falls due on the record of its first party; the end
// that was moved does not, and one that was noted does not again.
func TestTheEndOfAnAgreementFallsDue(t *testing.T) {
	t.Parallel()
	g := signed(t)
	end := event.MustDay("2027-01-05").Start()
	falls := func(at time.Time, due int, next time.Time) {
		t.Helper()
		got, then := catalogue.Due(g.stream, g.history, at)
		if len(got) != due || !then.Equal(next) {
			t.Fatalf("at %s: %+v, next %s, want %d, next %s", at, got, then, due, next)
		}
		if want := (casefile.DueCommand{Name: "expire-agreement", Body: agreement.ExpireAgreement{}, At: end, Side: event.NHS, Org: org("HUB-CAM")}); due > 0 && got[0] != want {
			t.Errorf("got %+v, want %+v", got[0], want)
		}
	}
	falls(end.Add(-time.Microsecond), 0, end)
	falls(end, 1, time.Time{})
	falls(end.AddDate(0, 1, 0), 1, time.Time{})
	g.at("2027-02-05 00:00").as("SYSTEM", "HUB-CAM")
	g.ctx.Effective = event.At(end)
	if drafts := g.when("expire-agreement", `{}`).then("agreement.expired"); drafts[0].Effective != event.At(end) {
		t.Errorf("it ended at %s", drafts[0].Effective)
	}
	falls(end.AddDate(0, 1, 0), 0, time.Time{})
}

// Of a case what falls due is what package casefile says; of other streams
// nothing does.
func TestWhatFallsDueOnOtherStreams(t *testing.T) {
	t.Parallel()
	g := newStory(t, event.Case(event.DeriveUUID("test-person"))).as("HUB_NURSE", "HUB-CAM")
	g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2026-03-01"}`)
	end := event.MustDay("2026-03-01").Start()
	for _, kind := range []event.StreamKind{event.CaseStream, event.OrgStream, event.PolicyStream, event.FindingStream, event.AccessStream, event.LedgerStream} {
		stream := event.StreamID{Kind: kind, Of: g.stream.Of}
		due, next := catalogue.Due(stream, g.history, end)
		if _, first := catalogue.Due(stream, g.history, end.Add(-1)); (len(due) == 1) != (kind == event.CaseStream) || first.Equal(end) != (kind == event.CaseStream) || !next.IsZero() {
			t.Errorf("kind %d: %+v, next %s, first %s", kind, due, next, first)
		}
	}
}

// Whatever falls due is a command that the system may give.
func TestWhatFallsDueIsTheSystems(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"expire-consent", "cross-wait-threshold", "end-break-glass", "expire-agreement"} {
		if c, _ := catalogue.Named(name); !slices.Contains(c.Roles, "SYSTEM") {
			t.Errorf("%s is not the system's to give", name)
		}
	}
}
