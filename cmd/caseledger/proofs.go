package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
)

// proofs is what the API says and proves of the ledger of a record. It opens what
// is published once there is something, and looks again every second at what may
// change there: the alarm, the keys and the last checkpoint.
type proofs struct {
	opening opening
	store   eventstore.Store
	sealing func() *sealing // nil while this process does not seal
	now     func() time.Time

	looking  sync.Mutex // held while the shelf is read
	shelf    shelf      // nil: there is nothing yet
	reported string     // the alarm that was logged

	mu   sync.Mutex // never held while anything is waited for: every answer asks what was seen
	last seenLedger
}

// seenLedger is what was published at the last look.
type seenLedger struct {
	*published // nil: nothing
	keys       string
	checkpoint string
	changedAt  time.Time // when the checkpoint was found to be another
	alarm      *ledger.Alarm
	code       string // of the alarm, or that nobody knows
}

// lookEvery is how often what is published is looked at, and lookWithin how long
// that may take.
const (
	lookEvery  = time.Second
	lookWithin = 10 * time.Second
)

// alarmUnknown stands for the code of an alarm that could not be read.
const alarmUnknown = "alarm-unreadable"

var _ api.Proofs = (*proofs)(nil)

// watch looks at what is published until ctx ends.
func (p *proofs) watch(ctx context.Context, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	for {
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "what the ledger publishes cannot be read", slog.String("error", err.Error()))
		}
		if a := p.seen().alarm; a != nil && a.Code+a.Detail != p.reported {
			p.reported = a.Code + a.Detail
			log.ErrorContext(ctx, "an alarm is raised: nothing is sealed", slog.String("code", a.Code), slog.String("detail", a.Detail))
		} else if a == nil {
			p.reported = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-after(lookEvery):
		}
	}
}

func (p *proofs) seen() seenLedger {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// look takes note of what is published now.
func (p *proofs) look(ctx context.Context) (err error) {
	p.looking.Lock()
	defer p.looking.Unlock()
	ctx, done := context.WithTimeout(ctx, lookWithin)
	defer done()
	last := p.seen()
	defer func() {
		p.mu.Lock()
		p.last = last
		p.mu.Unlock()
	}()
	if p.shelf == nil {
		reads := p.opening
		reads.mode = reading
		switch s, err := reads.openShelf(ctx); {
		case errors.Is(err, errUnsealed):
			return nil
		case err != nil:
			return err
		default:
			p.shelf = s
		}
	}
	keys, err := p.shelf.Load(ctx, ledger.RegisterKeys)
	if err != nil {
		return err
	}
	if k := strings.Fields(string(keys)); len(k) > 0 && string(keys) != last.keys {
		if last.published, err = newPublished(p.shelf, k); err != nil {
			return err
		}
		last.keys = string(keys)
	}
	signed, err := p.shelf.Load(ctx, ledger.RegisterCheckpoint)
	if err != nil {
		return err
	}
	if string(signed) != last.checkpoint {
		last.checkpoint, last.changedAt = string(signed), p.now()
	}
	if last.alarm, err = ledger.ReadAlarm(ctx, p.shelf); err != nil {
		last.code = alarmUnknown
		return err
	}
	last.code = ""
	if last.alarm != nil {
		last.code = last.alarm.Code
	}
	return nil
}

// ledger is what is published, if there is anything.
func (p *proofs) ledger(ctx context.Context) (*published, error) {
	if at := p.seen().published; at != nil {
		return at, nil
	}
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	if at := p.seen().published; at != nil {
		return at, nil
	}
	return nil, ledger.ErrNoCheckpoint
}

// fromLedger asks the reader of what is published.
func fromLedger[T any](ctx context.Context, p *proofs, ask func(*ledger.Reader) (T, error)) (T, error) {
	at, err := p.ledger(ctx)
	if err != nil {
		return *new(T), err
	}
	return ask(at.reader)
}

// Checkpoint implements [api.Proofs].
func (p *proofs) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) (ledger.Checkpoint, error) { return r.Checkpoint(ctx) })
}

// Witnessed implements [api.Proofs].
func (p *proofs) Witnessed(ctx context.Context) (ledger.Checkpoint, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) (ledger.Checkpoint, error) { return r.Witnessed(ctx) })
}

// Tile implements [api.Proofs].
func (p *proofs) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) ([]byte, error) { return r.Tile(ctx, level, n, width) })
}

// EntryBundle implements [api.Proofs].
func (p *proofs) EntryBundle(ctx context.Context, n int64, width int) ([]byte, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) ([]byte, error) { return r.EntryBundle(ctx, p.store, n, width) })
}

// Inclusion implements [api.Proofs].
func (p *proofs) Inclusion(ctx context.Context, position event.Position, size int64) (ledger.RecordProof, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) (ledger.RecordProof, error) { return r.Inclusion(ctx, position, size) })
}

// Consistency implements [api.Proofs].
func (p *proofs) Consistency(ctx context.Context, from, to int64) (ledger.TreeProof, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) (ledger.TreeProof, error) { return r.Consistency(ctx, from, to) })
}

// Proof implements [api.Proofs].
func (p *proofs) Proof(ctx context.Context, position event.Position) (ledger.Proof, error) {
	return fromLedger(ctx, p, func(r *ledger.Reader) (ledger.Proof, error) { return r.Proof(ctx, position) })
}

// Failed implements [api.Proofs].
func (p *proofs) Failed() string { return p.seen().code }

// Status implements [api.Proofs].
func (p *proofs) Status(ctx context.Context) (api.LedgerStatus, error) {
	at, err := p.ledger(ctx)
	if err != nil {
		return api.LedgerStatus{}, err
	}
	last, err := at.reader.Checkpoint(ctx)
	if err != nil {
		return api.LedgerStatus{}, err
	}
	head, err := p.store.Head(ctx)
	if err != nil {
		return api.LedgerStatus{}, fmt.Errorf("ask for the end of the ledger: %w", err)
	}
	seen := p.seen()
	out := api.LedgerStatus{Origin: at.origin, Head: int64(head), Sealed: last.N, Unsealed: max(0, int64(head)-last.N),
		CheckpointAt: seen.changedAt.UTC(), Witnesses: []api.Witness{}}
	if a := seen.alarm; a != nil {
		out.Alarm = &api.LedgerAlarm{Code: a.Code, Detail: a.Detail, RaisedAt: a.RaisedAt}
	}
	if w, err := at.reader.Witnessed(ctx); err == nil {
		out.Witnessed = w.N
	}
	s := p.sealing()
	if s == nil {
		return out, nil
	}
	if s.gatherer != nil {
		for _, w := range s.gatherer.Status() {
			out.Witnesses = append(out.Witnesses, api.Witness{Name: w.Name, Size: w.Size, At: w.CosignedAt, Fault: string(w.Code)})
		}
	}
	if r, when := s.watching.Last(); r != nil {
		out.Verification = &api.Verification{Verdict: r.Headline(), To: int64(r.Entries), At: when}
	}
	return out, nil
}

// close releases what is open.
func (p *proofs) close() error {
	p.looking.Lock()
	defer p.looking.Unlock()
	if p.shelf == nil {
		return nil
	}
	return p.shelf.Close()
}

var (
	sealedFigure    = prometheus.NewDesc("caseledger_ledger_sealed_entries", "Entries that the last checkpoint has.", nil, nil)
	checkpointAge   = prometheus.NewDesc("caseledger_ledger_checkpoint_age_seconds", "How long the last checkpoint has been the last, as far as this process saw.", nil, nil)
	unsealedFigure  = prometheus.NewDesc("caseledger_ledger_unsealed_entries", "Entries that are recorded and not sealed.", nil, nil)
	witnessedFigure = prometheus.NewDesc("caseledger_ledger_witnessed_entries", "Entries that the last checkpoint has that enough witnesses have cosigned.", nil, nil)
	witnessFigure   = prometheus.NewDesc("caseledger_witness_entries", "Entries of the last checkpoint that a witness cosigned, where this process asks it.", []string{"witness"}, nil)
	witnessFailures = prometheus.NewDesc("caseledger_witness_failures", "How often in a row a witness did not cosign, where this process asks it.", []string{"witness"}, nil)
	verifiedFigure  = prometheus.NewDesc("caseledger_ledger_verified_timestamp_seconds", "When the last verification that this process carried out ended, in seconds since 1970; 0 before the first.", nil, nil)
)

// Describe implements prometheus.Collector.
func (p *proofs) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sealedFigure, checkpointAge, unsealedFigure, witnessedFigure, witnessFigure, witnessFailures, verifiedFigure} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p *proofs) Collect(to chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	status, err := p.Status(ctx)
	switch {
	case errors.Is(err, ledger.ErrNoCheckpoint):
		gauge(sealedFigure, 0)
		return
	case err != nil:
		to <- prometheus.NewInvalidMetric(sealedFigure, err)
		return
	}
	gauge(sealedFigure, float64(status.Sealed))
	gauge(unsealedFigure, float64(status.Unsealed))
	gauge(witnessedFigure, float64(status.Witnessed))
	gauge(checkpointAge, p.now().Sub(status.CheckpointAt).Seconds())
	s := p.sealing()
	if s == nil {
		return
	}
	if s.gatherer != nil {
		for _, w := range s.gatherer.Status() {
			gauge(witnessFigure, float64(w.Size), w.Name)
			gauge(witnessFailures, float64(w.Failures), w.Name)
		}
	}
	verified := 0.0
	if r, when := s.watching.Last(); r != nil {
		verified = float64(when.Unix())
	}
	gauge(verifiedFigure, verified)
}
