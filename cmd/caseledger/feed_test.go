package main

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/api"
	"caseledger/api/recording"
	"caseledger/domain/access"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
	"caseledger/eventstore"
	"caseledger/projections"
)

// TestBlackBoxFeedPassesAPoisonEvent alters a sealed box in the ledger: the
// feed goes on past the entry, which only who sees everything sees.
func TestBlackBoxFeedPassesAPoisonEvent(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	var poisoned int
	var sealed []byte
	if err := db.QueryRowContext(t.Context(), "SELECT position, body FROM events WHERE substr(stream, 1, 1) = x'01' ORDER BY position DESC LIMIT 1").Scan(&poisoned, &sealed); err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := db.ExecContext(t.Context(), "UPDATE events SET body = ? WHERE position = ?", sealed, poisoned); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := serveData(t, data)
	newPerson(t, r)
	type row struct {
		Entry string `json:"entry"`
		Type  string `json:"type"`
	}
	var all, own []row
	r.as("AUD1").get("/api/v1/events?limit=500", &all)
	r.as("NUR1").get("/api/v1/events?limit=500", &own)
	broken := slices.IndexFunc(all, func(r row) bool { return r.Entry == strconv.Itoa(poisoned) })
	if broken < 0 || broken == len(all)-1 || all[broken].Type == "" {
		t.Errorf("the auditor sees %d entries, want the one at %d among them, with its type, and what came after", len(all), poisoned)
	}
	if len(own) == 0 || len(own) >= len(all) {
		t.Errorf("the nurse sees %d entries of %d", len(own), len(all))
	}
}

// fed is a record whose feed is read within the test's own process, and whose read
// models follow when the test says so.
type fed struct {
	*record
	t     *testing.T
	trust trusted
	feed  feed
}

func newFed(t *testing.T) *fed {
	t.Helper()
	r, err := opening{dir: dataDir(t.TempDir()), mode: writing, now: time.Now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.views(t.Context(), everybody(), projections.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := all.close(); err != nil {
			t.Error(err)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	g, err := newGuard(t.Context(), r, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &fed{r, t, everybody(), feed{&views{record: r, sides: all, guard: g, trust: everybody(), now: time.Now, patience: 10 * time.Millisecond}}}
}

func (f *fed) registers(label string) event.UUID {
	f.t.Helper()
	m, _ := memberNamed(label)
	out, err := f.recorder(time.Now, f.trust).Record(f.t.Context(), recording.Request{Command: "register-person", ID: newKey(), Actor: m.actor(), Origin: event.Live,
		Body: person.RegisterPerson{Name: person.Name{Given: "TEST", Family: "SIERRA"}, DateOfBirth: born("1980-02-03"), Sex: person.Male, Region: "N56"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Person
}

func (f *fed) read(label string, q api.FeedQuery) (api.FeedPage, error) {
	m, _ := memberNamed(label)
	return f.feed.Events(f.t.Context(), api.Caller{Actor: m.actor()}, q)
}

// TestTheFeedWaitsUntilItKnowsWhoseAnEntryIs has the read models behind the ledger:
// an entry that another side's staff recorded for the caller's is not passed over.
func TestTheFeedWaitsUntilItKnowsWhoseAnEntryIs(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	if err := f.feed.sides.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	who := f.registers("PP1")
	nurse, _ := memberNamed("NUR1")
	history, err := f.history(t.Context(), f.codec.Reader, who)
	if err != nil {
		t.Fatal(err)
	}
	command := eventstore.Command{ID: newKey(), Stream: event.Case(who), Subject: who, Effective: event.At(time.Now()), Actor: nurse.actor(), Origin: event.Live}
	batch, err := f.codec.Seal(t.Context(), command, []event.Draft{{Side: event.Probation, Data: consent.ConsentWithdrawn{Consent: newKey(), To: "PP"}}}, history)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.Append(t.Context(), command.Stream, event.Revision(len(history)), batch); err != nil {
		t.Fatal(err)
	}
	page, err := f.read("PP1", api.FeedQuery{Limit: 100})
	if err != nil || len(page.Entries) == 0 || !page.More || page.Entries[len(page.Entries)-1].Type == "consent.withdrawn" {
		t.Fatalf("with the read models behind: %+v, %v; want the entries before it", page, err)
	}
	if again, err := f.read("PP1", api.FeedQuery{Limit: 100, After: page.Reached}); !fault.Is(err, "view-behind") {
		t.Fatalf("asked again: %+v, %v; want view-behind", again, err)
	}
	if err := f.feed.sides.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page, err = f.read("PP1", api.FeedQuery{Limit: 100, After: page.Reached}); err != nil || len(page.Entries) != 1 || page.Entries[0].Type != "consent.withdrawn" || page.More {
		t.Errorf("with the read models there: %+v, %v; want the entry", page, err)
	}
}

// TestTheFeedLosesNothingWhereItStopsLooking reads past so many entries of others
// that one request does not get to the next of the caller's.
func TestTheFeedLosesNothingWhereItStopsLooking(t *testing.T) {
	t.Parallel()
	r := newFed(t)
	nurse, _ := memberNamed("NUR1")
	register := func() { r.registers("NUR1") }
	register()
	look := eventstore.Command{ID: newKey(), Stream: event.Access(newKey()), Subject: nurse.actor().Org, Effective: event.At(time.Now()), Actor: nurse.actor(), Origin: event.Live}
	sealed, err := r.codec.Seal(t.Context(), look, []event.Draft{{Data: access.RecordAccessed{View: "person", Class: access.ReadOne}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range lookAhead/1000 + 1 {
		batch := make([]eventstore.Event, 1000)
		for i := range batch {
			sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", n, i))
			batch[i] = eventstore.Event{ID: event.ID{UUID: event.DeriveUUID("look", sum[:])}, Body: sealed[len(sealed)-1].Body}
		}
		if _, err := r.store.Append(t.Context(), look.Stream, eventstore.AtEnd, batch); err != nil {
			t.Fatal(err)
		}
		if n == lookAhead/1000-1 {
			// The first entry that one request does not look at is one of the caller's.
			for range 5 {
				register()
			}
		}
	}
	var want, got []event.ID
	for s, err := range r.store.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Stream.Kind == event.CaseStream {
			want = append(want, s.ID)
		}
	}
	q := api.FeedQuery{Limit: 7}
	for more := true; more; {
		page, err := r.read("AUD1", q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			got = append(got, e.Event)
		}
		q.After, more = page.Reached, page.More
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d entries are read, want %d, each once and in order", len(got), len(want))
	}
}

// TestBlackBoxACursorOfAnotherHistory restores an older copy of the ledger: a
// cursor from after it is refused, with a code that says so, also once the
// restored ledger has grown past where the cursor stood.
func TestBlackBoxACursorOfAnotherHistory(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	older, err := os.ReadFile(filepath.Join(data, ledgerFile))
	if err != nil {
		t.Fatal(err)
	}
	r := serveData(t, data)
	newPerson(t, r)
	cursors := map[string]string{}
	for _, label := range []string{"NUR1", "AUD1"} {
		_, cursors[label] = events(t, r, label)
	}
	if code := r.stop(); code != 0 {
		t.Fatalf("the server stopped with %d:\n%s", code, r.errs)
	}
	for _, name := range []string{ledgerFile + "-wal", ledgerFile + "-shm", viewsFolder, monitorsFile} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, ledgerFile), older, 0o600); err != nil {
		t.Fatal(err)
	}
	r = serveData(t, data)
	for _, when := range []string{"restored", "grown past it"} {
		for label, cursor := range cursors {
			a, err := r.as(label).try(http.MethodGet, "/api/v1/events?after="+cursor, nil, nil)
			if err != nil || a.status != http.StatusGone || !strings.Contains(string(a.body), `"errorCode":"cursor-not-in-ledger"`) {
				t.Errorf("%s, %s's cursor: status %d, want 410 (%v)\n%s", when, label, a.status, err, a.body)
			}
		}
		for range 40 {
			r.as("NUR1").registers(body{"name": body{"family": "XRAY"}, "dateOfBirth": "1980-05-06", "sex": "M", "region": "N56"})
		}
	}
	last := 0
	all, _ := events(t, r, "AUD1")
	for _, e := range all {
		if last, err = strconv.Atoi(e.Entry); err != nil {
			t.Fatal(err)
		}
	}
	stood, _, _ := strings.Cut(cursors["AUD1"], ".")
	if n, err := strconv.Atoi(stood); err != nil || n >= last {
		t.Fatalf("the ledger has %d entries and did not grow past %s", last, stood)
	}
}

// fedEntry is what these tests read of an entry.
type fedEntry struct {
	Event  event.ID   `json:"event"`
	Entry  string     `json:"entry"`
	Type   string     `json:"type"`
	Person event.UUID `json:"person"`
}

// events reads the whole feed of one of the cast, and the cursor after it.
func events(t *testing.T, r *running, label string) (all []fedEntry, cursor string) {
	t.Helper()
	for path, more := "/api/v1/events?limit=500", true; more; {
		var page struct {
			Data []fedEntry `json:"data"`
			Page struct {
				Next string `json:"next"`
				More bool   `json:"more"`
			} `json:"page"`
		}
		if err := json.Unmarshal(r.as(label).get(path, nil).body, &page); err != nil {
			t.Fatal(err)
		}
		all, more = append(all, page.Data...), page.Page.More
		cursor = page.Page.Next
		path = "/api/v1/events?limit=500&after=" + cursor
	}
	return all, cursor
}
