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
