package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/sqlstore"
)

// audit names the set of read models that auditors and information governance
// leads have: what every side recorded, without who the people are.
const audit = "AUDIT"

// auditClasses are the data classes that the auditors' set opens.
var auditClasses = []event.Class{event.Operational, event.Decision}

// viewOptions bound what a set of read models holds in memory while it is
// built: all six may be built at a time. SQLite gains little from more.
var viewOptions = projections.Options{RebuildEvents: 2500, RebuildBytes: 8 << 20}

// viewNames are the sets of read models there are: one for each side that has
// readers, and the auditors'.
var viewNames = []string{string(event.NHS), string(event.Probation), string(event.LocalAuthority), string(event.VCSE), string(event.Court), audit}

// viewer is the reader that a set is kept for.
func viewer(name string, controller func(event.UUID) event.UUID) boundary.Viewer {
	v := boundary.Viewer{Side: event.Side(name), Controller: controller}
	if name == audit {
		v.Side = ""
	}
	return v
}

// side is one open set of read models.
type side struct {
	name   string
	viewer boundary.Viewer
	models models
	store  *sqlstore.Store
	source *source
	runner *projections.Runner
	keys   codec.Opener
}

// opener opens what the readers of a set may know.
func (r *record) opener(name string) codec.Opener {
	if name == audit {
		return r.vault.ViewClasses(auditClasses...)
	}
	return r.vault.View(event.Side(name))
}

// view opens one set of read models of the record, for reading only if the
// record was opened so and the set may not be made.
func (r *record) view(ctx context.Context, name string, t trusted, options projections.Options, readOnly bool) (*side, error) {
	s := &side{name: name, viewer: viewer(name, t.register.Controller), keys: r.opener(name)}
	var err error
	if s.store, err = r.openViews(ctx, name, readOnly); err != nil {
		return nil, err
	}
	s.models = modelsFor(s.viewer)
	s.source = newSource(r.follows, s.keys)
	s.runner = projections.NewRunner(s.store, s.source, s.models.all(), options)
	return s, nil
}

// views opens every set of read models.
func (r *record) views(ctx context.Context, t trusted, options projections.Options) (_ sides, err error) {
	var all sides
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close())
		}
	}()
	for _, name := range viewNames {
		s, err := r.view(ctx, name, t, options, false)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// buildViews folds what the ledger holds into every set, so that a record
// that nobody has served yet can be looked at and checked.
func (r *record) buildViews(ctx context.Context) error {
	all, err := r.views(ctx, everybody(), viewOptions)
	if err != nil {
		return err
	}
	return errors.Join(all.catchUp(ctx), all.close())
}

// sides are the open sets of read models.
type sides []*side

func (s sides) close() error {
	var errs []error
	for _, one := range s {
		errs = append(errs, one.store.Close())
	}
	return errors.Join(errs...)
}

func (s sides) named(name string) (*side, bool) {
	i := slices.IndexFunc(s, func(one *side) bool { return one.name == name })
	if i < 0 {
		return nil, false
	}
	return s[i], true
}

// catchUp folds what the ledger holds into every set.
func (s sides) catchUp(ctx context.Context) error {
	return s.each(func(one *side) error { return one.runner.CatchUp(ctx) })
}

// each works on every set at the same time.
func (s sides) each(work func(*side) error) error {
	var group sync.WaitGroup
	errs := make([]error, len(s))
	for i, one := range s {
		group.Go(func() {
			if err := work(one); err != nil {
				errs[i] = fmt.Errorf("%s: %w", one.name, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// follow keeps every set up to date until ctx ends. A set that fails is tried
// again, later each time, up to a minute; one that a newer program wrote is left
// to it, and one that another process has taken over, too, unless this one was
// elected.
func (s sides) follow(ctx context.Context, elected bool, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	var group sync.WaitGroup
	for _, one := range s {
		group.Go(func() { one.follow(ctx, elected, log, after) })
	}
	group.Wait()
}

func (s *side) follow(ctx context.Context, elected bool, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	for wait := time.Second; ; wait = min(wait*2, time.Minute) {
		err := s.runner.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		log.Error("read models stopped", slog.String("side", s.name), slog.String("error", err.Error()))
		if errors.Is(err, projections.ErrFenced) && !elected || errors.Is(err, projections.ErrNewer) || errors.Is(err, projections.ErrOrder) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-after(wait):
		}
	}
}
