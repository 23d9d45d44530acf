package reactor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore"
)

// Judges is what is made of a history.
type Judges struct {
	// Name says which monitors they are, at which version: with another name
	// everybody is judged again.
	Name         string
	Person       func(*lawfulness.History, time.Time) lawfulness.Judgement
	Organisation func(shared *lawfulness.Shared, org event.UUID, at time.Time) (map[event.UUID][]finding.Judged, time.Time)
	// OfOrganisation reports whether a monitor judges organisations.
	OfOrganisation func(finding.Monitor) bool
	// Due lists the commands that had fallen due by the clock alone on a case or
	// an agreement, and the first instant after that at which another does; nil:
	// none ever does. events are all of the stream's, and those of the records
	// that are merged into a case.
	Due func(stream event.StreamID, events []event.Recorded, at time.Time) ([]casefile.DueCommand, time.Time)
}

// Monitors are the judges of package lawfulness, with what package catalogue
// says is due.
func Monitors() Judges {
	j := Judges{Person: lawfulness.Judge, Organisation: lawfulness.JudgeOrganisation, Due: catalogue.Due}
	of := map[finding.Monitor]bool{}
	for _, m := range lawfulness.Monitors() {
		j.Name += fmt.Sprintf("%s.%d ", m.ID, m.Version)
		of[m.ID] = m.OfOrganisation != nil
	}
	j.OfOrganisation = func(m finding.Monitor) bool { return of[m] }
	return j
}

// Surroundings are the organisations around the people, their agreements and
// their governance. What it returns is at least as new as the ledger was at
// the call.
type Surroundings interface {
	Shared(ctx context.Context) (*lawfulness.Shared, error)
}

// Config is what a reactor is made of. All fields but the last four are
// required.
type Config struct {
	Store        eventstore.Store
	Codec        eventstore.Codec // opens, and seals for, every side
	Keep         Keep
	Surroundings Surroundings
	Judges       Judges
	// Broken reports whether an error means that an event cannot be read,
	// whoever tries again, rather than now.
	Broken func(error) bool
	Clock  func() time.Time
	After  func(time.Duration) <-chan time.Time

	// Do gives a command that has fallen due, on its stream; one that was given
	// before, or has nothing to say, is no error. nil: what falls due stays on the
	// agenda, for a reactor that does it. A command that is refused is passed over
	// until its stream is looked at again. Its stream is parked for any other
	// [fault.Fault] but one of contention or of a store that is not there, which,
	// as every other error, stops the reactor.
	Do func(context.Context, event.StreamID, casefile.DueCommand) error
	// Window is the most events read before the checkpoint moves; 0 means
	// 10,000. Only their places are held.
	Window int
	// People is the most people held in memory at a time; 0 means 64.
	People int
	// Progress, if not nil, is told how far it is after every few people.
	Progress func(Sum)
}

// Reactor is the one that judges. One per ledger does any work: the last to
// start takes over, and the one before gets [ErrFenced].
type Reactor struct {
	Config
	running sync.Mutex
	fence   Fence
	to      event.Position // of the checkpoint
	sum     Sum            // since the start
}

// Sum is what came of judging.
type Sum struct {
	To       event.Position // the ledger was followed so far
	Judged   int            // people and organisations; one that was judged twice counts twice
	Recorded int            // findings raised or superseded
	Done     int            // commands given because they fell due
}

// ErrRunning: Run or CatchUp was called while one of them runs.
var ErrRunning = errors.New("reactor: already running")

// longestNap bounds how long the clock goes unread: it may be set.
const longestNap = time.Minute

// New returns a reactor.
func New(c Config) *Reactor {
	if c.Window < 1 {
		c.Window = 10_000
	}
	if c.People < 1 {
		c.People = 64
	}
	return &Reactor{Config: c}
}

// CatchUp judges everybody the ledger, as it is at the call, says more of, and
// everybody whose time has come. With everybody set, or where an agreement, an
// organisation's governance or a policy changed since, it judges everybody.
// Judging again what has not changed records nothing.
//
// Errors: [ErrRunning], [ErrFenced], and those of the store, the keep and the
// surroundings; called again, it goes on where it was. The sum is of what was
// done, also where the rest was not.
func (r *Reactor) CatchUp(ctx context.Context, everybody bool) (Sum, error) {
	if !r.running.TryLock() {
		return Sum{}, ErrRunning
	}
	defer r.running.Unlock()
	err := r.catchUp(ctx, everybody)
	return r.sum, err
}

func (r *Reactor) catchUp(ctx context.Context, everybody bool) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	head, err := r.Store.Head(ctx)
	if err != nil {
		return fmt.Errorf("reactor: find the head: %w", err)
	}
	if err := r.scan(ctx, head); err != nil {
		return err
	}
	status, err := r.Keep.Status(ctx)
	if err != nil {
		return err
	}
	if everybody || status.Around {
		if err := r.Keep.Everybody(ctx, r.fence); err != nil {
			return err
		}
	}
	return r.judge(ctx)
}

// Run follows the ledger and the clock until ctx ends, and then returns ctx's
// error. Other errors are those of [Reactor.CatchUp]; called again, it goes on
// where it was.
func (r *Reactor) Run(ctx context.Context) error {
	if !r.running.TryLock() {
		return ErrRunning
	}
	defer r.running.Unlock()
	if err := r.take(ctx); err != nil {
		return err
	}
	for {
		head, err := r.Store.Head(ctx)
		if err == nil {
			err = r.scan(ctx, head)
		}
		if err == nil {
			err = r.judge(ctx)
		}
		if err == nil {
			err = r.wait(ctx)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
	}
}

func (r *Reactor) take(ctx context.Context) (err error) {
	r.sum = Sum{}
	if r.fence, r.to, err = r.Keep.Take(ctx, r.Judges.Name); err != nil {
		return fmt.Errorf("reactor: take over: %w", err)
	}
	r.sum.To = r.to
	return nil
}

// wait returns when the ledger has grown or somebody is due.
func (r *Reactor) wait(ctx context.Context) error {
	next, due, err := r.Keep.Next(ctx, r.Do != nil)
	if err != nil {
		return err
	}
	nap := longestNap
	if due {
		nap = min(nap, next.Sub(r.Clock()))
	}
	if nap <= 0 {
		return nil
	}
	waiting, stop := context.WithCancel(ctx)
	grown := make(chan error, 1)
	go func() {
		_, err := r.Store.Wait(waiting, r.to)
		grown <- err
	}()
	select {
	case err = <-grown:
		stop()
		return err
	case <-r.After(nap):
		stop()
		if err = <-grown; ctx.Err() == nil && errors.Is(err, context.Canceled) {
			return nil // it was only woken
		}
		return err
	}
}

// scan reads the ledger up to a position and notes whom it says something of.
func (r *Reactor) scan(ctx context.Context, upTo event.Position) error {
	for r.to < upTo {
		w, err := r.window(ctx, upTo)
		if err != nil {
			return err
		}
		if w.To == r.to {
			return fmt.Errorf("reactor: the ledger ends at %d, and holds %d events", r.to, upTo)
		}
		if err := r.Keep.Scanned(ctx, r.fence, r.to, w); err != nil {
			return err
		}
		r.to = w.To
		r.sum.To = w.To
	}
	return nil
}

// window reads the next stretch of the ledger.
func (r *Reactor) window(ctx context.Context, upTo event.Position) (Window, error) {
	w := Window{To: r.to}
	touched := map[Subject]bool{}
	touch := func(k Kind, id event.UUID) {
		if s := (Subject{k, id}); !touched[s] {
			touched[s] = true
			w.Touched = append(w.Touched, s)
		}
	}
	for s, err := range r.Store.ReadAll(ctx, r.to) {
		if err != nil {
			return w, fmt.Errorf("reactor: read the ledger after %d: %w", w.To, err)
		}
		switch s.Stream.Kind {
		case event.CaseStream:
			touch(Person, s.Stream.Of)
		case event.OrgStream:
			touch(Organisation, s.Stream.Of)
			w.Around = true
		case event.AgreementStream:
			touch(Agreement, s.Stream.Of)
			w.Around = true
		case event.PolicyStream:
			w.Around = true
		case event.AccessStream:
			who, err := r.lookedAt(ctx, s)
			if err != nil {
				if !r.Broken(err) {
					return w, err
				}
				w.Parked = append(w.Parked, Parked{s.Stream, s.Position, err.Error()})
			}
			for _, id := range who {
				touch(Person, id)
				w.Looks = append(w.Looks, Look{id, s.Position})
			}
		case event.FindingStream, event.LedgerStream:
		}
		if w.To = s.Position; w.To >= upTo || int(w.To-r.to) >= r.Window {
			break
		}
	}
	return w, nil
}

// lookedAt returns whom an event of an access stream is about.
func (r *Reactor) lookedAt(ctx context.Context, s eventstore.Stored) ([]event.UUID, error) {
	e, err := r.Codec.Decode(ctx, s)
	if err != nil {
		return nil, err
	}
	switch d := e.Data.(type) {
	case access.RecordAccessed:
		return d.Subjects, nil
	case access.LedgerRead:
		return d.Subjects, nil
	case access.ReplayExported:
		return d.Subjects, nil
	}
	return nil, nil
}

// judge judges everybody who is due by the clock.
func (r *Reactor) judge(ctx context.Context) error {
	for {
		now := r.Clock().UTC().Truncate(time.Microsecond)
		due, err := r.Keep.Due(ctx, now, r.Do != nil, r.People)
		if err != nil || len(due) == 0 {
			return err
		}
		shared, err := r.Surroundings.Shared(ctx)
		if err != nil {
			return fmt.Errorf("reactor: load the surroundings: %w", err)
		}
		b := &batch{Reactor: r, shared: shared, now: now, organisations: map[event.UUID][]finding.Judged{}}
		settled, err := b.judge(ctx, due)
		if err != nil {
			return err
		}
		if err := r.Keep.Settle(ctx, r.fence, settled); err != nil {
			return err
		}
		for _, s := range due {
			if s.Kind.Judged() {
				r.sum.Judged++
			}
		}
		if r.Progress != nil {
			r.Progress(r.sum)
		}
	}
}

// workers is how many people are loaded and judged at the same time.
var workers = runtime.GOMAXPROCS(0)

// rounded is the first microsecond at or after an instant: what a keep stores.
func rounded(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	if down := t.Truncate(time.Microsecond); down.Before(t) {
		return down.Add(time.Microsecond)
	}
	return t
}
