package api

import (
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// StreamLimits bounds what the event streams may cost.
type StreamLimits struct {
	// InAll is how many streams may be open; beyond it 503. Default 500. Each
	// holds a connection and, while it sends, some 100 KB.
	InAll int
	// PerPrincipal is how many of them one principal may have, over all their
	// sessions; beyond it 429. Default 3.
	PerPrincipal int
	// Heartbeat is how often something is sent, so that a connection that is gone
	// is noticed and a proxy keeps one that is there. The caller's token is
	// looked at again as often. Default 15 s.
	Heartbeat time.Duration
	// Write is how long the client may take for one write; one that takes longer
	// is dropped, and may come back. Default 10 s.
	Write time.Duration
	// Lifetime is how long a stream lasts before the client is asked to come
	// back. Default 15 min.
	Lifetime time.Duration
	// Pause is for how long entries gather after some were read: so often at most
	// a stream reads the ledger and leaves a look on the record. The first entry
	// after a quiet while is sent at once. Default 1 s.
	Pause time.Duration
}

func (l StreamLimits) withDefaults() StreamLimits {
	for n, standard := range map[*int]int{&l.InAll: 500, &l.PerPrincipal: 3} {
		if *n == 0 {
			*n = standard
		}
	}
	for d, standard := range map[*time.Duration]time.Duration{&l.Heartbeat: 15 * time.Second, &l.Write: 10 * time.Second,
		&l.Lifetime: 15 * time.Minute, &l.Pause: time.Second} {
		if *d == 0 {
			*d = standard
		}
	}
	return l
}

// comeBack is the wait suggested to who asks for a stream too many.
const comeBack = 5 * time.Second

var (
	errTooManyStreams = &fault.Fault{Kind: fault.TooMany, Code: "too-many-streams", Message: "too many event streams of this principal at a time", RetryAfter: comeBack}
	errStreamsBusy    = &fault.Fault{Kind: fault.Unavailable, Code: "too-busy", Message: "too many event streams at a time", RetryAfter: comeBack}
)

// streams are the streams that are open. The zero value has none.
type streams struct {
	mu    sync.Mutex
	open  map[*stream]event.UUID // by principal
	ended bool
}

// enter takes a place for a stream.
func (all *streams) enter(s *stream, l StreamLimits) error {
	all.mu.Lock()
	defer all.mu.Unlock()
	principal, own := s.caller.Actor.ID, 0
	for _, of := range all.open {
		if of == principal {
			own++
		}
	}
	switch {
	case all.ended || len(all.open) >= l.InAll:
		return errStreamsBusy
	case own >= l.PerPrincipal:
		return errTooManyStreams
	}
	if all.open == nil {
		all.open = map[*stream]event.UUID{}
	}
	all.open[s] = principal
	return nil
}

func (all *streams) leave(s *stream) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.open, s)
}

// EndStreams ends every event stream, cleanly where the client reads what is sent
// to it, and lets none begin. A server that stops calls it, because a stream does
// not end by itself.
func (a *API) EndStreams() {
	a.streams.mu.Lock()
	defer a.streams.mu.Unlock()
	a.streams.ended = true
	for s := range a.streams.open {
		s.end()
	}
}
