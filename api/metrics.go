package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the API's own figures. Their labels come from lists that the
// program holds: operation ids, statuses, fault codes; never from a request.
type metrics struct {
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	streams  prometheus.Gauge
}

// newMetrics registers the figures. failed is [Proofs.Failed].
func newMetrics(r prometheus.Registerer, failed func() string) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caseledger_http_requests_total", Help: "Requests answered."}, []string{"operation", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caseledger_http_refusals_total", Help: "Requests refused, by stable error code."}, []string{"operation", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "caseledger_http_request_duration_seconds", Help: "Time to the end of the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}}, []string{"operation"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "caseledger_http_requests_in_flight", Help: "Requests being worked on."}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "caseledger_http_streams", Help: "Event streams that are open."}),
	}
	integrity := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "caseledger_ledger_integrity_failed", Help: "1 while an alarm says that the ledger is not what was signed."}, func() float64 {
		if failed() != "" {
			return 1
		}
		return 0
	})
	r.MustRegister(m.requests, m.refusals, m.duration, m.inFlight, m.streams, integrity)
	return m
}

func (m *metrics) observe(operation string, status int, code string, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(operation).Observe(took.Seconds())
	if code != "" {
		m.refusals.WithLabelValues(operation, code).Inc()
	}
}
