package projectiontest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/projections"
)

// Ledger is an invented ledger in memory. It implements [projections.Source]
// strictly: whoever asks for types gets the other events with their Meta only,
// and every third of them from ReadAll not at all. It is safe for use by several goroutines.
type Ledger struct {
	catalogue *event.Catalogue

	mu     sync.Mutex
	items  []projections.Item
	shown  int
	hidden bool          // only the first shown are visible
	more   chan struct{} // closed when the visible part grows
}

// NewLedger returns an empty ledger. catalogue names the events that
// [Ledger.Add] is given.
func NewLedger(catalogue *event.Catalogue) *Ledger {
	return &Ledger{catalogue: catalogue, more: make(chan struct{})}
}

// Start is when the first event was recorded; each further one follows a
// minute later.
var Start = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// Add appends an event: effective when it is recorded, live, about the
// stream's person. change, where given, alters what is recorded.
func (l *Ledger) Add(stream event.StreamID, data any, change ...func(*event.Recorded)) event.Recorded {
	definition, ok := l.catalogue.Of(data)
	if !ok {
		panic(fmt.Sprintf("projectiontest: %T is not in the catalogue", data))
	}
	return l.add(stream, definition.Name(), data, nil, change)
}

// Corrects makes an event one that corrects, replaces or voids another.
func Corrects(id event.ID) func(*event.Recorded) {
	return func(e *event.Recorded) { e.Corrects = id }
}

// ErrPoison is why a poison event cannot be decoded.
var ErrPoison = errors.New("projectiontest: poison")

// Poison appends an event of a type that cannot be decoded; of type "", one of
// which not even the type can be read.
func (l *Ledger) Poison(stream event.StreamID, eventType string) event.Recorded {
	return l.add(stream, eventType, nil, ErrPoison, nil)
}

// Heal makes all poison events of a stream read as data from now on.
func (l *Ledger) Heal(stream event.StreamID, data any) {
	definition, _ := l.catalogue.Of(data)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = slices.Clone(l.items)
	for i, item := range l.items {
		if item.Stream == stream && item.Err != nil {
			item.Type, item.Data, item.Err = definition.Name(), data, nil
			l.items[i] = item
		}
	}
}

// Redact changes how every event's data reads from now on, as a destroyed key
// does.
func (l *Ledger) Redact(change func(data any) any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = slices.Clone(l.items)
	for i := range l.items {
		l.items[i].Data = change(l.items[i].Data)
	}
}

func (l *Ledger) add(stream event.StreamID, eventType string, data any, bad error, change []func(*event.Recorded)) event.Recorded {
	l.mu.Lock()
	defer l.mu.Unlock()
	revision := event.Revision(1)
	for _, item := range l.items {
		if item.Stream == stream {
			revision = item.Revision + 1
		}
	}
	position := event.Position(len(l.items) + 1)
	at := Start.Add(time.Duration(position-1) * time.Minute)
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(position))
	e := event.Recorded{
		Position: position, RecordedAt: at, ID: event.ID{UUID: event.DeriveUUID("test-event", seed[:])},
		Stream: stream, Revision: revision, Data: data, Operational: event.Open,
		Meta: event.Meta{Type: eventType, Version: 1, Subject: stream.Of, Effective: event.At(at), Origin: event.Live,
			Command: event.DeriveUUID("test-command", seed[:]), Actor: Worker},
	}
	for _, f := range change {
		f(&e)
	}
	l.items = append(l.items, projections.Item{Recorded: e, Err: bad})
	if !l.hidden {
		l.grown()
	}
	return e
}

// Worker is who recorded an event of [Ledger.Add] that is not told otherwise.
var Worker = event.Actor{
	ID: event.DeriveUUID("test-worker"), Role: "PRACTITIONER", Side: event.Probation, Org: event.DeriveUUID("test-org"),
}

// Person is the stream of the n-th invented person.
func Person(n int) event.StreamID {
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(n))
	return event.Case(event.DeriveUUID("test-person", seed[:]))
}

func (l *Ledger) grown() {
	close(l.more)
	l.more = make(chan struct{})
}

// Show makes only the first n events visible; Len shows all.
func (l *Ledger) Show(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden, l.shown = n < len(l.items), n
	l.grown()
}

// Len is the number of events, visible or not.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.items)
}

func (l *Ledger) visible() ([]projections.Item, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hidden {
		return l.items[:l.shown], l.more
	}
	return l.items, l.more
}

// Last is the position of the last visible event.
func (l *Ledger) Last() event.Position {
	items, _ := l.visible()
	return event.Position(len(items))
}

// Streams lists the streams of the visible events, in order of appearance.
func (l *Ledger) Streams() []event.StreamID {
	var streams []event.StreamID
	items, _ := l.visible()
	for _, item := range items {
		if !slices.Contains(streams, item.Stream) {
			streams = append(streams, item.Stream)
		}
	}
	return streams
}

// Events returns the visible events of a stream, and whether all of them can
// be decoded.
func (l *Ledger) Events(stream event.StreamID) (events []event.Recorded, good bool) {
	good = true
	items, _ := l.visible()
	for _, item := range items {
		if item.Stream == stream {
			events, good = append(events, item.Recorded), good && item.Err == nil
		}
	}
	return events, good
}

// serve gives an item as somebody who asked for types gets it; false if
// ReadAll leaves it out.
func serve(item projections.Item, types []string) (projections.Item, bool) {
	if item.Type == "" || slices.Contains(types, item.Type) {
		return item, true
	}
	item.Data = nil
	return item, item.IsCorrection() || item.Err != nil || item.Position%3 != 0
}

// ReadAll implements [projections.Source].
func (l *Ledger) ReadAll(ctx context.Context, after event.Position, types []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for {
			items, _ := l.visible()
			if int(after) >= len(items) {
				return
			}
			var told event.Position
			for _, item := range items[after:] {
				if err := ctx.Err(); err != nil {
					yield(projections.Item{}, err)
					return
				}
				after = item.Position
				if item, ok := serve(item, types); ok {
					told = item.Position
					if !yield(item, nil) {
						return
					}
				}
			}
			if told != after && !yield(projections.Item{Recorded: event.Recorded{Position: after}}, nil) {
				return
			}
		}
	}
}

// ReadStream implements [projections.Source].
func (l *Ledger) ReadStream(ctx context.Context, stream event.StreamID, upTo event.Position, types []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		items, _ := l.visible()
		for _, item := range items {
			if item.Stream != stream || item.Position > upTo {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(projections.Item{}, err)
				return
			}
			if item, _ := serve(item, types); !yield(item, nil) {
				return
			}
		}
	}
}

// Wait implements [projections.Source].
func (l *Ledger) Wait(ctx context.Context, after event.Position) (event.Position, error) {
	for {
		items, more := l.visible()
		if len(items) > int(after) {
			return event.Position(len(items)), nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
