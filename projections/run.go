package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"caseledger/domain/event"
)

// Options bound a runner's work; the zero value is good.
type Options struct {
	// PageEvents is the most events whose rows are written in one transaction
	// while following the ledger; 0 means 10,000. It is whatever has arrived,
	// up to this.
	PageEvents int
	// RebuildEvents is the most events that are read ahead at a time while a
	// table is built anew; 0 means 2,500. About four times as many decoded
	// events are in memory.
	RebuildEvents int
	// RebuildBytes is about how much memory the rows of tables that are built
	// may take, in bytes, for all read models of the runner together; 0 means
	// 256 MiB. Within it rows are folded in memory and written once; beyond it
	// those of the largest tables are written and read again where they are
	// needed. Runners of one process share nothing: divide what there is.
	RebuildBytes int
	// Progress, if not nil, is told how far a table being built has got. It is
	// called from the goroutine that builds.
	Progress func(p *Projection, at event.Position)
}

// readEvents is the most events read ahead at a time while following.
const readEvents = 1000

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

// ErrRunning: Run or CatchUp was called while one of them runs.
var ErrRunning = errors.New("projections: the runner is already running")

// errMoved: the table no longer serves, another one took its place, or it was
// changed beside the runner. What is in memory is void.
var errMoved = errors.New("projections: the table was switched")

// NewRunner makes a runner. It panics if two projections share a name.
func NewRunner(store Store, source Source, models []*Projection, options Options) *Runner {
	if options.PageEvents < 1 {
		options.PageEvents = 10_000
	}
	if options.RebuildEvents < 1 {
		options.RebuildEvents = 2500
	}
	if options.RebuildBytes < 1 {
		options.RebuildBytes = 256 << 20
	}
	r := &Runner{store: store, source: source, models: slices.Clone(models), options: options,
		reload: make(chan struct{}, 1), live: map[string]*member{}}
	slices.SortFunc(r.models, func(a, b *Projection) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(r.models); i++ {
		if r.models[i].name == r.models[i-1].name {
			panic(fmt.Sprintf("projection %s: registered twice", r.models[i].name))
		}
	}
	return r
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
		err := r.follow(ctx, members, 0)
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
// to upTo, or to the head as it is then if upTo is 0. While rows are written
// the next pages are folded, and those after them read and decoded. If it
// fails the members are void, but those that were to be built and ended with
// ctx: see [Runner.keep].
func (r *Runner) follow(ctx context.Context, members []*member, upTo event.Position) error {
	if len(members) == 0 {
		return nil
	}
	size := min(readEvents, r.options.PageEvents)
	if members[0].building {
		size = r.options.RebuildEvents
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
	w := &writer{r: r, ctx: ctx}
	defer func() {
		stop()
		for range pages { // until the reader has ended
		}
		_ = w.wait() // where it matters it has been called
	}()
	for pg := range pages {
		if pg.err != nil {
			return pg.err
		}
		h := &histories{ctx: ctx, source: r.source, end: pg.end, types: types}
		for _, m := range members {
			if err := r.fold(ctx, m, pg, h); err != nil {
				return err
			}
		}
		if err := w.due(members, len(pages) == 0); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.write(members); err != nil {
		return err
	}
	return w.wait()
}

// fold folds a page into one table's memory.
func (r *Runner) fold(ctx context.Context, m *member, pg page, h *histories) error {
	before := m.position
	if err := m.fold(ctx, r.store, pg, h); err != nil {
		if ctx.Err() == nil && r.moved(ctx, m) {
			return errMoved
		}
		return err
	}
	if m.building && m.position > before && r.options.Progress != nil {
		r.options.Progress(m.Projection, m.position)
	}
	return nil
}

// moved reports whether a table is gone or about to go: it may fail to be read.
func (r *Runner) moved(ctx context.Context, m *member) bool {
	all, err := r.store.Checkpoints(ctx)
	return err == nil && !slices.ContainsFunc(all, func(cp Checkpoint) bool { return cp.Table == m.Name && cp.State != Retired })
}

// writer writes what has been folded, one transaction at a time, while folding
// goes on.
type writer struct {
	r       *Runner
	ctx     context.Context
	flying  []*member
	written chan error // nil: nothing is being written
}

// due begins to write if it is time to. idle says that no page is waiting.
func (w *writer) due(members []*member, idle bool) error {
	if len(w.written) == 1 {
		if err := w.wait(); err != nil {
			return err
		}
	}
	if members[0].building {
		return w.relieve(members)
	}
	events := 0
	for _, m := range members {
		events = max(events, m.window.events)
	}
	if events < w.r.options.PageEvents && !(idle && w.written == nil) {
		return nil
	}
	return w.write(members)
}

// relieve writes the largest tables if there is not enough memory for all.
func (w *writer) relieve(members []*member) error {
	used := func() (n int) {
		for _, m := range members {
			if n += m.window.size(m.Projection); m.flight != nil {
				n += m.flight.size(m.Projection)
			}
		}
		return n
	}
	if used() <= w.r.options.RebuildBytes {
		return nil
	}
	if err := w.wait(); err != nil {
		return err
	}
	left := used() - w.r.options.RebuildBytes/2
	largest := slices.SortedFunc(slices.Values(members), func(a, b *member) int {
		return cmp.Compare(b.window.size(b.Projection), a.window.size(a.Projection))
	})
	n := 0
	for ; n < len(largest) && left > 0; n++ {
		left -= largest[n].window.size(largest[n].Projection)
	}
	return w.write(largest[:n])
}

// write begins to write what the members hold in memory, once what was begun
// before has been written.
func (w *writer) write(members []*member) error {
	if err := w.wait(); err != nil {
		return err
	}
	for _, m := range members {
		if m.position > m.saved {
			m.launch()
			w.flying = append(w.flying, m)
		}
	}
	if len(w.flying) == 0 {
		return nil
	}
	flying := w.flying
	w.written = make(chan error, 1)
	go func() { w.written <- w.r.save(w.ctx, flying) }()
	return nil
}

// wait returns when what was begun has been written.
func (w *writer) wait() error {
	if w.written == nil {
		return nil
	}
	err := <-w.written
	if err == nil {
		for _, m := range w.flying {
			m.land()
		}
	}
	w.written, w.flying = nil, nil
	return err
}

// save writes what the members have in flight, rows and checkpoints in one
// transaction.
func (r *Runner) save(ctx context.Context, members []*member) error {
	return r.store.Update(ctx, func(tx Tx) error {
		for _, m := range members {
			if err := m.save(tx, m.flight); err != nil {
				return fmt.Errorf("write %s: %w", m.Name, err)
			}
		}
		return nil
	})
}

// keepWithin is how long a stop may take to write what was folded until then.
const keepWithin = 10 * time.Second

// keep writes what was folded before ctx ended, so that the next start resumes
// there. Where it cannot, that start does the work again.
func (r *Runner) keep(ctx context.Context, members []*member) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
	defer stop()
	var whole []*member
	for _, m := range members {
		if m.flight == nil && m.position > m.saved {
			m.launch()
			whole = append(whole, m)
		}
	}
	if len(whole) > 0 {
		_ = r.save(ctx, whole) // the next start finds out how far it came
	}
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
