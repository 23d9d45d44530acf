package erasure_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/erasure"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

var (
	start   = time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)
	lead    = event.Actor{ID: event.DeriveUUID("test-lead"), Role: "IG_LEAD", Side: event.NHS, Org: event.DeriveUUID("test-hub")}
	officer = event.Actor{ID: event.DeriveUUID("test-officer"), Role: "PP", Side: event.Probation, Org: event.DeriveUUID("test-office")}
	who     = event.DeriveUUID("test-person")
	errStop = errors.New("stopped")
)

// world is a ledger with its keystore, and an eraser beside them.
type world struct {
	testing.TB
	store *memory.Store
	vault *vault.Vault
	codec *codec.Codec
	keys  *keys
	note  *note
	now   time.Time
	n     int

	judged []event.UUID
	purged []erasure.Gone
	every  time.Duration
}

// keys is a keystore whose n-th change fails, before it or after.
type keys struct {
	*vault.Vault
	mu        sync.Mutex
	calls     int
	failAt    int
	after     bool
	retired   func() // once keys are
	rewrapped int
}

func (k *keys) change(f func() error) error {
	k.mu.Lock()
	k.calls++
	fails := k.calls == k.failAt
	k.mu.Unlock()
	if fails && !k.after {
		return errStop
	}
	if err := f(); err != nil || !fails {
		return err
	}
	return errStop
}

func (k *keys) Retire(ctx context.Context, ids []event.UUID) error {
	return k.change(func() error {
		err := k.Vault.Retire(ctx, ids...)
		if k.retired != nil {
			k.retired()
		}
		return err
	})
}

func (k *keys) Destroy(ctx context.Context, all []erasure.Destruction) error {
	return k.change(func() error {
		var them []vault.Destruction
		for _, d := range all {
			them = append(them, vault.Destruction{Key: d.Key, By: d.By})
		}
		return k.DestroyAll(ctx, them...)
	})
}

func (k *keys) Forget(ctx context.Context, of event.UUID, keep []vault.Identifier) (n int, err error) {
	return n, k.change(func() error {
		if n, err = k.UnlinkAll(ctx, of); err != nil {
			return err
		}
		for _, i := range keep {
			if err := k.Confirm(ctx, i, of); err != nil {
				return err
			}
			n--
		}
		return nil
	})
}

func (k *keys) Rewrap(context.Context) (int, error) {
	return 7, k.change(func() error { k.rewrapped++; return nil })
}

// note is a memory that lasts.
type note struct {
	mu sync.Mutex
	erasure.Note
}

func (n *note) Recall(context.Context) (erasure.Note, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Note, nil
}

func (n *note) Remember(_ context.Context, to erasure.Note) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	to.Waiting = slices.Clone(to.Waiting)
	n.Note = to
	return nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, now: start, note: &note{}}
	clock := func() time.Time { return w.now }
	v, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.vault, w.codec, w.keys = memory.New(clock), v, codec.New(catalogue.Events, v, rand.Reader), &keys{Vault: v}
	return w
}

// eraser is one that has just been started.
func (w *world) eraser() *erasure.Eraser {
	return erasure.New(erasure.Config{Store: w.store, Codec: w.codec, Keys: w.keys, Memory: w.note, CopiesDays: 30, RewrapEvery: w.every,
		Clock: func() time.Time { return w.now }, After: time.After,
		Judged: func(_ context.Context, of event.UUID, _ event.Position) error {
			w.judged = append(w.judged, of)
			return nil
		},
		Purges: []erasure.Purge{{By: rights.ReadModels, Out: func(_ context.Context, g erasure.Gone) (int, error) {
			return 3, w.keys.change(func() error { w.purged = append(w.purged, g); return nil })
		}}}})
}

// record appends what somebody says of a person.
func (w *world) record(by event.Actor, of event.UUID, drafts ...event.Draft) []event.ID {
	w.Helper()
	w.n++
	c := eventstore.Command{ID: event.DeriveUUID("test-command", fmt.Append(nil, w.n)), Stream: event.Case(of), Subject: of,
		Effective: event.At(w.now), Actor: by, Purpose: "AUDIT", Origin: event.Live, IfAny: true}
	out, err := eventstore.Execute(w.Context(), w.store, w.codec, c, func([]event.Recorded, event.Revision) ([]event.Draft, error) { return drafts, nil })
	if err != nil {
		w.Fatal(err)
	}
	return out.Events
}

func (w *world) said(by event.Actor, of event.UUID, data ...any) []event.ID {
	w.Helper()
	var drafts []event.Draft
	for _, d := range data {
		drafts = append(drafts, event.Draft{Data: d})
	}
	return w.record(by, of, drafts...)
}

// registered has both sides record something of a person.
func (w *world) registered(of event.UUID) {
	w.Helper()
	w.said(lead, of, person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: "ALPHA"}), Site: "CAMBRIDGE", Region: "N56"},
		person.IdentifierLinked{Link: event.DeriveUUID("test-link"), Type: person.NHSNumberType, Value: event.Own("9990001014")},
		screening.ScreeningCompleted{Screening: event.DeriveUUID("test-screening"), Status: screening.Complete, Total: event.Own(12)})
	w.said(officer, of, supervision.SupervisionEnded{Reason: event.Own(supervision.SupervisionEnd("EXPIRED"))})
}

// decided has the hub decide to erase some classes.
func (w *world) decided(of event.UUID, data ...event.Class) event.ID {
	w.Helper()
	return w.said(lead, of, rights.ErasureDecided{Erasure: event.DeriveUUID("test-erasure"), Request: event.DeriveUUID("test-request"), Data: data})[0]
}

func (w *world) history(of event.UUID) (all []event.Recorded) {
	w.Helper()
	for s, err := range w.store.ReadStream(w.Context(), event.Case(of), 0) {
		if errors.Is(err, memory.ErrInjected) {
			return w.history(of) // the eraser made fewer calls
		}
		if err != nil {
			w.Fatal(err)
		}
		e, err := w.codec.Decode(w.Context(), s)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// states are the states of what was first recorded of a person: the name, the
// screening's total and why the supervision ended.
func (w *world) states(of event.UUID) (name, total, reason event.State) {
	w.Helper()
	for _, e := range w.history(of) {
		switch d := e.Data.(type) {
		case person.PersonRegistered:
			name = d.Name.State()
		case screening.ScreeningCompleted:
			if d.Screening == event.DeriveUUID("test-screening") {
				total = d.Total.State()
			}
		case supervision.SupervisionEnded:
			reason = d.Reason.State()
		}
	}
	return name, total, reason
}

// count is how many events of a type are on a person's record.
func (w *world) count(of event.UUID, name string) (n int) {
	for _, e := range w.history(of) {
		if e.Type == name {
			n++
		}
	}
	return n
}

func (w *world) catchUp() []erasure.Receipt {
	w.Helper()
	done, err := w.eraser().CatchUp(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return done
}
