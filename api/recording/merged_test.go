package recording_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
	"caseledger/eventstore"
)

// clinician may say that two records are about one person.
var clinician = staff("HUB_CLIN", "HUB-CAM")

func fencing(survivor event.UUID) casefile.FenceMerge {
	return casefile.FenceMerge{FenceMerge: person.FenceMerge{Survivor: survivor}}
}

func merging(loser event.UUID) casefile.MergePersons {
	return casefile.MergePersons{MergePersons: person.MergePersons{Merged: loser, Evidence: "the same NHS number"}}
}

func unmerging(merge event.UUID) casefile.UnmergePersons {
	return casefile.UnmergePersons{UnmergePersons: person.UnmergePersons{Merge: merge, Reason: "two sisters"}}
}

func unlinking(link event.UUID) casefile.UnlinkIdentifier {
	return casefile.UnlinkIdentifier{UnlinkIdentifier: person.UnlinkIdentifier{Type: person.NHSNumberType, Link: link, Reason: person.WrongPerson}}
}

func (d *desk) load(who event.UUID) casefile.State {
	d.t.Helper()
	s, _, err := d.Load(d.t.Context(), who, nurse.Org)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// revision is the last one of a person's case.
func (d *desk) revision(who event.UUID) (at event.Revision) {
	d.t.Helper()
	for s, err := range d.store.ReadStream(d.t.Context(), event.Case(who), 0) {
		if err != nil {
			d.t.Fatal(err)
		}
		at = s.Revision
	}
	return at
}

// merged are two records of one person, the second fenced and merged into the
// first, and the name of the merge.
func (d *desk) merged(survivor, loser event.UUID) event.UUID {
	d.t.Helper()
	fenced := d.do(d.request("fence-merge", fencing(survivor), clinician, loser))
	out := d.do(d.request("merge-persons", merging(loser), clinician, survivor))
	if out.About["merge"] != fenced.About["merge"] {
		d.t.Fatalf("merged as %s, fenced as %s", out.About["merge"], fenced.About["merge"])
	}
	return out.About["merge"]
}

// A decision about the survivor reads the merged record as it is, and says how
// far it had come; a consent given there counts once it is reconfirmed.
func TestASurvivorIsDecidedAboutWithBothRecords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	survivor, loser := d.registered(nurse), d.registered(nurse)
	before := func(q recording.Request) recording.Request {
		q.Effective = event.At(noon.Add(-time.Hour))
		return q
	}
	d.do(before(d.request("give-privacy-notice", person.GivePrivacyNotice{Notice: "v1", Format: "STANDARD", Language: "en", Method: "IN_PERSON"}, nurse, loser)))
	given := d.do(before(d.request("grant-consent", casefile.GrantConsent{GrantConsent: consent.GrantConsent{Kind: consent.Screening, Form: "EXPLICIT_ORAL", GivenBy: "SELF"}}, nurse, loser))).About["consent"]
	reconfirm := consent.ReconfirmConsent{Consent: given}
	d.refused(d.request("reconfirm-consent", reconfirm, nurse, survivor), "no-such-consent")
	fenced := d.do(d.request("fence-merge", fencing(survivor), clinician, loser))
	last := d.revision(loser)
	d.do(d.request("merge-persons", merging(loser), clinician, survivor))

	s := d.load(survivor)
	if m := s.Person.Merged(); len(m) != 1 || m[0].Person != loser || m[0].Revision != last {
		t.Errorf("merged %+v, want the other at revision %d", m, last)
	}
	if got := s.Consent.StatusAt(given, noon); got != consent.Unconfirmed {
		t.Errorf("the other's consent is %s", got)
	}
	if got := s.Past.Hindsight(noon).Case.Consent.StatusAt(given, noon); got != consent.Unconfirmed {
		t.Errorf("to the monitors the other's consent is %s", got)
	}
	d.do(d.request("reconfirm-consent", reconfirm, nurse, survivor))
	if got := d.load(survivor).Consent.StatusAt(given, noon.AddDate(0, 0, 1)); got != consent.Active {
		t.Errorf("reconfirmed it is %s", got)
	}
	d.refused(d.request("reconfirm-consent", reconfirm, nurse, loser), "merged-elsewhere")

	hub, _ := register.ByCode("HUB-CAM")
	gp, _ := register.ByCode("GP1")
	refusal := disclosure.DecideDisclosure{Outcome: disclosure.Refuse, Reason: "NOT_NECESSARY", Proposal: disclosure.Proposal{
		Flow: disclosure.Flow{FromOrg: hub.ID, ToOrg: gp.ID, ToRole: "GP", Direction: disclosure.Direction{From: event.NHS, To: event.NHS},
			Purpose: "DIRECT_CARE", Categories: []event.Category{"ID.DEMOG"}, Detail: "SUMMARY"},
		Basis: disclosure.Basis{Rule: "R01", RuleVersion: 1, Article6: "A6E", Informed: "YES"}, Necessity: "The practice is to register the person."}}
	out := d.do(d.request("decide-disclosure", casefile.DecideDisclosure{DecideDisclosure: refusal}, nurse, survivor))
	for stored, err := range d.store.ReadStream(t.Context(), event.Case(survivor), out.Revision) {
		if err != nil {
			t.Fatal(err)
		}
		decided := d.opened(event.NHS, stored).Data.(disclosure.DisclosureDecided)
		if want := (disclosure.Read{Stream: event.Case(loser), Revision: d.revision(loser)}); !slices.Contains(decided.ReadSet, want) {
			t.Errorf("the decision read %v, want %v among them", decided.ReadSet, want)
		}
	}

	d.do(d.request("unmerge-persons", unmerging(fenced.About["merge"]), clinician, survivor))
	if s := d.load(survivor); s.Person.Told(event.At(noon)) {
		t.Error("the other's notice is still there after the merge was undone")
	}
	d.do(d.request("unmerge-persons", unmerging(fenced.About["merge"]), clinician, loser))
	if got := d.load(loser).Consent.StatusAt(given, noon); got != consent.Active {
		t.Errorf("its own again, the consent is %s", got)
	}
}

// If we stop between the two steps, the merge is completed or the fence lifted;
// both may be said again.
func TestAMergeThatStopsHalfway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	survivor, loser := d.registered(nurse), d.registered(nurse)
	d.refused(d.request("merge-persons", merging(loser), clinician, survivor), "not-fenced")

	fence := d.request("fence-merge", fencing(survivor), clinician, loser)
	first := d.do(fence)
	if again := d.do(fence); !again.Repeated || again.About["merge"] != first.About["merge"] {
		t.Errorf("fenced again: %+v", again)
	}
	notice := person.GivePrivacyNotice{Notice: "v1", Format: "STANDARD", Language: "en", Method: "IN_PERSON"}
	d.refused(d.request("give-privacy-notice", notice, nurse, loser), "merged-elsewhere")
	d.do(d.request("give-privacy-notice", notice, nurse, survivor))
	d.refused(d.request("fence-merge", fencing(loser), clinician, survivor), "survivor-merged")

	d.do(d.request("unmerge-persons", unmerging(first.About["merge"]), clinician, loser)) // the fence is lifted
	d.do(d.request("give-privacy-notice", notice, nurse, loser))
	d.refused(d.request("merge-persons", merging(loser), clinician, survivor), "not-fenced")

	second := d.do(d.request("fence-merge", fencing(survivor), clinician, loser))
	merge := d.request("merge-persons", merging(loser), clinician, survivor)
	done := d.do(merge)
	if again := d.do(merge); !again.Repeated || done.About["merge"] != second.About["merge"] {
		t.Errorf("merged as %s, then %+v", done.About["merge"], again)
	}
	d.refused(d.request("merge-persons", merging(loser), clinician, survivor), "already-merged")
	d.refused(d.request("unmerge-persons", unmerging(done.About["merge"]), clinician, loser), "unmerge-the-survivor-first")
	d.do(d.request("unmerge-persons", unmerging(done.About["merge"]), clinician, survivor))
	// Stopped here, the record is still fenced and nothing of it is decided in
	// the other.
	d.refused(d.request("give-privacy-notice", notice, nurse, loser), "merged-elsewhere")
	if people := d.load(survivor).MergedInto(); len(people) != 0 {
		t.Errorf("%v are still merged", people)
	}
	d.do(d.request("unmerge-persons", unmerging(done.About["merge"]), clinician, loser))
	d.do(d.request("give-privacy-notice", person.GivePrivacyNotice{Notice: "v1", Format: "EASY_READ", Language: "en", Method: "IN_PERSON"}, nurse, loser))
}

// A record that is not there for the actor is not told from one that is not
// there at all.
func TestBothRecordsMustBeThereForWhoeverMergesThem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ours, other := d.registered(nurse), d.registered(nurse)
	theirs := d.registered(practitioner)
	for _, q := range []recording.Request{
		d.request("fence-merge", fencing(theirs), clinician, ours),
		d.request("fence-merge", fencing(event.DeriveUUID("nobody")), clinician, ours),
		d.request("fence-merge", fencing(ours), senior, ours),
		d.request("merge-persons", merging(theirs), clinician, ours),
		d.request("merge-persons", merging(event.DeriveUUID("nobody")), clinician, ours),
	} {
		d.refused(q, "no-such-person")
	}
	d.refused(d.request("fence-merge", fencing(ours), nurse, other), "role-may-not")

	// Limited access to either keeps whoever it names out of both steps.
	restrict := func(of event.UUID) {
		q := d.request("set-access-restriction", person.SetAccessRestriction{Mode: person.Excluded, Users: []event.UUID{clinician.ID}, Reason: "a relative"}, nurse, of)
		q.Origin = event.Imported
		d.do(q)
	}
	restrict(other)
	d.refused(d.request("fence-merge", fencing(other), clinician, ours), "no-such-person")
	d.refused(d.request("fence-merge", fencing(ours), clinician, other), "no-such-person")
	d.refused(d.request("fence-merge", fencing(ours), colleague, other), "limited-access-conflict")
	restrict(ours)
	d.do(d.request("fence-merge", fencing(ours), colleague, other))
	d.refused(d.request("merge-persons", merging(other), clinician, ours), "no-such-person")
	d.do(d.request("merge-persons", merging(other), colleague, ours))
}

// An identifier leads to the record it is linked in, before, during and after a
// merge: an un-merge has nothing to restore.
func TestAMergeMovesNoIdentifier(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	survivor, loser := d.registered(nurse), d.registered(nurse)
	d.do(d.request("link-identifier", number("9990001014"), nurse, loser))
	d.refused(d.request("link-identifier", number("9990001014"), nurse, survivor), "identifier-in-use")
	merge := d.merged(survivor, loser)
	lead := func(when, value string, want event.UUID) {
		t.Helper()
		if got := d.find(value); got != want {
			t.Errorf("%s: %s leads to %s, want %s", when, value, got, want)
		}
	}
	lead("merged", "9990001014", loser)

	link, ok := d.load(survivor).Person.LiveLink(person.NHSNumberType)
	if !ok {
		t.Fatal("the survivor has not got the other's number")
	}
	if out := d.do(d.request("link-identifier", number("9990001014"), nurse, survivor)); len(out.Events) != 0 {
		t.Error("what is linked in the merged record was linked again")
	}
	lead("linked again", "9990001014", loser)
	d.refused(d.request("unlink-identifier", unlinking(link.ID), nurse, survivor), "linked-in-the-merged-record")
	d.do(d.request("link-identifier", number("9990002010"), nurse, survivor))
	lead("merged", "9990002010", survivor)
	d.refused(d.request("link-identifier", number("9990003017"), nurse, loser), "merged-elsewhere")

	d.do(d.request("unmerge-persons", unmerging(merge), clinician, survivor))
	d.do(d.request("unmerge-persons", unmerging(merge), clinician, loser))
	lead("un-merged", "9990001014", loser)
	lead("un-merged", "9990002010", survivor)
	d.refused(d.request("link-identifier", number("9990001014"), nurse, survivor), "identifier-in-use")

	// A number that was never theirs is taken back also where it is fenced, and
	// is free for whose it is.
	d.merged(survivor, loser)
	d.do(d.request("unlink-identifier", unlinking(link.ID), nurse, loser))
	lead("taken back", "9990001014", event.UUID{})
	if l, _ := d.load(survivor).Person.Link(link.ID); l.Live() {
		t.Error("the survivor still has it")
	}
	d.do(d.request("link-identifier", number("9990001014"), nurse, d.registered(nurse)))
}

// A record that cannot be read is not passed over: nothing is decided without
// it.
func TestNothingIsDecidedWithoutTheMergedRecord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	survivor, loser := d.registered(nurse), d.registered(nurse)
	d.merged(survivor, loser)
	whole := d.Store
	d.Store = without{whole, event.Case(loser)}
	notice := d.request("give-privacy-notice", person.GivePrivacyNotice{Notice: "v1", Format: "STANDARD", Language: "en", Method: "IN_PERSON"}, nurse, survivor)
	if _, err := d.Record(t.Context(), notice); !errors.Is(err, errUnreadable) || fault.Of(err) != nil {
		t.Errorf("decided without the other record: %v", err)
	}
	if _, _, err := d.Load(t.Context(), survivor, nurse.Org); !errors.Is(err, errUnreadable) {
		t.Errorf("loaded without the other record: %v", err)
	}
	d.Store = whole
	d.do(notice)
}

var errUnreadable = errors.New("unreadable")

// without is a store that cannot read one stream.
type without struct {
	eventstore.Store
	stream event.StreamID
}

func (w without) ReadStream(ctx context.Context, s event.StreamID, from event.Revision) iter.Seq2[eventstore.Stored, error] {
	if s == w.stream {
		return func(yield func(eventstore.Stored, error) bool) { yield(eventstore.Stored{}, errUnreadable) }
	}
	return w.Store.ReadStream(ctx, s, from)
}
