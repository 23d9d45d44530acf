package assemble

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

const origin = "hub.example/ledger"

var (
	start   = time.Date(2026, 7, 4, 12, 0, 0, 0, time.UTC)
	nurse   = event.Actor{ID: event.DeriveUUID("nurse"), Role: "HUB_NURSE", Side: event.NHS, Org: event.DeriveUUID("hub")}
	officer = event.Actor{ID: event.DeriveUUID("officer"), Role: "PP", Side: event.Probation, Org: event.DeriveUUID("office")}
	auditor = event.Actor{ID: event.DeriveUUID("auditor"), Role: "AUDITOR", Side: event.Regulator, Org: event.DeriveUUID("regulator")}
	system  = event.Actor{ID: event.DeriveUUID("system"), Role: "SYSTEM", Side: event.Shared}
	alpha   = event.DeriveUUID("alpha")
	bravo   = event.DeriveUUID("bravo")
)

// world is a record of invented people, sealed.
type world struct {
	testing.TB
	store    *memory.Store
	vault    *vault.Vault
	codec    *codec.Codec
	shelf    *keep.ShelfMemory
	public   string // key of the ledger
	source   Source
	now      time.Time
	commands uint64
	exported int // how often an export was recorded
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, shelf: &keep.ShelfMemory{}, now: start}
	clock := func() time.Time { return w.now }
	var err error
	if w.vault, err = vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: clock}); err != nil {
		t.Fatal(err)
	}
	w.store, w.codec = memory.New(clock), codec.New(catalogue.Events, w.vault, rand.Reader)
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	w.public = public
	known, err := ledger.VerifiersOf(public)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := ledger.NewSealer(ledger.SealerConfig{Store: w.store, Shelf: w.shelf, Memory: ledger.NewMemoryFile(filepath.Join(t.TempDir(), "last"), origin),
		Origin: origin, Signers: []note.Signer{signer}, Verifiers: known, Clock: clock, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	committer := &heads.Committer{Store: w.store, Codec: w.codec, Shelf: w.shelf, Actor: system, Clock: clock, After: time.After, Every: time.Hour,
		Log: slog.New(slog.DiscardHandler)}
	reader := ledger.NewReader(w.shelf, origin, known, 16)
	w.source = Source{Store: w.store, Reader: w.codec.Reader, Rules: w.codec.Reader, Shelf: w.shelf, Ledger: reader, Origin: origin, Signers: []note.Signer{signer},
		Commit: committer.Commit,
		Sealed: func(ctx context.Context, _ event.Position) (ledger.Checkpoint, error) {
			if _, err := sealer.Seal(ctx); err != nil {
				return ledger.Checkpoint{}, err
			}
			return reader.Checkpoint(ctx)
		},
		Looks:        func(context.Context, []event.UUID) ([]Look, error) { return nil, nil },
		Exporting:    func(context.Context, []event.UUID, int) error { w.exported++; return nil },
		Organisation: func(event.UUID) string { return "" }}
	return w
}

// record records facts of a person's case, and returns where the last stands.
func (w *world) record(person event.UUID, by event.Actor, facts ...any) event.Position {
	w.Helper()
	w.commands++
	var drafts []event.Draft
	for _, f := range facts {
		drafts = append(drafts, event.Draft{Data: f})
	}
	done, err := eventstore.Execute(w.Context(), w.store, w.codec, eventstore.Command{ID: event.DeriveUUID("command", binary.BigEndian.AppendUint64(nil, w.commands)),
		Stream: event.Case(person), Subject: person, Effective: event.At(w.now), Actor: by, Purpose: "DIRECT_CARE", Origin: event.Live, IfAny: true},
		func([]event.Recorded, event.Revision) ([]event.Draft, error) { return drafts, nil })
	if err != nil {
		w.Fatal(err)
	}
	return done.Position
}

// evidence is a request of whoever may see every entry.
func evidence(person event.UUID) Request {
	return Request{Kind: Evidence, Person: person, Maker: auditor, Purpose: "AUDIT", MadeAt: start, Synthetic: true}
}

// pack is a pack that was made, read and checked.
type pack struct {
	*world
	Made
	*casepack.Pack
	bytes []byte
}

func (w *world) mustBuild(r Request) *pack {
	w.Helper()
	var out bytes.Buffer
	made, err := Build(w.Context(), w.source, r, &out)
	if err != nil {
		w.Fatal(err)
	}
	read, err := casepack.Read(out.Bytes())
	if err != nil {
		w.Fatal(err)
	}
	return &pack{w, made, read, out.Bytes()}
}

func (p *pack) member(name string) string {
	p.Helper()
	b, ok := p.Member(name)
	if !ok {
		p.Fatalf("there is no %s in the pack", name)
	}
	return string(b)
}

// holds reports whether a text stands in any member, but in the sealed entries.
func (p *pack) holds(text string) bool {
	return slices.ContainsFunc(p.Members, func(m casepack.Member) bool {
		return !strings.HasPrefix(m.Name, "entries/") && bytes.Contains(m.Bytes, []byte(text))
	})
}

func (w *world) mustRefuse(want error, r Request) {
	w.Helper()
	var out bytes.Buffer
	if _, err := Build(w.Context(), w.source, r, &out); !errors.Is(err, want) || out.Len() > 0 {
		w.Errorf("got %v and %d bytes, want %v", err, out.Len(), want)
	}
}
