package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Ledger is the topic of everything that is recorded.
const Ledger = "ledger"

// SubscriberConfig is what a subscriber is made of. Store, Take, Clock and After
// are required.
type SubscriberConfig struct {
	Store eventstore.Store
	// Take takes the consumer's place for a topic over, at each Subscribe.
	Take  func(ctx context.Context, topic string) (Place, error)
	Clock func() time.Time
	After func(time.Duration) <-chan time.Time

	// Message makes the message of an event for a topic; nil if the event is
	// none of the topic's. An error ends the subscription. nil: [Message].
	Message func(topic string, s eventstore.Stored) (*message.Message, error)
	// Lanes is the most messages that wait for their acknowledgement at the same
	// time, each of another stream; 0 means 1, which is the order of the ledger.
	Lanes int
	// Window is the most events held, or known to be acknowledged, beyond the
	// first that is not; 0 means 8,192. One message that stays unacknowledged stops
	// the subscription after that many, or after 32 MiB that wait.
	Window int
	// SaveEvery is the shortest time between two writes of the checkpoint; 0
	// means 50 ms. That much is published again after a crash.
	SaveEvery time.Duration
	// Again is how long after a nack, or a failure of the store or of the
	// checkpoint's, it is tried again; 0 means one second.
	Again time.Duration
	// Tell, if not nil, is told of every failure that is tried again, of a way
	// back ([*OtherLedger]), and why a subscription ended, if not by its context or
	// Close.
	Tell func(topic string, err error)
}

// checkEvery is how long nobody looks whether the ledger is still the same one
// while nothing is recorded, and confirmEvery how long a consumer takes for
// granted that it was not taken over.
const (
	checkEvery   = 5 * time.Second
	confirmEvery = time.Second
)

// Subscriber is the store as a [message.Subscriber]: a topic is a choice of the
// ledger's events, in its order, from the consumer's checkpoint on.
//
// A message is given once more after a nack, and after a stop unless its
// acknowledgement was written down. The context of a message ends with it.
type Subscriber struct {
	SubscriberConfig

	mu      sync.Mutex
	closed  bool
	closing context.Context
	close   context.CancelFunc
	running sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber.
func NewSubscriber(c SubscriberConfig) *Subscriber {
	if c.Message == nil {
		c.Message = Message
	}
	c.Lanes = max(c.Lanes, 1)
	if c.Window < 1 {
		c.Window = 8192
	}
	if c.SaveEvery <= 0 {
		c.SaveEvery = 50 * time.Millisecond
	}
	if c.Again <= 0 {
		c.Again = time.Second
	}
	if c.Tell == nil {
		c.Tell = func(string, error) {}
	}
	closing, stop := context.WithCancel(context.Background())
	return &Subscriber{SubscriberConfig: c, closing: closing, close: stop}
}

// Message is the message of every event of [Ledger]: its UUID is the event's id
// and its payload the stored body, sealed boxes included. It is for this process
// and never for others.
func Message(topic string, s eventstore.Stored) (*message.Message, error) {
	if topic != Ledger {
		return nil, errors.New("relay: no such topic")
	}
	return message.NewMessage(s.ID.String(), s.Body), nil
}

type eventKey struct{}

// EventOf is the event that a message of a subscriber was made of, whose context
// carries it; false for any other message.
func EventOf(m *message.Message) (eventstore.Stored, bool) {
	s, ok := m.Context().Value(eventKey{}).(eventstore.Stored)
	return s, ok
}

// ErrClosed: the subscriber was closed.
var ErrClosed = errors.New("relay: closed")

// Subscribe implements [message.Subscriber]. The channel closes when ctx ends,
// on Close, when the store was closed, and when the consumer was taken over.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	place, err := s.Take(ctx, topic)
	if err != nil {
		return nil, err
	}
	sub := &subscription{Subscriber: s, topic: topic, place: place, out: make(chan *message.Message)}
	s.running.Go(func() {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(s.closing, stop)()
		err := sub.run(ctx)
		close(sub.out)
		if ctx.Err() == nil {
			s.Tell(topic, err)
		}
	})
	return sub.out, nil
}

// Close implements [message.Subscriber]: it ends every subscription and writes
// down what was acknowledged.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.close()
	s.running.Wait()
	return nil
}

// OtherLedger: the ledger does not hold the event at a checkpoint, and the
// consumer goes on from an earlier one.
type OtherLedger struct{ From, To event.Position }

func (*OtherLedger) Error() string {
	return "relay: the ledger is not the one the checkpoint is of; going on from the last event they share"
}
