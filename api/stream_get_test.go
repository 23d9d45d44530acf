package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// A client that goes away after every so many entries and comes back with the
// last id it has sees every entry once and in order, as the list gives them.
func TestAStreamResumesWhereItsClientLeft(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 2, 3, 7, 100, streamBatch + 1} {
		synctest.Test(t, func(t *testing.T) {
			b := streamBench(t)
			b.feed.add(streamBatch, "consent.granted")
			for _, p := range []event.Position{1, 4, 5, 11} {
				b.feed.hidden[p] = true
			}
			whole := b.listed("", "HUB_CLIN", "HUB")
			var got []string
			id := ""
			for range len(whole)/every + 1 {
				headers := []string{}
				if id != "" {
					headers = []string{"Last-Event-ID", id}
				}
				l := b.listen(streamPath, "HUB_CLIN", "HUB", headers...)
				events, _ := sentIn(t, l.said())
				l.close()
				for _, e := range events[:min(every, len(events))] {
					if e.kind != "entry" {
						t.Fatalf("an event of the kind %q", e.kind)
					}
					got, id = append(got, e.data), e.id
				}
			}
			if !slices.Equal(got, whole) {
				t.Errorf("leaving after every %d, %d entries are read of %d, or in another order", every, len(got), len(whole))
			}
		})
	}
}

// The first entry after a quiet while is sent at once; then entries gather, and
// what is filtered out is not sent.
func TestAStreamSendsWhatIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		all := b.listen(streamPath, "HUB_CLIN", "HUB")
		some := b.listen(streamPath+"?type=consent.granted&after="+b.lastID(all), "HUB_CLIN", "HUB")
		check := func(when string, one, other int) {
			t.Helper()
			if a, s := count(t, all)-10, count(t, some); a != one || s != other {
				t.Errorf("%s, %d entries are sent to one and %d to the other, want %d and %d", when, a, s, one, other)
			}
		}
		check("to begin with", 0, 0)
		b.feed.add(1, "consent.granted")
		check("at once", 1, 1)
		b.feed.add(1, "consent.granted")
		pass(time.Second - time.Millisecond)
		check("within the pause", 1, 1)
		pass(time.Millisecond)
		check("after it", 2, 2)
		pass(5 * time.Second)
		b.feed.add(1, "person.registered")
		check("after a quiet while", 3, 2)
		b.feed.add(2*streamBatch+1, "consent.granted")
		pass(time.Second)
		check("many at a time", 2*streamBatch+4, 2*streamBatch+3)
	})
}

// A heartbeat comes every 15 seconds. What was recorded for others shows only
// there, as a cursor that moved on past it.
func TestAHeartbeatMovesTheCursorOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		l := b.listen(streamPath, "HUB_CLIN", "HUB")
		before := b.lastID(l)
		b.feed.change(func(f *fakeFeed) {
			for p := event.Position(11); p <= 40; p++ {
				f.hidden[p] = true
			}
		})
		start := len(l.said())
		b.feed.add(30, "consent.granted")
		pass(14 * time.Second)
		if text := l.said()[start:]; text != "" {
			t.Errorf("before the heartbeat is sent %q", text)
		}
		pass(time.Second)
		first := l.said()[start:]
		if id, ok := strings.CutPrefix(first, "id: "); !ok || !strings.HasSuffix(id, "\n:\n\n") || b.lastID(l) == before {
			t.Fatalf("the heartbeat is %q, want a cursor that moved on and a comment", first)
		}
		pass(15 * time.Second)
		if second := strings.TrimPrefix(l.said()[start:], first); second != ":\n\n" {
			t.Errorf("where nothing happened the heartbeat is %q, want a comment", second)
		}
		again := b.listen(streamPath, "HUB_CLIN", "HUB", "Last-Event-ID", b.lastID(l))
		b.feed.add(1, "consent.granted")
		pass(time.Second)
		if n := count(t, again); n != 1 {
			t.Errorf("resumed after it, %d entries are sent, want the one that is new", n)
		}
	})
}

func TestAStreamLastsAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		l := b.listen(streamPath, "HUB_CLIN", "HUB")
		pass(15*time.Minute - time.Second)
		if l.over() {
			t.Fatal("the stream ended early")
		}
		pass(time.Second)
		if !l.over() {
			t.Fatal("the stream did not end")
		}
		if text := l.said(); !strings.Contains(text[strings.LastIndex(text, ":\n\n"):], "retry: ") || !strings.HasSuffix(text, "\n\n") {
			t.Errorf("the stream ends with %q", text[max(0, len(text)-80):])
		}
		b.ends("lifetime", "")
	})
}

// ends checks the log's only record of a stream, without a code or with one.
func (b *bench) ends(why, code string) {
	b.t.Helper()
	synctest.Wait()
	var records []string
	for line := range strings.Lines(b.log.String()) {
		if strings.Contains(line, `"operation":"stream-events"`) {
			records = append(records, line)
		}
	}
	if len(records) != 1 || !strings.Contains(records[0], `"ended":"`+why+`"`) || !strings.Contains(records[0], `"status":200`) ||
		strings.Contains(records[0], `"code":`) != (code != "") || code != "" && !strings.Contains(records[0], `"code":"`+code+`"`) {
		b.t.Errorf("the log has %q, want one record of a stream that ended by %s %s", records, why, code)
	}
}

// A stream outlives neither its token nor what its caller may do, and nothing
// that was recorded meanwhile is sent.
func TestAStreamEndsWithItsPermission(t *testing.T) {
	t.Parallel()
	denied := fault.New(fault.Denied, "no-view-for-side", "nothing is kept here for your side")
	for name, c := range map[string]struct {
		change func(*bench, *closing)
		code   string
	}{
		"the token expires":         {func(*bench, *closing) { pass(3 * time.Minute) }, "token-expired"},
		"the side's view is closed": {func(_ *bench, v *closing) { v.close(denied) }, "no-view-for-side"},
		"the feed is closed":        {func(b *bench, _ *closing) { b.feed.change(func(f *fakeFeed) { f.err = denied }) }, "no-view-for-side"},
		"looks cannot be recorded":  {func(b *bench, _ *closing) { b.looks.fail() }, "access-log-unavailable"},
		"the ledger cannot be read": {func(b *bench, _ *closing) {
			b.feed.change(func(f *fakeFeed) { f.err = errors.New("page 17 is damaged") })
		}, "internal-error"},
		"an older ledger was restored": {func(b *bench, _ *closing) {
			b.feed.change(func(f *fakeFeed) { f.err = fault.New(fault.Invalid, "cursor-not-in-ledger", "gone") })
		}, "cursor-not-in-ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				views := &closing{}
				b := streamBench(t, func(config *Config) { views.Views, config.Views = config.Views, views })
				token := sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), "exp", now.Add(time.Minute).Unix()))
				l := b.listenWith(token, streamPath)
				if n := count(t, l); n != 10 {
					t.Fatalf("%d entries are sent, want 10", n)
				}
				c.change(b, views)
				b.feed.add(1, "consent.granted")
				pass(time.Second)
				if !l.over() {
					t.Fatal("the stream goes on")
				}
				if n := count(t, l); n != 10 {
					t.Errorf("%d entries are sent, want the 10 of before", n)
				}
				b.ends("refused", c.code)
				if strings.Contains(l.said(), "damaged") {
					t.Error("the cause is told")
				}
			})
		})
	}
}

// closing is Views that can be closed.
type closing struct {
	Views
	mu  sync.Mutex
	err error
}

func (c *closing) close(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *closing) For(caller Caller) (View, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	return c.Views.For(caller)
}

// An entry that is withdrawn from the caller before it was sent is not sent.
func TestAStreamOmitsWhatIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		l := b.listen(streamPath, "HUB_CLIN", "HUB")
		count(t, l)
		b.feed.add(2, "consent.granted")
		b.feed.change(func(f *fakeFeed) { f.hidden[11] = true })
		pass(time.Second)
		if n := count(t, l); n != 11 {
			t.Errorf("%d entries are sent, want 11", n)
		}
	})
}

func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t, func(c *Config) { c.Limits.Streams.InAll, c.Limits.InFlight = 5, 1 })
		var own []*listener
		for range 3 {
			l := b.listen(streamPath, "HUB_CLIN", "HUB")
			count(t, l)
			own = append(own, l)
		}
		full := func(l *listener, status int, code string) {
			t.Helper()
			w := l.answer()
			want(t, w, status, code)
			if got := w.Header().Get("Retry-After"); got != "5" {
				t.Errorf("Retry-After: %q, want 5", got)
			}
		}
		full(b.listen(streamPath, "HUB_CLIN", "HUB"), http.StatusTooManyRequests, "too-many-streams")
		for _, role := range []string{"HUB_NURSE", "GP"} {
			if l := b.listen(streamPath, role, "HUB"); count(t, l) != 10 {
				t.Errorf("another principal gets %q", l.said())
			}
		}
		full(b.listen(streamPath, "NAVIGATOR", "HUB"), http.StatusServiceUnavailable, "too-busy")
		own[0].close()
		<-own[0].ended
		if l := b.listen(streamPath, "HUB_CLIN", "HUB"); count(t, l) != 10 {
			t.Errorf("once a place is free, the answer is %q", l.said())
		}
		// Streams take no place of a request.
		want(t, b.ask("GET", "/api/v1/events", "HUB_CLIN", ""), http.StatusOK, "")
	})
}

// A client that does not read is dropped after 10 seconds; nobody waits for it.
func TestASlowConsumerIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		slow, quick := b.listen(streamPath, "HUB_CLIN", "HUB"), b.listen(streamPath, "HUB_NURSE", "HUB")
		count(t, slow)
		slow.stall()
		b.feed.add(1000, "consent.granted") // returns: nobody is waited for
		pass(time.Second)
		if n := count(t, quick); n != 1010 {
			t.Errorf("beside a slow one, %d entries are sent, want 1010", n)
		}
		if slow.over() {
			t.Error("a slow one is dropped at once")
		}
		pass(10 * time.Second)
		if !slow.over() {
			t.Error("a slow one is not dropped")
		}
		quick.close()
		<-quick.ended
		if log := b.log.String(); !strings.Contains(log, `"ended":"slow-consumer"`) || !strings.Contains(log, `"ended":"client-gone","entries":1010`) {
			t.Errorf("the log: %s", log)
		}
		pass(20 * time.Second)
		if looks := len(b.looks.all()); looks > 9 {
			t.Errorf("%d looks: entries are read for who does not take them", looks)
		}
	})
}

// A server that stops ends its streams at once, also one that is sending to a
// client that does not read.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		reads, stalls := b.listen(streamPath, "HUB_CLIN", "HUB"), b.listen(streamPath, "HUB_NURSE", "HUB")
		count(t, reads)
		stalls.stall()
		b.feed.add(5, "consent.granted")
		pass(2 * time.Second)
		began := time.Now()
		b.api.EndStreams()
		<-reads.ended
		if took := time.Since(began); took != 0 || !strings.Contains(reads.said(), "retry: ") {
			t.Errorf("ended after %v with %q", took, reads.said())
		}
		if n := count(t, reads); n != 15 {
			t.Errorf("%d entries were sent, want 15", n)
		}
		<-stalls.ended
		if took := time.Since(began); took > endingWrite {
			t.Errorf("who does not read holds the server up for %v", took)
		}
		want(t, b.listen(streamPath, "HUB_CLIN", "HUB").answer(), http.StatusServiceUnavailable, "too-busy")
		if got := strings.Count(b.log.String(), `"ended":"shutdown"`); got != 2 {
			t.Errorf("%d streams ended by the shutdown, want 2:\n%s", got, b.log)
		}
	})
}

// Each batch is on the record before it leaves, with whom it names, and the
// opening also where it showed nothing.
func TestEveryBatchIsOnTheRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		l := b.listen(streamPath+"?type=consent.granted", "HUB_CLIN", "HUB", "X-Access-Reason", "invented")
		count(t, l)
		b.feed.add(3, "person.registered") // for nobody here: no look
		pass(2 * time.Second)
		b.feed.add(2, "consent.granted")
		pass(2 * time.Second)
		looks := b.looks.all()
		if len(looks) != 2 {
			t.Fatalf("%d looks, want the opening's and one more: %+v", len(looks), looks)
		}
		for i, look := range looks {
			if look.Data.View != "events" || look.Data.Class != "READ_LIST" || look.Purpose != "DIRECT_CARE" || look.ID.IsZero() || look.Data.Reason == (event.Personal[string]{}) {
				t.Errorf("look %d: %+v", i, look)
			}
		}
		if first := looks[0].Data; first.Items != 0 || len(first.Subjects) != 0 {
			t.Errorf("the opening showed %+v", first)
		}
		if second := looks[1]; second.Data.Items != 2 || !slices.Equal(second.Data.Subjects, []event.UUID{person1}) || second.Data.Bytes == 0 || !second.At.After(looks[0].At) {
			t.Errorf("the second look: %+v", second)
		}
		b.looks.fail()
		want(t, b.listen(streamPath, "HUB_NURSE", "HUB").answer(), http.StatusServiceUnavailable, "access-log-unavailable")
	})
}

func TestACursorThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		own := b.lastID(b.listen(streamPath, "HUB_CLIN", "HUB"))
		clinician := Caller{Actor: event.Actor{ID: event.DeriveUUID("principal", []byte(testIssuer), []byte("user-HUB_CLINHUB")), Side: event.NHS, Role: "HUB_CLIN"}}
		other := Caller{Actor: event.Actor{ID: nobody, Side: event.NHS, Role: "HUB_CLIN"}}
		for name, c := range map[string]struct {
			headers []string
			status  int
			code    string
		}{
			"a number":                 {[]string{"Last-Event-ID", "10"}, 400, "cursor-invalid"},
			"nonsense":                 {[]string{"Last-Event-ID", canary}, 400, "cursor-invalid"},
			"blank":                    {[]string{"Last-Event-ID", " "}, 400, "cursor-invalid"},
			"another principal's":      {[]string{"Last-Event-ID", b.api.tokens.showPlace(other, Place{Position: 5})}, 400, "cursor-invalid"},
			"a token of another kind":  {[]string{"Last-Event-ID", b.api.tokens.show(entryToken, clinician, event.UUID{}, 5)}, 400, "cursor-invalid"},
			"an altered one":           {[]string{"Last-Event-ID", flip(own)}, 400, "cursor-invalid"},
			"of before the secret was": {[]string{"Last-Event-ID", newTokens([32]byte{9}).showPlace(clinician, Place{Position: 5})}, 400, "cursor-invalid"},
			"two":                      {[]string{"Last-Event-ID", own, "Last-Event-ID", own}, 400, "cursor-invalid"},
			"beyond the ledger":        {[]string{"Last-Event-ID", b.api.tokens.showPlace(clinician, Place{Position: 500})}, 410, "cursor-not-in-ledger"},
			"no purpose":               {[]string{"X-Purpose-Of-Use", ""}, 400, "purpose-required"},
			"no token":                 {[]string{"Authorization", ""}, 401, "token-missing"},
		} {
			w := b.listen(streamPath, "HUB_CLIN", "HUB", c.headers...).answer()
			if w.Code != c.status || problemIn(t, w).ErrorCode != c.code {
				t.Errorf("%s: status %d, want %d %s\n%s", name, w.Code, c.status, c.code, w.Body)
			}
		}
		for query, code := range map[string]string{"?after=10": "cursor-invalid", "?type=consent.imagined": "parameter-unknown-code", "?limit=5": "parameter-unknown",
			"?person=9990001014": "parameter-malformed"} {
			want(t, b.listen(streamPath+query, "HUB_CLIN", "HUB").answer(), http.StatusBadRequest, code)
		}
		if looks := b.looks.all(); len(looks) != 1 {
			t.Errorf("%d looks, want the one of the stream that was opened", len(looks))
		}
	})
}

func flip(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}

// Who may read the list may read the stream, and sees the same entries; numbers
// are for those who audit.
func TestTheStreamIsTheListsForTheSameRoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := streamBench(t)
		for _, role := range callers {
			row := oracle[string(role)]
			l := b.listen(streamPath, string(role), row.org)
			if !strings.Contains(row.may, "e") {
				want(t, l.answer(), http.StatusForbidden, "role-may-not")
				continue
			}
			events, _ := sentIn(t, l.said())
			whole := b.listed("", string(role), row.org)
			if len(events) != len(whole) || len(whole) == 0 {
				t.Fatalf("%s: %d events, and the list has %d", role, len(events), len(whole))
			}
			for i, e := range events {
				if e.data != whole[i] {
					t.Errorf("%s: the stream gives %s, the list %s", role, e.data, whole[i])
				}
				numbers := slices.Contains(numbered, role)
				if strings.Contains(e.id, ".") != numbers || strings.Contains(e.data, `"entry":"`+itoa(i+1)+`"`) != numbers {
					t.Errorf("%s: numbers are shown: %t, want %t: %+v", role, !numbers, numbers, e)
				}
			}
			l.close()
			<-l.ended
		}
	})
}

// The server's own deadlines are for requests that end, and a real connection
// that is not read from is cut off.
func TestAStreamOnARealConnection(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) {
		c.Clock = time.Now
		c.Limits.Streams = StreamLimits{Heartbeat: 20 * time.Millisecond, Pause: time.Millisecond, Write: 300 * time.Millisecond}
	})
	server := httptest.NewUnstartedServer(b.api)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	server.Config.RegisterOnShutdown(b.api.EndStreams)
	server.Start()
	defer server.Close()
	open := func() *http.Response {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+streamPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"},
			with(standardClaims(), "iat", time.Now().Unix(), "nbf", time.Now().Unix(), "exp", time.Now().Add(time.Hour).Unix())))
		q.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
		p, err := server.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if p.StatusCode != http.StatusOK || p.Header.Get("Content-Type") != "text/event-stream" || p.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("answered with %s %v", p.Status, p.Header)
		}
		return p
	}
	reads, stalls := open(), open()
	defer func() {
		_ = reads.Body.Close()
		_ = stalls.Body.Close()
	}()
	var text logBuffer
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(&text, reads.Body)
		ended <- err
	}()
	until := func(what string, there func() bool) {
		t.Helper()
		give, look := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
		defer look.Stop()
		for !there() {
			select {
			case err := <-ended:
				t.Fatalf("the stream was cut off before %s: %v", what, err)
			case <-give:
				t.Fatalf("30 s went by before %s", what)
			case <-look.C:
			}
		}
	}
	// Eight times as long as the server's own deadlines.
	until("it beat 20 times", func() bool { return strings.Count(text.String(), "\n:\n\n") >= 20 })
	b.feed.add(30_000, "consent.granted")
	until("who does not read was dropped", func() bool { return strings.Contains(b.log.String(), `"ended":"slow-consumer"`) })
	until("all was read", func() bool { return strings.Count(text.String(), "event: entry\n") == 30_010 })
	if err := server.Config.Shutdown(context.Background()); err != nil {
		t.Errorf("the server did not stop: %v", err)
	}
	if err := <-ended; err != nil || !strings.Contains(text.String(), "retry: ") {
		t.Errorf("the stream did not end cleanly: %v", err)
	}
}
