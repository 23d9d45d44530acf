package main

import (
	"context"
	"iter"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// warm is a store and its codec that remember the streams read last, opened, so
// that a command reads only what is new in its stream. It is for one user at a
// time, through whom alone these streams are written, of a record that opens
// everything and destroys no keys.
type warm struct {
	eventstore.Store
	codec   eventstore.Codec
	streams map[event.StreamID]*warmed
	held    int // events, of all streams
}

// warmed is what is remembered of a stream, from its first event on.
type warmed struct {
	stored []eventstore.Stored
	opened []event.Recorded
	whole  bool // nothing was appended since it was read to its end
}

// mostWarm bounds how many events are remembered; then all are forgotten.
const mostWarm = 20_000

func newWarm(store eventstore.Store, codec eventstore.Codec) *warm {
	return &warm{Store: store, codec: codec, streams: map[event.StreamID]*warmed{}}
}

// ReadStream implements [eventstore.Store].
func (w *warm) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		if w.held > mostWarm {
			clear(w.streams)
			w.held = 0
		}
		s := w.streams[stream]
		if s == nil {
			s = &warmed{}
			w.streams[stream] = s
		}
		for i := max(from, 1) - 1; int(i) < len(s.stored); i++ {
			if !yield(s.stored[i], nil) {
				return
			}
		}
		if s.whole {
			return
		}
		for e, err := range w.Store.ReadStream(ctx, stream, eventstore.Revision(len(s.stored)+1)) {
			if err == nil {
				s.stored = append(s.stored, e)
				w.held++
			}
			if (err != nil || e.Revision >= from) && !yield(e, err) {
				return
			}
		}
		s.whole = true
	}
}

// Append implements [eventstore.Store].
func (w *warm) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if s := w.streams[stream]; s != nil {
		s.whole = false
	}
	return w.Store.Append(ctx, stream, expected, events)
}

// Decode implements [eventstore.Codec].
func (w *warm) Decode(ctx context.Context, e eventstore.Stored) (event.Recorded, error) {
	s := w.streams[e.Stream]
	if s != nil && int(e.Revision) <= len(s.opened) {
		return s.opened[e.Revision-1], nil
	}
	r, err := w.codec.Decode(ctx, e)
	if err == nil && s != nil && int(e.Revision) == len(s.opened)+1 {
		s.opened = append(s.opened, r)
	}
	return r, err
}

// Seal implements [eventstore.Codec].
func (w *warm) Seal(ctx context.Context, cmd eventstore.Command, drafts []event.Draft, history []event.Recorded) ([]eventstore.Event, error) {
	return w.codec.Seal(ctx, cmd, drafts, history)
}

// SameCommand implements [eventstore.Codec].
func (w *warm) SameCommand(ctx context.Context, e eventstore.Stored, fingerprint [32]byte) (same, ok bool, err error) {
	return w.codec.SameCommand(ctx, e, fingerprint)
}

var (
	_ eventstore.Store = (*warm)(nil)
	_ eventstore.Codec = (*warm)(nil)
)
