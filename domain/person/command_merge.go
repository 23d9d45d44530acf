package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// FenceMerge is the first step of a merge, in the record of the person who is
// merged into another: from then on nothing more is decided here.
type FenceMerge struct {
	event.Timed
	Survivor event.UUID `json:"survivor"`
}

// Validate names the fields that cannot be accepted.
func (c FenceMerge) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Survivor.IsZero(), "/survivor", "required", "this must be given")
	return f
}

// Check refuses a person merged into themselves, one who is fenced already, and
// one into whom somebody is merged: un-merge those first.
func (c FenceMerge) Check(s State, ctx event.Context) error {
	switch {
	case c.Survivor == ctx.Person:
		return fault.Refuse("merged-into-itself", "a record is not merged into itself")
	case s.Fence.Standing:
		return fault.Refuse("already-merged", "the record is merged, or about to be")
	case len(s.Merged()) > 0:
		return fault.Refuse("holds-merged-records", "another record is merged into this one")
	}
	return nil
}

// Events records the fence.
func (c FenceMerge) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: MergeFenced{Merge: ctx.NewID("merge"), Survivor: c.Survivor}}}
}

// MergePersons is the second step of a merge, in the survivor's record: the
// other record, which is fenced, is about the same person.
type MergePersons struct {
	event.Timed
	Merged   event.UUID `json:"merged"`
	Evidence string     `json:"evidence"`
}

// Validate names the fields that cannot be accepted.
func (c MergePersons) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Merged.IsZero(), "/merged", "required", "this must be given")
	f.Text("/evidence", c.Evidence, longestReason, false)
	return f
}

// UnmergePersons says that two records are about two people after all. It is
// given in the survivor's record first, which then stands alone again, and then
// in the other's, whose fence it lifts. It also lifts a fence that no merge
// followed.
type UnmergePersons struct {
	event.Timed
	Merge  event.UUID `json:"merge"`
	Reason string     `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c UnmergePersons) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Merge.IsZero(), "/merge", "required", "this must be given")
	f.Text("/reason", c.Reason, longestReason, false)
	return f
}

// Other is the person of the other record: zero where the merge is not known
// here, or does not stand.
func (c UnmergePersons) Other(s State) event.UUID {
	if s.Fence.Standing && s.Fence.Merge == c.Merge {
		return s.Fence.Survivor
	}
	for _, m := range s.Merged() {
		if m.ID == c.Merge {
			return m.Person
		}
	}
	return event.UUID{}
}

// Events records it.
func (c UnmergePersons) Events(s State, _ event.Context) []event.Draft {
	return []event.Draft{{Data: PersonsUnmerged{Merge: c.Merge, Other: c.Other(s), Reason: event.Own(c.Reason)}}}
}
