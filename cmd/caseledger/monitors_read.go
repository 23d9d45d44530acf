package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/eventstore/codec"
)

// standingFinding is one finding as it stands.
type standingFinding struct {
	Finding       event.UUID       `json:"finding"`
	About         event.UUID       `json:"about"` // a person or an organisation
	Monitor       finding.Monitor  `json:"monitor"`
	Version       int              `json:"monitorVersion"`
	Severity      finding.Severity `json:"severity"`
	Status        finding.Status   `json:"status"`
	Cause         finding.Cause    `json:"cause,omitempty"`   // why it no longer stands
	Outcome       finding.Outcome  `json:"outcome,omitempty"` // how it was resolved
	Breach        event.UUID       `json:"breach,omitzero"`
	At            event.When       `json:"at"`
	AsKnown       bool             `json:"asKnown"`
	Hindsight     bool             `json:"hindsight"`
	Indeterminate bool             `json:"indeterminate,omitzero"`
	Unchecked     bool             `json:"unchecked,omitzero"` // what it rests on was erased: it stays as it was found
	Item          event.ID         `json:"item"`
	Evidence      []event.ID       `json:"evidence"`
	Notes         []finding.Note   `json:"notes,omitempty"`
	Categories    []event.Category `json:"categories,omitempty"`
	JudgedTo      event.Position   `json:"judgedTo"`
	// History is what was recorded of it, the first time it was raised first.
	History []findingEntry `json:"history"`
}

// shownFinding is a finding with the entries that show it.
type shownFinding struct {
	standingFinding
	Title   string         `json:"title"`
	Source  string         `json:"source"`
	Entries []findingEntry `json:"entries"`
}

// findingEntry is one entry of the ledger, without what it says.
type findingEntry struct {
	Position   event.Position `json:"position"` // 0: it is not in the ledger
	Event      event.ID       `json:"event"`
	Type       string         `json:"type,omitempty"`
	Stream     event.StreamID `json:"stream,omitzero"`
	OccurredAt event.When     `json:"occurredAt,omitzero"`
	RecordedAt time.Time      `json:"recordedAt,omitzero"`
	Role       event.Role     `json:"role,omitempty"`
	Side       event.Side     `json:"side,omitempty"`
}

func shownEntry(e event.Recorded) findingEntry {
	return findingEntry{e.Position, e.ID, e.Type, e.Stream, e.Effective, e.RecordedAt, e.Actor.Role, e.Actor.Side}
}

// findings yields every finding about somebody, or about everybody, in the
// order in which they were first found about anything. Memory holds those of
// one at a time.
func (r *record) findings(ctx context.Context, about event.UUID) iter.Seq2[standingFinding, error] {
	return func(yield func(standingFinding, error) bool) {
		if !about.IsZero() {
			r.findingsOf(ctx, about, yield)
			return
		}
		for s, err := range r.store.ReadAll(ctx, 0) {
			if err != nil {
				yield(standingFinding{}, err)
				return
			}
			if s.Stream.Kind == event.FindingStream && s.Revision == 1 && !r.findingsOf(ctx, s.Stream.Of, yield) {
				return
			}
		}
	}
}

// findingsOf yields the findings of one stream; false if no more are wanted.
func (r *record) findingsOf(ctx context.Context, about event.UUID, yield func(standingFinding, error) bool) bool {
	var history []event.Recorded
	for s, err := range r.store.ReadStream(ctx, event.StreamID{Kind: event.FindingStream, Of: about}, 0) {
		if err == nil {
			var e event.Recorded
			if e, err = r.codec.Decode(ctx, s); err == nil {
				history = append(history, e)
			}
		}
		if err != nil {
			yield(standingFinding{}, fmt.Errorf("read the findings about %s: %w", about, err))
			return false
		}
	}
	for _, one := range foldFindings(about, event.Standing(history)) {
		if !yield(one, nil) {
			return false
		}
	}
	return true
}

// foldFindings is what a stream of findings comes to.
func foldFindings(about event.UUID, standing []event.Recorded) (all []standingFinding) {
	for _, f := range finding.Fold(standing).Findings {
		j := f.Judged
		one := standingFinding{Finding: f.ID, About: about, Monitor: j.Monitor, Version: j.Version, Severity: j.Severity, Status: f.Status,
			Cause: f.Cause, Outcome: f.Outcome, Breach: f.Breach, At: j.At, AsKnown: j.AsKnown, Hindsight: j.Hindsight,
			Indeterminate: j.Indeterminate, Unchecked: f.Unchecked, Item: j.Item, Evidence: j.Evidence, Notes: j.Notes, Categories: j.Categories}
		for _, e := range standing {
			var id event.UUID
			switch d := e.Data.(type) {
			case finding.FindingRaised:
				if id = d.Finding; id == f.ID {
					one.JudgedTo = d.To
				}
			case finding.FindingSuperseded:
				id = d.Finding
			case finding.FindingRecheckLost:
				id = d.Finding
			case finding.FindingAcknowledged:
				id = d.Finding
			case finding.FindingResolved:
				id = d.Finding
			case finding.FindingWaived:
				id = d.Finding
			}
			if id == f.ID {
				one.History = append(one.History, shownEntry(e))
			}
		}
		all = append(all, one)
	}
	return all
}

// evidence reads the clear part of the entries that show a finding, in the
// order in which it names them. They are most often in the person's own case;
// for others the whole ledger is looked through.
func (r *record) evidence(ctx context.Context, f standingFinding) ([]findingEntry, error) {
	found := map[event.ID]findingEntry{}
	for _, in := range []iter.Seq2[event.Recorded, error]{
		r.clear(ctx, event.Case(f.About)),
		r.entries(ctx, filter{}),
	} {
		for e, err := range in {
			if err != nil {
				return nil, err
			}
			if slices.Contains(f.Evidence, e.ID) {
				found[e.ID] = shownEntry(e)
			}
			if len(found) == len(f.Evidence) {
				break
			}
		}
		if len(found) == len(f.Evidence) {
			break
		}
	}
	var all []findingEntry
	for _, id := range f.Evidence {
		e := found[id]
		e.Event = id
		all = append(all, e)
	}
	return all, nil
}

// clear yields a stream with its clear part.
func (r *record) clear(ctx context.Context, stream event.StreamID) iter.Seq2[event.Recorded, error] {
	return func(yield func(event.Recorded, error) bool) {
		for s, err := range r.store.ReadStream(ctx, stream, 0) {
			var e event.Recorded
			if err == nil {
				e, err = codec.DecodeMeta(s)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
