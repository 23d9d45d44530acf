package reactor

import (
	"context"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
)

// Records that are merged are judged together, on the events of all of them,
// whichever the ledger says more of. What is found stays with the record it was
// found in: an un-merge has nothing to move. A record that is fenced and that no
// survivor holds is judged by itself.

// share is what was found in one person's record.
type share struct {
	who      event.UUID
	findings []finding.Judged
}

// together returns the survivor of a person's merge, who is the person where
// there is none, and the events of every record that is judged with theirs. own
// are those of the person's.
func (b *batch) together(ctx context.Context, who event.UUID, own []event.Recorded) (survivor event.UUID, all []event.Recorded, err error) {
	read := func(of event.UUID) ([]event.Recorded, error) { return b.load(ctx, event.Case(of)) }
	var fence person.Fence
	if holds[person.MergeFenced](own) {
		fence = person.Fold(event.Standing(own)).Fence
	}
	if fence.Standing && !fence.Survivor.IsZero() {
		theirs, err := read(fence.Survivor)
		if err != nil {
			return who, nil, err
		}
		if all, err = lawfulness.WithMerged(theirs, read); err != nil {
			return who, nil, err
		}
		if slices.Contains(members(fence.Survivor, all), who) {
			return fence.Survivor, all, nil
		}
	}
	all, err = lawfulness.WithMerged(own, read)
	return who, all, err
}

// members are the people whose records are among the events: the survivor
// first.
func members(survivor event.UUID, all []event.Recorded) []event.UUID {
	people := []event.UUID{survivor}
	for _, e := range all {
		if of := e.Stream.Of; e.Stream.Kind == event.CaseStream && !slices.Contains(people, of) {
			people = append(people, of)
		}
	}
	return people
}

// looksAt reads the looks at any of several people's records, each once.
func (b *batch) looksAt(ctx context.Context, people []event.UUID) ([]event.Recorded, error) {
	var all []event.Recorded
	for _, who := range people {
		looks, err := b.looks(ctx, who)
		if err != nil {
			return nil, err
		}
		all = append(all, looks...)
	}
	if len(people) > 1 {
		slices.SortFunc(all, func(x, y event.Recorded) int { return int(x.Position) - int(y.Position) })
		all = slices.CompactFunc(all, func(x, y event.Recorded) bool { return x.Position == y.Position })
	}
	return all, nil
}

// shares says in whose record each finding is; everybody has one, if it is
// empty.
func shares(people []event.UUID, h *lawfulness.History, found []finding.Judged) []share {
	out := make([]share, len(people))
	for i, who := range people {
		out[i].who = who
	}
	for _, f := range found {
		i := max(0, slices.Index(people, h.Whose(f.Item)))
		out[i].findings = append(out[i].findings, f)
	}
	return out
}

// others says when the people are due whose records were judged with somebody's,
// and those who must be judged anew.
func (m made) others(who event.UUID, next, now time.Time) (settled []Settled) {
	for _, s := range m.shares {
		if s.who != who {
			settled = append(settled, Settled{Subject: Subject{Person, s.who}, Next: next})
		}
	}
	for _, of := range m.parted {
		settled = append(settled, Settled{Subject: Subject{Person, of}, Next: now})
	}
	return settled
}

// parted are the people whose records were merged into a survivor's and are no
// longer: what was found in them was found with it.
func parted(survivor event.UUID, all []event.Recorded) (people []event.UUID) {
	if !holds[person.PersonsUnmerged](all) {
		return nil
	}
	own := slices.DeleteFunc(slices.Clone(all), func(e event.Recorded) bool { return e.Stream != event.Case(survivor) })
	together := members(survivor, all)
	for _, m := range person.Fold(event.Standing(own)).Merges {
		if !slices.Contains(together, m.Person) && !slices.Contains(people, m.Person) {
			people = append(people, m.Person)
		}
	}
	return people
}

// holds reports whether one of the events is an E.
func holds[E any](events []event.Recorded) bool {
	return slices.ContainsFunc(events, func(e event.Recorded) bool { _, is := e.Data.(E); return is })
}
