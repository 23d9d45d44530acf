package projections

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"caseledger/domain/event"
)

// Replay folds the events of one stream in memory, as the table would hold it:
// cut the events at a position first to see what was known there. Rows are in
// key order. [ErrPoison] if an event cannot be folded.
func Replay[Row any](m Model[Row], events []event.Recorded) ([]Row, error) {
	found, err := m.Replay(events)
	rows := make([]Row, len(found))
	for i, f := range found {
		rows[i] = *f.Row.(*Row)
	}
	return rows, err
}

// Replay is the function [Replay] without the row type.
func (p *Projection) Replay(events []event.Recorded) ([]Found, error) {
	if len(events) == 0 {
		return nil, nil
	}
	items := make([]Item, len(events))
	for i, e := range events {
		items[i].Recorded = e
	}
	rows, bad := p.foldStream(items)
	if bad != "" {
		return nil, fmt.Errorf("%w: %s in %s", ErrPoison, bad, p.name)
	}
	found := make([]Found, 0, len(rows))
	for _, key := range slices.SortedFunc(maps.Keys(rows), compareKeys) {
		found = append(found, Found{events[0].Stream, key, rows[key]})
	}
	return found, nil
}

// compareKeys orders keys as the primary key does.
func compareKeys(a, b Key) int { return slices.Compare(a.Parts(), b.Parts()) }

// Audit folds the events of one stream and says whether Fold keeps its
// promises on them: rows it was given are left as they are, each row comes
// back from its columns as it was, and the same events give the same rows
// again. Corrections are not applied. It is meant for tests.
func (p *Projection) Audit(events []event.Recorded) error {
	rows := rowsOf{}
	for _, e := range events {
		if !p.folds(e.Type) {
			continue
		}
		keys, bad := p.keysOf(e)
		if bad != "" {
			return fmt.Errorf("%w: %s at position %d", ErrPoison, bad, e.Position)
		}
		var err error
		for _, key := range keys {
			before, encoded := rows[key], []byte(nil)
			if before != nil {
				if encoded, err = p.Encode(Found{e.Stream, key, before}); err != nil {
					return err
				}
			}
			next, bad := p.foldOne(before, e, key)
			if bad != "" {
				return fmt.Errorf("%w: %s at position %d", ErrPoison, bad, e.Position)
			}
			again, _ := p.foldOne(before, e, key)
			if !p.same(e.Stream, next, again) {
				return fmt.Errorf("projection %s: the fold of position %d gives other rows the second time", p.name, e.Position)
			}
			if next != nil && !p.comesBack(Found{e.Stream, key, next}) {
				return fmt.Errorf("projection %s: the row of position %d does not come back from its columns as it was", p.name, e.Position)
			}
			if before != nil {
				now, err := p.Encode(Found{e.Stream, key, before})
				if err != nil || !bytes.Equal(now, encoded) {
					return fmt.Errorf("projection %s: the fold of position %d changes the row it is given", p.name, e.Position)
				}
			}
			rows[key] = next
		}
	}
	return nil
}

// comesBack reports whether a row read from its columns is what it was.
func (p *Projection) comesBack(f Found) bool {
	values, err := p.Values(nil, f)
	if err != nil {
		return false
	}
	stored := make([]any, len(values))
	for i, c := range p.columns {
		if stored[i] = values[i].Text; c.Kind == Int || c.Kind == Instant {
			stored[i] = values[i].Int
		}
	}
	back, err := p.Decode(stored)
	return err == nil && back.Stream == f.Stream && back.Key == f.Key && p.same(f.Stream, f.Row, back.Row)
}

// same reports whether two rows of a stream, or none, hold the same.
func (p *Projection) same(stream event.StreamID, a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	one, err := p.Encode(Found{Stream: stream, Row: a})
	other, failed := p.Encode(Found{Stream: stream, Row: b})
	return err == nil && failed == nil && bytes.Equal(one, other)
}
