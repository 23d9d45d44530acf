package lawfulness

import (
	"slices"
	"testing"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/person"
)

// flow is from one organisation to another.
func flow(from, to event.UUID, p event.Purpose, categories ...event.Category) disclosure.Flow {
	a, _ := register.ByID(from)
	b, _ := register.ByID(to)
	return disclosure.Flow{FromOrg: from, ToOrg: to, Direction: disclosure.Direction{From: a.Side, To: b.Side}, Purpose: p, Categories: categories}
}

// asked judges a story by one monitor that finds whatever it is asked about
// for which is holds.
func asked(s *story, is func(View, event.Recorded) bool) []finding.Judged {
	m := Monitor{ID: "L00", OfEvent: func(v View, e event.Recorded) []Hit {
		if is(v, e) {
			return found()
		}
		return nil
	}}
	return judge([]Monitor{m}, s.history(), s.moment()).Findings
}

func TestACitedDecisionIsFoundWheneverItWasMade(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.at("2026-03-18 14:00").record("told", disclosure.DisclosureMade{Disclosure: id("d"), Decision: id("k")})
	s.at("2026-03-18 14:40").record("decided", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Permit})
	got := asked(s, func(v View, e event.Recorded) bool {
		d, ok := v.disclosure(e)
		return ok && d.Decision != nil && d.Decision.Event.ID == s.ev("decided") && len(v.Case.Disclosure.Decisions) == 0
	})
	if len(got) != 1 || !got[0].AsKnown || !got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
}

func TestACorrectedDecisionIsKnownFromItsCorrectionOn(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.record("decided", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Refuse})
	s.at("2026-03-18 14:00").record("told", disclosure.DisclosureMade{Disclosure: id("d"), Decision: id("k")})
	s.at("2026-03-19 09:00").was(london("2026-02-02 09:00")).
		correct("corrected", "decided", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Permit})
	got := asked(s, func(v View, e event.Recorded) bool {
		d, ok := v.disclosure(e)
		return ok && d.Decision.Outcome == disclosure.Refuse
	})
	if len(got) != 1 || !got[0].AsKnown || got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
}

func TestWhatNeverWasReachesBackInHindsight(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.record("", consent.ConsentGranted{Consent: id("c"), Kind: consent.Disclosure, Version: 1, ExpiresAt: day("2026-08-01")})
	s.record("", person.IdentifierLinked{Link: id("l")})
	s.at("2026-02-20 10:00").record("told", disclosure.DisclosureMade{Disclosure: id("d")})
	s.at("2026-03-02 10:00").record("", consent.ConsentInvalidated{Consent: id("c"), Reason: "COERCION"})
	s.record("", person.IdentifierUnlinked{Link: id("l"), Reason: person.WrongPerson})
	got := asked(s, func(v View, e event.Recorded) bool {
		link, _ := v.Case.Person.Link(id("l"))
		return e.ID == s.ev("told") && v.Case.Consent.StatusAt(id("c"), v.At) == consent.Invalid && !link.Live()
	})
	if len(got) != 1 || got[0].AsKnown || !got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
}

// What stays with one controller, or goes to who may act for the person, is no
// disclosure.
func TestOnlyWhatCrossesIsADisclosure(t *testing.T) {
	t.Parallel()
	attorney := func(from, to string, decisions ...consent.Kind) func(*story) {
		return func(s *story) {
			a := consent.AuthorityToActRecorded{Authority: id("a"), Kind: consent.Attorney, Holder: id("attorney"), Decisions: decisions, From: event.MustDay(from)}
			if to != "" {
				a.To = event.MustDay(to)
			}
			s.record("", a)
		}
	}
	toAttorney := disclosure.Flow{FromOrg: org("HUB-CAM"), ToPerson: id("attorney"), Direction: disclosure.Direction{From: event.NHS, To: event.PersonSide}}
	for name, c := range map[string]struct {
		before func(*story)
		flow   disclosure.Flow
		want   int
	}{
		"another controller":              {flow: flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE"), want: 1},
		"the same controller":             {flow: flow(org("HUB-CAM"), org("HUB-HAM"), "DIRECT_CARE")},
		"to nobody that is known":         {flow: disclosure.Flow{}, want: 1},
		"the attorney":                    {before: attorney("2026-01-01", ""), flow: toAttorney},
		"on the attorney's last day":      {before: attorney("2026-01-01", "2026-02-02"), flow: toAttorney},
		"the day after":                   {before: attorney("2026-01-01", "2026-02-01"), flow: toAttorney, want: 1},
		"before the attorney's time":      {before: attorney("2026-02-03", ""), flow: toAttorney, want: 1},
		"an attorney for other things":    {before: attorney("2026-01-01", "", consent.Treatment), flow: toAttorney, want: 1},
		"an attorney for this":            {before: attorney("2026-01-01", "", consent.Disclosure), flow: toAttorney},
		"nobody in particular is told of": {before: attorney("2026-01-01", ""), flow: disclosure.Flow{FromOrg: org("HUB-CAM"), ToOrg: org("GP1")}, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			if c.before != nil {
				c.before(s)
			}
			s.at("2026-02-02 12:00").record("", disclosure.DisclosureMade{Disclosure: id("d"), Flow: c.flow})
			m := Monitor{ID: "L00", OfDisclosure: func(View, Disclosure) []Hit { return found() }}
			if got := judge([]Monitor{m}, s.history(), s.moment()).Findings; len(got) != c.want {
				t.Errorf("%d findings, want %d", len(got), c.want)
			}
		})
	}
}

func TestEventsIncludeLooks(t *testing.T) {
	t.Parallel()
	s := newStory(t).look("look", "person.timeline").reads("read", "AUDIT")
	got := asked(s, func(View, event.Recorded) bool { return true })
	if len(got) != 2 || got[0].Item != s.ev("look") || got[1].Item != s.ev("read") {
		t.Errorf("findings %v", got)
	}
}

func TestAnOrganisationIsFoundOncePerKey(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for _, name := range []string{"1", "2", "3"} {
		s.record(name, consent.ObjectionRecorded{Objection: id(name)})
	}
	m := Monitor{ID: "L00", OfEvent: func(_ View, e event.Recorded) []Hit {
		if e.ID == s.ev("3") {
			return []Hit{{Organisation: org("GP1"), Key: "other"}, {Key: "own"}}
		}
		return []Hit{{Organisation: org("GP1"), Key: "same"}, {Key: "own"}}
	}}
	var keys []finding.Note
	for _, f := range judge([]Monitor{m}, s.history(), s.moment()).Findings {
		keys = append(keys, f.Key)
	}
	if want := []finding.Note{"own", "same", "own", "other", "own"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
}
