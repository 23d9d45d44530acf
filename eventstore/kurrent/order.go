package kurrent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

// order is what this process knows of the ledger's order.
type order struct {
	mu       sync.Mutex
	tail     numbering.Tail        // of the copy
	seen     []record              // behind tail in the log, not numbered as far as is known
	told     numbering.LogPosition // how far the subscription has come
	known    numbering.LogPosition // what is known to be in the log
	mark     numbering.LogPosition // known, at the last look of the watch
	turn     int                   // counts subscriptions: an old one is not listened to
	again    context.CancelFunc    // ends the subscription, so that another begins
	waiting  map[place][]*waiter
	waits    int // waiters in waiting
	stuck    int // looks of the watch at which the same event waited for its position
	first    numbering.LogPosition
	paused   bool // a take-over numbers by itself
	refusing bool // the store is being closed

	arrived chan struct{} // holds a token when there may be something to number
}

// place is an event's place in its stream.
type place struct {
	stream   event.StreamID
	revision event.Revision
}

// waiter is told when an event has its position.
type waiter struct {
	place
	done chan numbering.Entry // holds the entry
}

func (o *order) init() {
	o.waiting = map[place][]*waiter{}
	o.arrived = make(chan struct{}, 1)
}

func (o *order) poke() {
	select {
	case o.arrived <- struct{}{}:
	default:
	}
}

// await registers who waits for an event. The caller forgets it.
func (o *order) await(p place) *waiter {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := &waiter{place: p, done: make(chan numbering.Entry, 1)}
	o.waiting[p] = append(o.waiting[p], w)
	o.waits++
	o.poke()
	return w
}

func (o *order) forget(w *waiter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.waiting[w.place], w); i >= 0 {
		o.waits--
		if o.waiting[w.place] = slices.Delete(o.waiting[w.place], i, i+1); len(o.waiting[w.place]) == 0 {
			delete(o.waiting, w.place)
		}
	}
}

// learn notes that the log reaches at least so far.
func (o *order) learn(at numbering.LogPosition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known.Before(at) {
		o.known = at
	}
}

// refuse lets no further append begin.
func (o *order) refuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusing = true
}

// closing says whether the store is being closed.
func (o *order) closing() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refusing {
		return eventstore.ErrClosed
	}
	return nil
}

// behind reports whether an event has waited too long for its position.
func (o *order) behind() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stuck > 5
}

// load brings the copy, which may be empty, of another ledger or long out of
// date, to the index's end, and compares that end with the log.
func (s *Store) load(ctx context.Context) error {
	if err := s.refuseHalfIngested(ctx); err != nil {
		return err
	}
	tail, err := s.copy.Tail(ctx)
	if err != nil {
		return fmt.Errorf("the local copy of the index: %w", err)
	}
	if tail.Events > 0 {
		first, err := s.session.streamPage(ctx, s.names.index(), 0, 1)
		if err != nil {
			return err
		}
		if len(first.records) == 0 || first.records[0].id != tail.First {
			tail = numbering.Tail{}
			if err := s.copy.Clear(ctx); err != nil {
				return fmt.Errorf("the local copy of the index: %w", err)
			}
		}
	}
	s.order.tail, s.order.known = tail, tail.At
	s.signal.set(tail.Position)
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	return s.reconcile(ctx)
}

// reconcile compares the end of the index with the log: of numbers without
// their events nothing may be told.
func (s *Store) reconcile(ctx context.Context) error {
	last := s.order.tail.Position
	_, err := s.ledgerPage(ctx, last-min(last, firstPage), firstPage)
	return err
}

// catchUp takes what is in the index and not in the copy. When it returns nil
// the copy holds what any process had numbered when it was called.
func (s *Store) catchUp(ctx context.Context) error {
	for {
		s.order.mu.Lock()
		tail := s.order.tail
		s.order.mu.Unlock()
		from := tail.Events
		if from > 0 {
			from-- // the last one is read again, to see that it is still there
		}
		got, err := s.session.streamPage(ctx, s.names.index(), from, pageEvents)
		if err != nil {
			return err
		}
		records := got.records
		if tail.Events > 0 {
			switch {
			case len(records) == 0:
				return fmt.Errorf("%w: index event %d", ErrShrunk, from)
			case records[0].id != tail.Last || records[0].revision != from:
				return fmt.Errorf("%w: index event %d", ErrReordered, from)
			}
			records = records[1:]
		}
		if err := s.take(ctx, records...); err != nil {
			return err
		}
		if !got.more {
			return nil
		}
	}
}

// take takes the next events of the index into the copy and tells those who
// wait. Those that are in the copy already change nothing.
func (s *Store) take(ctx context.Context, records ...record) error {
	o := &s.order
	o.mu.Lock()
	defer o.mu.Unlock()
	to := o.tail
	var entries []numbering.Entry
	for _, r := range records {
		if r.revision < to.Events {
			continue
		}
		more, err := continued(&to, r)
		if err != nil {
			return err
		}
		entries = append(entries, more...)
	}
	if len(entries) == 0 {
		return nil
	}
	for i, e := range entries[:min(len(entries), len(o.seen))] {
		if o.seen[i].id != e.ID.UUID || o.seen[i].at != e.At {
			return fmt.Errorf("%w: position %d", ErrReordered, e.Position)
		}
	}
	if err := s.add(context.WithoutCancel(ctx), o.tail, to, entries); err != nil {
		return err
	}
	o.taken(to, entries)
	if !o.paused {
		s.signal.set(to.Position)
	}
	return nil
}

// add adds to the copy. A copy that failed and did it nevertheless has done it.
func (s *Store) add(ctx context.Context, from, to numbering.Tail, entries []numbering.Entry) error {
	err := s.copy.Add(ctx, from, to, entries)
	if err == nil {
		return nil
	}
	if held, failed := s.copy.Tail(ctx); failed == nil && held == to {
		return nil
	}
	return fmt.Errorf("the local copy of the index: %w", err)
}

// continued reads an index event and moves the tail behind it, if it follows.
func continued(to *numbering.Tail, r record) ([]numbering.Entry, error) {
	if r.revision > to.Events {
		return nil, fmt.Errorf("%w: no index event %d", ErrReordered, to.Events)
	}
	entries, err := numbering.Decode(r.body)
	if err != nil || r.kind != indexType {
		return nil, fmt.Errorf("%w: index event %d", ErrForeign, r.revision)
	}
	if to.Events == 0 {
		to.First = r.id
	}
	to.Last, to.Events = r.id, to.Events+1
	for _, e := range entries {
		if e.Position != to.Position+1 || !to.At.Before(e.At) || e.RecordedAt.Before(to.RecordedAt) {
			return nil, fmt.Errorf("%w: position %d does not follow", ErrReordered, e.Position)
		}
		to.Position, to.At, to.RecordedAt = e.Position, e.At, e.RecordedAt
	}
	return entries, nil
}

// taken notes what the copy holds, and tells those who wait for it.
func (o *order) taken(to numbering.Tail, entries []numbering.Entry) {
	o.tail = to
	o.seen = o.seen[min(len(entries), len(o.seen)):]
	if o.known.Before(to.At) {
		o.known = to.At
	}
	if len(o.waiting) == 0 {
		return
	}
	for _, e := range entries {
		at := place{e.Stream, e.Revision}
		for _, w := range o.waiting[at] {
			w.done <- e
			o.waits--
		}
		delete(o.waiting, at)
	}
}

// patience is how long an event of another process waits for that process to
// number it.
const patience = 200 * time.Millisecond

// number gives positions to what the subscription tells of: at once while
// somebody waits, and otherwise when whoever appended it has had the time to.
func (s *Store) number(ctx context.Context) {
	var late <-chan time.Time // fires when patience is over; nil while nothing is left to others
	due := false
	var window time.Duration // for companions
	rest := pause
	for ctx.Err() == nil {
		group, base, urgent := s.group()
		if len(group) > 0 && (urgent || due) {
			late, due = nil, false
			if urgent && s.gather(ctx, window) {
				if group, base, _ = s.group(); len(group) == 0 {
					continue // others numbered it meanwhile
				}
			}
			begun := s.clock()
			err := s.write(ctx, group, base)
			window = min(s.clock().Sub(begun)/4, maxWindow)
			if incident(err) {
				s.signal.end(err, false)
				return
			} else if err != nil {
				wait(ctx, rest)
				rest = min(2*rest, maxPause)
			} else {
				rest = pause
			}
			continue
		}
		if len(group) == 0 {
			late, due = nil, false
		} else if late == nil {
			late = time.After(patience)
		}
		select {
		case <-s.order.arrived:
		case <-late:
			due = true
		case <-ctx.Done():
		}
	}
}

// maxWindow bounds the wait for companions, also when a test's clock says that
// an append took an hour.
const maxWindow = 5 * time.Millisecond

// gather waits for the appends that are under way, at most for the window:
// those whose numbers were just given would otherwise miss the next index
// event and wait for the one after. It reports whether any came.
func (s *Store) gather(ctx context.Context, window time.Duration) (came bool) {
	if window <= 0 {
		return false
	}
	timer := time.NewTimer(window)
	defer timer.Stop()
	for s.order.expected() {
		select {
		case <-s.order.arrived:
			came = true
		case <-timer.C:
			return came
		case <-ctx.Done():
			return came
		}
	}
	return came
}

// expected reports whether more is waited for than has been seen.
func (o *order) expected() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waits > len(o.seen)
}

// group is what can be numbered now: whole batches. base is the tail that they
// follow; urgent says that somebody waits.
func (s *Store) group() (entries []numbering.Entry, base numbering.Tail, urgent bool) {
	o := &s.order
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paused {
		return nil, o.tail, false
	}
	at := s.clock().UTC().Truncate(time.Microsecond)
	if at.Before(o.tail.RecordedAt) {
		at = o.tail.RecordedAt
	}
	for n := 0; n < len(o.seen); {
		size, whole := batch(o.seen[n:])
		if !whole || len(entries)+size > numbering.MaxEntries {
			break
		}
		for _, r := range o.seen[n : n+size] {
			stream, _ := s.names.id(r) // only what has one is seen
			entries = append(entries, numbering.Entry{Position: o.tail.Position + event.Position(len(entries)) + 1, RecordedAt: at,
				ID: event.ID{UUID: r.id}, Stream: stream, Revision: event.Revision(r.revision + 1), At: r.at, By: r.mark.by})
		}
		n += size
	}
	return entries, o.tail, o.waits > 0
}

// batch is the size of the batch that comes first, and whether all of it is
// there. What does not look like a batch is one event.
func batch(seen []record) (size int, whole bool) {
	first := seen[0].mark
	if first.index != 0 {
		return 1, true
	}
	for i := 1; i < first.of; i++ {
		if i == len(seen) {
			return 0, false
		}
		next := first
		next.index = i
		if seen[i].mark != next || seen[i].stream != seen[0].stream {
			return 1, true
		}
	}
	return first.of, true
}

// write appends a group to the index, which others may have been first to.
func (s *Store) write(ctx context.Context, group []numbering.Entry, base numbering.Tail) error {
	data := numbering.Encode(group)
	// The same bytes have the same id: a repeat is recognised, and two processes
	// that number alike have both done it.
	id := event.DeriveUUID("caseledger-index", data)
	at, err := s.session.append(ctx, s.names.index(), base.Events, indexEvent(id, data))
	switch {
	case err == nil:
		err = s.take(ctx, record{id: id, kind: indexType, revision: base.Events, body: data})
		s.order.learn(at)
		return err
	case errors.Is(err, errWrongRevision):
		return s.catchUp(ctx)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return errors.Join(err, s.catchUp(ctx))
}

// numbered returns when an event has its position.
func (s *Store) numbered(ctx context.Context, p place) error {
	w := s.order.await(p)
	defer s.order.forget(w)
	if held, err := s.copy.Revision(ctx, p.stream); err != nil || held >= p.revision {
		return err
	}
	_, err := s.result(ctx, w)
	return err
}

var errUnnumbered = errors.New("no position was given in time")

// result waits for an event's entry, for as long as a call may take.
func (s *Store) result(ctx context.Context, w *waiter) (numbering.Entry, error) {
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case e := <-w.done:
		return e, nil
	case <-ctx.Done():
		return numbering.Entry{}, ctx.Err()
	case <-s.signal.ended:
		return numbering.Entry{}, s.signal.failure()
	case <-timer.C:
		return numbering.Entry{}, errUnnumbered
	}
}

// tokens are 8 bytes that no other append has.
type tokens struct {
	mu    sync.Mutex
	key   event.UUID
	drawn uint64
}

func (t *tokens) seed(rand io.Reader) error {
	_, err := io.ReadFull(rand, t.key[:])
	return err
}

func (t *tokens) next() numbering.Token {
	t.mu.Lock()
	t.drawn++
	n := t.drawn
	t.mu.Unlock()
	var count [8]byte
	binary.BigEndian.PutUint64(count[:], n)
	drawn := event.DeriveUUID("append", t.key[:], count[:])
	return numbering.Token(drawn[:8])
}

// repeated answers a batch of which some id is recorded: a retry, or a clash.
func (s *Store) repeated(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event, found []numbering.Entry) (eventstore.Appended, error) {
	first := found[0]
	if first.ID != events[0].ID || first.Stream != stream || expected != eventstore.AtEnd && expected != first.Revision-1 {
		return eventstore.Appended{}, eventstore.ErrDuplicate
	}
	held, err := s.copy.OfStream(ctx, stream, first.Revision, len(events))
	switch {
	case err != nil:
		return eventstore.Appended{}, refused(fmt.Errorf("the local copy of the index: %w", err))
	case len(held) < len(events):
		return eventstore.Appended{}, eventstore.ErrDuplicate
	}
	for i, e := range events {
		if held[i].ID != e.ID {
			return eventstore.Appended{}, eventstore.ErrDuplicate
		}
	}
	last := held[len(held)-1]
	return eventstore.Appended{Last: last.Position, Revision: last.Revision, RecordedAt: last.RecordedAt, Repeated: true}, nil
}
