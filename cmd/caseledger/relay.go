package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/relay"
	"caseledger/projections/boundary"
)

// destinations is the file that --relay names, read; nil if the setting is empty.
type destinations struct{ relay.Settings }

// destinations reads the file of the setting. Relative paths in it are beside it.
// No error says what a file holds.
func (c configuration) destinations() (*destinations, error) {
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
		if errors.As(err, new(*json.SemanticError)) || errors.As(err, new(*jsontext.SyntacticError)) {
			err = unreadable("it", err) // the library's text may hold the value
		}
		return nil, fmt.Errorf("--relay: %s: %w", path, err)
	}
	for i := range s.Destinations {
		d := &s.Destinations[i]
		for _, file := range []*string{&d.CAFile, &d.SecretFile, &d.CredentialsFile, &d.PasswordFile} {
			if *file != "" && !filepath.IsAbs(*file) {
				*file = filepath.Join(filepath.Dir(path), *file)
			}
		}
	}
	return &destinations{s}, nil
}

// unopened is the destinations without the way to them.
func (d destinations) unopened() (all []relay.Destination) {
	for _, one := range d.Destinations {
		all = append(all, relay.Destination{Name: one.Name, Audience: relay.Audience{Side: one.Side, Controller: one.Controller},
			Format: one.Format, Types: one.Types})
	}
	return all
}

// relayer is the relay of a record, with its memory.
type relayer struct {
	*relay.Relay
	keep   io.Closer
	opened bool // the destinations can be published to
}

// relayer opens the relay that serves the destinations. Those that cannot be
// reached are tried again while it runs.
func (r *record) relayer(ctx context.Context, d destinations, t trusted, now func() time.Time, log *slog.Logger) (_ *relayer, err error) {
	k, err := r.openRelayKeep(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.Open(now)
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	p, err := r.relay(d, all, k, t, now, log)
	if err != nil {
		for _, one := range all {
			_ = one.Publisher.Close()
		}
		return nil, errors.Join(err, k.Close())
	}
	return &relayer{p, k, true}, nil
}

// observer opens the relay of a record to look at it and to have parked messages
// tried again: it reaches nobody. A relay that never ran has published nothing.
func (r *record) observer(ctx context.Context, d destinations, t trusted, now func() time.Time) (_ *relayer, err error) {
	k, err := r.findRelayKeep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := r.relay(d, d.unopened(), k, t, now, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return &relayer{p, k, false}, nil
}

// relay makes the relay of a record. It follows the ledger itself, and finds out
// itself where that is another one.
func (r *record) relay(d destinations, all []relay.Destination, k relay.Keep, t trusted, now func() time.Time, log *slog.Logger) (*relay.Relay, error) {
	return relay.New(relay.Config{Store: r.store, Keep: k, Names: d.Names(), Destinations: all, Broken: poisonous, Clock: now, After: time.After, Log: log,
		Viewer: func(a relay.Audience) (relay.Viewer, error) { return r.audience(t, a) }})
}

// audience is how an audience reads the record. One that no organisation belongs
// to is refused: it would be told nothing.
func (r *record) audience(t trusted, a relay.Audience) (relay.Viewer, error) {
	for _, o := range t.register.All() {
		if o.Side == a.Side && o.Controller == a.Controller {
			return audience{codec.NewReader(catalogue.Events, r.vault.View(a.Side), codec.Options{}),
				boundary.Viewer{Side: a.Side, Controller: t.register.Controller}, a.Controller, r.store}, nil
		}
	}
	return nil, usage("controller: no organisation of the side %s has it", a.Side)
}

func (p *relayer) close() error {
	if !p.opened {
		return p.keep.Close()
	}
	return errors.Join(p.Close(), p.keep.Close())
}

// follow publishes what is recorded until ctx ends. What fails is tried again,
// later each time, up to a minute; where another process has taken over it is
// left to that one, unless this one was elected.
func (p *relayer) follow(ctx context.Context, elected bool, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	for wait := time.Second; ; wait = min(wait*2, time.Minute) {
		err := p.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		log.ErrorContext(ctx, "the relay stopped", slog.String("error", err.Error()))
		if errors.Is(err, relay.ErrFenced) && !elected {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-after(wait):
		}
	}
}

// audience reads the ledger as one controller on one side does.
type audience struct {
	*codec.Reader
	boundary.Viewer
	controller event.UUID
	store      eventstore.Store
}

// Part implements [relay.Viewer]. What another side's staff recorded for the
// audience's side is for those of its controllers who know the person by then: of
// whose record something on the stream is, or who were told something.
func (a audience) Part(ctx context.Context, e event.Recorded) (relay.Part, error) {
	if part := a.direct(e); part != relay.Absent {
		return part, nil
	}
	if owner, own := a.Owner(e); !own || owner != boundary.WholeSide {
		return relay.Absent, nil
	}
	for s, err := range a.store.ReadStream(ctx, e.Stream, 0) {
		if err != nil {
			return relay.Absent, err
		}
		if s.Position >= e.Position {
			break
		}
		before, err := a.Decode(ctx, s)
		switch {
		case poisonous(err):
		case err != nil:
			return relay.Absent, err
		case a.direct(before) != relay.Absent:
			return relay.Own, nil
		}
	}
	return relay.Absent, nil
}

// direct is the part that an event says itself that it is.
func (a audience) direct(e event.Recorded) relay.Part {
	if owner, own := a.Owner(e); own && owner == a.controller {
		return relay.Own
	}
	if to, told := a.Told(e); told && to == a.controller {
		return relay.Told
	}
	return relay.Absent
}

// relayKeep is a keep that can be closed.
type relayKeep interface {
	relay.Keep
	io.Closer
}

// noKeep is the memory of a relay that never ran.
type noKeep struct{ keep.RelayMemory }

func (*noKeep) Close() error { return nil }

// findRelayKeep opens what the relay keeps, and makes nothing.
func (r *record) findRelayKeep(ctx context.Context) (relayKeep, error) {
	there, err := r.relayKept(ctx)
	if err != nil || !there {
		return &noKeep{}, err
	}
	return r.openRelayKeep(ctx)
}

// relayKept reports whether the relay keeps anything.
func (r *record) relayKept(ctx context.Context) (there bool, err error) {
	if r.at.views.server == "" {
		_, err := os.Stat(r.dir.file(relayFile))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	db, err := pgsql.Open(r.at.views.url, 1, nil)
	if err != nil {
		return false, err
	}
	err = db.QueryRowContext(ctx, "SELECT to_regclass('"+relaySchema+".relay_version') IS NOT NULL").Scan(&there)
	return there, errors.Join(pgsql.Named(ctx, err), db.Close())
}
