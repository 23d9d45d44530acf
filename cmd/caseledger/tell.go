package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/relay"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// destinations reads the file that says whom to tell of what is recorded; nil
// where there is none.
func (c configuration) destinations() (*relay.Settings, error) {
	path := c.text("relay")
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the file of --relay: %w", err)
	}
	s, err := relay.ParseSettings(raw)
	if err != nil {
		return nil, usage("--relay: %s: %w", path, err)
	}
	return &s, nil
}

// audience reads the ledger as one controller of one side may.
type audience struct {
	*codec.Reader
	side       *side
	controller event.UUID
}

// Part implements [relay.Viewer]. What another side's staff recorded for the
// audience's side is for those of its controllers whose caseload the person is on
// by then: it is asked when it has come as far.
func (a audience) Part(ctx context.Context, e event.Recorded) (relay.Part, error) {
	owner, own := a.side.viewer.Owner(e)
	if own && owner == a.controller {
		return relay.Own, nil
	}
	if to, told := a.side.viewer.Told(e); told && to == a.controller {
		return relay.Told, nil
	}
	if !own || owner != boundary.WholeSide {
		return relay.Absent, nil
	}
	of := a.side.models.caseload
	if err := a.side.store.WaitFor(ctx, of.Projection, e.Position); err != nil {
		return relay.Absent, err
	}
	part := relay.Absent
	err := a.side.store.View(ctx, func(read projections.View) error {
		row, err := projections.One(read, of, event.Case(e.Subject), projections.Keyed(a.controller.String()))
		if row != nil {
			part = relay.Own
		}
		return err
	})
	return part, err
}

var errNoSide = errors.New("there are no read models of the side")

// viewerOf is how an audience of the record reads it.
func (r *record) viewerOf(all sides, a relay.Audience) (relay.Viewer, error) {
	of, ok := all.named(string(a.Side))
	if !ok {
		return nil, fmt.Errorf("%w %s", errNoSide, a.Side)
	}
	return audience{codec.NewReader(catalogue.Events, of.keys, codec.Options{}), of, a.Controller}, nil
}

// relay is what tells destinations of the record. Those without a publisher are
// only asked about.
func (r *record) relay(all sides, keep relay.Keep, s relay.Settings, to []relay.Destination, now func() time.Time, log *slog.Logger) (*relay.Relay, error) {
	return relay.New(relay.Config{Store: r.store, Keep: keep, Broken: poisonous, Names: s.Names(), Destinations: to,
		Viewer: func(a relay.Audience) (relay.Viewer, error) { return r.viewerOf(all, a) },
		Clock:  now, After: time.After, Log: log})
}

// tell tells the destinations of the record of what is recorded, until ctx ends.
// What fails is tried again, later each time, up to a minute; where another
// process has taken over it is left to that one, unless this one was elected.
func (s *server) tell(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.tellOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		s.log.ErrorContext(ctx, "the relay stopped", slog.String("error", err.Error()))
		if errors.Is(err, relay.ErrFenced) && !s.elected {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (s *server) tellOnce(ctx context.Context) (err error) {
	keep, err := s.record.openRelayKeep(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keep.Close()) }()
	to, err := s.tells.Open(s.now)
	if err != nil {
		return err
	}
	r, err := s.record.relay(s.sides, keep, *s.tells, to, s.now, s.log)
	if err != nil {
		return err
	}
	s.relay.Store(r)
	defer s.relay.Store(nil)
	return errors.Join(r.Run(ctx), r.Close())
}
