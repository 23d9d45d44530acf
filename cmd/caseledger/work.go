package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/eventstore/erasure"
)

// duties are what a process does of all that serving a record takes.
type duties struct {
	answers  bool // requests
	projects bool // keeps the read models up to date
	judges   bool // runs the monitors, records what falls due, and carries out erasures
	// elected says that several processes may have the last two duties, and one
	// of them is elected to do them.
	elected bool
}

// dutiesOf settles them. The process that writes a ledger in the data folder
// keeps every other writer out: it judges, and a worker beside it only projects.
func dutiesOf(role string, at places) duties {
	d := duties{answers: role != "worker", projects: role != "web", judges: role != "web", elected: at.views.server != ""}
	if at.local() {
		d.judges = d.answers
	}
	return d
}

// work does what follows the ledger, until ctx ends.
func (s *server) work(ctx context.Context) {
	switch {
	case !s.projects && !s.judges:
		<-ctx.Done()
	case !s.elected:
		s.leads.Store(s.projects)
		s.follow(ctx)
	default:
		// It fails only on a connection string that the read models were opened
		// with.
		if err := elect(ctx, s.record.at.views.url, s.leads.Store, s.log, s.lead); err != nil {
			s.log.ErrorContext(ctx, "no election", slog.String("error", err.Error()))
			<-ctx.Done()
		}
	}
}

// lead does the work while this process is elected.
func (s *server) lead(ctx context.Context) (err error) {
	again, err := s.record.recognise(ctx)
	if err != nil {
		return err
	}
	if again {
		s.log.WarnContext(ctx, startedOver)
	}
	if s.monitor, err = s.monitors(ctx); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.monitor.close())
		s.monitor = nil
	}()
	s.follow(ctx)
	return nil
}

// follow keeps the read models up to date, judges, erases, and tells others, until
// ctx ends.
func (s *server) follow(ctx context.Context) {
	var group sync.WaitGroup
	if s.projects {
		group.Go(func() { s.sides.follow(ctx, s.elected, s.log, time.After) })
	}
	if s.judges {
		group.Go(func() { s.monitor.follow(ctx, s.elected, s.log, time.After) })
		e := s.record.eraser(s.erasing, s.monitor, s.sides, s.now, func(r erasure.Receipt) {
			s.log.InfoContext(ctx, "a record was erased", slog.String("receipt", r.Event.String()), slog.Int("keys", r.Keys))
		})
		group.Go(func() { followErasures(ctx, e, s.log, time.After) })
		group.Go(func() { s.seal(ctx) })
	}
	if s.relayer != nil {
		group.Go(func() { s.relayer.follow(ctx, s.elected, s.log, time.After) })
	}
	group.Wait()
}

// sealAgain is how long what seals rests before it is opened again.
const sealAgain = 5 * time.Second

// seal makes the record tamper-evident, until ctx ends. Where that cannot be
// begun, the rest of the work goes on.
func (s *server) seal(ctx context.Context) {
	for {
		one, err := s.opening.openSealing(ctx, s.record, s.seals)
		if err == nil {
			s.sealing.Store(one)
			one.follow(ctx, s.log)
			s.sealing.Store(nil)
			err = one.close()
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.ErrorContext(ctx, "nothing is sealed", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sealAgain):
		}
	}
}

// health is what readiness depends on.
func (s *server) health() []api.Health {
	checks := []api.Health{
		{Name: "process", Check: func(context.Context) error {
			if s.stopping.Load() {
				return errors.New("it is stopping")
			}
			return nil
		}},
		{Name: "ledger", Check: s.record.store.Ready},
		{Name: "keys", Check: func(ctx context.Context) error {
			_, err := s.record.vault.Marked(ctx, syntheticMark)
			return err
		}},
	}
	if s.elected {
		checks = append(checks, api.Health{Name: "history", Check: func(ctx context.Context) error {
			ours, err := s.record.ours(ctx)
			if err == nil && !ours {
				err = errAnother
			}
			return err
		}})
	}
	for _, one := range s.sides {
		checks = append(checks, api.Health{Name: "views-" + one.name, Check: func(ctx context.Context) error { return s.current(ctx, one) }})
	}
	return checks
}

// current reports whether a set of read models is there and close behind the
// ledger.
func (s *server) current(ctx context.Context, one *side) error {
	head, err := s.record.head(ctx)
	if err != nil {
		return err
	}
	due := s.pace.due(head)
	all, err := one.runner.Status(ctx)
	for _, st := range all {
		switch {
		case st.Version != st.Wanted:
			err = errors.Join(err, fmt.Errorf("read model %s of %s is being built", st.Model, one.name))
		case st.Position < due:
			err = errors.Join(err, fmt.Errorf("read model %s of %s is at %d, where the ledger was %s ago: at %d", st.Model, one.name, st.Position, behindFor, due))
		}
	}
	return err
}

// pace tells where everybody who follows the ledger should be, by where it was a
// while ago.
type pace struct {
	now   func() time.Time
	mu    sync.Mutex
	heads []seen // in the order of time
}

type seen struct {
	at   time.Time
	head event.Position
}

// behindFor is how long an entry may take to be in the read models before they
// count as behind.
const behindFor = 30 * time.Second

// due notes where the ledger is and returns where it was a while ago, as far as
// somebody looked then.
func (p *pace) due(head event.Position) (due event.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if n := len(p.heads); n == 0 || p.heads[n-1].head < head {
		p.heads = append(p.heads, seen{now, head})
	}
	for len(p.heads) > 0 && now.Sub(p.heads[0].at) >= behindFor {
		if due = p.heads[0].head; len(p.heads) == 1 || now.Sub(p.heads[1].at) < behindFor {
			break
		}
		p.heads = p.heads[1:]
	}
	return due
}
