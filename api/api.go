package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
)

// API serves the record over HTTP. It is safe for use by several goroutines.
type API struct {
	config   Config
	issuers  map[string]Issuer
	tokens   tokens
	verified *verified
	random   *randomness
	metrics  *metrics
	inFlight *inFlight
	streams  streams
	router   *chi.Mux
	huma     huma.API
	routes   []route
	openapi  []byte
	docs     []byte
}

// New makes the API. It panics on a configuration that lacks something, on an
// issuer given twice, and on a route that is neither public nor has a row in
// the table of who may.
func New(config Config) *API {
	switch {
	case config.Recorder == nil, config.Views == nil, config.Identifiers == nil, config.Feed == nil, config.AccessLog == nil,
		config.Organisation == nil, config.Log == nil, config.Clock == nil, config.Random == nil:
		panic("api: the configuration lacks a part")
	case config.Secret == [32]byte{}:
		panic("api: the configuration lacks the secret of the tokens")
	}
	if config.Metrics == nil {
		config.Metrics = prometheus.NewRegistry()
	}
	if config.Proofs == nil {
		config.Proofs = unsealed{}
	}
	config.Limits = config.Limits.withDefaults()
	if config.After == nil {
		config.After = time.After
	}
	a := &API{
		config: config, issuers: map[string]Issuer{}, tokens: newTokens(config.Secret), random: &randomness{source: config.Random}, verified: &verified{},
		metrics: newMetrics(config.Metrics, config.Proofs.Failed), inFlight: &inFlight{sessions: map[event.UUID]int{}}, router: chi.NewRouter(),
	}
	for _, i := range config.Issuers {
		if _, twice := a.issuers[i.URL]; twice || i.URL == "" || i.Audience == "" || i.Keys == nil {
			panic("api: an issuer lacks its URL, audience or keys, or is given twice")
		}
		i.Claims = i.Claims.withDefaults()
		a.issuers[i.URL] = i
	}
	a.router.Use(a.outermost, a.limited)
	a.router.NotFound(a.notFound)
	a.router.MethodNotAllowed(a.notAllowed)
	a.huma = humachi.New(a.router, a.describe())
	a.routes = a.allRoutes()
	for _, r := range a.routes {
		a.add(r)
	}
	var err error
	if a.openapi, err = a.huma.OpenAPI().MarshalJSON(); err != nil {
		panic(err) // at start-up: the description is made of our own types
	}
	a.docs = a.renderDocs(a.routes)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// OpenAPI returns the API's description, as /openapi.json serves it.
func (a *API) OpenAPI() []byte { return slices.Clone(a.openapi) }

func (a *API) allRoutes() []route {
	all := a.probes()
	all = append(all,
		bind(a, getPerson), bind(a, getTimeline), bind(a, getConsents), bind(a, getReferrals), bind(a, getDisclosures),
		bind(a, searchPeople), bind(a, getCaseload), bind(a, listDisclosures), bind(a, listEvents), bind(a, getEvent), streamRoute(a),
		bind(a, listFindings), bind(a, getFinding), bind(a, listAgreements), bind(a, getAgreement),
		bind(a, listRightsRequests), bind(a, listRetention), bind(a, listReviews), bind(a, getReview), bind(a, listGovernance),
		bind(a, getRejudge), bind(a, getReach), bind(a, simulatePolicy), bind(a, makePack),
	)
	all = append(all, careRoutes(a)...)
	all = append(all, ledgerRoutes(a)...)
	for _, c := range offered() {
		all = append(all, commandRoute(a, c))
		if c.Name == decideCommand {
			all = append(all, decisionRoutes(a, c)...)
		}
	}
	return all
}

// offered lists the commands that somebody who can get in may give. The rest
// are given by the system itself, which does not come this way.
func offered() []catalogue.Command {
	return slices.DeleteFunc(catalogue.Commands(), func(c catalogue.Command) bool {
		return !slices.ContainsFunc(c.Roles, func(r event.Role) bool { return slices.Contains(callers, r) })
	})
}

// add puts a route into the router and into the description.
func (a *API) add(r route) {
	if !r.public && len(r.roles) == 0 {
		panic("api: nobody may call " + r.id)
	}
	op := r.document(a.huma.OpenAPI().Components.Schemas)
	a.huma.OpenAPI().AddOperation(op)
	a.huma.Adapter().Handle(op, func(h huma.Context) {
		request, w := humachi.Unwrap(h)
		requestOf(request.Context()).operation = r.id
		r.serve(w, request, h)
	})
}

// limited turns requests away while too many are being worked on. The probes
// are let through: a process that is busy is not dead. What the ledger publishes
// is not.
func (a *API) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, probe := public[r.Method+" "+r.URL.Path]; !probe || strings.HasPrefix(r.URL.Path, published) {
			if !a.inFlight.enter(a.config.Limits.InFlight) {
				a.fail(r.Context(), w, errBusy)
				return
			}
			leave := sync.OnceFunc(a.inFlight.leave)
			defer leave()
			requestOf(r.Context()).begun = leave
		}
		next.ServeHTTP(w, r)
	})
}

func itoa(n int) string { return strconv.Itoa(n) }
