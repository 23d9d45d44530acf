package api

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"caseledger/domain/event"
)

// request is what is known of one request from the moment it comes in. Only
// the goroutine that serves it touches it.
type request struct {
	id          event.UUID // the client's X-Request-Id, or ours
	correlation event.UUID
	trace       string // 32 hexadecimal digits
	operation   string
	code        string         // of the refusal; empty if there was none
	caller      Caller         // zero until the token is verified
	person      event.UUID     // zero where there is none
	stream      event.StreamID // one that is not a case; zero where there is none
	begun       func()         // no longer one of those that are worked on: a stream was opened
	ended       string         // why an event stream ended; empty of other requests
	entries     int            // that an event stream sent
}

type requestKey struct{}

// requestOf returns the request of a context; an empty one outside of any.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// randomness hands out identifiers from a reader that may not be safe for use
// by several at once.
type randomness struct {
	mu     sync.Mutex
	source io.Reader
}

// uuid draws a UUIDv4 (RFC 9562 section 5.4).
func (r *randomness) uuid() event.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var u event.UUID
	if _, err := io.ReadFull(r.source, u[:]); err != nil {
		panic("api: no randomness: " + err.Error())
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// newRequest takes over the identifiers that came in. What does not have an
// identifier's form is replaced, because it might be anything.
func (a *API) newRequest(r *http.Request) *request {
	own := a.random.uuid()
	q := &request{id: own, trace: hex.EncodeToString(own[:])}
	if id, err := event.ParseUUID(r.Header.Get("X-Request-Id")); err == nil && !id.IsZero() {
		q.id = id
	}
	q.correlation = q.id
	if id, err := event.ParseUUID(r.Header.Get("X-Correlation-Id")); err == nil && !id.IsZero() {
		q.correlation = id
	}
	if m := traceparent.FindStringSubmatch(r.Header.Get("traceparent")); m != nil &&
		strings.Trim(m[1], "0") != "" && strings.Trim(m[2], "0") != "" {
		q.trace = m[1]
	}
	return q
}

// recordingWriter knows what was answered.
type recordingWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (w *recordingWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach what is wrapped.
func (w *recordingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outermost gives every request its identifiers, headers, time limit, one log
// record and a place in the figures, and turns a panic into a problem.
//
// There is no protection against cross-site requests, because there is
// nothing to protect: no operation looks at cookies or at any credential that
// a browser adds by itself.
func (a *API) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.config.Clock()
		q := a.newRequest(r)
		rw := &recordingWriter{ResponseWriter: w}
		h := rw.Header()
		h.Set("X-Request-Id", q.id.String())
		h.Set("X-Correlation-Id", q.correlation.String())
		h.Set("traceparent", "00-"+q.trace+"-"+hex.EncodeToString(q.id[8:])+"-00")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if integrity := a.integrity(); integrity != "" {
			h.Set("X-Ledger-Integrity", integrity)
		}
		ctx := context.WithValue(r.Context(), requestKey{}, q)
		if !lasting[r.Method+" "+r.URL.Path] {
			limited, cancel := context.WithTimeout(ctx, a.config.Limits.Request)
			defer cancel()
			ctx = limited
		}
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler { //nolint:errorlint // the server compares it so
					panic(cause)
				}
				// The value of a panic may hold anything; its stack holds none.
				a.config.Log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("trace", q.trace), slog.String("stack", string(debug.Stack())))
				q.code = "internal-error"
				if rw.status == 0 {
					problemOf(errPanic, q).write(rw)
				}
			}
			a.finish(ctx, q, rw, r.Method, a.config.Clock().Sub(started))
		}()
		a.metrics.inFlight.Inc()
		defer a.metrics.inFlight.Dec()
		next.ServeHTTP(rw, r.WithContext(ctx))
	})
}

// finish leaves the request's one log record. The path is never in it: a
// client may have put anything there.
func (a *API) finish(ctx context.Context, q *request, w *recordingWriter, method string, took time.Duration) {
	operation := q.operation
	if operation == "" {
		operation = "none"
	}
	a.metrics.observe(operation, w.status, q.code, took)
	level := slog.LevelInfo
	if w.status >= 500 {
		level = slog.LevelError
	}
	attributes := []slog.Attr{
		slog.String("operation", operation), slog.Int("status", w.status), slog.Duration("took", took), slog.Int("bytes", w.bytes),
		slog.String("request", q.id.String()), slog.String("correlation", q.correlation.String()), slog.String("trace", q.trace),
	}
	if method == http.MethodGet || method == http.MethodPost {
		attributes = append(attributes, slog.String("method", method))
	}
	if q.code != "" {
		attributes = append(attributes, slog.String("code", q.code))
	}
	if q.ended != "" {
		attributes = append(attributes, slog.String("ended", q.ended), slog.Int("entries", q.entries))
	}
	if !q.caller.Actor.ID.IsZero() {
		attributes = append(attributes, slog.String("actor", q.caller.Actor.ID.String()), slog.String("role", string(q.caller.Actor.Role)),
			slog.String("organisation", q.caller.Actor.Org.String()), slog.String("session", q.caller.Session.String()))
	}
	if !q.person.IsZero() {
		attributes = append(attributes, slog.String("person", q.person.String()))
	}
	if q.stream != (event.StreamID{}) {
		attributes = append(attributes, slog.String("stream", q.stream.String()))
	}
	a.config.Log.LogAttrs(ctx, level, "request", attributes...)
}

// fail answers with the problem that an error is, and logs a cause that is
// ours.
func (a *API) fail(ctx context.Context, w http.ResponseWriter, err error) {
	a.blame(ctx, err).write(w)
}

// blame makes the problem that an error is, for the request's log record, and
// logs a cause that is ours.
func (a *API) blame(ctx context.Context, err error) *Problem {
	q := requestOf(ctx)
	p := problemOf(err, q)
	q.code = p.ErrorCode
	if p.Status >= 500 {
		a.config.Log.LogAttrs(ctx, slog.LevelError, "failure", slog.String("code", p.ErrorCode), slog.String("trace", q.trace), slog.Any("cause", err))
	}
	return p
}

// inFlight limits how much is worked on at a time, in all and for each
// session.
type inFlight struct {
	mu       sync.Mutex
	total    int
	sessions map[event.UUID]int
}

// enter takes a place; false if there is none.
func (f *inFlight) enter(limit int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.total >= limit {
		return false
	}
	f.total++
	return true
}

func (f *inFlight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total--
}

// enterSession takes one of a session's places; false if it has none left.
func (f *inFlight) enterSession(s event.UUID, limit int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sessions[s] >= limit {
		return false
	}
	f.sessions[s]++
	return true
}

func (f *inFlight) leaveSession(s event.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sessions[s]--; f.sessions[s] <= 0 {
		delete(f.sessions, s)
	}
}

// notFound and notAllowed answer what the router has no route for.
func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	a.fail(r.Context(), w, errNoResource)
}

func (a *API) notAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if a.router.Match(chi.NewRouteContext(), method, r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.fail(r.Context(), w, errMethod)
}
