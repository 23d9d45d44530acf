package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"caseledger/domain/event"
)

// Whoever follows the ledger has half a minute for what is recorded, however much
// that is.
func TestBehindIsCountedInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p := pace{now: func() time.Time { return now }}
	for _, c := range []struct {
		after time.Duration
		head  event.Position
		due   event.Position
	}{
		{0, 100, 0},
		{10 * time.Second, 5000, 0},
		{19 * time.Second, 6000, 0},
		{1 * time.Second, 6000, 100},   // half a minute after the first look
		{10 * time.Second, 6000, 5000}, // and after the second
		{9 * time.Second, 6000, 5000},
		{10 * time.Second, 6000, 6000},
		{time.Hour, 6000, 6000},
		{0, 9000, 6000},
		{30 * time.Second, 9000, 9000},
	} {
		now = now.Add(c.after)
		if got := p.due(c.head); got != c.due {
			t.Errorf("at %s with the ledger at %d, %d is due, want %d", now.Format(time.TimeOnly), c.head, got, c.due)
		}
	}
}

// Readiness says which part is not ready: read models that nobody makes, that
// fall behind, and a process that is stopping.
func TestReadinessMeansIt(t *testing.T) {
	t.Parallel()
	r := opened(t, dataDir(filepath.Join(t.TempDir(), "data")), "2026-02-02T09:00:00Z")
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := &server{duties: dutiesOf("all", places{}), record: r, now: clock, pace: &pace{now: clock}, log: slog.New(slog.NewJSONHandler(io.Discard, nil))}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	var err error
	if s.sides, err = r.views(t.Context(), everybody(), viewOptions); err != nil {
		t.Fatal(err)
	}
	down := func() (parts int, named map[string]bool) {
		named = map[string]bool{}
		for _, h := range s.health() {
			if err := h.Check(context.Background()); err != nil {
				named[h.Name] = true
				parts++
			}
		}
		return parts, named
	}
	if n, parts := down(); n != len(viewNames) || !parts["views-NHS"] {
		t.Errorf("before the read models are made %v are down", parts)
	}
	if err := s.sides.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, parts := down(); n != 0 {
		t.Errorf("once they are made %v are down", parts)
	}
	appendOne(t, r.store, 1)
	now = now.Add(behindFor)
	if n, parts := down(); n != 0 {
		t.Errorf("as soon as something is recorded %v are down", parts)
	}
	now = now.Add(behindFor)
	if n, parts := down(); n != len(viewNames) || !parts["views-COURT"] {
		t.Errorf("half a minute later %v are down", parts)
	}
	s.stopping.Store(true)
	if _, parts := down(); !parts["process"] {
		t.Error("a process that is stopping does not say so")
	}
}
