package lawfulness

import (
	"slices"
	"testing"

	"caseledger/domain/access"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/person"
)

// bravo is the record that turns out to be about the story's person too.
var bravo = event.DeriveUUID("test-person", []byte("B"))

// bravos tells what happens in that record.
func (s *story) bravos(then func(*story)) *story {
	own := s.person
	s.person = bravo
	then(s)
	s.person = own
	return s
}

// merges fences that record and merges it into the story's.
func (s *story) merges() *story {
	s.bravos(func(s *story) {
		s.record("", person.MergeFenced{Merge: id("m"), Survivor: event.DeriveUUID("test-person", []byte("A"))})
	})
	return s.record("merge", person.PersonsMerged{Merge: id("m"), Merged: bravo, Revision: 1, Evidence: event.Own("the same number")})
}

// A fact of one record is known to be about whoever the other is about from the
// merge on, and is so in hindsight from the beginning.
func TestRecordsAreKnownToBeOnePersonsFromTheMergeOn(t *testing.T) {
	t.Parallel()
	tells := func(s *story) { s.discloses("d", "k", toProbation("H.REFERRAL")) }
	withdraws := func(s *story) { s.record("w", withdrawn) }
	refuses := func(s *story) {
		s.record("no", consent.ConsentRefused{Consent: id("no"), Kind: consent.Disclosure, Scope: probation("H.REFERRAL"), Reason: "PRIVACY"})
	}
	told := withdrawal(func(*story) {})
	for name, c := range map[string]struct {
		monitor Monitor
		story   func(*story)
		wants   []want
		whose   event.UUID // of the finding; zero: the survivor
	}{
		"told in the other on a consent taken back here, after the merge": {l01, func(s *story) {
			told(s)
			s.at("2026-02-20 10:00").merges().at("2026-02-23 16:00")
			withdraws(s)
			s.at("2026-02-24 10:00").bravos(tells)
		}, []want{both("d", "w", "c", "k")}, bravo},
		"the same, told before the merge": {l01, func(s *story) {
			told(s)
			s.at("2026-02-23 16:00")
			withdraws(s)
			s.at("2026-02-24 10:00").bravos(tells).at("2026-02-25 10:00").merges()
		}, []want{hindsight("d", "w", "c", "k")}, bravo},
		"told in the other on a consent that stands here": {l01, func(s *story) {
			told(s)
			s.at("2026-02-20 10:00").merges().at("2026-02-24 10:00").bravos(tells)
		}, nil, bravo},
		"told here against a refusal in the other, after the merge": {l03, func(s *story) {
			s.at("2026-02-10 10:00").bravos(refuses).at("2026-02-20 10:00").merges()
			s.at("2026-02-24 10:00").discloses("d", "", toProbation("H.REFERRAL"))
		}, []want{both("d", "no")}, event.UUID{}},
		"the same, before the merge": {l03, func(s *story) {
			s.at("2026-02-10 10:00").bravos(refuses)
			s.at("2026-02-14 10:00").discloses("d", "", toProbation("H.REFERRAL")).at("2026-02-20 10:00").merges()
		}, []want{hindsight("d", "no")}, event.UUID{}},
		"both in the other, before the merge": {l03, func(s *story) {
			s.at("2026-02-10 10:00").bravos(refuses).at("2026-02-14 10:00").bravos(func(s *story) { s.discloses("d", "", toProbation("H.REFERRAL")) })
			s.at("2026-02-20 10:00").merges()
		}, []want{both("d", "no")}, bravo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := (monitorCase{name, c.story, c.wants}).outcome(t, c.monitor); d != "" {
				t.Error(d)
			}
			s := newStory(t)
			c.story(s)
			if c.whose.IsZero() {
				c.whose = s.person
			}
			if got := s.history().Whose(s.ev("d")); got != c.whose {
				t.Errorf("the disclosure is in the record of %s, want %s", got, c.whose)
			}
		})
	}
}

// Consents of the other record are not in force from the merge on; the
// survivor's are, and who the person is stays as the survivor's record says.
func TestAMergedHistoryFoldsAsDecisionsDo(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.record("", person.PersonRegistered{Region: "N56"})
	s.bravos(func(s *story) {
		s.record("", person.PersonRegistered{Region: "N57"})
		s.at("2026-02-04 10:00").agrees("theirs", probation("H.REFERRAL"))
		s.record("", person.IdentifierLinked{Link: id("link"), Type: person.CRNType, Value: event.Own("X990101")})
	})
	s.at("2026-02-05 10:00").agrees("ours", probation("H.REFERRAL")).at("2026-02-20 10:00").merges().at("2026-02-24 10:00")
	h := s.history()
	for clock, want := range map[string][2]consent.Status{
		"2026-02-10 10:00": {consent.None, consent.Active}, "2026-02-22 10:00": {consent.Unconfirmed, consent.Active},
	} {
		at := london(clock).Earliest()
		c := h.AsKnown(at).Case
		if got := [2]consent.Status{c.Consent.StatusAt(id("theirs"), at), c.Consent.StatusAt(id("ours"), at)}; got != want {
			t.Errorf("at %s theirs and ours are %s, want %s", clock, got, want)
		}
	}
	now := h.Hindsight(s.now).Case
	if now.Person.Region != "N56" || now.Person.Fence.Standing || len(now.Person.Links) != 1 || !now.Person.Links[0].Elsewhere {
		t.Errorf("the survivor is folded as %+v", now.Person)
	}
	if v := h.Hindsight(s.now); !v.is(bravo) || !v.is(s.person) || v.is(id("nobody")) {
		t.Error("the person is not who they are")
	}
	whole := FoldMerged(s.person, h.Standing())
	if whole.Consent.StatusAt(id("theirs"), s.now) != consent.Unconfirmed || whole.Person.Region != "N56" {
		t.Error("decisions fold another case than monitors do")
	}
}

// A look is at the record that was shown; at both, at the survivor's.
func TestWhoseALookIs(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.record("", person.PersonRegistered{}).bravos(func(s *story) { s.record("", person.PersonRegistered{}).look("theirs", "person") })
	s.merges().look("ours", "person")
	s.on(event.Access(s.actor.ID), "both", access.RecordAccessed{View: "person", Class: access.ReadList, Subjects: []event.UUID{bravo, s.person}}, event.ID{})
	h := s.history()
	for ref, want := range map[string]event.UUID{"theirs": bravo, "ours": s.person, "both": s.person} {
		if got := h.Whose(s.ev(ref)); got != want {
			t.Errorf("%s: the look is at the record of %s, want %s", ref, got, want)
		}
	}
}

// WithMerged reads what is merged and fenced for it, and nothing else.
func TestWithMergedReadsWhatIsMerged(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.record("", person.PersonRegistered{}).bravos(func(s *story) { s.record("", person.PersonRegistered{}) })
	s.merges()
	var own, theirs []event.Recorded
	for _, e := range s.events {
		if e.Stream.Of == bravo {
			theirs = append(theirs, e)
		} else {
			own = append(own, e)
		}
	}
	read := func(of event.UUID) ([]event.Recorded, error) {
		if of != bravo {
			t.Errorf("read %s", of)
		}
		return theirs, nil
	}
	all, err := WithMerged(own, read)
	if err != nil || !slices.EqualFunc(all, s.events, func(a, b event.Recorded) bool { return a.ID == b.ID }) {
		t.Errorf("%d events, %v: want both records in the ledger's order", len(all), err)
	}
	unfenced := theirs[:1]
	if all, _ := WithMerged(own, func(event.UUID) ([]event.Recorded, error) { return unfenced, nil }); len(all) != len(own) {
		t.Error("a record was joined that does not know of it")
	}
	if all, _ := WithMerged(own[:1], read); len(all) != 1 {
		t.Error("a record was joined that is not merged")
	}
}
