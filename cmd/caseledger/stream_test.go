package main

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// hearing is a client that listens to the event stream.
type hearing struct {
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	entries []fedEntry
	last    string // the last event id
	retry   bool   // asked to come back
}

// hears opens the event stream after an event id; from the beginning where it is
// empty.
func (s *staff) hears(last string) *hearing {
	s.r.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.r.address+"/api/v1/stream", nil)
	if err != nil {
		s.r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+s.token)
	q.Header.Set("X-Purpose-Of-Use", s.purpose)
	if last != "" {
		q.Header.Set("Last-Event-ID", last)
	}
	client := &http.Client{Transport: &http.Transport{}} // of its own: it lasts
	p, err := client.Do(q)                               //nolint:bodyclose // by the goroutine below
	if err != nil {
		s.r.t.Fatal(err)
	}
	if p.StatusCode != http.StatusOK {
		s.r.t.Fatalf("%s: the stream answers %s", s.label, p.Status)
	}
	h := &hearing{stop: stop, ended: make(chan struct{}), last: last}
	go func() {
		defer close(h.ended)
		defer client.CloseIdleConnections()
		defer func() { _ = p.Body.Close() }()
		for lines := bufio.NewScanner(p.Body); lines.Scan(); {
			h.line(lines.Text())
		}
	}()
	s.r.t.Cleanup(func() {
		stop()
		<-h.ended
	})
	return h
}

func (h *hearing) line(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, value, _ := strings.Cut(text, ": ")
	switch name {
	case "id":
		h.last = value
	case "retry":
		h.retry = true
	case "data":
		var e fedEntry
		if json.Unmarshal([]byte(value), &e) == nil {
			h.entries = append(h.entries, e)
		}
	}
}

func (h *hearing) heard() []fedEntry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.entries)
}

// TestBlackBoxStream listens to the stream while people are recorded, over a kill
// and a restart: with its last event id the client goes on, and in the end it has
// heard each entry of its list, once, in order, and none of another side's.
func TestBlackBoxStream(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	r := serveData(t, data)
	heard, last := map[string][]fedEntry{}, map[string]string{}
	labels := []string{"NUR1", "PP1", "AUD1"}
	listen := func() map[string]*hearing {
		all := map[string]*hearing{}
		for _, label := range labels {
			all[label] = r.as(label).hears(last[label])
		}
		return all
	}
	leave := func(all map[string]*hearing) {
		for label, h := range all {
			h.stop()
			<-h.ended
			heard[label], last[label] = append(heard[label], h.heard()...), h.last
		}
	}

	first := listen()
	who := newPerson(t, r)
	hears := func(all map[string]*hearing, label, kind string) {
		t.Helper()
		waitFor(t, func() bool {
			return slices.ContainsFunc(all[label].heard(), func(e fedEntry) bool { return e.Type == kind && e.Person == who })
		})
	}
	hears(first, "NUR1", "consent.granted")
	hears(first, "PP1", "disclosure.made")
	r.kill()
	leave(first)

	r = serveData(t, data)
	second := listen()
	r.as("NUR1").does(who, "give-privacy-notice", "", body{"notice": "v1", "format": "EASY_READ"})
	leave(second)

	third := listen()
	began := time.Now()
	code := r.stop()
	if took := time.Since(began); code != 0 || took > 5*time.Second {
		t.Errorf("with streams open the server stopped with %d after %v:\n%s", code, took, r.errs)
	}
	for label, h := range third {
		<-h.ended
		if !h.retry {
			t.Errorf("%s's stream did not end cleanly", label)
		}
	}
	leave(third)

	r = serveData(t, data)
	rest := listen()
	lists := map[string][]fedEntry{}
	for _, label := range labels {
		lists[label], _ = events(t, r, label)
		waitFor(t, func() bool { return len(heard[label])+len(rest[label].heard()) >= len(lists[label]) })
	}
	leave(rest)
	for _, label := range labels {
		// Something may have fallen due since the list was read.
		if n := len(lists[label]); n == 0 || len(heard[label]) < n || !slices.Equal(heard[label][:n], lists[label]) {
			t.Errorf("%s heard %d entries, and the list has %d, or in another order", label, len(heard[label]), len(lists[label]))
		}
	}
	if len(lists["NUR1"]) >= len(lists["AUD1"]) || len(lists["PP1"]) >= len(lists["AUD1"]) {
		t.Errorf("of %d entries the nurse sees %d and the practitioner %d: nothing is kept from anybody", len(lists["AUD1"]), len(lists["NUR1"]), len(lists["PP1"]))
	}
	kinds := map[string]bool{}
	for _, e := range lists["AUD1"] {
		kinds[e.Type] = true
	}
	for label, withheld := range map[string]string{"NUR1": "supervision.started", "PP1": "screening.completed"} {
		if !kinds[withheld] || slices.ContainsFunc(heard[label], func(e fedEntry) bool { return e.Type == withheld }) {
			t.Errorf("%s hears of %s, or nobody recorded one", label, withheld)
		}
	}
	numbers := map[string]bool{}
	for _, e := range lists["AUD1"] {
		numbers[e.Entry] = true
	}
	for _, label := range []string{"NUR1", "PP1"} {
		if numbers[last[label]] || strings.Contains(last[label], ".") || slices.ContainsFunc(heard[label], func(e fedEntry) bool { return numbers[e.Entry] }) {
			t.Errorf("%s is told a number of the ledger's", label)
		}
	}
}
