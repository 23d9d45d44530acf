package supervision

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

func london(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		panic(err)
	}
	return t
}

func name(s string) event.UUID { return event.DeriveUUID("test", []byte(s)) }

// told is a state after events, each at its time, recorded by an organisation
// of the probation side.
type told struct {
	at   event.When
	data Event
}

func after(events ...told) State {
	var s State
	for i, e := range events {
		s = Evolve(s, event.Recorded{ID: event.ID{UUID: event.DeriveUUID("e", []byte{byte(i)})}, Data: e.data, Operational: event.Open,
			Meta: event.Meta{Effective: e.at, Actor: event.Actor{Side: event.Probation, Org: name("N58")}}})
	}
	return s
}

func at(clock string) event.When { return event.At(london(clock)) }

func order(id string, kind reference.SupervisionType, from, to string) SupervisionStarted {
	return SupervisionStarted{Supervision: name(id), Terms: event.Own(Terms{Type: kind, From: event.MustDay(from), To: event.MustDay(to)})}
}

func TestPostSentenceSupervisionEndsOnItsDay(t *testing.T) {
	t.Parallel()
	e, _ := reference.SupervisionTypes.Latest("POST_SENTENCE_SUPERVISION")
	s := after(told{at("2026-01-05 09:00"), order("pss", "POST_SENTENCE_SUPERVISION", "2026-01-05", "2026-12-31")},
		told{at("2026-01-05 09:00"), order("co", "COMMUNITY_ORDER", "2026-01-05", "2026-03-31")})
	pss, _ := s.Order(name("pss"))
	if !pss.LiveOn(e.Until-1) || pss.LiveOn(e.Until) {
		t.Errorf("want it to run until the day before %s", e.Until)
	}
	if n := len(s.LiveOrders(london("2026-02-01 12:00"))); n != 2 {
		t.Errorf("got %d orders in February, want 2", n)
	}
}

func TestARequirementEndsWithItsOrder(t *testing.T) {
	t.Parallel()
	terms := RequirementTerms{Kind: "DRR", From: event.MustDay("2026-01-19"), To: event.MustDay("2027-03-19"), Provider: name("drug1"), ReviewEveryMonths: 1}
	events := []told{{at("2026-01-19 09:00"), order("sso", "SUSPENDED_SENTENCE_ORDER", "2026-01-19", "2027-07-19")},
		{at("2026-01-19 09:00"), RequirementImposed{Requirement: name("drr"), Supervision: name("sso"), Terms: event.Own(terms)}}}
	s := after(events...)
	for clock, want := range map[string]bool{"2026-01-18 23:59": false, "2026-01-19 00:00": true, "2027-03-19 23:59": true, "2027-03-20 00:00": false} {
		if got := s.RequirementLiveAt(name("drr"), london(clock)); got != want {
			t.Errorf("at %s: live %v, want %v", clock, got, want)
		}
	}
	live := s.LiveRequirements(london("2026-06-01 12:00"))
	if len(live) != 1 || live[0].Terms.Value().Provider != name("drug1") || live[0].Terms.Value().Kind != "DRR" {
		t.Errorf("got %v, want the requirement with its provider and kind", live)
	}
	ended := after(append(events, told{at("2026-05-01 12:00"), SupervisionEnded{name("sso"), event.Own(Revoked)}})...)
	if !ended.RequirementLiveAt(name("drr"), london("2026-05-01 11:00")) || ended.RequirementLiveAt(name("drr"), london("2026-05-02 09:00")) {
		t.Error("want it to run until its order was revoked")
	}
	if _, live := ended.LiveRequirement("DRR", event.MustDay("2026-05-02")); live {
		t.Error("a requirement of a revoked order runs")
	}

	if due, ok := s.ReviewDue(name("drr"), london("2026-02-19 00:00")); !ok || due != event.MustDay("2026-03-19") {
		t.Errorf("review due %s, %v, want 19 March", due, ok)
	}
	if due, ok := s.ReviewDue(name("drr"), london("2026-02-18 23:59")); !ok || due != event.MustDay("2026-02-19") {
		t.Errorf("review due %s, %v, want 19 February", due, ok)
	}
	if _, ok := s.ReviewDue(name("drr"), london("2027-03-19 00:00")); ok {
		t.Error("a review is due after the last day")
	}
	if _, ok := ended.ReviewDue(name("drr"), london("2026-05-01 12:00")); ok {
		t.Error("a review is due of what has ended")
	}
}

func TestRegionsAndHandover(t *testing.T) {
	t.Parallel()
	s := after(told{at("2026-03-20 09:00"), CaseTransferred{"N58", "N07", event.MustDay("2026-04-03")}},
		told{event.On(event.MustDay("2026-05-11")), CaseTransferred{"N07", "N03", event.MustDay("2026-05-20")}})
	for clock, want := range map[string]struct {
		region reference.Region
		wales  bool
		from   reference.Region // whose handover runs
	}{
		"2026-03-20 08:59": {"N58", false, ""}, "2026-03-20 09:00": {"N07", false, "N58"}, "2026-04-03 23:59": {"N07", false, "N58"},
		"2026-04-04 00:00": {"N07", false, ""}, "2026-05-10 23:59": {"N07", false, ""}, "2026-05-11 00:00": {"N03", true, "N07"},
		"2026-05-21 00:00": {"N03", true, ""},
	} {
		now := london(clock)
		h, _ := s.HandoverAt(now)
		if got := s.RegionAt(now); got != want.region || s.InWales(now) != want.wales || h.From != want.from {
			t.Errorf("at %s: %s, Wales %v, handover from %q, want %+v", clock, got, s.InWales(now), h.From, want)
		}
	}
	if r := (State{}).RegionAt(london("2026-03-20 09:00")); r != "" || (State{}).InWales(london("2026-03-20 09:00")) {
		t.Errorf("without a transfer: got %q", r)
	}
}

func TestAllocationsEnd(t *testing.T) {
	t.Parallel()
	allocated := func(who, org string) Event { return PractitionerAllocated{name(who), name(org)} }
	co := told{at("2026-01-05 09:00"), order("co", "COMMUNITY_ORDER", "2026-01-05", "2026-06-30")}
	pp4 := told{at("2026-01-05 10:00"), allocated("PP4", "N58")}
	pp5 := told{at("2026-02-02 10:00"), allocated("PP5", "N58")}
	transfer := told{at("2026-03-20 09:00"), CaseTransferred{"N58", "N07", event.MustDay("2026-04-03")}}
	pp7 := told{at("2026-03-25 10:00"), allocated("PP7", "N07")}
	recalled := told{at("2026-03-01 10:00"), LicenceRecalled{Supervision: name("co")}}
	for _, c := range []struct {
		given []told
		clock string
		want  []string
	}{
		{[]told{pp4}, "2026-01-05 10:00", []string{"PP4"}}, // before any order
		{[]told{pp4}, "2026-01-05 09:59", nil},
		{[]told{co, pp4, pp5}, "2026-02-02 09:59", []string{"PP4"}},
		{[]told{co, pp4, pp5}, "2026-02-02 10:00", []string{"PP5"}}, // the next one of that side
		{[]told{co, pp4, pp5, transfer, pp7}, "2026-03-25 09:59", []string{"PP5"}},
		{[]told{co, pp4, pp5, transfer, pp7}, "2026-04-03 23:59", []string{"PP5", "PP7"}}, // the handover runs
		{[]told{co, pp4, pp5, transfer, pp7}, "2026-04-04 00:00", []string{"PP7"}},
		{[]told{co, pp4, transfer}, "2026-04-04 00:00", nil}, // also where none follows
		{[]told{co, pp4}, "2026-06-30 23:59", []string{"PP4"}},
		{[]told{co, pp4}, "2026-07-01 00:00", nil}, // its last day is over
		{[]told{co, pp4, {at("2026-04-01 12:00"), SupervisionEnded{name("co"), event.Own(Completed)}}}, "2026-04-01 11:59", []string{"PP4"}},
		{[]told{co, pp4, {at("2026-04-01 12:00"), SupervisionEnded{name("co"), event.Own(Completed)}}}, "2026-04-01 12:00", nil},
		{[]told{co, pp4, recalled}, "2026-04-01 12:00", []string{"PP4"}}, // whoever supervises does so in custody
	} {
		s := after(c.given...)
		live := s.AllocationsAt(london(c.clock))
		var got []event.UUID
		for _, a := range live {
			got = append(got, a.Practitioner)
			if !s.AllocatedAt(a.Organisation, london(c.clock)) {
				t.Errorf("%s: the organisation of a live allocation has none", c.clock)
			}
		}
		ok := len(got) == len(c.want)
		for i := range got {
			ok = ok && got[i] == name(c.want[i])
		}
		if !ok {
			t.Errorf("%d events, at %s: got %d allocations, want %v", len(c.given), c.clock, len(got), c.want)
		}
	}
}

// Whatever the order in which moves are recorded, the person is where the
// latest move in time took them.
func TestWhereaboutsFollowTimeNotRecording(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.Permutation([]int{1, 2, 3, 4, 5}).Draw(t, "recorded")
		kinds := []Event{CustodyEntered{}, ReleasedOnLicence{}, LicenceRecalled{}, CustodyEntered{}, ReleasedOnLicence{}}
		want := []Whereabouts{InCommunity, InCustody, OnLicence, RecalledTo, InCustody, OnLicence}
		start := london("2026-02-02 00:00")
		var events []told
		for _, h := range hours {
			events = append(events, told{event.At(start.Add(time.Duration(h) * time.Hour)), kinds[h-1]})
		}
		s := after(events...)
		for h := range want {
			if got := s.WhereaboutsAt(start.Add(time.Duration(h) * time.Hour)); got != want[h] {
				t.Fatalf("at hour %d, recorded as %v: got %s, want %s", h, hours, got, want[h])
			}
		}
	})
}

// Requirements as first published are read without what they did not say.
func TestRequirementsOfVersionOneAreRead(t *testing.T) {
	t.Parallel()
	if n := requirementImposed.Current().Number; n != 2 {
		t.Fatalf("current version %d, want 2", n)
	}
	s := after(told{at("2026-01-19 09:00"), RequirementImposed{Requirement: name("r"), Supervision: name("o"),
		Terms: event.Own(RequirementTerms{Kind: "DTR", From: event.MustDay("2026-01-19"), To: event.MustDay("2026-03-19")})}})
	if r, ok := s.Requirement(name("r")); !ok || r.Specified.State() == event.Open {
		t.Error("want the requirement, and nothing specified")
	}
}
