package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"caseledger/api"
	"caseledger/api/recording"
)

// server is an open record that answers requests, keeps its read models up to
// date, or both.
type server struct {
	record  *record
	sides   sides
	trust   trusted
	guard   *guard
	monitor *monitors
	handler *api.API // nil for a worker, as guard and monitor
	log     *slog.Logger
	follows bool // keeps the read models up to date
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
}

// newServer opens a data directory to serve it. A worker only reads the
// ledger, so it runs beside the web server that writes it.
func (p *program) newServer(ctx context.Context, with parts) (_ *server, err error) {
	s := &server{trust: with.trust, follows: with.role != "web", log: slog.New(slog.NewJSONHandler(p.errs, nil))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if with.role == "worker" {
		with.opening.mode = reading
	}
	if s.record, err = with.opening.open(ctx); err != nil {
		return nil, err
	}
	if with.role != "worker" {
		if err := with.trust.remember(s.record.dir); err != nil {
			return nil, err
		}
	}
	if s.sides, err = s.record.views(ctx, with.trust, viewOptions); err != nil {
		return nil, err
	}
	if with.role == "worker" {
		return s, nil
	}
	if s.guard, err = newGuard(ctx, s.record, p.now); err != nil {
		return nil, err
	}
	recorder := s.record.recorder(p.now, with.trust)
	timers := recorder
	if !with.timers {
		timers = nil
	}
	if s.monitor, err = s.record.monitors(ctx, with.trust, p.now, timers, nil); err != nil {
		return nil, err
	}
	s.handler, err = p.handler(ctx, s, with, recorder)
	return s, err
}

// handler wires the API to the record.
func (p *program) handler(ctx context.Context, s *server, with parts, recorder *recording.Recorder) (*api.API, error) {
	secret, err := s.record.tokenSecret(ctx, p.random)
	if err != nil {
		return nil, err
	}
	v := &views{record: s.record, sides: s.sides, guard: s.guard, trust: with.trust, now: p.now, smallNumbers: with.smallNumbers}
	b := built()
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &lag{s})
	return api.New(api.Config{
		Recorder:    recorder,
		Views:       v,
		Identifiers: finder{s.record.vault, s.record.synthetic, p.now},
		Feed:        feed{v},
		AccessLog:   newAccessLog(s.record.store, s.record.codec),

		Issuers:      with.trust.issuers,
		Organisation: with.trust.organisation,
		Secret:       secret,
		Health:       s.health(),
		Info: api.Info{Name: "caseledger", Version: b.Version, Revision: b.Revision, Environment: with.environment,
			Synthetic: s.record.synthetic},
		Log:     s.log,
		Metrics: metrics,
		Clock:   p.now,
		Random:  p.random,
	}), nil
}

// health is what readiness depends on.
func (s *server) health() []api.Health {
	checks := []api.Health{{Name: "ledger", Check: func(ctx context.Context) error {
		_, err := s.record.head(ctx)
		return err
	}}}
	for _, one := range s.sides {
		checks = append(checks, api.Health{Name: "views-" + one.name, Check: func(ctx context.Context) error {
			all, err := one.runner.Status(ctx)
			for _, st := range all {
				if st.Version != st.Wanted {
					err = errors.Join(err, fmt.Errorf("read model %s of %s is being built", st.Model, one.name))
				}
			}
			return err
		}})
	}
	return checks
}

// close releases the record.
func (s *server) close() error {
	err := s.sides.close()
	if s.monitor != nil {
		err = errors.Join(err, s.monitor.close())
	}
	if s.guard != nil {
		err = errors.Join(err, s.guard.leave(s.record.dir))
	}
	if s.record != nil {
		err = errors.Join(err, s.record.close())
	}
	return err
}

// run serves until ctx ends: it then lets open requests finish, for a while,
// and stops what follows the ledger. listener is nil for a worker.
func (s *server) run(ctx context.Context, listener net.Listener, patience time.Duration) error {
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	if s.follows {
		background.Go(func() { s.sides.follow(following, s.log, time.After) })
	}
	if s.monitor != nil {
		background.Go(func() { s.monitor.follow(following, s.log, time.After) })
	}
	background.Go(func() { s.record.keepSettled(following, s.log, time.Now, time.After) })
	defer background.Wait()
	defer stop()
	if listener == nil {
		<-ctx.Done()
		return nil
	}
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	web.RegisterOnShutdown(s.handler.EndStreams)
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// The context has ended: what is under way gets its own time.
	finishing, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if err := web.Shutdown(finishing); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %s: %w", patience, err), web.Close())
	}
	return nil
}

// lag tells how far the read models are behind the ledger.
type lag struct{ *server }

var (
	headFigure = prometheus.NewDesc("caseledger_ledger_events", "Events in the ledger.", nil, nil)
	lagFigure  = prometheus.NewDesc("caseledger_projection_lag_events", "Events that a read model does not reflect yet.", []string{"side", "model"}, nil)
	parkFigure = prometheus.NewDesc("caseledger_projection_parked_streams", "People whose events a read model cannot fold.", []string{"side", "model"}, nil)
)

// Describe implements prometheus.Collector.
func (l *lag) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{headFigure, lagFigure, parkFigure} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (l *lag) Collect(to chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
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
