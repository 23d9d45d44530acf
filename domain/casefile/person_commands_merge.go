package casefile

import (
	"maps"
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/rights"
)

// Two records about one person are merged in two steps, each an append to one
// stream (design.md section 3a.10): "fence-merge" on the one that is merged,
// "merge-persons" on the survivor. If we stop between the two, nothing is
// decided in the fenced record, and the merge is either completed or its fence
// lifted by "unmerge-persons". Each of the three is decided with the other
// record at hand: whoever carries them out reads it where [Beside] says so.

// mergers may say that two records are about one person.
var mergers = []event.Role{"SPO", "IG_LEAD", "HUB_CLIN"}

var mergeCommands = []Command{
	in[State, FenceMerge]("fence-merge",
		"Say that this record will be merged into another, and decide nothing more in it.", whole, mergers...),
	in[State, MergePersons]("merge-persons",
		"Say that another record, which is fenced, is about the same person.", whole, mergers...),
	in[State, UnmergePersons]("unmerge-persons",
		"Say that two records are about two people after all.", whole, mergers...),
}

// Other is the record of another person that a command is decided with.
type Other struct {
	Person   event.UUID
	Revision event.Revision // its last one
	State    State
}

// Beside is the person whose record a command must be decided with, beside the
// one it is given in; zero for every command but those that merge.
func Beside(s State, body any) event.UUID {
	switch b := body.(type) {
	case FenceMerge:
		return b.Survivor
	case MergePersons:
		return b.Merged
	case UnmergePersons:
		return b.Other(s.Person)
	}
	return event.UUID{}
}

// With returns s with another person's record at hand.
func (s State) With(o Other) State {
	s.other = &o
	return s
}

// beside is the other record, if it was read, it is there, and the actor's
// controller holds it and no restriction keeps the actor out: otherwise it is
// not there.
func (s State) beside(of event.UUID, ctx event.Context) (Other, error) {
	o := s.other
	if o == nil || o.Person != of || !o.State.Exists() ||
		!o.State.HeldBy(append(slices.Clip(ctx.Peers), ctx.Actor.Org)...) || o.State.Bars(ctx.Actor.ID, ctx.Now) {
		return Other{}, fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")
	}
	return *o, nil
}

// mergeable refuses two records that cannot become one: where not the same
// members of staff are kept out of both, and while a copy of either is asked
// for.
func mergeable(a, b State) error {
	open := func(r rights.Request) bool { return r.Kind == rights.Access && r.Responded.IsZero() }
	switch {
	case !a.Person.SameRestrictions(b.Person):
		return fault.Refuse("limited-access-conflict", "access to the two records is not restricted in the same way")
	case slices.ContainsFunc(a.Rights.Requests, open), slices.ContainsFunc(b.Rights.Requests, open):
		return fault.Refuse("open-subject-access-request", "answer the request for a copy first")
	}
	return nil
}

// FenceMerge is [person.FenceMerge] decided with the survivor's record.
type FenceMerge struct{ person.FenceMerge }

// Check refuses what the person area refuses, a survivor who is not there or is
// merged themselves, and two records that cannot become one.
func (c FenceMerge) Check(s State, ctx event.Context) error {
	if err := c.FenceMerge.Check(s.Person, ctx); err != nil {
		return err
	}
	survivor, err := s.beside(c.Survivor, ctx)
	switch {
	case err != nil:
		return err
	case survivor.State.Person.Fence.Standing:
		return fault.Refuse("survivor-merged", "the other record is merged itself, or about to be")
	}
	return mergeable(s, survivor.State)
}

// Events records the fence.
func (c FenceMerge) Events(s State, ctx event.Context) []event.Draft {
	return c.FenceMerge.Events(s.Person, ctx)
}

// MergePersons is [person.MergePersons] decided with the other record.
type MergePersons struct{ person.MergePersons }

// Check refuses a person merged into themselves, a record that is not fenced
// for this one or is merged into it already, a survivor that is merged itself,
// and two records that cannot become one.
func (c MergePersons) Check(s State, ctx event.Context) error {
	if c.Merged == ctx.Person {
		return fault.Refuse("merged-into-itself", "a record is not merged into itself")
	}
	if slices.ContainsFunc(s.Person.Merged(), func(m person.Merge) bool { return m.Person == c.Merged }) {
		return fault.Refuse("already-merged", "the record is merged into this one")
	}
	merged, err := s.beside(c.Merged, ctx)
	switch {
	case err != nil:
		return err
	case !merged.State.Person.Fence.Standing || merged.State.Person.Fence.Survivor != ctx.Person:
		return fault.Refuse("not-fenced", "fence the other record first, for this one")
	case s.Person.Fence.Standing:
		return fault.Refuse("survivor-merged", "this record is merged itself, or about to be")
	}
	return mergeable(s, merged.State)
}

// Events records the merge, under the fence's name and at the last revision of
// the other record.
func (c MergePersons) Events(s State, ctx event.Context) []event.Draft {
	e := person.PersonsMerged{Merge: ctx.NewID("merge"), Merged: c.Merged, Evidence: event.Own(c.Evidence)}
	if o := s.other; o != nil && o.Person == c.Merged {
		e.Revision = o.Revision
		if f := o.State.Person.Fence; f.Standing && !f.Merge.IsZero() {
			e.Merge = f.Merge
		}
	}
	return []event.Draft{{Data: e}}
}

// UnmergePersons is [person.UnmergePersons] decided with the other record.
type UnmergePersons struct{ person.UnmergePersons }

// Check refuses a merge that does not stand here, and the fence of a record
// that is still merged into another: un-merge there first.
func (c UnmergePersons) Check(s State, ctx event.Context) error {
	of := c.Other(s.Person)
	if of.IsZero() {
		return fault.Refuse("not-merged", "no such merge stands in this record")
	}
	other, err := s.beside(of, ctx)
	switch {
	case err != nil:
		return err
	case s.Person.Fence.Merge == c.Merge && slices.ContainsFunc(other.State.Person.Merged(), func(m person.Merge) bool { return m.ID == c.Merge }):
		return fault.Refuse("unmerge-the-survivor-first", "the other record still holds this one")
	}
	return nil
}

// Events records it, and with it every withdrawal of this record's consents that
// was recorded in the other: otherwise they would be in force again.
func (c UnmergePersons) Events(s State, ctx event.Context) []event.Draft {
	drafts := c.UnmergePersons.Events(s.Person, ctx)
	if s.other == nil || s.other.Person != c.Other(s.Person) {
		return drafts
	}
	for _, e := range s.other.State.standing {
		w, ok := e.Data.(consent.ConsentWithdrawn)
		if own, there := s.Consent.Get(w.Consent); ok && there && len(own.Versions) > 0 && own.Withdrawn.IsZero() {
			drafts = append(drafts, event.Draft{Data: w, Effective: e.Effective, Side: own.Side})
		}
	}
	return drafts
}

// unfenced are the commands that a fenced record still takes: facts about it,
// what keeps somebody safe, corrections of what it holds, and the end of the
// fence.
var unfenced = []string{"raise-risk-flag", "report-unplanned-disclosure", "receive-disclosure", "set-access-restriction",
	"correct-event", "enter-in-error", "unlink-identifier", "unmerge-persons"}

// fenced refuses a decision in a record whose decisions are made elsewhere. It
// does not say where.
func (c Command) fenced(s State) error {
	if s.Person.Fence.Standing && !slices.Contains(unfenced, c.Name) {
		return fault.Refuse("merged-elsewhere", "this record is merged into another: decide there")
	}
	return nil
}

// MergedInto lists the people whose records are merged into this one: a
// decision folds theirs too, by [FoldMerged].
func (s State) MergedInto() []event.UUID {
	var people []event.UUID
	for _, m := range s.Person.Merged() {
		people = append(people, m.Person)
	}
	return people
}

// FoldMerged folds what stands of a person's record and of those that are merged
// into it, in the ledger's order, as decisions about the survivor see them; none
// of it is copied. Who the person is, is as the survivor's record says. Consents
// of the merged are there and not in force until they are reconfirmed. Only the
// survivor's own events can be corrected in its record. Events of people whom
// the survivor's record does not hold merged, or who are not fenced for it, are
// passed over.
func FoldMerged(survivor event.UUID, standing []event.Recorded) State {
	records := map[event.UUID][]event.Recorded{}
	for _, e := range standing {
		records[e.Stream.Of] = append(records[e.Stream.Of], e)
	}
	s := Fold(records[survivor])
	held := map[event.UUID]bool{survivor: true}
	for who, events := range records {
		if of := Fold(events); s.Person.Holds(who, of.Person) {
			held[who] = true
			maps.Copy(s.Holders, of.Holders)
		}
	}
	if len(held) > 1 {
		s.all = slices.DeleteFunc(slices.Clone(standing), func(e event.Recorded) bool { return !held[e.Stream.Of] })
		s.Case = lawfulness.FoldMerged(survivor, s.all)
	}
	return s
}
