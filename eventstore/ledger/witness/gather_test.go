package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
)

// aLedger is a ledger with its shelf and whoever gathers for it.
type aLedger struct {
	*Gatherer
	key   key
	shelf *keep.ShelfMemory
	clock *clock
}

const interval, timeout = 10 * time.Second, 2 * time.Second

func newLedger(t testing.TB, k key, h *history, c *clock, p Policy) *aLedger {
	t.Helper()
	l := &aLedger{key: k, shelf: &keep.ShelfMemory{}, clock: c}
	l.serves(t, h, p)
	return l
}

// serves lets a ledger go on with a history and a policy, as a new process does.
func (l *aLedger) serves(t testing.TB, h *history, p Policy) {
	t.Helper()
	through := NewTransport()
	t.Cleanup(through.CloseIdleConnections)
	var err error
	if l.Gatherer, err = New(Settings{Origin: origin, Keys: verifiers(l.key), Policy: p, Shelf: l.shelf, Prover: h,
		Interval: interval, Timeout: timeout, Transport: through, Now: l.clock.now, After: time.After, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.pending.Wait)
}

func (l *aLedger) register(t testing.TB, name string) []byte {
	t.Helper()
	value, err := l.shelf.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (l *aLedger) set(t testing.TB, name string, value []byte) {
	t.Helper()
	if err := l.shelf.Swap(t.Context(), name, l.register(t, name), value); err != nil {
		t.Fatal(err)
	}
}

// seal publishes a checkpoint, as a sealer does.
func (l *aLedger) seal(t testing.TB, h *history, n int64) {
	t.Helper()
	l.set(t, ledger.RegisterCheckpoint, l.key.sign(t, h, n))
}

// gather lets an interval pass, and goes on until done says so, or until nobody is
// asked any more.
func (l *aLedger) gather(t testing.TB, done func() bool) {
	t.Helper()
	l.clock.move(interval)
	late := time.After(20 * time.Second)
	for {
		if err := l.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if done != nil && done() || done == nil && l.idle() {
			return
		}
		select {
		case <-l.news:
		case <-late:
			t.Fatalf("it takes too long: %+v", l.Status())
		}
	}
}

func (l *aLedger) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.members {
		if m.busy {
			return false
		}
	}
	return len(l.results) == 0
}

// witnessed is what the register says: the size, and who cosigned it.
func (l *aLedger) witnessed(t testing.TB) (size int64, by []string) {
	t.Helper()
	signed := l.register(t, ledger.RegisterWitnessed)
	if signed == nil {
		return 0, nil
	}
	tree, n, err := ledger.OpenCheckpoint(signed, origin, either{l.Keys, l.Policy.Verifiers()})
	if err != nil || len(n.UnverifiedSigs) > 0 || !l.Policy.Satisfied(n.Sigs) {
		t.Fatalf("the register is not what the policy wants: %v\n%s", err, signed)
	}
	for _, m := range l.Policy.Members {
		for _, s := range n.Sigs {
			if s.Name == m.Verifier.Name() {
				by = append(by, m.Name)
			}
		}
	}
	return tree.N, by
}

func (l *aLedger) alarm(t testing.TB) (a ledger.Alarm) {
	t.Helper()
	if raised := l.register(t, ledger.RegisterAlarm); len(raised) > 0 {
		if err := json.Unmarshal(raised, &a); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestAQuorumIsGathered(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 50, 50, ""), newClock()
	one, two, three := newWitness(t, "one.example", c.now, k.verifier), newWitness(t, "two.example", c.now, k.verifier), newWitness(t, "three.example", c.now, k.verifier)
	l := newLedger(t, k, h, c, policyOf(t, 2, one, two, three))
	l.gather(t, nil) // nothing is signed yet
	for _, n := range []int64{3, 4, 4, 33, 50} {
		l.seal(t, h, n)
		l.gather(t, nil)
		if size, by := l.witnessed(t); size != n || len(by) != 3 {
			t.Errorf("%d is cosigned by %v, want %d", size, by, n)
		}
	}
	for _, s := range l.Status() {
		if s.Size != 50 || s.Code != "" || s.Failures != 0 || !s.CosignedAt.Equal(time.Unix(c.now().Unix(), 0)) || !s.AskedAt.Equal(c.now()) {
			t.Errorf("%+v", s)
		}
	}
	if a := l.alarm(t); a.Code != "" {
		t.Errorf("%+v", a)
	}
	// One that knows less than it did, as after a loss, is proven to from there.
	fresh := newWitness(t, "one.example", c.now, k.verifier)
	fresh.signer, one.Server = one.signer, fresh.Server
	fresh.Server.signer = one.signer
	l.serves(t, h, l.Policy)
	l.gather(t, nil)
	if size, by := l.witnessed(t); size != 50 || len(by) != 3 || fresh.Figures().Sizes[origin] != 50 {
		t.Errorf("%d is cosigned by %v", size, by)
	}
}

// Only the newest checkpoint is asked about, one for an interval, and each is
// asked about once enough have cosigned the last.
func TestOnlyTheNewestIsAskedAbout(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 50, 50, ""), newClock()
	one := newWitness(t, "one.example", c.now, k.verifier)
	l := newLedger(t, k, h, c, policyOf(t, 1, one))
	l.seal(t, h, 5)
	l.gather(t, nil)
	for n := int64(6); n <= 20; n++ {
		l.seal(t, h, n)
		if err := l.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := one.Figures(); got.Outcomes[Cosigned] != 1 {
		t.Errorf("it was asked within the interval: %+v", got)
	}
	l.gather(t, nil)
	if got := one.Figures(); got.Sizes[origin] != 20 || got.Outcomes[Cosigned] != 2 {
		t.Errorf("%+v", got)
	}
}

// Run gathers by itself, and leaves nothing behind.
func TestRun(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 9, 9, ""), newClock()
	one := newWitness(t, "one.example", c.now, k.verifier)
	l := newLedger(t, k, h, c, policyOf(t, 1, one))
	l.seal(t, h, 5)
	tick, asked := make(chan time.Time), make(chan struct{}, 100)
	l.After = func(time.Duration) <-chan time.Time {
		asked <- struct{}{}
		return tick
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	until := func(n int64) {
		t.Helper()
		for size := int64(0); size != n; size, _ = l.witnessed(t) {
			select {
			case <-asked: // it has done what it could
			case <-time.After(10 * time.Second):
				t.Fatalf("%d is not witnessed: %+v", n, l.Status())
			}
		}
	}
	until(5)
	l.seal(t, h, 9)
	c.move(interval)
	tick <- c.now()
	until(9)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}

// liar is a witness that does not what it should.
func liar(t testing.TB, p *Signer, answers http.HandlerFunc) *aWitness {
	t.Helper()
	web := httptest.NewServer(answers)
	t.Cleanup(web.Close)
	return &aWitness{signer: p, url: web.URL}
}

// Whatever one witness does, the others' cosignatures are gathered, nothing stops
// the ledger, and the status says what it did.
func TestOneThatLies(t *testing.T) {
	t.Parallel()
	k, h := newKey(t, origin), of(t, 9, 9, "")
	text := ledger.CheckpointText(origin, h.tree(t, 7))
	self, stranger := newSigner(t, "liar.example"), newSigner(t, "liar.example")
	var followed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		followed.Add(1)
		_, _ = w.Write(self.cosign(text, time.Now()))
	}))
	t.Cleanup(elsewhere.Close)
	says := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		answers func(now time.Time) http.HandlerFunc
		want    Code
	}{
		"another's signature": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", string(stranger.cosign(text, now)))
		}, BadCosignature},
		"another text": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", string(self.cosign(text+"more\n", now)))
		}, BadCosignature},
		"another note": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", "\nother\n\n"+string(self.cosign("other\n", now)))
		}, BadCosignature},
		"another page": {func(time.Time) http.HandlerFunc { return says(200, "text/html", "<p>It works!</p>") }, BadCosignature},
		"nothing":      {func(time.Time) http.HandlerFunc { return says(200, "text/plain", "") }, BadCosignature},
		"a time to come": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", string(self.cosign(text, now.Add(time.Hour))))
		}, BadTime},
		"a time long gone": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", string(self.cosign(text, now.Add(-time.Hour))))
		}, BadTime},
		"no time": {func(time.Time) http.HandlerFunc {
			return says(200, "text/plain", string(self.cosign(text, time.Unix(-1, 0))))
		}, BadTime},
		"too much": {func(now time.Time) http.HandlerFunc {
			return says(200, "text/plain", strings.Repeat(string(self.cosign(text, now)), 1000))
		}, Oversized},
		"elsewhere": {func(time.Time) http.HandlerFunc {
			return http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP
		}, Redirected},
		"elsewhere, as a GET": {func(time.Time) http.HandlerFunc {
			return http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP
		}, Redirected},
		"no answer":             {func(time.Time) http.HandlerFunc { return hang }, Unreachable},
		"an answer without end": {func(time.Time) http.HandlerFunc { return drip }, Unreachable},
		"a closed connection": {func(time.Time) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		}, Unreachable},
		"an error":               {func(time.Time) http.HandlerFunc { return says(500, "text/plain", "no") }, Refused},
		"not known":              {func(time.Time) http.HandlerFunc { return says(404, "text/plain", "no") }, NotKnown},
		"the key is not known":   {func(time.Time) http.HandlerFunc { return says(403, "text/plain", "no") }, NotKnown},
		"a bad request":          {func(time.Time) http.HandlerFunc { return says(400, "text/plain", "no") }, Refused},
		"a much larger tree":     {func(time.Time) http.HandlerFunc { return says(409, sizeType, "9223372036854775807\n") }, Disputed},
		"no size":                {func(time.Time) http.HandlerFunc { return says(409, sizeType, "many\n") }, Unexpected},
		"a size of another kind": {func(time.Time) http.HandlerFunc { return says(409, "text/plain", "3\n") }, Unexpected},
		"a bad proof":            {func(time.Time) http.HandlerFunc { return says(422, "text/plain", "no") }, Disputed},
		"the same size":          {func(time.Time) http.HandlerFunc { return says(409, sizeType, "0\n") }, Disputed},
		"another size each time": {func(time.Time) http.HandlerFunc {
			var n atomic.Int64
			return func(w http.ResponseWriter, r *http.Request) {
				says(409, sizeType, fmt.Sprintln(n.Add(1)))(w, r)
			}
		}, Unexpected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			one, two := newWitness(t, "one.example", clock.now, k.verifier), newWitness(t, "two.example", clock.now, k.verifier)
			l := newLedger(t, k, h, clock, policyOf(t, 2, liar(t, self, c.answers(clock.now())), one, two))
			l.seal(t, h, 7)
			l.gather(t, func() bool { size, by := l.witnessed(t); return size == 7 && len(by) == 2 })
			l.gather(t, nil)
			if s := l.Status()[0]; s.Code != c.want || s.Failures == 0 || s.Size != 0 {
				t.Errorf("%+v, want %s", s, c.want)
			}
			if size, by := l.witnessed(t); size != 7 || len(by) != 2 {
				t.Errorf("%d is cosigned by %v", size, by)
			}
			if a := l.alarm(t); a.Code != "" {
				t.Errorf("%+v", a)
			}
		})
	}
	t.Cleanup(func() {
		if followed.Load() != 0 {
			t.Error("a redirect was followed")
		}
	})
}

// hang answers nothing until it is no longer wanted.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// drip answers a byte at a time, and does not end before it is no longer wanted.
func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
