package api

import (
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"caseledger/domain/event"
)

// Config is everything the API is made of. Fields without a comment on their
// zero value are required.
type Config struct {
	Recorder    Recorder
	Views       Views
	Identifiers Identifiers
	Feed        Feed
	AccessLog   AccessLog
	// Proofs is what the ledger publishes; nil is a ledger of which nothing is
	// sealed.
	Proofs Proofs
	// Packs makes case proof packs; nil is that none can be made yet.
	Packs Packs

	// Issuers are those whose tokens are accepted. None means that nobody can
	// get in.
	Issuers []Issuer
	// Organisation looks up the organisation that a token names.
	Organisation func(code string) (Organisation, bool)
	// Secret keys the opaque tokens that stand for positions and revisions. All
	// processes that serve one ledger share it; changing it makes every ETag,
	// cursor and consistency token in the hands of clients invalid.
	Secret [32]byte

	// Health lists what readiness depends on.
	Health []Health
	// Info is what /info says. It is public.
	Info Info
	// Log gets one record per request: identifiers, codes and durations, never
	// a body, a query string or a value out of a path.
	Log *slog.Logger
	// Metrics collects the API's own figures and is what /metrics shows. nil is
	// a registry with the API's figures alone.
	Metrics *prometheus.Registry

	Clock func() time.Time
	// After is the clock's timer; nil is time.After.
	After  func(time.Duration) <-chan time.Time
	Random io.Reader // names the reads; crypto/rand.Reader outside tests
	// Limits bounds what a request may cost; a zero field is its default.
	Limits Limits
}

// Info says what is running.
type Info struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Revision    string `json:"revision,omitempty"`
	Environment string `json:"environment" doc:"such as production, or TRAINING"`
	Synthetic   bool   `json:"synthetic" doc:"holds invented people only"`
	Ledger      string `json:"ledger,omitempty"`
}

// Limits bounds what one request, and all together, may cost.
type Limits struct {
	// InFlight is how many requests are worked on at a time; those beyond it
	// are answered 503. Default 256. Too low turns clients away, too high lets
	// a burst exhaust memory: one request may hold a body and its answer.
	InFlight int
	// PerCaller is how many of them one session may have; beyond it 429.
	// Default 32.
	PerCaller int
	// Request is how long one request may take. Default 20 s.
	Request time.Duration
	// Consistency is how long a read waits for the position its consistency
	// token names. Default 2 s.
	Consistency time.Duration
	// Health is how long all readiness checks together may take. Default 2 s.
	Health time.Duration
	// Streams bounds the event streams, which the others do not count.
	Streams StreamLimits
}

func (l Limits) withDefaults() Limits {
	if l.InFlight == 0 {
		l.InFlight = 256
	}
	if l.PerCaller == 0 {
		l.PerCaller = 32
	}
	if l.Request == 0 {
		l.Request = 20 * time.Second
	}
	if l.Consistency == 0 {
		l.Consistency = 2 * time.Second
	}
	if l.Health == 0 {
		l.Health = 2 * time.Second
	}
	l.Streams = l.Streams.withDefaults()
	return l
}

// Issuer is one source of tokens that is trusted, and how its claims are to be
// read.
type Issuer struct {
	// URL is the exact value of the "iss" claim.
	URL string
	// Audience is the exact value that "aud" must be, or contain.
	Audience string
	// Keys is the issuer's key set; see [StaticKeys] and [FetchKeys].
	Keys KeySet
	// Claims names the claims; an empty name is its default.
	Claims ClaimNames
	// Roles maps the issuer's role names to ours. A role that is not in it is
	// nobody's. nil takes the names as they are, for issuers of our own.
	Roles map[string]event.Role
}

// ClaimNames says which claim holds what.
type ClaimNames struct {
	Role         string // default "role": a string, or a list with exactly one known role
	Organisation string // default "org": the organisation's code
	Session      string // default "sid"; without it the session is the token's "jti", else subject and issue time
	Client       string // default "client_id"
	// Human is a claim that only tokens of a named human have; the default is
	// "sub", where it differs from the client's claim. A token without it may
	// read and not write.
	Human string
}
