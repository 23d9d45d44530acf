package relay_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/relay"
	"caseledger/eventstore/vault"
	"caseledger/projections/boundary"
	"caseledger/projections/boundary/boundarytest"
)

// What stays is test support's own: of a NATS server that is shut down, and of
// Watermill's suite, which closes one of its subscribers before it is used.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func2"),
		goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func3"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"))
}

// The organisations of these tests.
var (
	hub       = boundarytest.Org("HUB-CAM")
	probation = boundarytest.Org("PROB-N56")

	names = relay.Names{Ledger: "caseledger.example/test", PublicURL: "https://caseledger.example"}
	noon  = time.Date(2026, 7, 4, 12, 0, 0, 123456000, time.UTC)
)

func personID(n int) event.UUID {
	return event.DeriveUUID("test-person", binary.BigEndian.AppendUint32(nil, uint32(n)))
}

// world is a ledger with real boxes, and what follows it.
type world struct {
	testing.TB
	store    eventstore.Store
	keep     relay.Keep
	vault    *vault.Vault
	codec    *codec.Codec
	commands uint32
	revision map[event.StreamID]eventstore.Revision
}

func newWorld(t testing.TB) *world {
	t.Helper()
	v, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return &world{TB: t, store: memory.New(func() time.Time { return noon }), keep: &keep.RelayMemory{}, vault: v,
		codec: codec.New(catalogue.Events, v, rand.Reader), revision: map[event.StreamID]eventstore.Revision{}}
}

// seal seals what somebody of an organisation says on a stream.
func (w *world) seal(stream event.StreamID, actor event.Actor, drafts ...event.Draft) []eventstore.Event {
	w.Helper()
	w.commands++
	id := event.DeriveUUID("test-command", binary.BigEndian.AppendUint32(nil, w.commands))
	cmd := eventstore.Command{ID: id, Stream: stream, Fingerprint: [32]byte(append(id[:], id[:]...)), Subject: stream.Subject(),
		Effective: event.At(noon), Actor: actor, Purpose: "DIRECT_CARE", Origin: event.Live}
	if cmd.Subject.IsZero() {
		cmd.Subject = personID(0)
	}
	batch, err := w.codec.Seal(w.Context(), cmd, drafts, nil)
	if err != nil {
		w.Fatal(err)
	}
	return batch
}

func nurse() event.Actor {
	return event.Actor{ID: event.DeriveUUID("test-nurse"), Role: "HUB_NURSE", Side: hub.Side, Org: hub.ID}
}

func officer() event.Actor {
	return event.Actor{ID: event.DeriveUUID("test-officer"), Role: "PP", Side: probation.Side, Org: probation.ID}
}

// append records sealed events and returns the id of the last one.
func (w *world) append(stream event.StreamID, events []eventstore.Event) event.ID {
	w.Helper()
	a, err := w.store.Append(w.Context(), stream, w.revision[stream], events)
	if err != nil {
		w.Fatal(err)
	}
	w.revision[stream] = a.Revision
	return events[len(events)-1].ID
}

func (w *world) notice() event.Draft {
	return event.Draft{Data: person.PrivacyNoticeGiven{Language: "en"}}
}

// notices records n privacy notices given to a person by a nurse.
func (w *world) notices(who, n int) (ids []event.ID) {
	w.Helper()
	stream := event.Case(personID(who))
	for range n {
		events := w.seal(stream, nurse(), w.notice())
		if w.revision[stream] > 0 {
			events = events[len(events)-1:] // its keys are committed to already
		}
		ids = append(ids, w.append(stream, events))
	}
	return ids
}

// poison records an event whose bytes say nothing.
func (w *world) poison(who int) event.ID {
	w.Helper()
	w.commands++
	id := event.ID{UUID: event.DeriveUUID("test-poison", binary.BigEndian.AppendUint32(nil, w.commands))}
	return w.append(event.Case(personID(who)), []eventstore.Event{{ID: id, Body: []byte("nothing that a codec wrote")}})
}

// viewer is one audience's.
type viewer struct {
	*codec.Reader
	boundary.Viewer
	controller event.UUID
}

func (w *world) viewer(a relay.Audience) (relay.Viewer, error) {
	return viewer{codec.NewReader(catalogue.Events, w.vault.View(a.Side), codec.Options{}), boundarytest.Viewer(a.Side), a.Controller}, nil
}

func (v viewer) Part(_ context.Context, e event.Recorded) (relay.Part, error) {
	if owner, own := v.Owner(e); own && owner == v.controller {
		return relay.Own, nil
	}
	if to, told := v.Viewer.Told(e); told && to == v.controller {
		return relay.Told, nil
	}
	return relay.Absent, nil
}

func broken(err error) bool {
	return errors.Is(err, codec.ErrCorrupt) || errors.Is(err, codec.ErrUnknownType) || errors.Is(err, codec.ErrNewerVersion)
}

// told is a destination that keeps what it was told.
type told struct {
	mu     sync.Mutex
	all    []sent
	more   chan struct{}
	refuse func(id string, attempt int) error // nil: takes everything
	tries  map[string]int
}

type sent struct {
	topic, id string
	content   string
	kind      string
}

func newTold() *told { return &told{more: make(chan struct{}, 1), tries: map[string]int{}} }

func (d *told) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		d.mu.Lock()
		d.tries[m.UUID]++
		refuse, n := d.refuse, d.tries[m.UUID]
		d.mu.Unlock()
		if refuse != nil {
			if err := refuse(m.UUID, n); err != nil {
				return err
			}
		}
		d.mu.Lock()
		d.all = append(d.all, sent{topic, m.UUID, string(m.Payload), m.Metadata.Get("content-type")})
		d.mu.Unlock()
		select {
		case d.more <- struct{}{}:
		default:
		}
	}
	return nil
}

func (d *told) Close() error { return nil }

func (d *told) ids() (ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.all {
		ids = append(ids, s.id)
	}
	return ids
}

// wait waits until f is true of what it was told.
func (d *told) wait(t testing.TB, what string, f func(ids []string) bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for !f(d.ids()) {
		select {
		case <-d.more:
		case <-limit:
			t.Fatalf("waited for %s in vain; told %d", what, len(d.ids()))
		}
	}
}

// until waits for what nobody signals.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for !f() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-limit:
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// destination is the hub's.
func destination(name string, p message.Publisher) relay.Destination {
	return relay.Destination{Name: name, Audience: relay.Audience{Side: hub.Side, Controller: hub.Controller}, Format: relay.CloudEvents, Publisher: p, Lanes: 8}
}

func (w *world) config(all ...relay.Destination) relay.Config {
	return relay.Config{Store: w.store, Keep: w.keep, Viewer: w.viewer, Broken: broken, Names: names, Destinations: all,
		Clock: time.Now, After: time.After, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		SaveEvery: time.Millisecond, Again: 5 * time.Millisecond}
}

// start runs a relay until the test ends, or stop is called, which returns why
// it ended.
func start(t testing.TB, c relay.Config) (r *relay.Relay, stop func() error) {
	t.Helper()
	r, err := relay.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return r, stop
}

// of is another relay's world, of the same ledger.
func (w *world) of(t testing.TB) *world {
	return &world{TB: t, store: w.store, keep: &keep.RelayMemory{}, vault: w.vault, codec: w.codec, revision: w.revision}
}
