package projections

import (
	"context"
	"fmt"
	"reflect"

	"caseledger/domain/event"
)

// rowsOf are the rows of one stream, by key.
type rowsOf map[Key]any

// step is one item and the rows of its stream that it may touch.
type step struct {
	item Item
	keys []Key
	bad  Reason // the keys could not be told
}

// refolds reports whether e changes how earlier events of its stream are read.
// A notice alone does not: it is the replacement after it that counts.
func (p *Projection) refolds(e event.Recorded) bool {
	return e.Type == "key.destroyed" || !p.raw && e.IsCorrection() && e.Type != "record.corrected"
}

// standing are the events of a stream that are folded when it is folded anew.
func (p *Projection) standing(events []event.Recorded) []event.Recorded {
	if p.raw {
		return events
	}
	return event.Standing(events)
}

// steps works out which rows a page touches before any is loaded.
func (p *Projection) steps(items []Item) ([]step, []RowKey) {
	steps := make([]step, 0, len(items))
	var touched []RowKey
	seen := make(map[RowKey]bool, len(items))
	for _, item := range items {
		s := step{item: item}
		switch {
		case item.Type == "" && item.Err == nil:
			continue // how far the ledger has been read
		case p.refolds(item.Recorded), item.Err != nil:
		case !p.folds(item.Type):
			continue
		default:
			s.keys, s.bad = p.keysOf(item.Recorded)
		}
		for _, key := range s.keys {
			if k := (RowKey{item.Stream, key}); !seen[k] {
				seen[k] = true
				touched = append(touched, k)
			}
		}
		steps = append(steps, s)
	}
	return steps, touched
}

func (p *Projection) keysOf(e event.Recorded) (keys []Key, bad Reason) {
	defer func() {
		if recover() != nil {
			keys, bad = nil, Panicked
		}
	}()
	keys = p.keys(e)
	for _, key := range keys {
		if len(key.Parts()) != p.layout.keys {
			return nil, MalformedKey
		}
	}
	return keys, ""
}

// apply folds one event into the rows of its stream and passes on those that
// change. Where it cannot, none does.
func (p *Projection) apply(e event.Recorded, keys []Key, row func(Key) any, changed func(Key, any)) Reason {
	if len(keys) == 1 {
		before := row(keys[0])
		after, bad := p.foldOne(before, e, keys[0])
		if bad == "" && after != before {
			changed(keys[0], after)
		}
		return bad
	}
	next := make([]any, len(keys))
	for i, key := range keys {
		var bad Reason
		if next[i], bad = p.foldOne(row(key), e, key); bad != "" {
			return bad
		}
	}
	for i, key := range keys {
		if next[i] != row(key) {
			changed(key, next[i])
		}
	}
	return ""
}

// foldOne returns a row as it stands after e, or why it cannot.
func (p *Projection) foldOne(row any, e event.Recorded, key Key) (next any, bad Reason) {
	defer func() {
		// What a fold panics with may quote the event: only the fact is kept.
		if recover() != nil {
			next, bad = nil, Panicked
		}
	}()
	next = p.fold(row, key, e)
	if next == nil || next == row {
		return next, ""
	}
	var before reflect.Value
	if row != nil {
		before = reflect.ValueOf(row).Elem()
	}
	after := reflect.ValueOf(next).Elem()
	if p.layout.place(after, e.Stream, key.Parts()) != nil {
		return nil, MalformedKey
	}
	if p.layout.holds(before, after) != nil {
		return nil, Unstorable
	}
	return next, ""
}

// foldStream folds a stream from its beginning, corrections applied. An event
// that cannot be decoded does no harm once it is voided or replaced.
func (p *Projection) foldStream(items []Item) (rowsOf, Reason) {
	events := make([]event.Recorded, 0, len(items))
	var broken map[event.ID]bool
	for _, item := range items {
		if item.Type == "" && item.Err == nil {
			continue
		}
		events = append(events, item.Recorded)
		if item.Err != nil && (item.Type == "" || p.folds(item.Type)) {
			if broken == nil {
				broken = map[event.ID]bool{}
			}
			broken[item.ID] = true
		}
	}
	rows := rowsOf{}
	for _, e := range p.standing(events) {
		if broken[e.ID] {
			return nil, Undecodable
		}
		if !p.folds(e.Type) {
			continue
		}
		keys, bad := p.keysOf(e)
		if bad == "" {
			bad = p.apply(e, keys, func(key Key) any { return rows[key] }, func(key Key, row any) {
				if row == nil {
					delete(rows, key)
				} else {
					rows[key] = row
				}
			})
		}
		if bad != "" {
			return nil, bad
		}
	}
	return rows, ""
}

// histories reads each corrected stream of a page once, for all projections.
type histories struct {
	ctx    context.Context
	source Source
	end    event.Position
	types  []string
	read   map[event.StreamID][]Item
}

func (h *histories) upTo(stream event.StreamID, at event.Position) ([]Item, error) {
	items, ok := h.read[stream]
	if !ok {
		for item, err := range h.source.ReadStream(h.ctx, stream, h.end, h.types) {
			if err != nil {
				return nil, fmt.Errorf("read %s to fold it anew: %w", stream, err)
			}
			items = append(items, item)
		}
		if h.read == nil {
			h.read = map[event.StreamID][]Item{}
		}
		h.read[stream] = items
	}
	end := len(items)
	for end > 0 && items[end-1].Position > at {
		end--
	}
	return items[:end], nil
}
