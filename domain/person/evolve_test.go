package person

import (
	"testing"

	"caseledger/domain/event"
)

func id(name string) event.UUID { return event.DeriveUUID("test", []byte(name)) }

func after(s State, clock string, data Event) State {
	return Evolve(s, event.Recorded{ID: event.ID{UUID: id(clock)}, Data: data, Operational: event.Open,
		Meta: event.Meta{Effective: event.On(event.MustDay(clock))}})
}

// Journey C: the link made by a hurried match is found again once it is known
// to be another person's, with the event that made it.
func TestAWrongLinkIsFoundAfterItIsTakenBack(t *testing.T) {
	t.Parallel()
	s := after(State{}, "2026-02-26", IdentifierLinked{Link: id("wrong"), Type: NHSNumberType, Value: event.Own("9990003025"), Status: "02"})
	s = after(s, "2026-02-27", IdentifierLinked{Link: id("mistyped"), Type: CRNType, Value: event.Own("X990303")})
	s = after(s, "2026-02-28", IdentifierUnlinked{Link: id("mistyped"), Reason: Mistyped})
	if len(s.WrongLinks()) != 0 {
		t.Fatal("a link is wrong that was mistyped")
	}
	s = after(s, "2026-03-02", IdentifierUnlinked{Link: id("wrong"), Reason: WrongPerson})
	wrong := s.WrongLinks()
	if len(wrong) != 1 || wrong[0].ID != id("wrong") || wrong[0].Source != (event.ID{UUID: id("2026-02-26")}) ||
		wrong[0].EndedAt != event.On(event.MustDay("2026-03-02")) || wrong[0].Live() {
		t.Errorf("got %+v, want the link with its source and its end", wrong)
	}
}

// A fence that cannot be opened stands all the same, and nothing that cannot be
// opened lifts one.
func TestAFenceThatCannotBeOpenedStands(t *testing.T) {
	t.Parallel()
	closed := func(s State, data Event) State {
		return Evolve(s, event.Recorded{Data: data, Operational: event.Withheld})
	}
	s := closed(State{}, MergeFenced{})
	if s = closed(s, PersonsUnmerged{}); !s.Fence.Standing {
		t.Error("the fence does not stand")
	}
	if s = closed(s, PersonsMerged{}); len(s.Merged()) != 0 {
		t.Error("nobody can say who was merged, and somebody was")
	}
	s = after(State{}, "2026-02-26", MergeFenced{Merge: id("m"), Survivor: id("a")})
	if s = after(s, "2026-02-27", PersonsUnmerged{Merge: id("another")}); !s.Fence.Standing {
		t.Error("the end of another merge lifts the fence")
	}
	if s = after(s, "2026-02-28", PersonsUnmerged{Merge: id("m")}); s.Fence.Standing {
		t.Error("the fence still stands")
	}
}

func TestTheSameRestrictionsInAnyOrder(t *testing.T) {
	t.Parallel()
	set := func(mode RestrictionMode, users ...event.UUID) State {
		return after(State{}, "2026-02-26", AccessRestrictionSet{Restriction: id("r"), Mode: mode, Users: users})
	}
	for _, c := range []struct {
		a, b State
		want bool
	}{
		{State{}, State{}, true},
		{set(Restricted, id("x"), id("y")), set(Restricted, id("y"), id("x")), true},
		{set(Restricted, id("x")), set(Restricted, id("y")), false},
		{set(Restricted, id("x")), set(Excluded, id("x")), false},
		{set(Restricted, id("x")), State{}, false},
		{after(set(Restricted, id("x")), "2026-03-01", AccessRestrictionLifted{Restriction: id("r")}), State{}, true},
		{State{unreadable: true}, State{unreadable: true}, false}, // nobody can say
	} {
		if got := c.a.SameRestrictions(c.b); got != c.want || c.b.SameRestrictions(c.a) != c.want {
			t.Errorf("%v and %v: got %v, want %v", c.a.Restrictions, c.b.Restrictions, got, c.want)
		}
	}
}

// Where somebody lives and what they need is taken from a merged record while
// this one does not say, and from this one as soon as it does.
func TestAMergedRecordLendsWhatThisOneDoesNotSay(t *testing.T) {
	t.Parallel()
	theirs := func(s State, clock string, data Event) State {
		return EvolveMerged(s, event.Recorded{ID: event.ID{UUID: id(clock)}, Data: data, Operational: event.Open,
			Meta: event.Meta{Effective: event.On(event.MustDay(clock))}})
	}
	lives := func(v AddressVariant) AddressRecorded {
		return AddressRecorded{Address: event.Own(Address{Variant: v})}
	}
	needs := func(l Language) CommunicationNeedRecorded { return CommunicationNeedRecorded{Language: event.Own(l)} }
	s := theirs(theirs(State{}, "2026-02-01", lives("UNKNOWN")), "2026-02-02", lives("NO_FIXED_ABODE"))
	s = theirs(theirs(s, "2026-02-03", needs("pl")), "2026-02-04", needs("cy"))
	if s.Address.Variant != "NO_FIXED_ABODE" || s.Needs.Language != "cy" {
		t.Errorf("lent %s and %s, want the latest of the other record", s.Address.Variant, s.Needs.Language)
	}
	s = after(after(s, "2026-02-05", lives("UNKNOWN")), "2026-02-06", needs("en"))
	s = theirs(theirs(s, "2026-02-07", lives("NO_FIXED_ABODE")), "2026-02-08", needs("pl"))
	if s.Address.Variant != "UNKNOWN" || s.Needs.Language != "en" {
		t.Errorf("got %s and %s, want this record's own", s.Address.Variant, s.Needs.Language)
	}
	s = theirs(theirs(s, "2026-02-09", PersonRegistered{Region: "N57"}), "2026-02-10", MergeFenced{Survivor: id("a")})
	if s.Registered || s.Region != "" || s.Fence.Standing {
		t.Error("the other record says who the person is")
	}
}

// A merge holds where both records say so.
func TestAMergeHoldsWhereBothSaySo(t *testing.T) {
	t.Parallel()
	survivor := after(State{}, "2026-02-02", PersonsMerged{Merge: id("m"), Merged: id("b")})
	fenced := after(State{}, "2026-02-01", MergeFenced{Merge: id("m"), Survivor: id("a")})
	for name, c := range map[string]struct {
		survivor, other State
		of              event.UUID
		want            bool
	}{
		"both":                     {survivor, fenced, id("b"), true},
		"no fence":                 {survivor, State{}, id("b"), false},
		"another merge's fence":    {survivor, after(State{}, "2026-02-01", MergeFenced{Merge: id("n"), Survivor: id("c")}), id("b"), false},
		"no merge":                 {State{}, fenced, id("b"), false},
		"of somebody else":         {survivor, fenced, id("c"), false},
		"ended":                    {after(survivor, "2026-02-03", PersonsUnmerged{Merge: id("m"), Other: id("b")}), fenced, id("b"), false},
		"a fence that is unopened": {survivor, Evolve(State{}, event.Recorded{Data: MergeFenced{}, Operational: event.Withheld}), id("b"), true},
	} {
		if got := c.survivor.Holds(c.of, c.other); got != c.want {
			t.Errorf("%s: holds %t", name, got)
		}
	}
}
