package kurrent

import (
	"context"
	"fmt"
	"iter"
	"math"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

// ReadStream implements [eventstore.Store]. A stream that lacks what was
// numbered is [ErrDeleted]; one that holds something else is [ErrReordered].
func (s *Store) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		next := max(from, 1)
		for more := true; more && next <= math.MaxInt64; {
			events, full, err := s.streamPage(ctx, stream, next)
			if !deliver(ctx, events, err, yield) {
				return
			}
			next, more = next+eventstore.Revision(len(events)), full
		}
	}
}

// deliver yields a page, or the error; false says that the reader has enough.
func deliver(ctx context.Context, events []eventstore.Stored, err error, yield func(eventstore.Stored, error) bool) bool {
	if err != nil {
		yield(eventstore.Stored{}, err)
		return false
	}
	for _, e := range events {
		if err := ctx.Err(); err != nil {
			yield(eventstore.Stored{}, err)
			return false
		}
		if !yield(e, nil) {
			return false
		}
	}
	return true
}

func (s *Store) streamPage(ctx context.Context, stream event.StreamID, next eventstore.Revision) (_ []eventstore.Stored, more bool, err error) {
	if err := s.usable(ctx); err != nil {
		return nil, false, err
	}
	defer func() {
		if err != nil {
			err = s.failure(ctx, err)
		}
	}()
	held, err := s.copy.Revision(ctx, stream)
	if err != nil {
		return nil, false, err
	}
	got, err := s.session.streamPage(ctx, s.names.of(stream), uint64(next)-1, pageEvents)
	if err != nil {
		return nil, false, err
	}
	last := next + eventstore.Revision(len(got.records)) - 1
	if len(got.records) > 0 && got.records[0].revision != uint64(next)-1 || !got.more && last < held && next <= held {
		if err := s.catchUp(ctx); err != nil {
			return nil, false, err // the database lost its end, not the stream alone
		}
		return nil, false, fmt.Errorf("%w: %s", ErrDeleted, stream)
	}
	entries, err := s.entries(ctx, stream, next, last)
	if err != nil {
		return nil, false, err
	}
	events := make([]eventstore.Stored, len(entries))
	for i, r := range got.records[:len(entries)] {
		if e := entries[i]; e.ID.UUID != r.id || e.Revision != eventstore.Revision(r.revision+1) {
			return nil, false, fmt.Errorf("%w: %s revision %d", ErrReordered, stream, r.revision+1)
		}
		events[i] = stored(entries[i], r.body)
	}
	return events, got.more && len(entries) == len(got.records), nil
}

// entries are those of a part of a stream that is in the database. What has no
// number yet gets one, or is left out of a store that is read-only.
func (s *Store) entries(ctx context.Context, stream event.StreamID, first, last eventstore.Revision) ([]numbering.Entry, error) {
	n := int(last + 1 - first)
	for try := range 3 {
		entries, err := s.copy.OfStream(ctx, stream, first, n)
		if err != nil || len(entries) == n {
			return entries, err
		}
		switch {
		case try == 0:
			err = s.catchUp(ctx)
		case s.readOnly:
			return entries, nil
		default:
			err = s.numbered(ctx, place{stream, last})
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errUnnumbered
}

func stored(e numbering.Entry, body []byte) eventstore.Stored {
	return eventstore.Stored{Position: e.Position, RecordedAt: e.RecordedAt, ID: e.ID, Stream: e.Stream, Revision: e.Revision, Body: body}
}

// firstPage is the size of the first page of the ledger that is read; each
// further one is four times the one before, up to largestPage, or a page's bytes.
const (
	firstPage   = 16
	largestPage = 2048
)

// ReadAll implements [eventstore.Store]. The log is compared with the index
// event by event: one that is not there is [ErrShrunk], another one in its
// place is [ErrReordered].
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for most := firstPage; after <= math.MaxInt64; most = min(4*most, largestPage) {
			events, err := s.ledgerPage(ctx, after, most)
			if !deliver(ctx, events, err, yield) || len(events) == 0 {
				return
			}
			after += eventstore.Position(len(events))
		}
	}
}

func (s *Store) ledgerPage(ctx context.Context, after eventstore.Position, most int) (_ []eventstore.Stored, err error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = s.failure(ctx, err)
		}
	}()
	entries, err := s.after(ctx, after, most)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	of := subscription{prefixes: s.names.records(), window: 32 * pageEvents}
	if after > 0 {
		of.after, entries = entries[0].At, entries[1:]
	}
	for last := false; ; last = true {
		events, gone, err := s.matched(ctx, of, entries)
		if err != nil || gone == 0 {
			return events, err
		}
		if last {
			return nil, fmt.Errorf("%w: position %d", ErrShrunk, gone)
		}
	}
}

// after returns the entries behind a position, with that of the position
// itself before them; none if there are none behind it.
func (s *Store) after(ctx context.Context, after eventstore.Position, most int) ([]numbering.Entry, error) {
	from, ahead := after, 0
	if after > 0 {
		from, ahead = after-1, 1
	}
	for again := true; ; again = false {
		entries, err := s.copy.After(ctx, from, most+ahead)
		switch {
		case err != nil:
			return nil, err
		case len(entries) > ahead:
			return entries, nil
		case !again:
			return nil, nil
		}
		if err := s.catchUp(ctx); err != nil {
			return nil, err
		}
	}
}

// matched reads the events of entries from the log, up to a page's bytes. gone
// is the position of an entry whose event the log passed over; 0 if none.
func (s *Store) matched(ctx context.Context, of subscription, entries []numbering.Entry) ([]eventstore.Stored, eventstore.Position, error) {
	type progress struct {
		events []eventstore.Stored
		size   int
		gone   eventstore.Position
		err    error
	}
	p, ended, err := logPage(ctx, s.session, of, func(p *progress, r record) bool {
		if _, ours := s.names.id(r); !ours {
			return true
		}
		e := entries[len(p.events)]
		switch {
		case e.At.Before(r.at):
			p.gone = e.Position
			return false
		case r.at != e.At || r.id != e.ID.UUID || r.stream != s.names.of(e.Stream) || r.revision+1 != uint64(e.Revision):
			p.err = fmt.Errorf("%w: position %d", ErrReordered, e.Position)
			return false
		}
		p.events = append(p.events, stored(e, r.body))
		p.size += len(r.body)
		return len(p.events) < len(entries) && p.size < pageBytes
	})
	switch {
	case err != nil:
		return nil, 0, err
	case p.err != nil:
		return nil, 0, p.err
	case ended:
		return nil, entries[len(p.events)].Position, nil
	}
	return p.events, p.gone, nil
}

// Head implements [eventstore.Store].
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	if err := s.catchUp(ctx); err != nil {
		return 0, s.failure(ctx, err)
	}
	head, _, err := s.signal.look()
	return head, err
}

// Wait implements [eventstore.Store].
func (s *Store) Wait(ctx context.Context, after eventstore.Position) (eventstore.Position, error) {
	for {
		head, moved, err := s.signal.look()
		switch {
		case err != nil:
			return 0, err
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case head > after:
			return head, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}
