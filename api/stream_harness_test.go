package api

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The tests of the event stream run on time that passes when everybody waits
// (package synctest), but for those of real connections.

// streamBench is a bench whose clock runs.
func streamBench(t *testing.T, change ...func(*Config)) *bench {
	t.Helper()
	began := time.Now()
	return newBench(t, append([]func(*Config){func(c *Config) {
		c.Clock = func() time.Time { return now.Add(time.Since(began)) }
	}}, change...)...)
}

// listener is a client's end of a stream, as the handler sees it.
type listener struct {
	header http.Header
	close  context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	status   int
	text     bytes.Buffer
	stalled  bool // reads nothing
	deadline time.Time
	moved    chan struct{} // closed, and replaced, when the deadline moves
	clock    func() time.Time
}

func (l *listener) Header() http.Header { return l.header }

func (l *listener) WriteHeader(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) Write(b []byte) (int, error) {
	for {
		l.mu.Lock()
		if !l.stalled {
			n, err := l.text.Write(b)
			l.mu.Unlock()
			return n, err
		}
		left, moved := l.deadline.Sub(l.clock()), l.moved
		l.mu.Unlock()
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		select {
		case <-time.After(left):
		case <-moved:
		}
	}
}

func (l *listener) SetWriteDeadline(at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = at
	close(l.moved)
	l.moved = make(chan struct{})
	return nil
}

func (l *listener) FlushError() error { return nil }

func (l *listener) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = true
}

// said is all that was sent, once everything that can happen by itself has.
func (l *listener) said() string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// over reports whether the stream has ended.
func (l *listener) over() bool {
	synctest.Wait()
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// answer is what was answered instead of a stream.
func (l *listener) answer() *httptest.ResponseRecorder {
	<-l.ended
	w := httptest.NewRecorder()
	w.Code = l.status
	maps.Copy(w.Header(), l.header)
	w.Body.WriteString(l.said())
	return w
}

// sent is one event of a stream.
type sent struct {
	id, kind, data string
}

// sentIn parses a stream as a client does (WHATWG HTML, section 9.2.6), and
// returns its last event id too.
func sentIn(t testing.TB, text string) (events []sent, last string) {
	t.Helper()
	if text != "" && !strings.HasSuffix(text, "\n\n") {
		t.Fatalf("the stream stops within an event: %q", text)
	}
	for block := range strings.SplitSeq(text, "\n\n") {
		var e sent
		for line := range strings.SplitSeq(block, "\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "":
			case "id":
				last, e.id = value, value
			case "event":
				e.kind = value
			case "data":
				e.data += value
			case "retry":
			default:
				t.Fatalf("a stream with the field %q", name)
			}
		}
		if e.data != "" {
			events = append(events, e)
		}
	}
	return events, last
}

// listen opens a stream as a role of an organisation. headers are pairs; an
// empty value removes a standard header.
func (b *bench) listen(path, role, org string, headers ...string) *listener {
	b.t.Helper()
	return b.listenWith(tokenFor(b.t, role, org), path, headers...)
}

func (b *bench) listenWith(token, path string, headers ...string) *listener {
	b.t.Helper()
	ctx, done := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	l := &listener{header: http.Header{}, close: done, ended: make(chan struct{}), moved: make(chan struct{}), clock: b.api.config.Clock}
	go func() {
		defer close(l.ended)
		b.api.ServeHTTP(l, r)
	}()
	b.t.Cleanup(func() {
		done()
		<-l.ended
	})
	return l
}

const streamPath = "/api/v1/stream"

// listed is the whole feed as the list gives it, entry by entry.
func (b *bench) listed(query, role, org string) (entries []string) {
	b.t.Helper()
	w := b.askOf("GET", "/api/v1/events?limit=500"+query, role, org, "")
	want(b.t, w, http.StatusOK, "")
	var page struct {
		Data []jsontext.Value `json:"data"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		b.t.Fatal(err)
	}
	for _, e := range page.Data {
		entries = append(entries, string(e))
	}
	return entries
}

func (b *bench) lastID(l *listener) string {
	_, last := sentIn(b.t, l.said())
	return last
}

func count(t testing.TB, l *listener) int {
	t.Helper()
	events, _ := sentIn(t, l.said())
	return len(events)
}

// pass lets time pass: all at once, in these tests.
func pass(d time.Duration) { <-time.After(d) }
