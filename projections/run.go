package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"caseledger/domain/event"
)

// Options bound a runner's work; the zero value is good.
type Options struct {
	// PageEvents is the most events folded in one transaction while following
	// the ledger; 0 means 1,000. A page is whatever has arrived, up to this.
	PageEvents int
	// RebuildEvents is the same while a table is built anew; 0 means 10,000.
	// Memory of a rebuild is about four such pages of decoded events,
	// whatever the size of the ledger.
	RebuildEvents int
	// Progress, if not nil, is told how far a table being built has got. It is
	// called from the goroutine that builds.
	Progress func(p *Projection, at event.Position)
}

// Runner keeps all read models of one store up to date: one reading of the
// ledger for all, one transaction for each page. Only one runner may write a
// table: the last to start takes over, and the one before gets [ErrFenced].
type Runner struct {
	store   Store
	source  Source
	models  []*Projection // by name
	options Options

	running   sync.Mutex // Run or CatchUp
	repairing sync.Mutex // Rebuild or Check
	reload    chan struct{}
	live      map[string]*member // owned by whoever holds running
}

// member is a table that this runner writes.
type member struct {
	Table
	position event.Position
	epoch    uint64
	building bool
}

// ErrRunning: Run or CatchUp was called while one of them runs.
var ErrRunning = errors.New("projections: the runner is already running")

// errMoved: the table no longer serves, another one took its place.
var errMoved = errors.New("projections: the table was switched")

// NewRunner makes a runner. It panics if two projections share a name.
func NewRunner(store Store, source Source, models []*Projection, options Options) *Runner {
	if options.PageEvents < 1 {
		options.PageEvents = 1000
	}
	if options.RebuildEvents < 1 {
		options.RebuildEvents = 10_000
	}
	r := &Runner{store: store, source: source, models: slices.Clone(models), options: options,
		reload: make(chan struct{}, 1), live: map[string]*member{}}
	slices.SortFunc(r.models, func(a, b *Projection) int { return compare(a.name, b.name) })
	for i := 1; i < len(r.models); i++ {
		if r.models[i].name == r.models[i-1].name {
			panic(fmt.Sprintf("projection %s: registered twice", r.models[i].name))
		}
	}
	return r
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Run follows the ledger until ctx ends, and then returns ctx's error. Read
// models that are missing or of an older version are built beside the others
// and join them. Any other error is [ErrFenced], [ErrNewer], [ErrOrder] or
// that of the store or the source; calling Run again resumes where the last
// committed page ended.
func (r *Runner) Run(ctx context.Context) error {
	if !r.running.TryLock() {
		return ErrRunning
	}
	defer r.running.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	var builders sync.WaitGroup
	defer builders.Wait()
	defer cancel(nil)

	clear(r.live)
	pending, err := r.start(ctx)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		builders.Go(func() {
			if err := r.build(ctx, pending); err != nil {
				cancel(fmt.Errorf("build: %w", err))
				return
			}
			r.changed()
		})
	}
	for {
		err := r.catchUp(ctx)
		if err == nil {
			err = r.wait(ctx)
		}
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
	}
}

// CatchUp folds everything the ledger holds at the call and returns; read
// models that are missing or of an older version are built first. Errors are
// those of [Runner.Run].
func (r *Runner) CatchUp(ctx context.Context) error {
	if !r.running.TryLock() {
		return ErrRunning
	}
	defer r.running.Unlock()
	clear(r.live)
	pending, err := r.start(ctx)
	if err != nil {
		return err
	}
	if err := r.build(ctx, pending); err != nil {
		return err
	}
	return r.catchUp(ctx)
}

// catchUp folds into the tables that serve until the ledger, as it is then, is
// exhausted; tables switched meanwhile are followed to their successors.
func (r *Runner) catchUp(ctx context.Context) error {
	for {
		if err := r.adopt(ctx); err != nil {
			return err
		}
		members := make([]*member, 0, len(r.live))
		for _, p := range r.models {
			if m := r.live[p.name]; m != nil {
				members = append(members, m)
			}
		}
		err := r.follow(ctx, members, r.options.PageEvents, 0)
		if !errors.Is(err, errMoved) {
			return err
		}
		clear(r.live)
	}
}

// wait returns when there is something to fold or a table to adopt.
func (r *Runner) wait(ctx context.Context) error {
	after := event.Position(0)
	for _, m := range r.live {
		after = max(after, m.position)
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	var reloaded bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-r.reload:
			reloaded = true
			stop()
		case <-waiting.Done():
		}
	}()
	_, err := r.source.Wait(waiting, after)
	stop()
	<-done
	if reloaded && ctx.Err() == nil {
		return nil
	}
	return err
}

// changed tells the running loop to look for switched tables.
func (r *Runner) changed() {
	select {
	case r.reload <- struct{}{}:
	default:
	}
}

// page is a run of items and the position it ends at.
type page struct {
	items []Item
	end   event.Position
	err   error
}

// follow folds the ledger into members from the least of their positions, up
// to upTo, or to the head as it is then if upTo is 0. The next page is read
// and decoded while one is written.
func (r *Runner) follow(ctx context.Context, members []*member, size int, upTo event.Position) error {
	if len(members) == 0 {
		return nil
	}
	after := members[0].position
	var types []string
	for _, m := range members {
		after = min(after, m.position)
		types = append(types, m.Projection.types...)
	}
	types = sorted(types)
	reading, stop := context.WithCancel(ctx)
	pages := make(chan page, 1)
	go func() {
		defer close(pages)
		r.read(reading, after, upTo, types, size, pages)
	}()
	defer func() {
		stop()
		for range pages { // until the reader has ended
		}
	}()
	for pg := range pages {
		if pg.err != nil {
			return pg.err
		}
		if err := r.commit(ctx, members, pg, types); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// read sends pages until the source is exhausted or ctx ends.
func (r *Runner) read(ctx context.Context, after, upTo event.Position, types []string, size int, pages chan<- page) {
	send := func(pg page) bool {
		select {
		case pages <- pg:
			return pg.err == nil
		case <-ctx.Done():
			return false
		}
	}
	if upTo != 0 && after >= upTo {
		return
	}
	pg := page{end: after}
	for item, err := range r.source.ReadAll(ctx, after, types) {
		switch {
		case err != nil:
			send(page{err: fmt.Errorf("read the ledger after %d: %w", pg.end, err)})
			return
		case item.Position <= pg.end:
			send(page{err: fmt.Errorf("%w: %d after %d", ErrOrder, item.Position, pg.end)})
			return
		case upTo != 0 && item.Position > upTo:
			// What lies between was left out: it has been read.
			pg.end = upTo
			send(pg)
			return
		}
		pg.items, pg.end = append(pg.items, item), item.Position
		if len(pg.items) == size || item.Position == upTo {
			if !send(pg) || item.Position == upTo {
				return
			}
			pg = page{end: pg.end, items: make([]Item, 0, size)}
		}
	}
	if len(pg.items) > 0 {
		send(pg)
	}
}

// commit folds a page into every member that has not seen it, rows and
// checkpoint in one transaction. If it fails the members' positions may no
// longer be those of the store: claim them again.
func (r *Runner) commit(ctx context.Context, members []*member, pg page, types []string) error {
	h := &histories{ctx: ctx, source: r.source, end: pg.end, types: types}
	err := r.store.Update(ctx, func(tx Tx) error {
		for _, m := range members {
			if err := r.into(tx, m, pg, h); err != nil {
				return fmt.Errorf("project %s: %w", m.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.position < pg.end {
			m.position = pg.end
			if m.building && r.options.Progress != nil {
				r.options.Progress(m.Projection, pg.end)
			}
		}
	}
	return nil
}

// into folds a page into one table.
func (r *Runner) into(tx Tx, m *member, pg page, h *histories) error {
	if m.position >= pg.end {
		return nil
	}
	cp, err := tx.Lock(m.Name)
	switch {
	case err != nil:
		return err
	case cp.State == "" || cp.State == Retired:
		return errMoved
	case cp.Epoch != m.epoch || cp.Position != m.position:
		return ErrFenced
	}
	items := pg.items
	for len(items) > 0 && items[0].Position <= m.position {
		items = items[1:]
	}
	steps, touched := m.Projection.steps(items)
	var parked []Parked
	if cp.Parked > 0 && len(steps) > 0 {
		if parked, err = tx.Parked(m.Name, streamsOf(steps)); err != nil {
			return err
		}
	}
	var loaded map[RowKey]any
	if len(touched) > 0 && m.position > 0 {
		if loaded, err = tx.Load(m.Table, touched); err != nil {
			return err
		}
	}
	b, err := newBatch(m.Projection, loaded, parked)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if err := b.fold(s, h); err != nil {
			return err
		}
	}
	changes := b.changes()
	// What is built from a ledger whose keys are gone never held what they sealed.
	changes.Erased = changes.Erased && cp.State == Current
	if err := tx.Save(m.Table, changes); err != nil {
		return err
	}
	return tx.Move(m.Name, pg.end, cp.Parked+len(b.newly))
}

func streamsOf(steps []step) []event.StreamID {
	seen := map[event.StreamID]bool{}
	var streams []event.StreamID
	for _, s := range steps {
		if !seen[s.item.Stream] {
			seen[s.item.Stream] = true
			streams = append(streams, s.item.Stream)
		}
	}
	return streams
}
