package projections

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"caseledger/domain/event"
)

// window is what has been folded into one table and is not yet written: the
// rows touched, as they stand.
type window struct {
	// fresh: the table holds no row, so that every row there is is here.
	fresh   bool
	streams map[event.StreamID]*streamRows
	parked  []Parked // by this window
	erased  bool
	events  int            // folded
	end     event.Position // folded up to here

	rows           int // entries in streams
	sampled, bytes int // rows whose text was measured, and how much there was
}

func newWindow(at event.Position) *window {
	return &window{fresh: at == 0, streams: map[event.StreamID]*streamRows{}, end: at}
}

// streamRows are the rows of one stream that were touched.
type streamRows struct {
	whole bool // what the table holds of this stream is void
	list  []entry
	index map[Key]int // into list; nil while that is short
}

type entry struct {
	key   Key
	row   any // nil: there is none
	dirty bool
}

// longList is how many rows of a stream are found without an index.
const longList = 16

func (s *streamRows) find(key Key) *entry {
	if s.index != nil {
		if i, ok := s.index[key]; ok {
			return &s.list[i]
		}
		return nil
	}
	for i := range s.list {
		if s.list[i].key == key {
			return &s.list[i]
		}
	}
	return nil
}

func (s *streamRows) add(e entry) {
	s.list = append(s.list, e)
	switch {
	case s.index != nil:
		s.index[e.key] = len(s.list) - 1
	case len(s.list) > longList:
		s.index = make(map[Key]int, 2*longList)
		for i, e := range s.list {
			s.index[e.key] = i
		}
	}
}

// row returns a row as this window has it, and whether it tells.
func (w *window) row(stream event.StreamID, key Key) (row any, told bool) {
	s := w.streams[stream]
	if s == nil {
		return nil, w.fresh
	}
	if e := s.find(key); e != nil {
		return e.row, true
	}
	return nil, w.fresh || s.whole
}

func (w *window) set(stream event.StreamID, key Key, row any, dirty bool) {
	s := w.streams[stream]
	if s == nil {
		s = &streamRows{}
		w.streams[stream] = s
	}
	if e := s.find(key); e != nil {
		e.row, e.dirty = row, true
		return
	}
	s.add(entry{key, row, dirty})
	w.rows++
}

// replace makes rows all that there is of a stream.
func (w *window) replace(stream event.StreamID, rows rowsOf) {
	if before := w.streams[stream]; before != nil {
		w.rows -= len(before.list)
	}
	s := &streamRows{whole: true}
	for key, row := range rows {
		s.add(entry{key, row, true})
	}
	w.streams[stream] = s
	w.rows += len(rows)
}

// sampleEvery is how many rows there are for each whose text is measured, and
// entryBytes what a row takes beside its struct and its text.
const (
	sampleEvery = 32
	entryBytes  = 160
)

// size is about how much memory the rows take, in bytes.
func (w *window) size(p *Projection) int {
	each := entryBytes + int(p.layout.row.Size())
	if w.sampled > 0 {
		each += w.bytes / w.sampled
	}
	return w.rows * each
}

func (w *window) sample(p *Projection, f Found) {
	if w.rows%sampleEvery != 1 && w.sampled > 0 {
		return
	}
	values, err := p.Values(nil, f)
	if err != nil {
		return
	}
	w.sampled++
	for _, v := range values {
		w.bytes += len(v.Text)
	}
}

// changes are what the window does to its table.
func (w *window) changes(p *Projection) Changes {
	c := Changes{Park: w.parked, Erased: w.erased, Fresh: w.fresh}
	var put []Found
	for stream, s := range w.streams {
		if s.whole && !w.fresh {
			c.Clear = append(c.Clear, stream)
		}
		for _, e := range s.list {
			switch {
			case !e.dirty:
			case e.row != nil:
				put = append(put, Found{stream, e.key, e.row})
			case !s.whole && !w.fresh:
				c.Remove = append(c.Remove, RowKey{stream, e.key})
			}
		}
	}
	if len(put) == 0 {
		return c
	}
	// Neighbours in the table are neighbours here.
	slices.SortFunc(put, func(a, b Found) int {
		if order := bytes.Compare(a.Stream.Of[:], b.Stream.Of[:]); order != 0 {
			return order
		}
		return strings.Compare(string(a.Key), string(b.Key))
	})
	c.Put = p.valuesOf(put)
	return c
}

// valuesOf yields what the columns of each row hold, in a slice that is used
// again for the next.
func (p *Projection) valuesOf(rows []Found) iter.Seq2[[]Value, error] {
	return func(yield func([]Value, error) bool) {
		var values []Value
		for _, f := range rows {
			var err error
			if values, err = p.Values(values[:0], f); !yield(values, err) || err != nil {
				return
			}
		}
	}
}

// member is a table that this runner writes.
type member struct {
	Table
	epoch    uint64
	building bool
	position event.Position // folded up to here
	saved    event.Position // the table reflects this
	parked   map[event.StreamID]bool
	// savedParked is how many streams the table has parked.
	savedParked int
	window      *window
	flight      *window // what is being written, if anything is
}

// join makes a member of a table that was claimed.
func (r *Runner) join(ctx context.Context, t Table, cp Checkpoint) (*member, error) {
	m := &member{Table: t, epoch: cp.Epoch, position: cp.Position, saved: cp.Position,
		parked: map[event.StreamID]bool{}, savedParked: cp.Parked, window: newWindow(cp.Position)}
	if cp.Parked == 0 {
		return m, nil
	}
	list, err := r.store.ParkedStreams(ctx, t.Name)
	for _, one := range list {
		m.parked[one.Stream] = true
	}
	return m, err
}

// row returns a row as it stands, and whether that is known without the table.
func (m *member) row(stream event.StreamID, key Key) (row any, told bool) {
	if row, told = m.window.row(stream, key); !told && m.flight != nil {
		return m.flight.row(stream, key)
	}
	return row, told
}

// fold folds a page, reading from the table the rows that are not in memory.
func (m *member) fold(ctx context.Context, store Store, pg page, h *histories) error {
	if m.position >= pg.end {
		return nil
	}
	items := pg.items
	for len(items) > 0 && items[0].Position <= m.position {
		items = items[1:]
	}
	steps, touched := m.Projection.steps(items)
	touched = slices.DeleteFunc(touched, func(k RowKey) bool {
		_, told := m.row(k.Stream, k.Key)
		return told || m.parked[k.Stream]
	})
	if len(touched) > 0 {
		loaded, err := store.Load(ctx, m.Table, touched)
		if err != nil {
			return fmt.Errorf("project %s: %w", m.Name, err)
		}
		for k, row := range loaded {
			m.window.set(k.Stream, k.Key, row, false)
		}
	}
	for _, s := range steps {
		if err := m.foldOne(s, h); err != nil {
			return fmt.Errorf("project %s: %w", m.Name, err)
		}
	}
	m.window.events += len(items)
	m.position, m.window.end = pg.end, pg.end
	return nil
}

// foldOne takes one step. Its error is that of reading a stream's history.
func (m *member) foldOne(s step, h *histories) error {
	p, w, stream := m.Projection, m.window, s.item.Stream
	if m.parked[stream] {
		if s.item.Type == "key.destroyed" {
			// Rows of a parked stream cannot be folded anew, and may hold what
			// the key sealed: they go.
			w.replace(stream, nil)
			w.erased = true
		}
		return nil
	}
	bad := s.bad
	switch {
	case p.refolds(s.item.Recorded):
		items, err := h.upTo(stream, s.item.Position)
		if err != nil {
			return err
		}
		var rows rowsOf
		if rows, bad = p.foldStream(items); bad == "" {
			w.replace(stream, rows)
		}
		if s.item.Type == "key.destroyed" {
			if bad != "" {
				w.replace(stream, nil)
			}
			w.erased = true
		}
	case s.item.Err != nil:
		if s.item.Type != "" && !p.folds(s.item.Type) {
			return nil
		}
		bad = Undecodable
	case bad == "":
		bad = p.apply(s.item.Recorded, s.keys, func(key Key) any {
			row, _ := m.row(stream, key)
			return row
		}, func(key Key, row any) {
			w.set(stream, key, row, true)
			if row != nil {
				w.sample(p, Found{stream, key, row})
			}
		})
	}
	if bad != "" {
		m.parked[stream] = true
		w.parked = append(w.parked, Parked{stream, s.item.Position, bad})
	}
	return nil
}

// launch hands the window over to be written, and begins another.
func (m *member) launch() {
	m.flight, m.window = m.window, newWindow(m.position)
}

// land takes note that what was handed over has been written.
func (m *member) land() {
	m.saved, m.savedParked, m.flight = m.flight.end, m.savedParked+len(m.flight.parked), nil
}

// save writes a window into its table, and moves the checkpoint to its end.
func (m *member) save(tx Tx, w *window) error {
	cp, err := tx.Lock(m.Name)
	switch {
	case err != nil:
		return err
	case cp.State == "" || cp.State == Retired:
		return errMoved
	case cp.Epoch != m.epoch || cp.Position != m.saved:
		return ErrFenced
	case cp.Parked != m.savedParked:
		return errMoved // a stream was retried: what was folded left it out
	}
	changes := w.changes(m.Projection)
	if err := tx.Save(m.Table, changes); err != nil {
		return err
	}
	return tx.Move(m.Name, w.end, cp.Parked+len(w.parked))
}
