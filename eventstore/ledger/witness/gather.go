package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
)

// Settings is what a Gatherer is made of.
type Settings struct {
	// Origin is the ledger's, and Keys are all that ever signed for it.
	Origin string
	Keys   note.Verifiers
	Policy Policy
	// Shelf has the registers. Evidence is put on it as objects.
	Shelf  ledger.Shelf
	Prover Prover
	// Interval is how long a checkpoint is the one that is cosigned, at least, even
	// if there is a newer one; Timeout is what asking one witness may take. Zero: ten
	// seconds each.
	Interval, Timeout time.Duration
	// Transport reaches the witnesses; nil: [NewTransport].
	Transport http.RoundTripper
	Now       func() time.Time
	After     func(time.Duration) <-chan time.Time
	Log       *slog.Logger
}

// AlarmConflict is the code of the alarm that a Gatherer raises.
const AlarmConflict = "witness-conflict"

// Gatherer gathers the cosignatures that a policy wants. It follows the register
// checkpoint, asks every witness about one checkpoint at a time, and sets the
// register witnessed once enough have cosigned it; those that cosign it later are
// added. One that lags, hangs, lies or is gone delays nobody: what it does is in
// its [Status].
//
// # When a witness says no
//
// A refusal may mean that we went back: that the store was restored, or the
// signing key copied. What can be checked is: a witness of this package shows the
// last checkpoint that it cosigned. If our key signed it, and our tree is smaller
// than it or does not add to it, then [AlarmConflict] is raised, so that nothing
// is sealed any more, and what shows it is put on the shelf under "evidence/".
//
// What cannot be checked would let any one witness stop the ledger. It raises the
// alarm once the policy can no longer be met without the witnesses that say so.
type Gatherer struct {
	Settings
	client client

	mu      sync.Mutex
	members []*member
	results []result
	// news is told when there are results.
	news    chan struct{}
	pending sync.WaitGroup

	// What follows belongs to Run.
	target   checkpoint
	moved    time.Time // when target became it
	asking   int       // how many are being asked about target
	settled  bool      // the register has target
	gathered map[string]note.Signature
	written  int // how many of gathered the register has
}

// member is a witness as it was found.
type member struct {
	Member
	status Status
	busy   bool
	until  time.Time // not asked before
}

// Status is a witness as it was found.
type Status struct {
	// Name is what the policy calls it.
	Name string `json:"name"`
	// Size is of the last tree that it cosigned, and CosignedAt when, by its clock.
	Size       int64     `json:"size"`
	CosignedAt time.Time `json:"cosignedAt,omitzero"`
	// AskedAt is when it last answered or failed to, by our clock; Code is how that
	// ended, and Failures how often in a row it did not cosign.
	AskedAt  time.Time `json:"askedAt,omitzero"`
	Code     Code      `json:"code,omitempty"`
	Failures int       `json:"failures,omitempty"`
}

// result is how asking a witness about a tree ended.
type result struct {
	of   *member
	tree ledger.Tree
	cosigned
	err error
}

// New makes a Gatherer, which does nothing before Run.
func New(with Settings) (*Gatherer, error) {
	if with.Origin == "" || with.Keys == nil || with.Shelf == nil || with.Prover == nil || with.Now == nil || with.After == nil || with.Log == nil {
		return nil, errors.New("witness: a part of the settings is missing")
	}
	if with.Interval == 0 {
		with.Interval = 10 * time.Second
	}
	if with.Timeout == 0 {
		with.Timeout = 10 * time.Second
	}
	if with.Transport == nil {
		with.Transport = NewTransport()
	}
	g := &Gatherer{Settings: with, news: make(chan struct{}, 1)}
	g.client = client{newHTTP(with.Transport), with.Origin, with.Keys, with.Prover, with.Now}
	for _, m := range with.Policy.Members {
		g.members = append(g.members, &member{Member: m, status: Status{Name: m.Name}})
	}
	return g, nil
}

// Status is every witness of the policy as it was found, in the policy's order.
func (g *Gatherer) Status() []Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Status, len(g.members))
	for i, m := range g.members {
		all[i] = m.status
	}
	return all
}

// Run gathers until ctx ends, and returns its error. One process of a ledger at a
// time should; more do no harm.
func (g *Gatherer) Run(ctx context.Context) error {
	defer g.pending.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for {
		if err := g.step(ctx); err != nil && ctx.Err() == nil {
			g.Log.Error("the cosignatures could not be gathered", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-g.news:
		case <-g.After(g.Interval):
		}
	}
}

// step does what can be done without waiting for a witness.
func (g *Gatherer) step(ctx context.Context) error {
	g.mu.Lock()
	results := g.results
	g.results = nil
	g.mu.Unlock()
	var raise error
	for _, r := range results {
		if err := g.take(ctx, r); err != nil {
			raise = err
		}
	}
	if raise != nil {
		return raise
	}
	if raised, err := g.Shelf.Load(ctx, ledger.RegisterAlarm); err != nil || len(raised) > 0 {
		return err
	}
	if err := g.publish(ctx); err != nil {
		return err
	}
	if err := g.aim(ctx); err != nil || g.target.note == nil {
		return err
	}
	g.ask(ctx)
	return nil
}

// aim takes the newest checkpoint as the target, once the last one is settled, or
// nobody is being asked about it, and it was the target for an interval.
func (g *Gatherer) aim(ctx context.Context) error {
	now := g.Now()
	if g.target.note != nil && (g.asking > 0 && !g.settled || now.Sub(g.moved) < g.Interval) {
		return nil
	}
	witnessed, err := g.Shelf.Load(ctx, ledger.RegisterWitnessed) // before the other register: it is never newer than what is read after it
	if err != nil {
		return err
	}
	latest, err := g.latest(ctx)
	if err != nil || latest.note == nil {
		return err
	}
	if last, ok := g.open(witnessed); ok && last.N > latest.N {
		return g.conflict(ctx, "register witnessed", &failure{code: Conflicting, shown: &last, size: last.N}, latest)
	}
	if g.target.note != nil && g.target.note.Text == latest.note.Text {
		g.moved = now
		return nil
	}
	g.target, g.moved, g.asking, g.settled, g.written = latest, now, 0, false, 0
	g.gathered = map[string]note.Signature{}
	return nil
}

// latest is the register checkpoint; without a note if nothing is signed yet.
func (g *Gatherer) latest(ctx context.Context) (checkpoint, error) {
	signed, err := g.Shelf.Load(ctx, ledger.RegisterCheckpoint)
	if err != nil || signed == nil {
		return checkpoint{}, err
	}
	tree, n, err := ledger.OpenCheckpoint(signed, g.Origin, g.Keys)
	return checkpoint{tree, n}, err
}

// open reads the register witnessed. One that cannot be read is replaced.
func (g *Gatherer) open(signed []byte) (checkpoint, bool) {
	tree, n, err := ledger.OpenCheckpoint(signed, g.Origin, either{g.Keys, g.Policy.Verifiers()})
	return checkpoint{tree, n}, err == nil
}

// ask asks whoever has not cosigned the target, is not being asked and has not
// just failed.
func (g *Gatherer) ask(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	for _, m := range g.members {
		if _, has := g.gathered[m.Name]; has || m.busy || m.URL == nil || now.Before(m.until) {
			continue
		}
		m.busy = true
		g.asking++
		known, target := m.status.Size, g.target
		g.pending.Go(func() {
			asking, done := context.WithTimeout(ctx, g.Timeout)
			defer done()
			c, err := g.client.cosignature(asking, m.Member, known, target)
			g.mu.Lock()
			g.results = append(g.results, result{m, target.Tree, c, err})
			g.mu.Unlock()
			select {
			case g.news <- struct{}{}:
			default:
			}
		})
	}
}

// longest is how long a witness that fails is left alone at most.
const longest = 5 * time.Minute

// take notes how asking a witness ended.
func (g *Gatherer) take(ctx context.Context, r result) error {
	now := g.Now()
	g.mu.Lock()
	r.of.busy = false
	s := &r.of.status
	before := s.Code
	s.AskedAt, s.Code = now, codeOf(r.err)
	if r.err == nil {
		s.Size, s.CosignedAt, s.Failures, r.of.until = r.tree.N, r.at, 0, time.Time{}
	} else {
		r.of.until = now.Add(min(g.Interval<<min(s.Failures, 10), longest))
		s.Failures++
	}
	g.mu.Unlock()
	if before != s.Code {
		g.Log.Info("a witness answers otherwise than before", "witness", s.Name, "code", s.Code, "size", r.tree.N)
	}
	if r.tree == g.target.Tree {
		g.asking--
		if r.err == nil {
			g.gathered[s.Name] = r.signature
		}
	}
	var f *failure
	if errors.As(r.err, &f) && (f.code == Disputed || f.code == Conflicting) {
		return g.disputed(ctx, r, f)
	}
	return nil
}

// disputed judges a refusal. It is none if we have signed more meanwhile.
func (g *Gatherer) disputed(ctx context.Context, r result, f *failure) error {
	latest, err := g.latest(ctx)
	if err != nil || latest.note == nil {
		return err
	}
	if f.fork == nil && f.size > r.tree.N && f.size <= latest.N {
		g.mu.Lock()
		r.of.until, r.of.status.Size = time.Time{}, f.size
		g.mu.Unlock()
		return nil
	}
	if f.shown == nil {
		say := map[string]bool{}
		g.mu.Lock()
		for _, m := range g.members {
			say[m.Name] = m.status.Code == Disputed
		}
		g.mu.Unlock()
		if g.Policy.possibleWithout(say) {
			return nil
		}
	}
	return g.conflict(ctx, "witness "+r.of.Name, f, latest)
}

// conflict keeps what shows a conflict, and raises the alarm.
func (g *Gatherer) conflict(ctx context.Context, by string, f *failure, ours checkpoint) error {
	detail := fmt.Sprintf("%s knows a tree of %d entries, ours has %d", by, f.size, ours.N)
	if f.shown != nil {
		evidence, suffix := alone(f.shown.note), "checkpoint"
		if f.fork != nil {
			evidence, suffix = f.fork.Marshal(), "fork"
		}
		sum := sha256.Sum256(evidence)
		name := "evidence/" + hex.EncodeToString(sum[:]) + "." + suffix
		if err := g.Shelf.Put(ctx, ledger.Object{Name: name, Bytes: evidence}); err != nil {
			return err
		}
		detail += "; see " + name
	}
	g.Log.Error("our tree is not what was signed", "alarm", AlarmConflict, "detail", detail)
	return ledger.RaiseAlarm(ctx, g.Shelf, ledger.Alarm{Code: AlarmConflict, Detail: detail, RaisedAt: g.Now().UTC()})
}
