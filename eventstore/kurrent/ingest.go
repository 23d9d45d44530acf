package kurrent

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

// The types of the two events of the stream that says how far a take-over is:
// while the first stands alone, the ledger is not whole.
const (
	ingestBegun = "caseledger.ingest-begun"
	ingestEnded = "caseledger.ingest-ended"
)

const (
	// chunkEvents and chunkBytes bound what is checked before it is written. A
	// ledger no longer than that is taken over whole or not begun.
	chunkEvents = 2048
	chunkBytes  = 8 << 20
	// appendBytes is half of what a server takes in one append.
	appendBytes = 512 << 10
)

// Ingest implements [eventstore.Ingester]. What was begun and not ended leaves
// a database that is refused with [ErrHalfIngested]: it cannot be emptied from
// here. Start again in another one, or under another prefix.
func (s *Store) Ingest(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error]) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.order.pause(true)
	defer s.resume()
	if err := s.empty(ctx); err != nil {
		return err
	}
	in := ingest{store: s, ids: map[event.ID]bool{}, held: map[event.StreamID]eventstore.Revision{}}
	err := in.run(ctx, ledger)
	if err != nil && in.begun {
		s.signal.end(fmt.Errorf("%w: see %s", ErrHalfIngested, s.names.ingest()), false)
	}
	return err
}

func (o *order) pause(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = on
	o.poke()
}

// resume tells of what was taken over, which nobody was told of while it was
// not whole.
func (s *Store) resume() {
	s.order.mu.Lock()
	s.signal.set(s.order.tail.Position)
	s.order.mu.Unlock()
	s.order.pause(false)
}

// empty answers [eventstore.ErrNotEmpty] if the ledger holds anything, with a
// number or without.
func (s *Store) empty(ctx context.Context) error {
	if err := s.catchUp(ctx); err != nil {
		return s.failure(ctx, err)
	}
	if head, _, _ := s.signal.look(); head > 0 {
		return eventstore.ErrNotEmpty
	}
	found, _, err := logPage(ctx, s.session, subscription{prefixes: s.names.records(), window: 32 * pageEvents}, func(found *bool, r record) bool {
		_, *found = s.names.id(r)
		return !*found
	})
	switch {
	case err != nil:
		return s.failure(ctx, err)
	case *found:
		return eventstore.ErrNotEmpty
	}
	return nil
}

// refuseHalfIngested refuses what a take-over left behind.
func (s *Store) refuseHalfIngested(ctx context.Context) error {
	end, err := s.session.streamEnd(ctx, s.names.ingest())
	if err != nil {
		return err
	}
	if len(end.records) > 0 && end.records[0].kind != ingestEnded {
		return fmt.Errorf("%w: see %s", ErrHalfIngested, s.names.ingest())
	}
	return nil
}

// ingest is a take-over: a chunk is checked, then written, then numbered.
type ingest struct {
	store *Store
	begun bool
	marks uint64 // events in the stream of marks

	last  eventstore.Stored
	chunk []eventstore.Stored
	size  int
	ids   map[event.ID]bool                      // ids in chunk
	held  map[event.StreamID]eventstore.Revision // of the streams in chunk, chunk included
}

func (in *ingest) run(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error]) error {
	for e, err := range ledger {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = in.store.order.closing()
		}
		if err == nil {
			err = in.check(ctx, e)
		}
		if err == nil && (len(in.chunk) >= chunkEvents || in.size >= chunkBytes) {
			err = in.write(ctx)
		}
		if err != nil {
			return err
		}
	}
	if err := in.write(ctx); err != nil {
		return err
	}
	if !in.begun {
		return nil
	}
	return in.mark(ctx, ingestEnded)
}

// check takes the next event into the chunk, if it continues the ledger.
func (in *ingest) check(ctx context.Context, e eventstore.Stored) error {
	if err := eventstore.CheckIngested(in.last, e); err != nil {
		return err
	}
	held, known := in.held[e.Stream]
	if !known {
		var err error
		if held, err = in.store.copy.Revision(ctx, e.Stream); err != nil {
			return err
		}
	}
	found, err := in.store.copy.Find(ctx, []event.ID{e.ID})
	switch {
	case err != nil:
		return err
	case e.Revision != held+1:
		return fmt.Errorf("%w: position %d has revision %d of a stream of %d", eventstore.ErrBrokenLedger, e.Position, e.Revision, held)
	case len(found) > 0 || in.ids[e.ID]:
		return fmt.Errorf("%w: the id of position %d is recorded before", eventstore.ErrBrokenLedger, e.Position)
	}
	in.last = e
	in.chunk = append(in.chunk, e)
	in.size += len(e.Body)
	in.ids[e.ID], in.held[e.Stream] = true, e.Revision
	return nil
}

// write appends the chunk in ledger order, and then its numbers.
func (in *ingest) write(ctx context.Context) error {
	if len(in.chunk) == 0 {
		return nil
	}
	if !in.begun {
		if err := in.mark(ctx, ingestBegun); err != nil {
			return err
		}
	}
	for n := 0; n < len(in.chunk); {
		first, size, k := in.chunk[n], 0, 0
		var events []eventstore.Event
		for ; n+k < len(in.chunk) && k < eventstore.MaxBatch; k++ {
			e := in.chunk[n+k]
			if size += len(e.Body); e.Stream != first.Stream || k > 0 && size > appendBytes {
				break
			}
			events = append(events, eventstore.Event{ID: e.ID, Body: e.Body})
		}
		data := proposed(events, in.store.tokens.next())
		if err := in.store.insist(ctx, in.store.names.of(first.Stream), uint64(first.Revision)-1, data); err != nil {
			return err
		}
		n += k
	}
	return in.number(ctx)
}

// number reads where in the log the chunk is, and writes that to the index
// with the positions and times that it came with.
func (in *ingest) number(ctx context.Context) error {
	s := in.store
	s.order.mu.Lock()
	tail := s.order.tail
	s.order.mu.Unlock()
	written, err := s.written(ctx, tail.At, len(in.chunk))
	if err != nil {
		return err
	}
	entries := make([]numbering.Entry, len(in.chunk))
	for i, e := range in.chunk {
		r := written[i]
		if r.id != e.ID.UUID || r.stream != s.names.of(e.Stream) || r.revision+1 != uint64(e.Revision) {
			return fmt.Errorf("%w: another process appends to it", eventstore.ErrUnavailable)
		}
		entries[i] = numbering.Entry{Position: e.Position, RecordedAt: e.RecordedAt, ID: e.ID, Stream: e.Stream, Revision: e.Revision, At: r.at, By: r.mark.by}
	}
	data := numbering.Encode(entries)
	id := event.DeriveUUID("caseledger-index", data)
	if err := s.insist(ctx, s.names.index(), tail.Events, indexEvent(id, data)); err != nil {
		return err
	}
	if err := s.take(ctx, record{id: id, kind: indexType, revision: tail.Events, body: data}); err != nil {
		return err
	}
	in.chunk, in.size = in.chunk[:0], 0
	clear(in.ids)
	clear(in.held)
	return nil
}

// written reads n records of the ledger from the log, without their bodies.
func (s *Store) written(ctx context.Context, after numbering.LogPosition, n int) ([]record, error) {
	var all []record
	for len(all) < n {
		of := subscription{after: after, prefixes: s.names.records(), window: 32 * pageEvents}
		got, ended, err := logPage(ctx, s.session, of, func(some *[]record, r record) bool {
			if _, ours := s.names.id(r); ours {
				r.body = nil
				*some = append(*some, r)
			}
			return len(all)+len(*some) < n && len(*some) < pageEvents
		})
		if err != nil {
			return nil, err
		}
		if all = append(all, *got...); ended && len(all) < n {
			return nil, fmt.Errorf("%w: what was taken over", ErrShrunk)
		}
		after = all[len(all)-1].at
	}
	return all, nil
}

// mark says in the database how far the take-over is.
func (in *ingest) mark(ctx context.Context, kind string) error {
	s := in.store
	if !in.begun {
		end, err := s.session.streamEnd(ctx, s.names.ingest())
		if err != nil {
			return s.failure(ctx, err)
		}
		if len(end.records) > 0 {
			in.marks = end.records[0].revision + 1
		}
	}
	token := s.tokens.next()
	data := []esdb.EventData{{EventID: esdbID(event.DeriveUUID(kind, token[:])), EventType: kind, ContentType: esdb.ContentTypeBinary}}
	in.begun = true // or it may be
	err := s.insist(ctx, s.names.ingest(), in.marks, data)
	in.marks++
	return err
}

// insist appends until the database says that it did, or the time of a call
// is over. A repeat at the same revision does nothing twice.
func (s *Store) insist(ctx context.Context, stream string, held uint64, events []esdb.EventData) error {
	until, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for rest := pause; ; rest = min(2*rest, maxPause) {
		at, err := s.session.append(until, stream, held, events)
		switch {
		case err == nil:
			s.order.learn(at)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errOversize):
			return fmt.Errorf("%w: %w", eventstore.ErrTooLarge, err)
		case !transient(err), !wait(until, rest):
			return refused(err)
		}
	}
}

func indexEvent(id event.UUID, data []byte) []esdb.EventData {
	return []esdb.EventData{{EventID: esdbID(id), EventType: indexType, ContentType: esdb.ContentTypeBinary, Data: data}}
}
