package casefile_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/casefile"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	domainperson "caseledger/domain/person"
	"caseledger/domain/rights"
)

var loserID = event.MustUUID("5eed0000-0000-4000-8000-00000000000b")

// twice is two records of one person: the survivor's and the other's, each
// beside the other. A practitioner's senior is at both keyboards.
func twice(t *testing.T) (survivor, loser *story) {
	t.Helper()
	survivor, loser = newStory(t), newStory(t)
	loser.ctx.Person = loserID
	survivor.beside, loser.beside = loser, survivor
	for _, g := range []*story{survivor, loser} {
		g.given("register-person", alpha)
		g.as("SPO", "PROB-N56")
	}
	return survivor, loser
}

func merge(who event.UUID) string {
	return fmt.Sprintf(`{"merged":%q,"evidence":"the same prison number"}`, who)
}
func fence(who event.UUID) string { return fmt.Sprintf(`{"survivor":%q}`, who) }

// merged is [twice] after the merge.
func merged(t *testing.T) (survivor, loser *story, id event.UUID) {
	t.Helper()
	survivor, loser = twice(t)
	loser.when("fence-merge", fence(person)).then("person.merge-fenced")
	survivor.when("merge-persons", merge(loserID)).then("person.merged")
	return survivor, loser, survivor.state().Person.Merges[0].ID
}

func TestMergeIsFencedFirst(t *testing.T) {
	t.Parallel()
	survivor, loser := twice(t)
	survivor.when("merge-persons", merge(loserID)).refused("not-fenced")
	survivor.when("merge-persons", merge(person)).refused("merged-into-itself")
	survivor.when("merge-persons", `{"evidence":"x"}`).invalid("/merged")
	survivor.when("merge-persons", fmt.Sprintf(`{"merged":%q,"evidence":""}`, loserID)).invalid("/evidence")
	survivor.as("PP", "PROB-N56").when("merge-persons", merge(loserID)).refused("role-may-not")
	survivor.as("SPO", "PROB-N56")
	loser.when("fence-merge", fence(loserID)).refused("merged-into-itself")
	loser.when("fence-merge", `{}`).invalid("/survivor")
	loser.when("fence-merge", fence(event.DeriveUUID("nobody"))).refused("no-such-person")
	loser.as("HUB_CLIN", "HUB-CAM").when("fence-merge", fence(person)).refused("no-such-person") // the survivor is not there for them
	loser.as("SPO", "PROB-N56").when("fence-merge", fence(person)).then("person.merge-fenced")
	loser.when("fence-merge", fence(person)).refused("merged-elsewhere")
	survivor.when("fence-merge", fence(loserID)).refused("survivor-merged") // neither may be merged into the other
	d := survivor.when("merge-persons", merge(loserID)).then("person.merged")
	if got := survivor.state().Person.Merges[0]; got.ID != loser.state().Person.Fence.Merge || got.Revision != event.Revision(len(loser.history)) {
		t.Errorf("merged under %s at revision %d, want the fence's name and the other's last revision; %v", got.ID, got.Revision, d)
	}
	survivor.when("merge-persons", merge(loserID)).refused("already-merged")
	survivor.when("fence-merge", fence(loserID)).refused("holds-merged-records")
}

// A command that was not given the other record is refused: nobody has looked.
func TestAMergeIsNotDecidedBlind(t *testing.T) {
	t.Parallel()
	survivor, loser := twice(t)
	loser.beside = nil
	loser.when("fence-merge", fence(person)).refused("no-such-person")
	loser.given("fence-merge", fence(person)) // as an import it is recorded
	survivor.beside = nil
	survivor.when("merge-persons", merge(loserID)).refused("no-such-person")
}

func TestMergesThatAreRefused(t *testing.T) {
	t.Parallel()
	staff := event.DeriveUUID("staff", []byte("PP2"))
	restriction := fmt.Sprintf(`{"mode":"RESTRICTED","users":[%q,%q],"reason":"a relative works here"}`, staff, event.DeriveUUID("test-actor", []byte("SPO"), []byte("PROB-N56")))
	for _, c := range map[string]struct {
		given func(*story)
		code  string
		both  bool // of both: no conflict
	}{
		"limited access": {func(g *story) { g.given("set-access-restriction", restriction) }, "limited-access-conflict", true},
		"a copy asked for": {func(g *story) {
			g.happened(rights.RightsRequestReceived{Request: event.DeriveUUID("r"), Kind: rights.Access})
		}, "open-subject-access-request", false},
	} {
		for _, of := range []string{"survivor", "loser", "both"} {
			survivor, loser := twice(t)
			if of != "loser" {
				c.given(survivor)
			}
			if of != "survivor" {
				c.given(loser)
			}
			r := loser.when("fence-merge", fence(person))
			if of == "both" && c.both {
				r.then("person.merge-fenced")
				survivor.when("merge-persons", merge(loserID)).then("person.merged")
				continue
			}
			r.refused(c.code)
			loser.given("fence-merge", fence(person)) // it came about all the same
			survivor.when("merge-persons", merge(loserID)).refused(c.code)
		}
	}
}

func TestAFencedRecordDecidesNothing(t *testing.T) {
	t.Parallel()
	_, loser, _ := merged(t)
	for _, c := range casefile.Commands {
		if slices.Contains([]string{"raise-risk-flag", "report-unplanned-disclosure", "receive-disclosure", "set-access-restriction",
			"correct-event", "enter-in-error", "unlink-identifier", "unmerge-persons", "register-person"}, c.Name) {
			continue
		}
		ctx := loser.ctx
		ctx.Command = person
		_, err := c.Decide(loser.state(), reflect.New(c.Body).Elem().Interface(), ctx)
		if f := fault.Of(err); f == nil || f.Code != "merged-elsewhere" && f.Kind != fault.Invalid {
			t.Errorf("%s in a fenced record: got %v", c.Name, err)
		}
	}
	loser.when("start-supervision", communityOrder).refused("merged-elsewhere")
	loser.given("start-supervision", communityOrder) // facts are recorded
	loser.when("correct-event", correct(loser.last().ID, "start-supervision", communityOrder)).then()
}

func TestUnmergeLiftsTheFence(t *testing.T) {
	t.Parallel()
	survivor, loser, id := merged(t)
	unmerge := fmt.Sprintf(`{"merge":%q,"reason":"two sisters"}`, id)
	loser.when("unmerge-persons", unmerge).refused("unmerge-the-survivor-first")
	survivor.when("unmerge-persons", fmt.Sprintf(`{"merge":%q,"reason":"two sisters"}`, person)).refused("not-merged")
	survivor.when("unmerge-persons", fmt.Sprintf(`{"merge":%q,"reason":""}`, id)).invalid("/reason")
	survivor.when("unmerge-persons", unmerge).then("person.unmerged")
	survivor.when("unmerge-persons", unmerge).refused("not-merged")
	if n := len(survivor.state().MergedInto()); n != 0 {
		t.Errorf("%d records are still merged", n)
	}
	loser.when("start-supervision", communityOrder).refused("merged-elsewhere") // until its fence is lifted
	loser.when("unmerge-persons", unmerge).then("person.unmerged")
	loser.when("start-supervision", communityOrder).then()

	// A fence that no merge followed is lifted too, and they may be merged anew.
	survivor2, loser2 := twice(t)
	loser2.when("fence-merge", fence(person)).then()
	loser2.when("unmerge-persons", fmt.Sprintf(`{"merge":%q,"reason":"not sure"}`, loser2.state().Person.Fence.Merge)).then("person.unmerged")
	loser2.when("fence-merge", fence(person)).then()
	survivor2.when("merge-persons", merge(loserID)).then()
}

// What was taken back while the records were one stays taken back in the record
// whose consent it is.
func TestUnmergeKeepsWithdrawals(t *testing.T) {
	t.Parallel()
	survivor, loser := twice(t)
	loser.as("HUB_CLIN", "HUB-CAM").given("grant-consent", disclosureConsent)
	theirs := loser.lastOf("consent.granted").Data.(consent.ConsentGranted).Consent
	loser.as("SPO", "PROB-N56").when("fence-merge", fence(person)).then()
	survivor.when("merge-persons", merge(loserID)).then()
	unmerge := fmt.Sprintf(`{"merge":%q,"reason":"two sisters"}`, loser.state().Person.Fence.Merge)
	survivor.at("2026-02-04 09:00").as("HUB_CLIN", "HUB-CAM").given("withdraw-consent", fmt.Sprintf(`{"consent":%q,"communicatedTo":"HUB_CLIN"}`, theirs))
	survivor.at("2026-02-05 09:00").as("SPO", "PROB-N56").when("unmerge-persons", unmerge).then("person.unmerged")
	loser.at("2026-02-05 09:01").when("unmerge-persons", unmerge).then("person.unmerged", "consent.withdrawn")
	for clock, want := range map[string]consent.Status{"2026-02-04 08:59": consent.Active, "2026-02-04 09:01": consent.Withdrawn} {
		if got := loser.state().Consent.StatusAt(theirs, london(clock)); got != want {
			t.Errorf("at %s the consent is %s, want %s", clock, got, want)
		}
	}
}

// foldMerged folds a record, whose every event is in it, with another.
func foldMerged(own, other []event.Recorded) casefile.State {
	all := slices.Concat(own, other)
	slices.SortStableFunc(all, func(a, b event.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	return casefile.FoldMerged(own[0].Stream.Of, event.Standing(all))
}

const disclosureConsent = `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"purposes":["REHAB_SUPPORT"],"categories":["H.ATTENDANCE"]},"expiresAt":"2026-08-01"}`

func TestADecisionFoldsBothRecords(t *testing.T) {
	t.Parallel()
	survivor, loser := twice(t)
	survivor.given("record-address", `{"variant":"NO_FIXED_ABODE"}`)
	loser.given("record-address", `{"variant":"UNKNOWN"}`).given("start-supervision", communityOrder).
		given("link-identifier", `{"type":"CRN","value":"X990101","source":"SYSTEM"}`)
	loser.as("HUB_CLIN", "HUB-CAM").given("grant-consent", disclosureConsent)
	given := loser.lastOf("consent.granted").Data.(consent.ConsentGranted).Consent
	loser.as("SPO", "PROB-N56").at("2026-02-03 09:00").when("fence-merge", fence(person)).then()
	survivor.at("2026-02-03 09:01").when("merge-persons", merge(loserID)).then()

	s := foldMerged(survivor.history, loser.history)
	if len(s.Supervision.Orders) != 1 || len(s.Person.Links) != 1 || s.Person.Address.Variant != "NO_FIXED_ABODE" || s.Person.Fence.Standing {
		t.Errorf("orders %d, links %d, address %s, fenced %v: want the other's order and identifier, the survivor's address and no fence",
			len(s.Supervision.Orders), len(s.Person.Links), s.Person.Address.Variant, s.Person.Fence.Standing)
	}
	hub, _ := orgs.ByCode("HUB-CAM")
	if !s.HeldBy(hub.ID) {
		t.Error("who held the other record does not hold the survivor's")
	}
	if _, known := s.Log[loser.history[0].ID]; known {
		t.Error("an event of the other record can be corrected in the survivor's")
	}
	for clock, want := range map[string]consent.Status{"2026-02-02 12:00": consent.Active, "2026-02-03 12:00": consent.Unconfirmed} {
		if got := s.Consent.StatusAt(given, london(clock)); got != want {
			t.Errorf("at %s the other's consent is %s, want %s", clock, got, want)
		}
	}

	// Reconfirmed in the survivor's record, it is in force.
	c, _ := casefile.Named("reconfirm-consent")
	ctx := survivor.as("HUB_CLIN", "HUB-CAM").at("2026-02-04 09:00").ctx
	ctx.Command = event.DeriveUUID("reconfirm")
	drafts, err := c.Decide(s, consent.ReconfirmConsent{Consent: given}, ctx)
	if err != nil {
		t.Fatal(err)
	}
	survivor.record(drafts, ctx.Command, event.Live)
	s = foldMerged(survivor.history, loser.history)
	if got := s.Consent.StatusAt(given, london("2026-02-05 12:00")); got != consent.Active {
		t.Errorf("reconfirmed it is %s", got)
	}

	// Un-merge restores each.
	alone := append(slices.Clone(survivor.history), event.Recorded{Position: 1000, Stream: event.Case(person), Operational: event.Open,
		Data: domainperson.PersonsUnmerged{Merge: survivor.state().Person.Merges[0].ID, Other: loserID}, Meta: event.Meta{Type: "person.unmerged", Effective: event.At(london("2026-02-05 09:00"))}})
	if s := foldMerged(alone, loser.history); len(s.Supervision.Orders) != 0 || s.Consent.StatusAt(given, london("2026-02-05 12:00")) != consent.None {
		t.Error("the other's record is still folded after the merge was undone")
	}
}

// The other record changes nothing of what the survivor's own says of who the
// person is, whatever it holds, and folding a record that is not merged changes
// nothing at all.
func TestFoldMergedKeepsWhoThePersonIs(t *testing.T) {
	t.Parallel()
	survivor, loser, _ := merged(t)
	other := eventful(t)
	other.ctx.Person = loserID
	history := slices.Clone(other.history)
	for i := range history {
		history[i].Stream = event.Case(loserID)
	}
	alone := casefile.Fold(event.Standing(survivor.history))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(history)).Draw(t, "events")
		s := foldMerged(survivor.history, append(slices.Clone(loser.history), history[:n]...))
		if s.Person.Name != alone.Person.Name || s.Person.Region != alone.Person.Region || len(s.Log) != len(alone.Log) {
			t.Fatalf("after %d events of the other record: the survivor is somebody else", n)
		}
		if got := foldMerged(loser.history, survivor.history); len(got.Log) != len(loser.history) {
			t.Fatalf("a record that is not merged was folded")
		}
	})
}

// A correction in the other record counts where what it corrects does.
func TestACorrectionOfAMergedRecordKeepsItsPlace(t *testing.T) {
	t.Parallel()
	survivor, loser := twice(t)
	loser.as("HUB_CLIN", "HUB-CAM").given("grant-consent", disclosureConsent)
	granted := loser.lastOf("consent.granted")
	survivor.as("HUB_CLIN", "HUB-CAM").given("refuse-consent", `{"kind":"DISCLOSURE","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"purposes":["REHAB_SUPPORT"],"categories":["H.ATTENDANCE"]},"reason":"PRIVACY"}`)
	loser.as("SPO", "PROB-N56").when("fence-merge", fence(person)).then()
	survivor.as("SPO", "PROB-N56").when("merge-persons", merge(loserID)).then()
	loser.as("HUB_CLIN", "HUB-CAM").when("correct-event", correct(granted.ID, "grant-consent", disclosureConsent)).then()

	covers := consent.Cell{From: event.NHS, To: consent.Receiver{Side: event.Probation}, Purpose: "REHAB_SUPPORT", Category: "H.ATTENDANCE"}
	s := foldMerged(survivor.history, loser.history)
	if !s.Consent.Denied(covers, loser.ctx.Now) {
		t.Error("a grant that was corrected after the refusal counts as later than it")
	}
}
