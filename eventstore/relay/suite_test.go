package relay_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/relay"
	"caseledger/eventstore/sqlite"
)

// features are those of Watermill's universal suite that the subscriber claims.
// Of the others:
//   - ExactlyOnceDelivery: it promises at least once. Setting it would also
//     leave out the tests of closing.
//   - GuaranteedOrderWithSingleSubscriber: the order is guaranteed with many.
//   - RequireSingleInstance: many may subscribe; the last one is given everything.
//   - RestartServiceCommand: there is no service beside the process. What is
//     kept across a restart is this package's own tests'.
//   - ContextPreserved: what is read from a ledger has no context of the one who
//     recorded it.
//   - NewSubscriberReceivesOldMessages: true of another consumer, not of the same
//     one; [TestANewConsumerReceivesOldMessages] runs that test so.
var features = tests.Features{ConsumerGroups: true, GuaranteedOrder: true, Persistent: true}

// recorder is a publisher for the suite, which has messages recorded: each as an
// event on the stream of its topic.
type recorder struct{ eventstore.Store }

func topicStream(topic string) event.StreamID {
	return event.Access(event.DeriveUUID("test-topic", []byte(topic)))
}

type recordedMessage struct {
	UUID     string
	Metadata message.Metadata
	Payload  []byte
}

func (r recorder) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		body, err := json.Marshal(recordedMessage{m.UUID, m.Metadata, m.Payload})
		if err != nil {
			return err
		}
		e := eventstore.Event{ID: event.ID{UUID: event.DeriveUUID("test-message", []byte(topic), []byte(m.UUID))}, Body: body}
		if _, err := r.Append(context.Background(), topicStream(topic), eventstore.AtEnd, []eventstore.Event{e}); err != nil {
			return err
		}
	}
	return nil
}

func (recorder) Close() error { return nil }

// recordedOn makes the message that was recorded on a topic's stream.
func recordedOn(topic string, s eventstore.Stored) (*message.Message, error) {
	if s.Stream != topicStream(topic) {
		return nil, nil
	}
	var r recordedMessage
	if err := json.Unmarshal(s.Body, &r); err != nil {
		return nil, err
	}
	m := message.NewMessage(r.UUID, r.Payload)
	m.Metadata = r.Metadata
	return m, nil
}

// suite is a store, and a keep of its consumers.
type suite struct {
	eventstore.Store
	relay.Keep
	lanes int
}

func (s suite) pubSub(t *testing.T, consumer string) (message.Publisher, message.Subscriber) {
	t.Helper()
	sub := relay.NewSubscriber(relay.SubscriberConfig{
		Store: s.Store, Message: recordedOn, Lanes: s.lanes, Clock: time.Now, After: time.After, Again: time.Millisecond, SaveEvery: time.Millisecond,
		Take: func(ctx context.Context, topic string) (relay.Place, error) {
			return s.Take(ctx, consumer+"/"+topic)
		}})
	t.Cleanup(func() { _ = sub.Close() }) // the suite forgets some
	return recorder{s.Store}, sub
}

func suites(t *testing.T) map[string]suite {
	t.Helper()
	file, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	k, err := keep.OpenRelaySQLite(t.Context(), filepath.Join(t.TempDir(), "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = k.Close(), file.Close() })
	return map[string]suite{
		"memory, in the ledger's order": {memory.New(time.Now), &keep.RelayMemory{}, 1},
		"sqlite, in many lanes":         {file, k, 16},
	}
}

func TestWatermillSuite(t *testing.T) {
	t.Parallel()
	for name, s := range suites(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tests.TestPubSub(t, features,
				func(t *testing.T) (message.Publisher, message.Subscriber) { return s.pubSub(t, "one") },
				func(t *testing.T, group string) (message.Publisher, message.Subscriber) { return s.pubSub(t, group) })
		})
	}
}

func TestANewConsumerReceivesOldMessages(t *testing.T) {
	t.Parallel()
	for name, s := range suites(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claimed := features
			claimed.NewSubscriberReceivesOldMessages = true
			tests.TestNewSubscriberReceivesOldMessages(t, tests.TestContext{TestID: tests.NewTestID(), Features: claimed},
				func(t *testing.T) (message.Publisher, message.Subscriber) { return s.pubSub(t, watermill.NewUUID()) })
		})
	}
}

// Without a choice of its own a subscriber has one topic, of everything; a
// subscription to another one ends, and says why.
func TestTheTopicOfEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.notices(1, 2)
	ended := make(chan error, 1)
	sub := relay.NewSubscriber(relay.SubscriberConfig{Store: w.store, Clock: time.Now, After: time.After,
		Take: func(ctx context.Context, topic string) (relay.Place, error) { return w.keep.Take(ctx, topic) },
		Tell: func(_ string, err error) { ended <- err }})
	messages, err := sub.Subscribe(t.Context(), relay.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for len(seen) < 2 {
		m := <-messages
		s, ok := relay.EventOf(m)
		if !ok || s.ID.String() != m.UUID || string(s.Body) != string(m.Payload) {
			t.Errorf("message %s is of %s, %t", m.UUID, s.ID, ok)
		}
		if s.ID == want[0] || s.ID == want[1] {
			seen[m.UUID] = true
		}
		m.Ack()
	}
	if _, ok := relay.EventOf(message.NewMessage("1", nil)); ok {
		t.Error("a message of nobody's has an event")
	}
	other, err := sub.Subscribe(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	if _, open := <-other; open || <-ended == nil {
		t.Error("another topic has messages")
	}
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-messages; open {
		t.Error("the channel is open after Close")
	}
	if _, err := sub.Subscribe(t.Context(), relay.Ledger); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
}

// A subscription with many lanes takes little memory before it holds anything.
// It measures what this process allocates, so no other test runs beside it.
func TestASubscriptionIsSmall(t *testing.T) {
	w := newWorld(t)
	w.notices(1, 1)
	sub := relay.NewSubscriber(relay.SubscriberConfig{Store: w.store, Clock: time.Now, After: time.After, Lanes: 512,
		Take: func(ctx context.Context, topic string) (relay.Place, error) { return w.keep.Take(ctx, topic) }})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	messages, err := sub.Subscribe(t.Context(), relay.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	<-messages
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
}
