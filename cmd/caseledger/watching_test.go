package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// A record that is verified while it is served raises the alarm as soon as one
// verification fails, and goes on verifying.
func TestAWatchedRecordRaisesTheAlarm(t *testing.T) {
	t.Parallel()
	dir := dataDir(filepath.Join(t.TempDir(), "record"))
	fillLedger(t, dir, 3)
	o := opening{dir: dir, mode: writing, now: time.Now, random: rand.Reader}
	r, err := o.open(t.Context())
	if err == nil {
		err = o.sealAll(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	v, release, err := o.openVerifying(t.Context(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	shelf, err := o.changeShelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	v.shelf = shelf
	ticks, failed := make(chan time.Time), make(chan *verdict.Report, 8)
	w := &watching{verifying: v, every: time.Hour, now: time.Now, after: func(time.Duration) <-chan time.Time { return ticks },
		log: slog.New(slog.DiscardHandler), failed: func(r *verdict.Report) { failed <- r }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	defer func() { stop(); <-ended }()

	ticks <- time.Now() // the first one is over
	if last, at := w.Last(); last == nil || last.Verdict() != verdict.Intact || at.IsZero() || w.Done() < 150 {
		t.Fatalf("the first: %+v at %s, %d done", last, at, w.Done())
	}
	if a, err := ledger.ReadAlarm(t.Context(), v.shelf); err != nil || a != nil {
		t.Fatalf("an alarm: %+v, %v", a, err)
	}
	altered(t, dir.file(ledgerFile), "UPDATE events SET revision = revision + 70 WHERE position = 17")
	ticks <- time.Now() // one may have begun before the alteration
	ticks <- time.Now()
	if found := <-failed; !found.Findings[0].Names(17) {
		t.Errorf("found %+v", found.Findings)
	}
	if a, err := ledger.ReadAlarm(t.Context(), v.shelf); err != nil || a == nil || a.Code != ledger.AlarmVerification {
		t.Errorf("the alarm: %+v, %v", a, err)
	}
}

// A ledger whose first checkpoint is on its way is no ledger that lost it.
func TestTheFirstCheckpointIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := dataDir(filepath.Join(t.TempDir(), "data"))
	fillLedger(t, dir, 3)
	if _, err := sealData(t, string(dir)); err != nil {
		t.Fatal(err)
	}
	o := opening{dir: dir, mode: writing, now: time.Now, random: rand.Reader}
	v, release, err := o.openVerifying(t.Context(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	late := &lateCheckpoint{Shelf: v.shelf, looks: 3}
	v.shelf = late
	r, err := v.run(t.Context())
	if err != nil || r.Verdict() != verdict.Intact || late.looks > 0 {
		t.Errorf("%+v, %v, after %d looks too few", r, err, late.looks)
	}
}

// lateCheckpoint is a shelf whose checkpoint is there after a number of looks.
type lateCheckpoint struct {
	ledger.Shelf
	looks int
}

func (l *lateCheckpoint) Load(ctx context.Context, register string) ([]byte, error) {
	if register == ledger.RegisterCheckpoint && l.looks > 0 {
		l.looks--
		return nil, nil
	}
	return l.Shelf.Load(ctx, register)
}
