package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/vault"
)

// refusing is a store that takes nothing, having been given a whole line.
type refusing struct {
	eventstore.Store
	given int // events, of the last append
}

var errFull = errors.New("the disk is full")

func (r *refusing) Append(_ context.Context, _ eventstore.StreamID, _ eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	r.given = len(events)
	return eventstore.Appended{}, errors.Join(errFull, eventstore.ErrUnavailable)
}

// TestALineIsRecordedWholeOrNotAtAll checks that each line is one append,
// however many events it makes, and that one that fails leaves no event and
// keeps no identifier.
func TestALineIsRecordedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	const more = `
{"ref":"R2","clock":"2026-02-02T09:01:00Z","command":"link-identifier","person":"P","actor":"PP1","purpose":"CARE_ADMIN","body":{"type":"CRN","value":"X990909","source":"SYSTEM"}}
{"ref":"R3","clock":"2026-02-02T09:02:00Z","command":"correct-event","person":"P","actor":"PP1","purpose":"CARE_ADMIN","origin":"IMPORTED","importReason":"typed wrongly","body":{"event":"@event:R1:0","reason":"typed wrongly","command":"register-person","body":{"name":{"family":"ROMEO"},"dateOfBirth":"1990-01-03","sex":"F","region":"N56"}}}
`
	dir := dataDir(filepath.Join(t.TempDir(), "data"))
	if err := dir.markSynthetic(); err != nil {
		t.Fatal(err)
	}
	clock := &handClock{at: time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)}
	r, err := opening{dir: dir, mode: writing, now: clock.now, random: newRandom()}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	p := r.player(clock, clock.now, everybody())
	broken := p
	recorder := *p.recorder
	store := &refusing{Store: r.store}
	recorder.Store = store
	broken.recorder = &recorder

	j, most := readJournal(strings.NewReader(goodLine+more)), 0
	for range 3 {
		e, err := j.next()
		if err != nil {
			t.Fatal(err)
		}
		before, err := r.head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := broken.apply(t.Context(), e); !errors.Is(err, errFull) {
			t.Errorf("%s: %v, want the store's failure", e.ref, err)
		}
		most = max(most, store.given)
		if after, err := r.head(t.Context()); err != nil || after != before {
			t.Errorf("%s: failed, and %d events were recorded (%v)", e.ref, after-before, err)
		}
		if who, err := r.vault.Find(t.Context(), vault.Identifier{Kind: "CRN", Value: "X990909"}); err != nil || e.ref == "R2" && who != (event.UUID{}) {
			t.Errorf("%s: failed, and the identifier is %s's (%v)", e.ref, who, err)
		}
		if events, _, err := p.apply(t.Context(), e); err != nil || events == 0 {
			t.Fatalf("%s: applied afterwards: %d events, %v", e.ref, events, err)
		}
	}
	if most < 2 {
		t.Errorf("no line made several events")
	}
}
