package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"caseledger/api"
	"caseledger/api/recording"
	"caseledger/eventstore/ledger/witness"
)

// server is an open record that answers requests, does the work behind them, or
// both.
type server struct {
	duties
	opening  opening
	record   *record
	sides    sides
	trust    trusted
	erasing  erasing
	now      func() time.Time
	guard    *guard
	recorder *recording.Recorder // of what falls due; nil: that is left
	monitor  *monitors           // while this process judges; see [server.lead]
	seals    sealingWith         // how the record is sealed, while this process judges
	sealing  atomic.Pointer[sealing]
	proofs   *proofs
	// relayer tells others, while this process judges; nil if nobody is told.
	relayer  *relayer
	handler  http.Handler // nil for a worker that shows nothing
	streams  func()       // ends the streams of the handler
	log      *slog.Logger
	pace     *pace
	leads    atomic.Bool
	stopping atomic.Bool
}

// parts are what a server is made of beside the data directory.
type parts struct {
	opening     opening
	trust       trusted
	role        string // all, web or worker
	environment string // what /info says, such as TRAINING
	// smallNumbers is the threshold under which the hubs' figures keep a count
	// back; 0 keeps none.
	smallNumbers int
	timers       bool // what falls due by the clock is recorded
	destinations *destinations
	erasing      erasing
	witnesses    *witness.Policy // nil: nobody is asked
	headsEvery   time.Duration   // 0: an hour
	verifyEvery  time.Duration   // 0: a day
}

// newServer opens a record to serve it.
func (p *program) newServer(ctx context.Context, with parts) (_ *server, err error) {
	s := &server{duties: dutiesOf(with.role, with.opening.at), trust: with.trust, erasing: with.erasing, now: p.now, pace: &pace{now: p.now},
		log: slog.New(slog.NewJSONHandler(p.errs, nil))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if !s.answers && !s.judges {
		with.opening.mode = reading // beside the process that writes the file
	}
	if s.record, err = with.opening.open(ctx); err != nil {
		return nil, err
	}
	if s.record.again {
		s.log.WarnContext(ctx, startedOver)
	}
	if s.record.readOnly {
		if _, err := s.record.recognise(ctx); err != nil {
			return nil, err
		}
	} else if err := with.trust.remember(s.record.dir); err != nil {
		return nil, err
	}
	if s.sides, err = s.record.views(ctx, with.trust, viewOptions); err != nil {
		return nil, err
	}
	recorder := s.record.recorder(p.now, with.trust)
	if with.timers {
		s.recorder = recorder
	}
	s.opening = with.opening
	s.seals = sealingWith{now: p.now, after: time.After, random: p.random, log: s.log, policy: with.witnesses, every: cmp.Or(with.headsEvery, time.Hour), verify: cmp.Or(with.verifyEvery, 24*time.Hour)}
	if s.judges && !s.elected {
		if s.monitor, err = s.monitors(ctx); err != nil {
			return nil, err
		}
	}
	s.proofs = &proofs{opening: with.opening, store: s.record.store, sealing: s.sealing.Load, now: p.now}
	if s.judges { // what is wrong with the keys is told at once
		one, err := s.opening.openSealing(ctx, s.record, s.seals)
		if err == nil {
			err = one.close()
		}
		if err != nil {
			return nil, err
		}
	}
	if s.judges && with.destinations != nil {
		if s.relayer, err = s.record.relayer(ctx, *with.destinations, with.trust, p.now, s.log); err != nil {
			return nil, err
		}
	}
	if !s.answers {
		s.handler = api.Probes(p.probes(s, with))
		return s, nil
	}
	if s.guard, err = newGuard(ctx, s.record, p.now); err != nil {
		return nil, err
	}
	return s, p.wire(ctx, s, with, recorder)
}

// monitors opens what judges the record.
func (s *server) monitors(ctx context.Context) (*monitors, error) {
	return s.record.monitors(ctx, s.trust, s.now, s.recorder, nil)
}

// probes is what the API shows of a server to those who look after it.
func (p *program) probes(s *server, with parts) api.Config {
	b := built()
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &lag{s})
	metrics.MustRegister(s.proofs)
	if s.relayer != nil {
		metrics.MustRegister(relayFigures{s})
	}
	return api.Config{
		Health: s.health(),
		Info: api.Info{Name: "caseledger", Version: b.Version, Revision: b.Revision, Environment: with.environment,
			Synthetic: s.record.synthetic},
		Proofs:  s.proofs,
		Log:     s.log,
		Metrics: metrics,
	}
}

// wire makes the API of the record.
func (p *program) wire(ctx context.Context, s *server, with parts, recorder *recording.Recorder) (err error) {
	v := &views{record: s.record, sides: s.sides, guard: s.guard, trust: with.trust, now: p.now, smallNumbers: with.smallNumbers}
	c := p.probes(s, with)
	if c.Secret, err = s.record.tokenSecret(ctx, p.random); err != nil {
		return err
	}
	c.Recorder, c.Views, c.Feed = recorder, v, feed{v}
	c.Identifiers = finder{s.record.vault, s.record.synthetic, p.now}
	c.Packs = &packs{server: s, views: v}
	c.AccessLog = newAccessLog(s.record.store, s.record.codec)
	c.Issuers, c.Organisation = with.trust.issuers, with.trust.organisation
	c.Clock, c.Random = p.now, p.random
	a := api.New(c)
	s.handler, s.streams = a, a.EndStreams
	return nil
}

// close releases the record.
func (s *server) close() error {
	err := s.sides.close()
	if s.monitor != nil {
		err = errors.Join(err, s.monitor.close())
	}
	if s.relayer != nil {
		err = errors.Join(err, s.relayer.close())
	}
	if s.proofs != nil {
		err = errors.Join(err, s.proofs.close())
	}
	if s.guard != nil {
		err = errors.Join(err, s.guard.leave(s.record.dir))
	}
	if s.record != nil {
		err = errors.Join(err, s.record.close())
	}
	return err
}

// patience is how a server stops.
type patience struct {
	// drain is how long readiness says no before no more requests are taken.
	drain time.Duration
	// finish is how long requests that are under way may take then.
	finish time.Duration
}

// run serves until ctx ends. Then readiness says so, open requests finish, what
// follows the ledger stops, and the lead is given up, in this order. listener is
// nil for a worker that shows nothing.
func (s *server) run(ctx context.Context, listener net.Listener, p patience) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { s.work(working) })
	background.Go(func() { s.proofs.watch(working, s.log, time.After) })
	background.Go(func() { s.record.keepSettled(working, s.log, s.now, time.After) })
	defer background.Wait()
	defer stop()
	if listener == nil {
		<-ctx.Done()
		return nil
	}
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	if s.streams != nil {
		web.RegisterOnShutdown(s.streams)
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	if p.drain > 0 {
		<-time.After(p.drain)
	}
	// The context has ended: what is under way gets its own time.
	finishing, done := context.WithTimeout(context.WithoutCancel(ctx), p.finish)
	defer done()
	if err := web.Shutdown(finishing); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %s: %w", p.finish, err), web.Close())
	}
	return nil
}

// lag tells how far the read models are behind the ledger.
type lag struct{ *server }

var (
	headFigure = prometheus.NewDesc("caseledger_ledger_events", "Events in the ledger.", nil, nil)
	lagFigure  = prometheus.NewDesc("caseledger_projection_lag_events", "Events that a read model does not reflect yet.", []string{"side", "model"}, nil)
	leadFigure = prometheus.NewDesc("caseledger_leading", "1 if this process keeps the read models up to date and judges, else 0.", nil, nil)
	parkFigure = prometheus.NewDesc("caseledger_projection_parked_streams", "People whose events a read model cannot fold.", []string{"side", "model"}, nil)
)

// Describe implements prometheus.Collector.
func (l *lag) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{headFigure, leadFigure, lagFigure, parkFigure} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (l *lag) Collect(to chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	leading := 0.0
	if l.leads.Load() {
		leading = 1
	}
	to <- prometheus.MustNewConstMetric(leadFigure, prometheus.GaugeValue, leading)
	head, err := l.record.head(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(headFigure, err)
		return
	}
	to <- prometheus.MustNewConstMetric(headFigure, prometheus.GaugeValue, float64(head))
	for _, one := range l.sides {
		all, err := one.runner.Status(ctx)
		if err != nil {
			to <- prometheus.NewInvalidMetric(lagFigure, err)
			continue
		}
		for _, st := range all {
			behind := head - min(head, st.Position)
			to <- prometheus.MustNewConstMetric(lagFigure, prometheus.GaugeValue, float64(behind), one.name, st.Model)
			to <- prometheus.MustNewConstMetric(parkFigure, prometheus.GaugeValue, float64(st.Parked), one.name, st.Model)
		}
	}
}
