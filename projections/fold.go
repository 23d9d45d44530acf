package projections

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"caseledger/domain/event"
)

// slot is one row while a page is folded. row is nil where there is none;
// stored is the encoding that the table holds, nil if it holds no such row.
type slot struct {
	row     any
	encoded []byte
	stored  []byte
}

// rowsOf are the rows of one stream as far as they have been touched.
type rowsOf map[Key]slot

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

// apply folds one event into the rows of its stream. Where it cannot, rows are
// as before.
func (p *Projection) apply(rows rowsOf, e event.Recorded, keys []Key) Reason {
	if len(keys) == 1 {
		next, bad := p.foldOne(rows[keys[0]], e, keys[0])
		if bad == "" {
			rows[keys[0]] = next
		}
		return bad
	}
	next := make(rowsOf, len(keys))
	for _, key := range keys {
		row, bad := p.foldOne(rows[key], e, key)
		if bad != "" {
			return bad
		}
		next[key] = row
	}
	maps.Copy(rows, next)
	return ""
}

func (p *Projection) foldOne(s slot, e event.Recorded, key Key) (next slot, bad Reason) {
	defer func() {
		// What a fold panics with may quote the event: only the fact is kept.
		if recover() != nil {
			next, bad = s, Panicked
		}
	}()
	after := p.fold(s.row, key, e)
	switch {
	case after == nil:
		return slot{stored: s.stored}, ""
	case after == s.row:
		return s, ""
	}
	row := reflect.ValueOf(after).Elem()
	if p.layout.place(row, e.Stream, key.Parts()) != nil {
		return s, MalformedKey
	}
	encoded, err := p.layout.encode(e.Stream, row)
	if err != nil {
		return s, Unstorable
	}
	return slot{row: after, encoded: encoded, stored: s.stored}, ""
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
			bad = p.apply(rows, e, keys)
		}
		if bad != "" {
			return nil, bad
		}
	}
	maps.DeleteFunc(rows, func(_ Key, s slot) bool { return s.row == nil })
	return rows, ""
}

// batch folds a page of items into one table's rows, in memory.
type batch struct {
	p       *Projection
	rows    map[event.StreamID]rowsOf
	cleared map[event.StreamID]bool
	parked  map[event.StreamID]Parked
	newly   []Parked
	erased  bool
}

func newBatch(p *Projection, loaded map[RowKey]any, parked []Parked) (*batch, error) {
	b := &batch{p: p, rows: map[event.StreamID]rowsOf{}, cleared: map[event.StreamID]bool{},
		parked: map[event.StreamID]Parked{}}
	for k, row := range loaded {
		encoded, err := p.layout.encode(k.Stream, reflect.ValueOf(row).Elem())
		if err != nil {
			return nil, fmt.Errorf("read back a row of %s: %w", p.name, err)
		}
		b.of(k.Stream)[k.Key] = slot{row: row, encoded: encoded, stored: encoded}
	}
	for _, one := range parked {
		b.parked[one.Stream] = one
	}
	return b, nil
}

func (b *batch) of(stream event.StreamID) rowsOf {
	rows, ok := b.rows[stream]
	if !ok {
		rows = rowsOf{}
		b.rows[stream] = rows
	}
	return rows
}

// fold takes one step. Its error is that of reading a stream's history.
func (b *batch) fold(s step, h *histories) error {
	stream := s.item.Stream
	if _, parked := b.parked[stream]; parked {
		if s.item.Type == "key.destroyed" {
			// Rows of a parked stream cannot be folded anew, and may hold what
			// the key sealed: they go.
			b.replace(stream, nil)
			b.erased = true
		}
		return nil
	}
	bad := s.bad
	switch {
	case b.p.refolds(s.item.Recorded):
		items, err := h.upTo(stream, s.item.Position)
		if err != nil {
			return err
		}
		var rows rowsOf
		if rows, bad = b.p.foldStream(items); bad == "" {
			b.replace(stream, rows)
		}
		if s.item.Type == "key.destroyed" {
			if bad != "" {
				b.replace(stream, nil)
			}
			b.erased = true
		}
	case s.item.Err != nil:
		if s.item.Type != "" && !b.p.folds(s.item.Type) {
			return nil
		}
		bad = Undecodable
	case bad == "":
		bad = b.p.apply(b.of(stream), s.item.Recorded, s.keys)
	}
	if bad != "" {
		one := Parked{stream, s.item.Position, bad}
		b.parked[stream] = one
		b.newly = append(b.newly, one)
	}
	return nil
}

func (b *batch) replace(stream event.StreamID, rows rowsOf) {
	if rows == nil {
		rows = rowsOf{}
	}
	b.rows[stream] = rows
	b.cleared[stream] = true
}

// changes are what differs from the table.
func (b *batch) changes() Changes {
	c := Changes{Park: b.newly, Erased: b.erased}
	for stream, rows := range b.rows {
		for key, s := range rows {
			switch {
			case s.row == nil && s.stored != nil:
				c.Remove = append(c.Remove, RowKey{stream, key})
			case s.row != nil && !bytes.Equal(s.encoded, s.stored):
				c.Put = append(c.Put, s.encoded)
			}
		}
	}
	for stream := range b.cleared {
		c.Clear = append(c.Clear, stream)
	}
	slices.SortFunc(c.Put, bytes.Compare) // neighbours in the table are neighbours here
	return c
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
