package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The paths that HMPPS platforms expect at the root. They say which parts
// work; why one does not is in the log.

type healthAnswer struct {
	Status     string            `json:"status" doc:"UP or DOWN"`
	Components map[string]string `json:"components,omitempty" doc:"UP or DOWN for each part"`
	Integrity  string            `json:"integrity,omitempty" doc:"failed: an alarm says that the ledger is not what was signed. It can be read all the same"`
}

func (a *API) probes() []route {
	// A figure that is not to be had now leaves the others.
	metrics := promhttp.HandlerFor(a.config.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	return []route{
		a.probe("health", "/health", "Which parts work", healthAnswer{}, a.readiness),
		a.probe("health-readiness", "/health/readiness", "Whether requests can be served", healthAnswer{}, a.readiness),
		a.probe("health-liveness", "/health/liveness", "Whether the process works at all", healthAnswer{}, func(w http.ResponseWriter, _ *http.Request) {
			replyWith(w, http.StatusOK, healthAnswer{Status: "UP"})
		}),
		a.probe("info", "/info", "What is running", Info{}, func(w http.ResponseWriter, _ *http.Request) {
			replyWith(w, http.StatusOK, a.config.Info)
		}),
		a.plain("ping", "/ping", "Answers pong", "text/plain", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("pong"))
		}),
		a.plain("metrics", "/metrics", "Figures for Prometheus", "text/plain", metrics.ServeHTTP),
		a.plain("openapi", "/openapi.json", "This description", "application/json", func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, a.openapi)
		}),
		a.plain("docs", "/docs", "This description, for people", "text/html", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(a.docs)
		}),
	}
}

func (a *API) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), a.config.Limits.Health)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	results := make(chan result, len(a.config.Health))
	for _, h := range a.config.Health {
		go func() {
			defer func() {
				if recover() != nil {
					results <- result{h.Name, errPanic}
				}
			}()
			results <- result{h.Name, h.Check(ctx)}
		}()
	}
	answer := healthAnswer{Status: "UP", Components: map[string]string{}, Integrity: a.integrity()}
	for _, h := range a.config.Health {
		answer.Components[h.Name] = "DOWN" // until it says otherwise
	}
	for range a.config.Health {
		select {
		case got := <-results:
			if got.err == nil {
				answer.Components[got.name] = "UP"
				continue
			}
			a.config.Log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("part", got.name), slog.Any("cause", got.err))
		case <-ctx.Done():
		}
	}
	status := http.StatusOK
	for _, state := range answer.Components {
		if state != "UP" {
			answer.Status, status = "DOWN", http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "5")
		}
	}
	replyWith(w, status, answer)
}

func replyWith(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // only our own fixed types come here
	}
	reply(w, status, body)
}

// probe makes a public route whose answer is JSON.
func (a *API) probe(id, path, summary string, sample any, h http.HandlerFunc) route {
	return a.publicRoute(id, path, summary, func(r huma.Registry) *huma.Operation {
		return documentPublic(r, id, path, summary, "application/json", sample)
	}, h)
}

// plain makes a public route whose answer is not JSON of ours.
func (a *API) plain(id, path, summary, contentType string, h http.HandlerFunc) route {
	return a.publicRoute(id, path, summary, func(r huma.Registry) *huma.Operation {
		return documentPublic(r, id, path, summary, contentType, nil)
	}, h)
}

func (a *API) publicRoute(id, path, summary string, document func(huma.Registry) *huma.Operation, h http.HandlerFunc) route {
	if _, listed := public[http.MethodGet+" "+path]; !listed {
		panic("api: " + path + " is public without a reason")
	}
	return route{id: id, method: http.MethodGet, path: path, summary: summary, public: true, document: document,
		serve: func(w http.ResponseWriter, r *http.Request, _ huma.Context) { h(w, r) }}
}

// Probes serves the probes alone, of a process that answers no other requests. Of
// the configuration it uses Health, Info, Log, Metrics, Proofs and Limits.
func Probes(config Config) http.Handler {
	if config.Metrics == nil {
		config.Metrics = prometheus.NewRegistry()
	}
	if config.Proofs == nil {
		config.Proofs = unsealed{}
	}
	config.Limits = config.Limits.withDefaults()
	a, mux := &API{config: config}, http.NewServeMux()
	for _, r := range a.probes() {
		if r.path != "/openapi.json" && r.path != "/docs" { // which describe the rest
			mux.HandleFunc(http.MethodGet+" "+r.path, func(w http.ResponseWriter, q *http.Request) { r.serve(w, q, nil) })
		}
	}
	return mux
}
