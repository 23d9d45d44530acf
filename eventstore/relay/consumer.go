package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// consumer serves one destination.
type consumer struct {
	*Relay
	Destination
	viewer Viewer
	log    *slog.Logger

	published, retried, parked atomic.Uint64
	down                       atomic.Bool // it did not take the last message that it was given
	// Nothing is held if clear was set to held, which counts what was held, after
	// nothing was found.
	held, clear atomic.Int64
}

func newConsumer(r *Relay, d Destination, v Viewer) *consumer {
	return &consumer{Relay: r, Destination: d, viewer: v, log: r.Log.With("destination", d.Name)}
}

func (c *consumer) counted() Counts {
	return Counts{c.published.Load(), c.retried.Load(), c.parked.Load()}
}

// askEvery is how long a change from outside goes unnoticed: a replay, or that a
// destination was enabled.
const askEvery = 5 * time.Second

// run publishes until ctx ends; its other errors are [ErrFenced] and
// eventstore.ErrClosed.
func (c *consumer) run(ctx context.Context) error {
	for {
		pause := c.Again
		err := c.serve(ctx)
		var f *Failure
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrFenced), errors.Is(err, eventstore.ErrClosed):
			c.log.WarnContext(ctx, "stopped publishing", "error", err)
			return err
		case errors.As(err, &f):
			pause = askEvery // it is disabled
		default:
			c.log.ErrorContext(ctx, "publishing failed; it goes on from its checkpoint", "error", err)
		}
		select {
		case <-c.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serve takes the destination over and publishes to it; a [Failure] says that it
// is disabled.
func (c *consumer) serve(ctx context.Context) error {
	state, err := c.Keep.Consumer(ctx, c.Name)
	if err != nil {
		return err
	}
	if state.Disabled != "" {
		return &Failure{Reason: state.Disabled}
	}
	lease, err := c.Keep.Take(ctx, c.Name)
	if err != nil {
		return err
	}
	c.held.Add(1) // whoever served it before may have left something
	inside, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l := &leased{consumer: c, Lease: lease, stop: stop, wake: make(chan struct{}, 1)}
	router, err := l.router()
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(l.again(inside))
	}()
	failed := router.Run(inside)
	stop(failed)
	<-ended
	return context.Cause(inside)
}

// leased is a consumer with the right to serve its destination.
type leased struct {
	*consumer
	Lease
	stop context.CancelCauseFunc
	wake chan struct{} // holds one when something was held
}

// router is the way of a message: from the ledger to the publisher, or to what
// is held.
func (l *leased) router() (*message.Router, error) {
	log := quiet{watermill.NewSlogLoggerWithLevelMapping(l.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelWarn})}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, log)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	sub := NewSubscriber(SubscriberConfig{
		Store: l.Store, Clock: l.Clock, After: l.After, Lanes: l.Lanes, Window: l.Window, SaveEvery: l.SaveEvery, Again: l.Again,
		Take: func(context.Context, string) (Place, error) { return l.Lease, nil },
		Tell: l.tell,
	})
	h := router.AddConsumerHandler(l.Name, Ledger, sub, l.publish)
	h.AddMiddleware(l.settle, middleware.Recoverer, l.prepare, l.retry())
	return router, nil
}

// closeTimeout is how long the end of what is under way is waited for.
const closeTimeout = 5 * time.Second

// tell hears of the subscription's failures.
func (l *leased) tell(_ string, err error) {
	var other *OtherLedger
	switch {
	case errors.As(err, &other):
		l.log.Warn("the ledger is not the one of the checkpoint; publishing again from the last event they share",
			"checkpoint", uint64(other.From), "from", uint64(other.To))
	case errors.Is(err, ErrFenced), errors.Is(err, eventstore.ErrClosed):
		l.stop(err)
	default:
		l.log.Warn("following the ledger failed; it is tried again", "error", err)
	}
}

const (
	// metaSubject is where prepare leaves what publish needs.
	metaSubject = "subject"
	// metaContentType is the media type, in the metadata that a publisher gets.
	metaContentType = "content-type"
)

// errNoEvent: a message came from elsewhere.
var errNoEvent = errors.New("relay: not a message of the ledger's")

// prepare makes the message of an event, and lets through what the destination
// is told of.
func (l *leased) prepare(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		s, ok := EventOf(m)
		if !ok {
			return nil, errNoEvent
		}
		name, content, err := l.message(m.Context(), s)
		if err != nil || content == nil {
			return nil, err
		}
		if l.held.Load() != l.clear.Load() {
			behind, err := l.Holds(m.Context(), s.Stream.Of)
			if err != nil {
				return nil, err
			}
			if behind {
				return nil, &Failure{Reason: Behind}
			}
		}
		out := message.NewMessageWithContext(m.Context(), m.UUID, content)
		out.Metadata.Set(metaSubject, subject(l.Side, name))
		return next(out)
	}
}

// message is what the destination is told of an event; nil if nothing. An event
// that cannot be read is a [Failure].
func (c *consumer) message(ctx context.Context, s eventstore.Stored) (name string, content []byte, _ error) {
	meta, err := codec.DecodeMeta(s)
	if err != nil {
		return "", nil, &Failure{Reason: Unreadable, Final: true}
	}
	p, known := publicationOf(meta.Type)
	if known && !c.wanted(p) {
		return meta.Type, nil, nil
	}
	e, err := c.viewer.Decode(ctx, s)
	var part Part
	if err == nil {
		part, err = c.viewer.Part(ctx, e)
	}
	if err != nil {
		if c.Broken(err) {
			err = &Failure{Reason: Unreadable, Final: true}
		}
		return meta.Type, nil, err
	}
	if !known || !p.to(c.Side, part, c.Format) {
		return meta.Type, nil, nil
	}
	content, err = c.write(c.Format, noticeOf(e))
	return meta.Type, content, err
}

// wanted reports whether the destination could be told of events of a type.
func (c *consumer) wanted(p publication) bool {
	return (p.to(c.Side, Own, c.Format) || p.to(c.Side, Told, c.Format)) && (c.Types == nil || slices.Contains(c.Types, p.name))
}

// The waits of a destination that is waited for.
const (
	firstWait = 50 * time.Millisecond
	longWait  = 15 * time.Second
)

// retry tries a destination that is waited for again until it takes the message;
// of any other the attempts are kept.
func (l *leased) retry() message.HandlerMiddleware {
	if l.Retries != nil {
		return func(h message.HandlerFunc) message.HandlerFunc { return h }
	}
	return middleware.Retry{
		MaxRetries: 1 << 30, InitialInterval: firstWait, MaxInterval: longWait, Multiplier: 2, ResetContextOnRetry: true,
		ShouldRetry: func(p middleware.RetryParams) bool {
			f := reasonOf(p.Err)
			if f.Final || f.Reason == Gone {
				return false
			}
			l.retried.Add(1)
			if !l.down.Swap(true) {
				l.log.Warn("the destination does not take messages; waiting for it", "reason", string(f.Reason))
			}
			return true
		},
	}.Middleware
}

// publish hands a message to the destination.
func (l *leased) publish(m *message.Message) error {
	return l.send(m.Context(), m.Metadata.Get(metaSubject), m.UUID, m.Payload)
}

// send publishes; its errors are the context's and [Failure]s.
func (c *consumer) send(ctx context.Context, subject, id string, content []byte) error {
	out := message.NewMessageWithContext(ctx, id, content)
	out.Metadata.Set(metaContentType, c.Format.contentType())
	if err := c.Publisher.Publish(subject, out); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return reasonOf(err)
	}
	c.published.Add(1)
	if c.down.Swap(false) {
		c.log.Info("the destination takes messages again")
	}
	return nil
}

// quiet leaves out what Watermill says of every message.
type quiet struct{ watermill.LoggerAdapter }

func (quiet) Debug(string, watermill.LogFields) {}
func (quiet) Trace(string, watermill.LogFields) {}

func (q quiet) With(f watermill.LogFields) watermill.LoggerAdapter {
	return quiet{q.LoggerAdapter.With(f)}
}
