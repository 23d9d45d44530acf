package witness

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Log is a ledger that a witness knows.
type Log struct {
	Origin string
	// Keys verify its signatures: one, and while it changes keys, both.
	Keys []note.Verifier
}

// ServerSettings is what a witness is made of.
type ServerSettings struct {
	Signer *Signer
	Logs   []Log
	Store  *Store
	Now    func() time.Time
	Log    *slog.Logger
}

// Outcome is how a request to a witness ended. It is stable.
type Outcome string

// The outcomes.
const (
	Cosigned      Outcome = "cosigned"
	BadRequest    Outcome = "bad-request"    // 400, 405 or 413
	UnknownKey    Outcome = "unknown-key"    // 403
	UnknownOrigin Outcome = "unknown-origin" // 404
	OtherSize     Outcome = "other-size"     // 409: the witness knows another size than the request says
	OtherRoot     Outcome = "other-root"     // 409: the size that it knows, with another root
	BadProof      Outcome = "bad-proof"      // 422
	ClockBehind   Outcome = "clock-behind"   // 503: its clock shows less than it has cosigned
	StoreFailed   Outcome = "store-failed"   // 500
)

// Outcomes are all of them.
var Outcomes = []Outcome{Cosigned, BadRequest, UnknownKey, UnknownOrigin, OtherSize, OtherRoot, BadProof, ClockBehind, StoreFailed}

// clockSlack is how far the clock of a witness may go back before it stops
// cosigning. Meanwhile it cosigns with the last time that it had shown.
const clockSlack = time.Minute

// Server is a witness (C2SP tlog-witness). For each origin it cosigns one history
// only, in order, and saves what it is about to cosign before it does. A time that
// it has shown never becomes an earlier one.
//
// It answers POST /add-checkpoint, and GET /checkpoint/H, the last checkpoint that
// it cosigned for the origin whose SHA-256 is H in hexadecimal, which tlog-witness
// leaves open.
type Server struct {
	signer *Signer
	logs   map[string]*witnessed
	now    func() time.Time
	log    *slog.Logger
	mux    *http.ServeMux

	mu       sync.Mutex
	outcomes map[Outcome]uint64
	forks    uint64
}

// witnessed is a ledger with what is cosigned of it. Its lock is held from the
// check to the answer, so that of two requests one sees the other's tree.
type witnessed struct {
	origin string
	keys   note.Verifiers

	mu    sync.Mutex
	store *Store
	last  record
	// lost is set once a save has failed: which of two trees the file holds is open
	// until it is read again, by the next process.
	lost bool
}

// NewServer makes a witness. The store is the server's until it has stopped.
func NewServer(with ServerSettings) (*Server, error) {
	s := &Server{signer: with.Signer, logs: map[string]*witnessed{}, now: with.Now, log: with.Log, mux: http.NewServeMux(), outcomes: map[Outcome]uint64{}}
	for _, l := range with.Logs {
		if _, twice := s.logs[l.Origin]; twice || l.Origin == "" || len(l.Keys) == 0 {
			return nil, errors.New("witness: a ledger has one origin, a key at least, and is listed once")
		}
		for _, k := range l.Keys {
			if k.Name() != l.Origin {
				return nil, errors.New("witness: the key of a ledger is named by its origin")
			}
		}
		last, known := with.Store.opened[l.Origin]
		if !known {
			last.tree.Hash = emptyRoot
		}
		s.logs[l.Origin] = &witnessed{origin: l.Origin, keys: note.VerifierList(l.Keys...), store: with.Store, last: last}
	}
	s.mux.HandleFunc("POST /add-checkpoint", s.addCheckpoint)
	s.mux.HandleFunc("GET /checkpoint/{name}", s.checkpoint)
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// refusal is why a witness does not cosign.
type refusal struct {
	status  int
	outcome Outcome
	says    string
	size    int64 // with 409: what the witness knows
}

func (r *refusal) Error() string { return r.says }

func refuse(status int, outcome Outcome, says string) error {
	return &refusal{status: status, outcome: outcome, says: says}
}

// sizeType is what a witness answers with its size as.
const sizeType = "text/x.tlog.size"

func (s *Server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(http.MaxBytesReader(w, r.Body, maxBody))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var no *refusal
	switch {
	case errors.As(err, &no) && no.status == http.StatusConflict:
		s.count(no.outcome)
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.size)
	case errors.As(err, &no):
		s.count(no.outcome)
		http.Error(w, no.says, no.status)
	default:
		s.count(Cosigned)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(answer) // whoever does not hear it asks again
	}
}

// answer is the signature line for a request, or a *refusal.
func (s *Server) answer(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(from)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge, BadRequest, "the request is too large")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, "the request was cut short")
	}
	q, err := ParseRequest(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, err.Error())
	}
	origin, _, _ := strings.Cut(string(q.Checkpoint), "\n")
	l := s.logs[origin]
	if l == nil {
		return nil, refuse(http.StatusNotFound, UnknownOrigin, "the origin is not known here")
	}
	n, err := note.Open(q.Checkpoint, l.keys)
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	if errors.As(err, &unverified) || errors.As(err, &invalid) {
		return nil, refuse(http.StatusForbidden, UnknownKey, "no key that is known here has signed the checkpoint")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, "the checkpoint is not a signed note")
	}
	_, tree, err := parseCheckpoint(n.Text)
	if err != nil || q.Old > tree.N {
		return nil, refuse(http.StatusBadRequest, BadRequest, "the note is not a checkpoint, or smaller than the old size")
	}
	return s.advance(l, q, checkpoint{tree, n})
}

// advance cosigns a checkpoint if it adds to the last one. One request at a time
// does so for a ledger.
func (s *Server) advance(l *witnessed, q Request, to checkpoint) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost {
		return nil, refuse(http.StatusInternalServerError, StoreFailed, "what was cosigned last could not be saved")
	}
	last := l.last.tree
	switch {
	case to.N == last.N && last.N > 0 && to.Hash != last.Hash:
		s.contradicted(l, to, nil)
		return nil, &refusal{http.StatusConflict, OtherRoot, "the tree has another root", last.N}
	case q.Old != last.N:
		return nil, &refusal{http.StatusConflict, OtherSize, "another size is known here", last.N}
	case extends(q.Proof, to.Tree, last) != nil:
		if to.N > last.N && last.N > 0 {
			s.contradicted(l, to, q.Proof)
		}
		return nil, refuse(http.StatusUnprocessableEntity, BadProof, errProof.Error())
	}
	at := time.Unix(s.now().Unix(), 0)
	if at.Before(l.last.at) {
		if at.Add(clockSlack).Before(l.last.at) {
			s.log.Error("the clock shows less than the witness has cosigned", "cosigned", l.last.at.UTC(), "clock", at.UTC())
			return nil, refuse(http.StatusServiceUnavailable, ClockBehind, "the clock shows less than was cosigned")
		}
		at = l.last.at
	}
	line := s.signer.cosign(to.note.Text, at)
	next := record{to.Tree, at, append(alone(to.note), line...)}
	if err := l.store.save(l.origin, next); err != nil {
		l.lost = true
		s.log.Error("a checkpoint could not be saved; the ledger is not cosigned until the next start", "origin", l.origin, "error", err)
		return nil, refuse(http.StatusInternalServerError, StoreFailed, "the checkpoint could not be saved")
	}
	l.last = next
	return line, nil
}

// contradicted keeps a checkpoint that does not go with the last one, both of them
// signed by the ledger: as a proof, if it is one.
func (s *Server) contradicted(l *witnessed, other checkpoint, proof tlog.TreeProof) {
	last, ok := l.last.known(l.keys)
	if !ok {
		s.log.Error("a ledger signed what does not go with what it had signed with a key that is no longer known",
			"origin", l.origin, "size", other.N, "known", l.last.tree.N)
		return
	}
	f, proven := forkOf(last, other, proof, nil)
	suffix := forkSuffix
	if !proven {
		suffix, f.Proof = pairSuffix, nil
	} else {
		s.mu.Lock()
		s.forks++
		s.mu.Unlock()
	}
	name, err := l.store.keep(l.origin, f, suffix)
	s.log.Error("a ledger signed a tree that is not shown to add to the last",
		"origin", l.origin, "size", other.N, "known", last.N, "proven", proven, "file", name, "error", err)
}

// checkpoint answers with the last checkpoint that was cosigned.
func (s *Server) checkpoint(w http.ResponseWriter, r *http.Request) {
	for origin, l := range s.logs {
		if nameOf(origin) != r.PathValue("name") {
			continue
		}
		l.mu.Lock()
		signed := l.last.signed
		l.mu.Unlock()
		if len(signed) > 0 {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(signed)
			return
		}
	}
	http.NotFound(w, r)
}

func (s *Server) count(o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[o]++
}

// Figures is what a witness counts, since it started.
type Figures struct {
	Outcomes map[Outcome]uint64
	// Forks is how many requests proved that a ledger forked.
	Forks uint64
	// Sizes is the size of the last tree that was cosigned, by origin.
	Sizes map[string]int64
}

// Figures counts. It waits for whatever is being saved.
func (s *Server) Figures() Figures {
	f := Figures{Outcomes: map[Outcome]uint64{}, Sizes: map[string]int64{}}
	for origin, l := range s.logs {
		l.mu.Lock()
		f.Sizes[origin] = l.last.tree.N
		l.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range Outcomes {
		f.Outcomes[o] = s.outcomes[o]
	}
	f.Forks = s.forks
	return f
}
