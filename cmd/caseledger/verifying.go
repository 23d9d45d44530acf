package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/ledger/verify"
	"caseledger/eventstore/ledger/witness"
	"caseledger/eventstore/vault"
)

// verifying is everything that a verification of a record needs.
type verifying struct {
	store  eventstore.Store
	shelf  ledger.Shelf
	memory ledger.Memory // nil: nothing is known of it
	keys   *vault.Vault  // nil: keys are not checked
	signed []string      // the verifier keys of the ledger, at least one
	random io.Reader

	policy    *witness.Policy // nil: nobody must have cosigned
	kept      []byte          // a checkpoint that somebody kept; nil if there is none
	since     bool            // what it was made of is not read again
	open      bool            // every box is opened
	progress  func(done, total uint64)
	pace      func(ctx context.Context) error
	published bool // the keys are those that the shelf publishes, and nobody pinned
}

// run verifies the record. The error says that it could not be done; what is
// wrong is in the report.
func (v verifying) run(ctx context.Context) (*verdict.Report, error) {
	if err := v.firstSealed(ctx); err != nil {
		return nil, err
	}
	origin, _, _ := strings.Cut(v.signed[0], "+")
	known, err := ledger.VerifiersOf(v.signed...)
	if err != nil {
		return nil, fmt.Errorf("read the keys that verify the ledger: %w", err)
	}
	c := verify.Config{Store: v.store, Damaged: func(err error) bool { return exitFor(err) == exitIntegrity }, Shelf: v.shelf, Memory: v.memory,
		Origin: origin, Signers: known, Kept: v.kept, Since: v.since, Progress: v.progress, Pace: v.pace}
	if v.keys != nil {
		c.Keys = v.keys
		if v.open {
			reader := codec.NewReader(catalogue.Events, v.keys, codec.Options{AsStored: true})
			c.Open = func(ctx context.Context, e eventstore.Stored) error {
				_, err := reader.Decode(ctx, e)
				return err
			}
		}
	}
	if v.policy != nil {
		c.Witnesses = func(signed []byte) error { return cosigned(signed, origin, v.signed, *v.policy) }
	}
	if !v.since {
		if err := v.heads(ctx, &c); err != nil {
			return nil, err
		}
	}
	r, err := verify.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	if v.published {
		r.Notice("the keys that verify are those that the shelf itself publishes: name others with --key")
	}
	if err := v.announced(ctx, r); err != nil {
		return nil, err
	}
	r.Sort()
	return r, nil
}

// firstSealed waits for the first checkpoint of a ledger that somebody has begun
// to seal: until then tiles, and what the signer remembers, are there without it.
// One that does not come within seconds is missing.
func (v verifying) firstSealed(ctx context.Context) error {
	for range 30 {
		keys, err := v.shelf.Load(ctx, ledger.RegisterKeys)
		if err != nil || len(keys) == 0 {
			return err
		}
		signed, err := v.shelf.Load(ctx, ledger.RegisterCheckpoint)
		if err != nil || len(signed) > 0 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// errCosignatures: a checkpoint lacks cosignatures.
var errCosignatures = errors.New("too few cosignatures")

// cosigned checks the cosignatures of a checkpoint.
func cosigned(signed []byte, origin string, keys []string, policy witness.Policy) error {
	both := make([]note.Verifier, 0, len(keys)+len(policy.Members))
	for _, k := range keys {
		one, err := note.NewVerifier(k)
		if err != nil {
			return err
		}
		both = append(both, one)
	}
	for _, m := range policy.Members {
		both = append(both, m.Verifier)
	}
	_, n, err := ledger.OpenCheckpoint(signed, origin, note.VerifierList(both...))
	if err != nil {
		return err
	}
	if !policy.Satisfied(n.Sigs) {
		return errCosignatures
	}
	return nil
}

// heads has the newest commitment to the heads of the streams compared with the
// entries.
func (v verifying) heads(ctx context.Context, c *verify.Config) error {
	all, err := heads.Commitments(ctx, v.shelf)
	switch {
	case errors.Is(err, heads.ErrSnapshot):
		c.AlsoEnd = func(_ context.Context, r *verdict.Report) error {
			r.Find(verdict.Finding{Code: verdict.HeadsOther, Object: "heads", Detail: "what the shelf says of the heads of the streams is damaged"})
			return nil
		}
		return nil
	case err != nil:
		return fmt.Errorf("read the heads that the ledger commits to: %w", err)
	case len(all) == 0:
		return nil
	}
	newest := all[0]
	audit, err := heads.NewAudit(v.random, newest)
	if err != nil {
		return err
	}
	part, said := audit.Part(), false
	c.Also = func(e eventstore.Stored) {
		part.Add(e)
		if e.Position == newest.Position {
			is, err := heads.ParseCommitment(e)
			said = err == nil && is == newest
		}
	}
	c.AlsoEnd = func(ctx context.Context, r *verdict.Report) error {
		part.Done()
		found := verdict.Finding{Code: verdict.HeadsOther, Object: "heads"}
		switch err := audit.Check(ctx, v.shelf); {
		case errors.Is(err, heads.ErrNoCommitment), errors.Is(err, ledger.ErrAbsent):
			again, err := heads.Commitments(ctx, v.shelf)
			if err != nil || !slices.Contains(again, newest) {
				r.Notice("the heads of the streams were committed to anew meanwhile, and not compared")
				return err
			}
			found.Detail = "the tree of heads that was committed to is not on the shelf"
		case errors.Is(err, heads.ErrSnapshot):
			found.Detail = "the tree of heads on the shelf is not the one that was committed to"
		case errors.Is(err, heads.ErrMismatch):
			found.Detail = fmt.Sprintf("the heads that entry %d commits to are not those of the entries", newest.Position)
		case err != nil:
			return fmt.Errorf("compare the heads of the streams: %w", err)
		case !said:
			found.Detail = fmt.Sprintf("entry %d does not commit to the heads on the shelf", newest.Position)
		default:
			r.Step("heads", "%d streams are as entry %d commits to", newest.Streams, newest.Position)
			return nil
		}
		r.Find(found)
		return nil
	}
	return nil
}

// announced compares the keys that the shelf publishes with those that are
// trusted.
func (v verifying) announced(ctx context.Context, r *verdict.Report) error {
	raw, err := v.shelf.Load(ctx, ledger.RegisterKeys)
	if err != nil {
		return fmt.Errorf("read the keys that the ledger publishes: %w", err)
	}
	published, shared := strings.Fields(string(raw)), false
	for _, k := range published {
		if !verifies(k) {
			r.Find(verdict.Finding{Code: verdict.Checkpoint, Object: "register " + ledger.RegisterKeys, Detail: "what it publishes is no key"})
			return nil
		}
		known := slices.Contains(v.signed, k)
		if shared = shared || known; !known {
			r.Notice("a key is published that is not among those this was verified with: %s", k)
		}
	}
	for _, k := range v.signed { // one that was just added is published when it first signs
		if shared && !slices.Contains(published, k) {
			r.Notice("a key that this was verified with is not published: %s", k)
		}
	}
	if r.Entries > 0 && !shared {
		r.Find(verdict.Finding{Code: verdict.Checkpoint, Object: "register " + ledger.RegisterKeys, Detail: "no key that signs is published"})
	}
	return nil
}

// verifies reports whether a text is a verifier key.
func verifies(text string) bool {
	_, err := ledger.VerifiersOf(text)
	return err == nil
}

// raise stops sealing where a verification has failed.
func raise(ctx context.Context, shelf ledger.Shelf, r *verdict.Report, at time.Time) error {
	if r.Verdict().Holds() {
		return nil
	}
	return ledger.RaiseAlarm(ctx, shelf, ledger.Alarm{Code: ledger.AlarmVerification, Detail: r.Headline(), RaisedAt: at.UTC()})
}

// alarm stops sealing where a verification by a command has failed.
func (o opening) alarm(ctx context.Context, r *verdict.Report, at time.Time) error {
	shelf, err := o.changeShelf(ctx)
	if err != nil {
		return err
	}
	return errors.Join(raise(ctx, shelf, r, at), shelf.Close())
}

// trusted is the keys that verify the ledger: those in files; or else those that
// sign here; or else those that the shelf publishes, which whoever can write there
// can replace.
func (o opening) trusted(ctx context.Context, shelf ledger.Shelf, files []string) (keys []string, published bool, _ error) {
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, false, fmt.Errorf("read the keys of --key: %w", err)
		}
		keys = append(keys, strings.Fields(string(raw))...)
	}
	if len(files) > 0 {
		if len(keys) == 0 {
			return nil, false, usage("--key names a file without a key")
		}
		if _, err := ledger.VerifiersOf(keys...); err != nil {
			return nil, false, usage("--key: %w", err)
		}
		return keys, false, nil
	}
	raw, err := shelf.Load(ctx, ledger.RegisterKeys)
	if err != nil {
		return nil, false, fmt.Errorf("read the keys that the ledger publishes: %w", err)
	}
	signing, err := ledger.ReadSigningKeys(o.signerPath())
	switch {
	case err == nil:
		for _, k := range signing.List() {
			keys = append(keys, k.Public)
		}
		return keys, false, nil
	case !errors.Is(err, ledger.ErrKeysMissing) && !errors.Is(err, os.ErrPermission):
		return nil, false, err
	}
	return strings.Fields(string(raw)), true, nil
}

// openVerifying opens a record for a verification, also a damaged one, beside
// whoever serves it. release is called in the end.
func (o opening) openVerifying(ctx context.Context, files []string, withKeys bool) (v verifying, release func() error, err error) {
	o.mode, o.damaged = reading, true
	var opened []io.Closer
	closing := func() error {
		var errs []error
		for _, one := range slices.Backward(opened) {
			errs = append(errs, one.Close())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closing())
		}
	}()
	v.random = o.random
	if err := o.there(); err != nil {
		return v, nil, err
	}
	store, err := o.openLedger(ctx)
	if err != nil {
		return v, nil, err
	}
	v.store, opened = store, append(opened, store)
	switch s, err := o.openShelf(ctx); {
	case errors.Is(err, errUnsealed):
		v.shelf = &keep.ShelfMemory{} // empty, as the one that is not there
	case err != nil:
		return v, nil, err
	default:
		v.shelf, opened = s, append(opened, s)
	}
	if v.signed, v.published, err = o.trusted(ctx, v.shelf, files); err != nil {
		return v, nil, err
	}
	if len(v.signed) == 0 {
		return v, nil, fmt.Errorf("%w; if it was, name its keys with --key", errUnsealed)
	}
	origin, _, _ := strings.Cut(v.signed[0], "+")
	memory, err := o.openSignerMemory(ctx, origin)
	if err != nil {
		return v, nil, err
	}
	v.memory, opened = memory, append(opened, memory)
	if withKeys {
		keys, err := o.openKeys(ctx)
		if err != nil {
			return v, nil, fmt.Errorf("%w; --without-keys verifies the entries alone", err)
		}
		v.keys, opened = keys, append(opened, keys)
	}
	return v, closing, nil
}

// watching verifies a record again and again, while it is served.
type watching struct {
	verifying
	every  time.Duration // from the end of one to the beginning of the next
	rest   time.Duration // between 256 entries and the next
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
	log    *slog.Logger
	failed func(*verdict.Report) // may be nil

	mu   sync.Mutex
	last *verdict.Report
	at   time.Time
	done event.Position
}

// Last is what the last verification found, and when it ended; nil before the
// first one has.
func (w *watching) Last() (*verdict.Report, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.at
}

// Done is how far the one under way is.
func (w *watching) Done() event.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// Run verifies until ctx ends. One that fails raises the alarm.
func (w *watching) Run(ctx context.Context) {
	v := w.verifying
	v.pace = func(ctx context.Context) error { return w.wait(ctx, w.rest) }
	v.progress = func(done, _ uint64) {
		w.mu.Lock()
		w.done = event.Position(done)
		w.mu.Unlock()
	}
	for ctx.Err() == nil {
		r, err := v.run(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.log.WarnContext(ctx, "the record could not be verified", slog.String("error", err.Error()))
		default:
			w.mu.Lock()
			w.last, w.at = r, w.now()
			w.mu.Unlock()
			w.judged(ctx, r)
		}
		if w.wait(ctx, w.every) != nil {
			return
		}
	}
}

func (w *watching) judged(ctx context.Context, r *verdict.Report) {
	if r.Verdict().Holds() {
		w.log.InfoContext(ctx, "the record was verified", slog.String("verdict", r.Headline()))
		return
	}
	w.log.ErrorContext(ctx, "the record is not what was signed", slog.String("verdict", r.Headline()))
	if err := raise(ctx, w.shelf, r, w.now()); err != nil {
		w.log.ErrorContext(ctx, "the alarm could not be raised", slog.String("error", err.Error()))
	}
	if w.failed != nil {
		w.failed(r)
	}
}

func (w *watching) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-w.after(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
