package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"caseledger/eventstore/relay"
)

// relayFigures tells how far the relay of a server is with each destination. The
// labels are the names in the destinations file.
type relayFigures struct{ *server }

func relayFigure(name, says string) *prometheus.Desc {
	return prometheus.NewDesc("caseledger_relay_"+name, says, []string{"destination"}, nil)
}

// The figures.
var (
	relayBehind    = relayFigure("lag_events", "Entries of the ledger that the destination was not told of yet, as far as they are for it.")
	relayBehindFor = relayFigure("lag_seconds", "How long ago the first of those entries was recorded; 0 if there is none.")
	relayHeld      = relayFigure("held_messages", "Messages that the destination did not take, and those of the same people behind them.")
	relayParked    = relayFigure("parked_messages", "Of the messages held, those that wait for caseledger relay replay.")
	relayDisabled  = relayFigure("disabled", "1 if the destination said that it is gone and waits for caseledger relay enable, else 0.")

	relayPublished  = relayFigure("published_total", "Messages that the destination took from this process.")
	relayRetried    = relayFigure("retried_total", "Attempts of this process that failed and are made again.")
	relayEverParked = relayFigure("parked_total", "Messages that this process parked.")
)

// Describe implements prometheus.Collector.
func (relayFigures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{relayBehind, relayBehindFor, relayHeld, relayParked, relayDisabled, relayPublished, relayRetried, relayEverParked} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (f relayFigures) Collect(to chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	all, err := f.relayer.Status(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(relayBehind, err)
		return
	}
	for _, s := range all {
		one := func(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(d, kind, value, s.Destination)
		}
		one(relayBehind, prometheus.GaugeValue, float64(behind(s)))
		one(relayBehindFor, prometheus.GaugeValue, behindSince(s, f.now()).Seconds())
		one(relayHeld, prometheus.GaugeValue, float64(s.Held))
		one(relayParked, prometheus.GaugeValue, float64(s.Parked))
		disabled := 0.0
		if s.Disabled != "" {
			disabled = 1
		}
		one(relayDisabled, prometheus.GaugeValue, disabled)
		one(relayPublished, prometheus.CounterValue, float64(s.Published))
		one(relayRetried, prometheus.CounterValue, float64(s.Retried))
		one(relayEverParked, prometheus.CounterValue, float64(s.EverParked))
	}
}

// behind is how many entries a destination is behind the ledger. A checkpoint
// beyond its end is of another ledger, and the relay goes back.
func behind(s relay.Status) uint64 { return uint64(s.Head - min(s.Head, s.Position)) }

// behindSince is how long the first entry that was not handled has waited.
func behindSince(s relay.Status, now time.Time) time.Duration {
	if s.Waiting.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Waiting))
}
