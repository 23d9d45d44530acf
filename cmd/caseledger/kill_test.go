package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// killRounds is how often [TestBlackBoxKill] kills the server, unless
// CASELEDGER_TEST_KILL_ROUNDS says otherwise; `make test` does.
const killRounds = 15

const killWriters = 8

// TestBlackBoxKill kills the server at random moments under 8 writers, again
// and again on the same data. No event that was acknowledged is ever lost or
// doubled, positions stay dense, a command whose outcome nobody heard can be
// repeated, and the read models are what the ledger folds to.
func TestBlackBoxKill(t *testing.T) {
	t.Parallel()
	rounds := roundsOf(t, "CASELEDGER_TEST_KILL_ROUNDS", killRounds)
	random := rand.New(rand.NewPCG(1, uint64(rounds)))
	k := &killing{t: t, data: journeyData(t, "alpha"), issuer: newIssuer(t), acknowledged: map[event.ID]bool{}}
	k.at = []string{"--data", k.data}
	k.keys = keysFor(t, k.issuer)
	k.check() // what the journal recorded
	// A server that is killed before it has built its read models once leaves
	// none to check: here they are there before the first kill.
	if code := serveData(t, k.data).stop(); code != 0 {
		t.Fatalf("the first server stopped with %d", code)
	}
	var slowest time.Duration
	for round := range rounds {
		lives := 20*time.Millisecond + time.Duration(random.Int64N(int64(280*time.Millisecond)))
		took := k.round(func(*running) { <-time.After(lives) })
		slowest = max(slowest, took)
		k.check()
		if round%50 == 49 {
			mustCommand(t, "project", "check", "--quiet", "--data", k.data)
			k.verify()
		}
		if t.Failed() {
			t.Fatalf("after %d rounds", round+1)
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("the slowest start after a kill took %s, want at most 5 s", slowest)
	}
	k.end()
	t.Logf("%d rounds, %d events, %d acknowledged, %d commands repeated, slowest start %s", rounds, k.last, len(k.acknowledged), k.repeated, slowest)
}

// roundsOf is a number of rounds: what a variable says, or else the usual.
func roundsOf(t *testing.T, variable string, usual int) int {
	t.Helper()
	text, ok := os.LookupEnv(variable)
	if !ok {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number of rounds", variable, text)
	}
	return n
}

// killing is one record that is killed again and again.
type killing struct {
	t      *testing.T
	data   string
	at     []string // the settings of the record
	places places
	outage bool // the servers of the record fail, too
	issuer *tokenIssuer
	keys   string
	signed []string // files of checkpoints, oldest first

	mu           sync.Mutex
	acknowledged map[event.ID]bool
	unheard      []attempt // whose outcome the client never heard
	repeated     int
	refused      int // commands, for now

	last event.Position // up to which the ledger was checked
}

// attempt is one command as it was sent.
type attempt struct {
	path, key, tag string
	says           []byte
}

// round serves, writes, lets happen what is to happen meanwhile, and kills. It
// returns how long the start took.
func (k *killing) round(meanwhile func(*running)) time.Duration {
	k.t.Helper()
	began := time.Now()
	r := start(k.t, append([]string{"serve", "--quiet", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience, "--jwks", k.keys}, k.at...)...)
	r.issuer = k.issuer
	r.address = strings.TrimPrefix(r.line("serving "), "serving ")
	took := time.Since(began)
	token := r.token("PP1")
	again := k.unheard
	k.unheard = nil
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for n := range killWriters {
		writers.Go(func() {
			w := &writer{k, r, token, stop}
			for i, a := range again {
				if i%killWriters == n && !w.repeat(a) {
					return
				}
			}
			for w.person() {
			}
		})
	}
	meanwhile(r)
	r.kill()
	close(stop)
	writers.Wait()
	return took
}

// writer is one client that opens cases and writes to them until the server
// is gone.
type writer struct {
	*killing
	r     *running
	token string
	stop  chan struct{} // closed once the server was killed
}

// person opens a case and writes to it; false once the server is gone.
func (w *writer) person() bool {
	tag, who, ok := w.send(attempt{path: "/api/v1/people/commands/register-person", key: newKey().String(),
		says: []byte(`{"name":{"given":"TEST","family":"KILO"},"dateOfBirth":"1990-01-02","sex":"M","region":"N56"}`)})
	if !ok {
		return false
	}
	for n, says := range []string{
		`{"type":"COMMUNITY_ORDER","from":"2026-06-01","to":"2027-06-01"}`,
		fmt.Sprintf(`{"practitioner":%q}`, actorID("PP1")),
		`{"notice":"v1","format":"STANDARD"}`,
		`{"barrier":"TRAVEL"}`,
	} {
		name := []string{"start-supervision", "allocate-practitioner", "give-privacy-notice", "record-barrier"}[n]
		if tag, _, ok = w.send(attempt{path: "/api/v1/people/" + who + "/commands/" + name, key: newKey().String(), tag: tag, says: []byte(says)}); !ok {
			return false
		}
	}
	return true
}

// repeat sends a command again whose outcome nobody heard.
func (w *writer) repeat(a attempt) bool {
	_, _, ok := w.send(a)
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok {
		w.repeated++
	}
	return ok
}

// send sends one command. What is acknowledged is noted before anything else;
// what is not heard is kept to be repeated.
func (w *writer) send(a attempt) (tag, who string, ok bool) {
	q, err := http.NewRequest(http.MethodPost, w.r.address+a.path, bytes.NewReader(a.says))
	if err != nil {
		w.t.Error(err)
		return "", "", false
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + w.token, "X-Purpose-Of-Use": "REQ_MGMT",
		"Content-Type": "application/json", "Idempotency-Key": a.key, "If-Match": a.tag} {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	p, err := w.r.client.Do(q)
	if err != nil {
		w.unheardOf(a)
		return "", "", false
	}
	defer func() { _ = p.Body.Close() }()
	raw, err := io.ReadAll(p.Body)
	if err != nil {
		w.unheardOf(a)
		return "", "", false
	}
	if k := w.killing; k.outage && p.StatusCode == http.StatusServiceUnavailable {
		return w.wait(p, a)
	}
	if p.StatusCode != http.StatusCreated && p.StatusCode != http.StatusOK {
		w.t.Errorf("%s: status %d: %s\n%s", a.path, p.StatusCode, raw, w.r.errs)
		return "", "", false
	}
	var answer struct {
		Data struct {
			Person string     `json:"person"`
			Events []event.ID `json:"events"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		w.t.Errorf("%s: %v", a.path, err)
		return "", "", false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range answer.Data.Events {
		w.acknowledged[id] = true
	}
	return p.Header.Get("ETag"), answer.Data.Person, true
}

// wait sends a command again that was refused for now.
func (w *writer) wait(p *http.Response, a attempt) (tag, who string, ok bool) {
	if p.Header.Get("Retry-After") == "" {
		w.t.Errorf("%s: refused for now, and not until when", a.path)
	}
	w.mu.Lock()
	w.refused++
	w.mu.Unlock()
	select {
	case <-w.stop:
		w.unheardOf(a)
		return "", "", false
	case <-time.After(50 * time.Millisecond):
		return w.send(a)
	}
}

func (w *writer) unheardOf(a attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unheard = append(w.unheard, a)
}

// check reads what the ledger holds beyond the last check: positions go on
// without gaps, and everything acknowledged since is there.
func (k *killing) check() {
	k.t.Helper()
	there := map[event.ID]bool{}
	k.each(k.last, func(at event.Position, id event.ID) {
		if at != k.last+1 {
			k.t.Fatalf("after entry %d comes entry %d", k.last, at)
		}
		if k.last = at; there[id] {
			k.t.Fatalf("entry %d repeats an event", at)
		}
		there[id] = true
	})
	for id, checked := range k.acknowledged {
		if checked && !there[id] && !k.earlier(id) {
			k.t.Fatalf("event %s was acknowledged and is not in the ledger of %d entries", id, k.last)
		}
		k.acknowledged[id] = false // found
	}
}

// earlier looks through the whole ledger: a repeated command is acknowledged
// with events that were there before.
func (k *killing) earlier(id event.ID) bool {
	found := false
	k.each(0, func(_ event.Position, other event.ID) { found = found || other == id })
	return found
}

// each reads the ledger without the server.
func (k *killing) each(after event.Position, see func(event.Position, event.ID)) {
	k.t.Helper()
	r, err := opening{dir: dataDir(k.data), at: k.places, mode: reading, now: time.Now, random: zeros{}}.open(k.t.Context())
	if err != nil {
		k.t.Fatalf("open the record after a kill: %v", err)
	}
	for s, err := range r.store.ReadAll(k.t.Context(), after) {
		if err != nil {
			k.t.Fatal(err)
		}
		see(s.Position, s.ID)
	}
	if err := r.close(); err != nil {
		k.t.Fatal(err)
	}
}

// zeros is a source of randomness for readers, who draw none.
type zeros struct{}

func (zeros) Read([]byte) (int, error) { return 0, io.EOF }

// verify finds the ledger to be what was signed, and everything that was signed
// to be its beginning.
func (k *killing) verify() {
	k.t.Helper()
	kept := filepath.Join(k.t.TempDir(), "checkpoint")
	if err := os.WriteFile(kept, []byte(mustCommand(k.t, append([]string{"ledger", "checkpoint"}, k.at...)...)), 0o600); err != nil {
		k.t.Fatal(err)
	}
	k.signed = append(k.signed, kept)
	for _, earlier := range k.signed {
		mustCommand(k.t, append([]string{"verify", "--quiet", "--checkpoint", earlier}, k.at...)...)
	}
}

// end looks at the whole once more: every acknowledged event is there once,
// and every read model is what the ledger folds to.
func (k *killing) end() {
	k.t.Helper()
	r := serveData(k.t, k.data, k.at...)
	nurse := r.as("PP1")
	waitFor(k.t, func() bool {
		a, err := nurse.try(http.MethodGet, "/metrics", nil, nil)
		return err == nil && !strings.Contains(lagLines(string(a.body)), "behind")
	})
	if code := r.stop(); code != 0 {
		k.t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	mustCommand(k.t, append([]string{"project", "check", "--quiet"}, k.at...)...)
	mustCommand(k.t, append([]string{"doctor", "--quiet"}, k.at...)...)
	k.verify()
	seen := map[event.ID]bool{}
	k.each(0, func(at event.Position, id event.ID) {
		if seen[id] {
			k.t.Errorf("entry %d repeats an event", at)
		}
		seen[id] = true
	})
	for id := range k.acknowledged {
		if !seen[id] {
			k.t.Errorf("event %s was acknowledged and is lost", id)
		}
	}
	if !k.places.local() {
		return
	}
	if _, err := os.Stat(filepath.Join(k.data, viewsFolder, "PROBATION.db")); err != nil {
		k.t.Error(err)
	}
}

// lagLines says "behind" if a read model is.
func lagLines(metrics string) string {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "caseledger_projection_lag_events{") && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			return "behind"
		}
	}
	return ""
}
