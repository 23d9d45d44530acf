package lawfulness

import (
	"cmp"
	"slices"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/person"
)

// merging is what a survivor's history needs to know of the records merged into
// it: whose each event is, and since when anybody could know that they are one
// person's. A nil merging is that of a record alone.
type merging struct {
	survivor event.UUID
	consents map[event.UUID]event.UUID // whose each consent of a merged record is
	acts     []event.Recorded          // the survivor's merges and their ends, in ledger order
}

// newMerging reads the events of a survivor and of the records merged into it;
// nil if all are the person's own.
func newMerging(of event.UUID, events []event.Recorded) *merging {
	m := &merging{survivor: of, consents: map[event.UUID]event.UUID{}}
	if !slices.ContainsFunc(events, m.foreign) {
		return nil
	}
	for _, e := range events {
		switch d := e.Data.(type) {
		case person.PersonsMerged, person.PersonsUnmerged:
			if !m.foreign(e) {
				m.acts = append(m.acts, e)
			}
		case consent.ConsentOffered:
			m.consent(e, d.Consent)
		case consent.ConsentGranted:
			m.consent(e, d.Consent)
		case consent.ConsentRefused:
			m.consent(e, d.Consent)
		}
	}
	return m
}

func (m *merging) consent(e event.Recorded, id event.UUID) {
	if m.foreign(e) {
		m.consents[id] = e.Stream.Of
	}
}

// foreign reports whether an event is of another person's case.
func (m *merging) foreign(e event.Recorded) bool {
	return m != nil && e.Stream.Kind == event.CaseStream && e.Stream.Of != m.survivor
}

// evolve folds one standing event of any of the records.
func (m *merging) evolve(c Case, e event.Recorded) Case {
	if m == nil {
		return c.Evolve(e)
	}
	who := c.Person
	c = c.Evolve(e)
	if m.foreign(e) {
		c.Person = person.EvolveMerged(who, e)
	}
	_, merged := e.Data.(person.PersonsMerged)
	if _, said := e.Data.(consent.Event); said && m.foreign(e) || merged {
		for _, of := range c.Person.Merged() {
			c.Consent = c.Consent.OfMerged(func(id event.UUID) bool { return m.consents[id] == of.Person }, of.At)
		}
	}
	return c
}

// FoldMerged folds the standing events of a survivor and of the records merged
// into it, in the ledger's order.
func FoldMerged(survivor event.UUID, standing []event.Recorded) Case {
	m := newMerging(survivor, standing)
	var c Case
	for _, e := range standing {
		c = m.evolve(c, e)
	}
	return c
}

// WithMerged returns the events of a person's case and of the records merged
// into it, in the ledger's order. read returns the events of another case; its
// error is returned as it is.
func WithMerged(own []event.Recorded, read func(event.UUID) ([]event.Recorded, error)) ([]event.Recorded, error) {
	if !slices.ContainsFunc(own, func(e event.Recorded) bool { _, is := e.Data.(person.PersonsMerged); return is }) {
		return own, nil
	}
	survivor, all := person.Fold(event.Standing(own)), own
	for _, m := range survivor.Merged() {
		theirs, err := read(m.Person)
		if err != nil {
			return nil, err
		}
		if survivor.Holds(m.Person, person.Fold(event.Standing(theirs))) {
			all = append(slices.Clip(all), theirs...)
		}
	}
	if len(all) > len(own) {
		slices.SortFunc(all, byPosition)
	}
	return all, nil
}

func byPosition(a, b event.Recorded) int { return cmp.Compare(a.Position, b.Position) }

// whose is the person in whose record an event is, and zero for the survivor:
// of a look, the survivor if their record was shown.
func (m *merging) whose(e event.Recorded) event.UUID {
	if m.foreign(e) {
		return e.Stream.Of
	}
	var shown []event.UUID
	switch d := e.Data.(type) {
	case access.RecordAccessed:
		shown = d.Subjects
	case access.LedgerRead:
		shown = d.Subjects
	case access.ReplayExported:
		shown = d.Subjects
	}
	if slices.Contains(shown, m.survivor) {
		return event.UUID{}
	}
	for _, act := range m.acts {
		if d, ok := act.Data.(person.PersonsMerged); ok && slices.Contains(shown, d.Merged) {
			return d.Merged
		}
	}
	return event.UUID{}
}

// known leaves out, of what was recorded by a time, what nobody could then know
// to be about the person of an item's record: that of a record that had not
// been merged with it.
func (m *merging) known(events []event.Recorded, item event.UUID, by time.Time) []event.Recorded {
	joined := map[event.UUID]bool{{}: true}
	for _, act := range m.acts {
		if act.RecordedAt.After(by) {
			break
		}
		switch d := act.Data.(type) {
		case person.PersonsMerged:
			joined[d.Merged] = true
		case person.PersonsUnmerged:
			delete(joined, d.Other)
		}
	}
	out := make([]event.Recorded, 0, len(events))
	for _, e := range events {
		if of := m.whose(e); of == item || joined[of] && joined[item] {
			out = append(out, e)
		}
	}
	return out
}

// Whose is the person in whose record a standing event or a look is: the
// survivor, or one of those merged into them.
func (h *History) Whose(id event.ID) event.UUID {
	if of := h.recordOf(id); !of.IsZero() {
		return of
	}
	return h.Person
}

// recordOf is [History.Whose], and zero for the survivor.
func (h *History) recordOf(id event.ID) event.UUID {
	if h.merging == nil {
		return event.UUID{}
	}
	if at, ok := h.index[id]; ok {
		return h.merging.whose(h.standing[at])
	}
	if i := slices.IndexFunc(h.looks, func(e event.Recorded) bool { return e.ID == id }); i >= 0 {
		return h.merging.whose(h.looks[i])
	}
	return event.UUID{}
}

// is reports whether somebody is the person, under this name or that of a
// record merged into theirs.
func (v View) is(who event.UUID) bool {
	return who == v.Person || slices.ContainsFunc(v.Case.Person.Merged(), func(m person.Merge) bool { return m.Person == who })
}
