package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/memory"
)

// counting counts what is asked of a store.
type counting struct {
	eventstore.Store
	read int
}

func (c *counting) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for e, err := range c.Store.ReadStream(ctx, stream, from) {
			if c.read++; !yield(e, err) {
				return
			}
		}
	}
}

// plainCodec opens an event as where it stands.
type plainCodec struct{ eventstore.Codec }

func (plainCodec) Decode(_ context.Context, s eventstore.Stored) (event.Recorded, error) {
	return event.Recorded{Position: s.Position, Stream: s.Stream, Revision: s.Revision, ID: s.ID}, nil
}

// TestWarmReadsAsTheStoreDoes appends to and reads a few streams in any order,
// from anywhere and not always to the end: what is read is what the store
// holds, and no event is read from it twice.
func TestWarmReadsAsTheStoreDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		below := &counting{Store: memory.New(time.Now)}
		w := newWarm(below, plainCodec{})
		appended := 0
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			stream := event.Case(event.DeriveUUID("warm", []byte{byte(rapid.IntRange(0, 2).Draw(t, "stream"))}))
			if rapid.Bool().Draw(t, "append") {
				n := rapid.IntRange(1, 3).Draw(t, "events")
				events := make([]eventstore.Event, n)
				for i := range events {
					sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", step, i))
					events[i] = eventstore.Event{ID: event.ID{UUID: event.DeriveUUID("warm-event", sum[:])}, Body: sum[:]}
				}
				var held eventstore.Revision
				for range below.Store.ReadStream(ctx, stream, 0) {
					held++
				}
				if _, err := w.Append(ctx, stream, held, events); err != nil {
					t.Fatal(err)
				}
				appended += n
				continue
			}
			from, most := eventstore.Revision(rapid.IntRange(0, 5).Draw(t, "from")), rapid.IntRange(1, 9).Draw(t, "most")
			read := func(s eventstore.Store) (got []eventstore.Stored) {
				for e, err := range s.ReadStream(ctx, stream, from) {
					if err != nil {
						t.Fatal(err)
					}
					if got = append(got, e); len(got) == most {
						break
					}
				}
				return got
			}
			got, want := read(w), read(below.Store)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("read %v, and the store holds %v", got, want)
			}
			for _, e := range got {
				if r, err := w.Decode(ctx, e); err != nil || r.ID != e.ID || r.Position != e.Position {
					t.Fatalf("opened %+v as %+v, %v", e, r, err)
				}
			}
		}
		if below.read > appended {
			t.Errorf("%d events were read of %d", below.read, appended)
		}
	})
}
