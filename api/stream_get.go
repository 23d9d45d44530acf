package api

import (
	"context"
	"errors"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// The event stream is the feed as Server-Sent Events (WHATWG HTML, section 9.2).
// Each entry is one event, whose id is the cursor after it; a client that comes
// back with the last one it saw gets every later entry, in order, at least once.

var streamEvents = operation[Entry]{
	ID: "stream-events", Method: http.MethodGet, Path: prefix + "/stream",
	Summary: "The ledger's entries as they are recorded, as Server-Sent Events, as far as the caller's side may see them",
	Action:  "event.list", Audit: access.ReadList, View: "events", Also: []int{http.StatusGone},
	Query: []parameter{
		{Name: "after", Type: "string", Doc: "where to begin: the page.next of a list of events, or the id of an event; left out, from the beginning. Last-Event-ID prevails"},
		typeParameter,
		{Name: "person", Type: "string", Format: "uuid", Doc: "only entries about this person"},
	},
}

// lasting are the routes that answer for longer than a request may take, with
// limits of their own.
var lasting = map[string]bool{http.MethodGet + " " + streamEvents.Path: true}

// streamBatch is how many entries are looked at, put on the record and sent at a
// time: all that a stream holds in memory.
const streamBatch = 200

// endingWrite is how long a client may take for what is sent to it when the
// server stops.
const endingWrite = time.Second

// Why a stream ended, for the log.
const (
	clientGone   = "client-gone"
	lifetimeOver = "lifetime"
	shuttingDown = "shutdown"
	slowConsumer = "slow-consumer"
	turnedAway   = "refused" // the record's code says why
)

func streamRoute(a *API) route {
	o := streamEvents
	r := bind(a, o)
	r.document = func(registry huma.Registry) *huma.Operation { return documentStream(registry, o, r.roles) }
	r.serve = func(w http.ResponseWriter, q *http.Request, h huma.Context) {
		if err := a.serveStream(r.roles, w, q, h); err != nil {
			a.fail(q.Context(), w, err)
		}
	}
	return r
}

// stream is one open stream. Only the goroutine that serves it touches it, but
// for end.
type stream struct {
	*call
	allowed []event.Role
	w       http.ResponseWriter
	control *http.ResponseController
	query   FeedQuery
	told    Place // what the client's Last-Event-ID stands for
	broken  bool  // something could not be sent
	stop    context.CancelCauseFunc

	mu     sync.Mutex
	ending bool
}

var errEnding = errors.New("api: the server stops")

// end ends the stream soon, whatever it is doing.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	s.stop(errEnding)
	_ = s.control.SetWriteDeadline(s.api.config.Clock().Add(endingWrite)) // what cannot be sent by then is not
}

// serveStream opens a stream and serves it to its end. An error is what is to be
// answered instead: nothing has been sent then.
func (a *API) serveStream(allowed []event.Role, w http.ResponseWriter, r *http.Request, h huma.Context) error {
	whole, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	step, done := context.WithTimeout(whole, a.config.Limits.Request)
	defer done()
	c, leave, err := a.admit(r.WithContext(step), h, allowed)
	if err != nil {
		return err
	}
	leave() // a stream is counted as one, below
	if err := c.readQuery(streamEvents.Query); err != nil {
		return err
	}
	if c.purpose == "" {
		return errNoPurpose
	}
	s := &stream{call: c, allowed: allowed, w: w, control: http.NewResponseController(w), stop: stop}
	if s.query, err = c.feedQuery(); err != nil {
		return err
	}
	if err := s.resume(); err != nil {
		return err
	}
	if err := a.streams.enter(s, a.config.Limits.Streams); err != nil {
		return err
	}
	defer a.streams.leave(s)
	a.metrics.streams.Inc()
	defer a.metrics.streams.Dec()
	if c.view, err = a.config.Views.For(c.caller); err != nil {
		return err
	}
	if err := c.await(); err != nil {
		return err
	}
	first, more, err := s.next(step, true)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // proxies pass each event on at once
	w.WriteHeader(http.StatusOK)
	q := requestOf(r.Context())
	q.begun() // from here on it counts as a stream, not as a request
	q.ended = s.serve(whole, first, more)
	return nil
}

// resume reads where the client wants to go on.
func (s *stream) resume() error {
	s.query.Limit = streamBatch
	if given := s.http.Header.Values("Last-Event-ID"); len(given) > 0 {
		after, ok := s.api.tokens.readPlace(s.caller, given[0])
		if len(given) > 1 || !ok {
			return fault.New(fault.Invalid, "cursor-invalid", "Last-Event-ID is no cursor that this caller was given")
		}
		s.query.After = after
	}
	s.told = s.query.After
	return nil
}

// serve sends entries until the stream ends and says why it did.
func (s *stream) serve(ctx context.Context, first []byte, more bool) (why string) {
	limits, after := s.api.config.Limits.Streams, s.api.config.After
	defer func() {
		if cause := context.Cause(ctx); errors.Is(cause, errEnding) {
			why = shuttingDown
		}
		if !s.broken && (why == lifetimeOver || why == shuttingDown) {
			_ = s.send(s.farewell())
		}
	}()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer s.stop(nil)
	var moved chan error // of the one wait under way
	if err := s.send(append([]byte(":\n\n"), first...)); err != nil {
		return whyUnsent(err)
	}
	lifetime, beat := after(limits.Lifetime), after(limits.Heartbeat)
	var pause <-chan time.Time // until when nothing is read, so that entries gather
	for ready := more; ; {
		if !ready && moved == nil {
			moved = make(chan error, 1)
			ends, from := moved, s.query.After.Position
			waiting.Go(func() { ends <- s.api.config.Feed.Wait(ctx, from) })
		}
		var proceed chan struct{}
		if ready && pause == nil {
			proceed = closed
		}
		var err error
		select {
		case <-ctx.Done():
			return clientGone
		case <-lifetime:
			return lifetimeOver
		case <-pause:
			pause = nil
		case err = <-moved:
			ready, moved = true, nil
		case <-beat:
			if err = s.stillAdmitted(ctx); err == nil {
				err = s.send(s.heartbeat())
			}
			beat = after(limits.Heartbeat)
		case <-proceed:
			if ready, err = s.forward(ctx); !ready {
				pause = after(limits.Pause)
			}
		}
		if err != nil {
			return s.whyFailed(ctx, err)
		}
	}
}

// closed is ready at any time.
var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// forward sends the next entries; more says that there are others at once.
func (s *stream) forward(ctx context.Context) (more bool, err error) {
	step, done := context.WithTimeout(ctx, s.api.config.Limits.Request)
	defer done()
	text, more, err := s.next(step, false)
	if fault.Is(err, "view-behind") {
		return true, nil // the feed has waited for it, and does so again
	}
	if err != nil || len(text) == 0 {
		return more, err
	}
	return more, s.send(text)
}

// next reads the next entries and puts the look at them on the record. Who the
// caller is and what they may see is asked anew each time. The first look is
// recorded also where it saw nothing: that it was asked for is on the record.
func (s *stream) next(ctx context.Context, first bool) (text []byte, more bool, err error) {
	if err := s.stillAdmitted(ctx); err != nil {
		return nil, false, err
	}
	s.call.ctx, s.now = ctx, s.api.config.Clock().UTC()
	page, err := s.api.config.Feed.Events(ctx, s.caller, s.query)
	if err != nil {
		return nil, false, err
	}
	subjects := s.dressAll(page.Entries)
	for _, e := range page.Entries {
		if text, err = s.appendEntry(text, e); err != nil {
			return nil, false, err
		}
	}
	if first || len(page.Entries) > 0 {
		look := s.look
		look.View, look.Class, look.Items, look.Bytes = streamEvents.View, streamEvents.Audit, len(page.Entries), len(text)
		look.Subjects = distinct(subjects)
		if err := s.api.record(s.call, look); err != nil {
			return nil, false, err
		}
	}
	if n := len(page.Entries); n > 0 {
		s.told = placeOfEntry(page.Entries[n-1])
		requestOf(ctx).entries += n
	}
	s.query.After = page.Reached
	return text, page.More, nil
}

// stillAdmitted reports whether the caller's token, role and organisation still
// let them in, as the same caller.
func (s *stream) stillAdmitted(ctx context.Context) error {
	caller, _, err := s.api.identify(ctx, s.http.Header.Values("Authorization"))
	switch {
	case err != nil:
		return err
	case caller != s.caller:
		return errToken
	case !slices.Contains(s.allowed, caller.Actor.Role):
		return errRole
	}
	_, err = s.api.config.Views.For(caller)
	return err
}

func placeOfEntry(e Entry) Place { return PlaceOf(e.Position, e.Event) }

// appendEntry appends an entry as one event: the same JSON as in a list, and the
// cursor after it.
func (s *stream) appendEntry(text []byte, e Entry) ([]byte, error) {
	data, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	text = s.appendID(text, placeOfEntry(e))
	text = append(text, "event: entry\ndata: "...)
	text = append(text, data...)
	return append(text, "\n\n"...), nil
}

func (s *stream) appendID(text []byte, at Place) []byte {
	text = append(text, "id: "...)
	text = append(text, s.api.tokens.showPlace(s.caller, at)...)
	return append(text, '\n')
}

// heartbeat is a comment. Where the ledger went on with nothing for the caller it
// moves their Last-Event-ID on, so that they need not read past that again; only
// here, so that it does not tell when.
func (s *stream) heartbeat() []byte { return append(s.appendMoved(nil), ":\n\n"...) }

// farewell asks the client to come back, each after another while.
func (s *stream) farewell() []byte {
	text := append(s.appendMoved(nil), "retry: "...)
	text = strconv.AppendInt(text, 1000+16*int64(s.api.random.uuid()[0]), 10)
	return append(text, "\n\n"...)
}

func (s *stream) appendMoved(text []byte) []byte {
	if s.told != s.query.After {
		s.told = s.query.After
		text = s.appendID(text, s.told)
	}
	return text
}

// unsent is a failure to send to the client.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// send writes and flushes, within the time that one write may take.
func (s *stream) send(text []byte) error {
	s.mu.Lock() // the server's own deadline is for requests that end: each write has its own
	until := s.api.config.Clock().Add(s.api.config.Limits.Streams.Write)
	if s.ending {
		until = s.api.config.Clock().Add(endingWrite)
	}
	err := s.control.SetWriteDeadline(until)
	s.mu.Unlock()
	if err == nil {
		_, err = s.w.Write(text)
	}
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		s.broken = true
		return unsent{err}
	}
	return nil
}

func whyUnsent(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return slowConsumer
	}
	return clientGone
}

// whyFailed says why a stream ends on an error, and logs one that is ours.
func (s *stream) whyFailed(ctx context.Context, err error) string {
	var u unsent
	switch {
	case errors.As(err, &u):
		return whyUnsent(err)
	case ctx.Err() != nil:
		return clientGone
	}
	_ = s.api.blame(ctx, err) // it is too late to answer with it
	return turnedAway
}

func documentStream(r huma.Registry, o operation[Entry], allowed []event.Role) *huma.Operation {
	op := documentRead(r, o, allowed)
	op.Description += " Each event has the type entry, a list's entry as its data, and the cursor after it as its id; a stream that was resumed " +
		"with Last-Event-ID goes on after that entry. Entries come in the ledger's order, at least once. An id without data moves the cursor on " +
		"past what is not for the caller. The stream ends after 15 minutes, when the token expires, when the client reads too slowly and when the " +
		"server stops: come back with the last id."
	op.Parameters = append(op.Parameters, headerParameter("Last-Event-ID", false, tokenSchema, "the id of the last event received"))
	op.Responses["200"] = &huma.Response{Description: "a stream of entries",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: r.Schema(reflect.TypeFor[Entry](), true, "")}}}
	return op
}
