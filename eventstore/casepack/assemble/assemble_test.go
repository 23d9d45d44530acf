package assemble

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/offline"
)

func registered(family string) person.PersonRegistered {
	return person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: family})}
}

func corrected(why string) event.EventCorrected { return event.EventCorrected{Reason: event.Own(why)} }

// mustProve has the offline verifier check the pack, with nothing but the ledger's
// key, and returns how many entries of each stream are there.
func (p *pack) mustProve() map[event.StreamID]int {
	p.Helper()
	trust, err := offline.NewTrust([]string{p.public}, "", nil)
	if err != nil {
		p.Fatal(err)
	}
	report, err := offline.Pack(p.bytes, trust)
	if err != nil || !report.Verdict().Holds() {
		p.Fatalf("%v: %+v", err, report)
	}
	var m manifest
	if err := json.Unmarshal([]byte(p.member("pack.json")), &m, json.RejectUnknownMembers(true)); err != nil {
		p.Fatal(err)
	}
	there := map[event.StreamID]int{}
	for _, s := range m.Streams {
		there[s.Stream] = s.Revisions - s.Withheld
	}
	return there
}

func TestAPackHasWhatTheAskerMayReadAndProvesThatNothingIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(bravo, nurse, registered("CANARY-BRAVO"))
	w.record(alpha, nurse, registered("YANKEE"), corrected("<b>it was \"typed\" wrongly</b> & so"))
	told := w.record(alpha, nurse, disclosure.DisclosureMade{Flow: disclosure.Flow{FromOrg: nurse.Org, ToOrg: officer.Org, Direction: disclosure.Direction{From: event.NHS, To: event.Probation},
		Purpose: "REQ_MGMT", Categories: []event.Category{"H.ATTENDANCE"}},
		ToldHealth: event.Own([]event.Item{{Category: "H.ATTENDANCE", Facts: []event.Fact{{Name: "attended", Value: "CANARY-TOLD"}}}})})
	w.record(alpha, officer, corrected("CANARY-PROBATION"))
	w.source.Looks = func(_ context.Context, people []event.UUID) ([]Look, error) {
		return []Look{{Position: 9, Person: people[0], At: start, Actor: nurse, Purpose: "DIRECT_CARE", View: "person.timeline", Class: "READ_ONE", Items: 3, Reason: "=HYPERLINK(1)"}}, nil
	}
	p := w.mustBuild(evidence(alpha))
	there := p.mustProve()
	if there[event.Case(alpha)] == 0 || p.Withheld > 0 || w.exported != 1 {
		t.Errorf("%v, %+v, recorded %d times", there, p.Made, w.exported)
	}
	for _, text := range []string{"YANKEE", "CANARY-TOLD", "CANARY-PROBATION"} {
		if !strings.Contains(p.member("events.jsonl"), text) || !strings.Contains(p.member("index.html"), text) {
			t.Errorf("%s is not to be read", text)
		}
	}
	if p.holds("CANARY-BRAVO") || p.holds(bravo.String()) {
		t.Error("the pack says something of another person")
	}
	html := p.member("index.html")
	if strings.Contains(html, "<b>it") || regexp.MustCompile(`(?i)<script|src=|href=|https?://|@import|url\(`).MatchString(html) || !strings.Contains(html, `<html lang="en-GB">`) {
		t.Error("the page has markup from the record, or loads something")
	}
	if csv := p.member("access-log.csv"); !strings.Contains(csv, ",'=HYPERLINK(1)") || !strings.Contains(csv, nurse.ID.String()) {
		t.Errorf("access-log.csv: %s", csv)
	}
	if csv := p.member("disclosures.csv"); !strings.Contains(csv, "H.ATTENDANCE") || !strings.HasPrefix(strings.Split(csv, "\r\n")[1], number(uint64(told))+",") {
		t.Errorf("disclosures.csv: %s", csv)
	}
}

// For one controller the entries of others are hashes: neither what they say nor
// who recorded them, when or what kind they are is in the pack.
func TestWhatIsNotForTheAskerIsAHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, nurse, registered("YANKEE"))
	w.now = w.now.Add(time.Hour)
	w.record(alpha, officer, corrected("CANARY-PROBATION"))
	w.now = w.now.Add(time.Hour)
	left := w.record(alpha, nurse, corrected("CANARY-THIRD-PARTY"))
	w.record(alpha, nurse, corrected("it was typed wrongly"))
	w.source.Reader = w.codec.With(w.vault.View(event.NHS), codec.Options{})
	r := evidence(alpha)
	r.Kind, r.Maker, r.Purpose, r.Withhold = SubjectAccess, nurse, "SUBJECT_RIGHTS", []event.Position{left}
	r.Shows = func(e event.Recorded) bool { return e.Actor.Org == nurse.Org }
	w.source.Looks = func(_ context.Context, people []event.UUID) ([]Look, error) {
		return []Look{{Position: 9, Person: people[0], At: start, Actor: officer, Purpose: "DIRECT_CARE", Reason: "CANARY-REASON"}}, nil
	}
	p := w.mustBuild(r)
	there := p.mustProve()
	if p.Withheld != 3 || len(there) != 1 { // a key, what it seals, and what was decided to be left out
		t.Errorf("%+v, %v", p.Made, there)
	}
	for what, text := range map[string]string{"what another controller recorded": "CANARY-PROBATION", "who did": officer.ID.String(), "their role": "\"PP\"",
		"when": "2026-07-04T13:00", "what was decided to be left out": "CANARY-THIRD-PARTY", "a reader's words": "CANARY-REASON"} {
		if p.holds(text) {
			t.Errorf("the pack has %s", what)
		}
	}
	if !p.holds("it was typed wrongly") || !strings.Contains(p.member("index.html"), "3 entries were left out") {
		t.Error("it does not say what it should")
	}
}

func TestThatNothingIsHeldIsProved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(bravo, nurse, registered("CANARY-BRAVO"))
	p := w.mustBuild(evidence(alpha))
	if there := p.mustProve(); there[event.Case(alpha)] != 0 || len(there) != 2 || p.Entries != 1 {
		t.Errorf("%v, %+v", there, p.Made)
	}
	if !strings.Contains(p.member("index.html"), "Nothing is held about this person") || !strings.Contains(p.member("README.txt"), "Nothing is held about this person") {
		t.Error("it does not say that nothing is held")
	}
	if p.holds(bravo.String()) {
		t.Error("the pack names another person")
	}
	r := evidence(bravo)
	r.Shows = func(event.Recorded) bool { return false }
	w.mustRefuse(ErrNoSuchPerson, r)
	r.Person = alpha
	w.mustRefuse(ErrNoSuchPerson, r)
	if w.exported != 1 {
		t.Errorf("an export was recorded %d times, want once", w.exported)
	}
}

func TestErasureIsSaidAsSuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, nurse, registered("CANARY-ERASED"))
	var health event.UUID
	for s, err := range w.store.ReadStream(t.Context(), event.Case(alpha), 0) {
		if err != nil {
			t.Fatal(err)
		}
		body, err := codec.ParseBody(s.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range body.Boxes {
			if b.Class == event.Identity {
				health = b.Key
			}
		}
	}
	w.record(alpha, system, event.KeyDestroyed{Key: health})
	if err := w.vault.Destroy(t.Context(), health, event.ID{UUID: alpha}); err != nil {
		t.Fatal(err)
	}
	p := w.mustBuild(evidence(alpha))
	p.mustProve()
	if p.holds("CANARY-ERASED") || !strings.Contains(p.member("events.jsonl"), `"absent":{"identity":"erased"}`) ||
		!strings.Contains(p.member("index.html"), "identity: unreadable, key destroyed") {
		t.Error("it does not say that the key was destroyed")
	}
}

func TestAPeriodBoundsWhatIsOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, nurse, corrected("EARLIER"))
	w.now = start.Add(time.Hour)
	w.record(alpha, nurse, corrected("WITHIN"))
	w.now = start.Add(2 * time.Hour)
	w.record(alpha, nurse, corrected("LATER"))
	r := evidence(alpha)
	r.From, r.To = start.Add(time.Minute), start.Add(time.Hour)
	p := w.mustBuild(r)
	p.mustProve()
	if p.holds("EARLIER") || p.holds("LATER") || !p.holds("WITHIN") || p.Withheld > 0 {
		t.Errorf("%+v", p.Made)
	}
}

func TestMergedCasesAreInThePack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	merge := event.DeriveUUID("merge")
	w.record(alpha, nurse, registered("YANKEE"))
	w.record(bravo, nurse, registered("ZULU"))
	w.record(bravo, nurse, person.MergeFenced{Merge: merge, Survivor: alpha})
	w.record(alpha, nurse, person.PersonsMerged{Merge: merge, Merged: bravo, Revision: 2, Evidence: event.Own("one NHS number")})
	p := w.mustBuild(evidence(alpha))
	if there := p.mustProve(); there[event.Case(bravo)] == 0 || !p.holds("ZULU") || len(there) != 4 {
		t.Errorf("%v", there)
	}
}

// What cannot be recorded, sealed or proved leaves nothing behind.
func TestNoPackIsMadeOfWhatDoesNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, nurse, registered("YANKEE"))
	w.record(alpha, nurse, corrected("twice"))
	failed := errors.New("a fault")
	whole := w.source
	w.source.Exporting = func(context.Context, []event.UUID, int) error { return failed }
	w.mustRefuse(failed, evidence(alpha))
	w.source = whole
	w.source.Sealed = func(context.Context, event.Position) (ledger.Checkpoint, error) { return ledger.Checkpoint{}, failed }
	w.mustRefuse(failed, evidence(alpha))
	w.source = whole
	w.source.Store = hiding{w.store}
	w.mustRefuse(ErrUnproven, evidence(alpha))
	w.source = whole
	w.mustBuild(evidence(alpha)).mustProve()
}

// hiding is a store that keeps the last entry of a case to itself.
type hiding struct{ eventstore.Store }

func (h hiding) ReadStream(ctx context.Context, stream event.StreamID, from event.Revision) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		var before *eventstore.Stored
		for s, err := range h.Store.ReadStream(ctx, stream, from) {
			if before != nil && !yield(*before, nil) || err != nil {
				return
			}
			before = &s
		}
	}
}

// Somebody whom an organisation has never heard of is not made known to it by the
// erasure of what others hold; nor is who erased that.
func TestADestructionOfOthersKeysIsNotForTheAsker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, officer, registered("CANARY-PROBATION"))
	keys, err := w.vault.KeysOf(t.Context(), alpha)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		w.record(alpha, officer, event.KeyDestroyed{Key: k.ID})
		if err := w.vault.Destroy(t.Context(), k.ID, event.ID{UUID: alpha}); err != nil {
			t.Fatal(err)
		}
	}
	r := evidence(alpha)
	r.Shows = func(e event.Recorded) bool { return e.Actor.Org == nurse.Org }
	w.mustRefuse(ErrNoSuchPerson, r)
	w.record(alpha, nurse, registered("YANKEE"))
	p := w.mustBuild(r)
	p.mustProve()
	if p.holds(officer.ID.String()) || p.holds(keys[0].ID.String()) || !p.holds("YANKEE") {
		t.Error("the pack has the destruction of another's key")
	}
}

// Whoever decides that an entry may not be given and names it wrongly is told so
// before anything leaves, whether there is such an entry or not.
func TestAnEntryToWithholdThatIsNotListedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(alpha, nurse, registered("YANKEE"))
	theirs := w.record(alpha, officer, corrected("CANARY-PROBATION"))
	elsewhere := w.record(bravo, nurse, registered("CANARY-BRAVO"))
	r := evidence(alpha)
	r.Shows = func(e event.Recorded) bool { return e.Actor.Org == nurse.Org }
	for _, position := range []event.Position{theirs, elsewhere, 1 << 40} {
		r.Withhold = []event.Position{position}
		w.mustRefuse(ErrNotListed, r)
	}
	if w.exported != 0 {
		t.Errorf("an export was recorded %d times", w.exported)
	}
}
