package lawfulness

import (
	"maps"
	"slices"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// Change is a decision or a disclosure that would be judged differently.
type Change struct {
	Event    event.ID        `json:"event"`
	At       event.When      `json:"at"`
	Decision event.UUID      `json:"decision,omitzero"`
	Flow     disclosure.Flow `json:"flow"`
	Before   Verdict         `json:"before"`
	After    Verdict         `json:"after"`
	Shifts   []Shift         `json:"shifts"`
}

// Turned reports whether a permit became a refusal, or the reverse.
func (c Change) Turned() bool { return c.Before.Permit != c.After.Permit }

// WhatIfRules says which decisions and disclosures from a moment on would be
// judged differently by a rule set that is proposed. Nothing is recorded.
func WhatIfRules(h *History, proposed *RuleSet, from time.Time) []Change {
	return h.whatIf(h, func(time.Time) *RuleSet { return proposed }, from)
}

// WhatIfAgreementEnds says which decisions and disclosures would be judged
// differently had an agreement ended at a moment. Nothing is recorded.
func WhatIfAgreementEnds(h *History, id event.UUID, at time.Time) []Change {
	without := *h
	without.Shared = h.Shared.ending(id, at)
	return h.whatIf(&without, nil, at)
}

// ending is the same surroundings, but that an agreement was terminated at a
// moment.
func (s *Shared) ending(id event.UUID, at time.Time) *Shared {
	stream := event.StreamID{Kind: event.AgreementStream, Of: id}
	all := s.streams[stream]
	if len(all) == 0 {
		return s
	}
	last := all[len(all)-1]
	end := event.Recorded{RecordedAt: at, Stream: stream, Revision: last.Revision + 1, Position: last.Position,
		ID:   event.ID{UUID: event.DeriveUUID("what-if", id[:])},
		Meta: event.Meta{Type: "agreement.terminated", Effective: event.At(at)}, Data: agreement.AgreementTerminated{}, Operational: event.Open}
	i := len(all)
	for i > 0 && all[i-1].RecordedAt.After(at) {
		i--
	}
	streams := maps.Clone(s.streams)
	streams[stream] = slices.Insert(slices.Clone(all), i, end)
	return &Shared{register: s.register, streams: streams, ids: s.ids, folds: map[fold]any{}}
}

// whatIf compares every decision and disclosure from a moment on, as known
// then, with what it would be of another history or by another rule set.
func (h *History) whatIf(other *History, by func(time.Time) *RuleSet, from time.Time) []Change {
	changes := []Change{}
	for _, e := range h.standing {
		at := e.Effective.Latest()
		if at.Before(from) {
			continue
		}
		given := h.cited(e)
		v := h.view(at, at, given)
		p, actor, telling, ok := v.judgedOf(e)
		if !ok {
			continue
		}
		set := h.rules(at, at)
		before := set.judge(v, p, actor, telling)
		if by != nil {
			set = by(at)
		}
		after := set.judge(other.view(at, at, given), p, actor, telling)
		if s := shifts(before, after, nil, nil); len(s) > 0 || before.Permit != after.Permit {
			changes = append(changes, Change{Event: e.ID, At: e.Effective, Decision: p.Decision, Flow: p.Flow, Before: before, After: after, Shifts: s})
		}
	}
	return changes
}

// judgedOf is what an event that decides or tells is judged as; false if it
// does neither, or tells by no decision that is on the record.
func (v View) judgedOf(e event.Recorded) (p disclosure.Proposal, by event.Actor, telling, ok bool) {
	if d, is := e.Data.(disclosure.DisclosureDecided); is {
		return Decision{e, d}.proposal(), e.Actor, false, true
	}
	d, is := v.disclosure(e)
	if !is || d.Decision == nil {
		return p, by, false, false
	}
	p = d.Decision.proposal()
	p.Flow = d.Flow
	return p, e.Actor, true, true
}
