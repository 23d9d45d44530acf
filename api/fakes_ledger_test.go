package api

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/vault"
)

// fakeProofs is a ledger of 700 entries that proves nothing: package ledger has
// the one that does.
type fakeProofs struct {
	signed, witnessed ledger.Checkpoint
	bundle            []byte
	proofBy           ledger.Checkpoint
	status            LedgerStatus
	failed            string
	err               error // of everything but Witnessed
	witnessedErr      error
}

func newFakeProofs(t testing.TB) *fakeProofs {
	t.Helper()
	secret, _, err := note.GenerateKey(rand.Reader, "hub.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	of := func(size int64) ledger.Checkpoint {
		tree := ledger.Tree{N: size, Hash: tlog.RecordHash([]byte{byte(size)})}
		signed, err := note.Sign(&note.Note{Text: ledger.CheckpointText("hub.example/ledger", tree)}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return ledger.Checkpoint{Tree: tree, Note: signed}
	}
	f := &fakeProofs{signed: of(700), witnessed: of(600), bundle: bundleOf(t, person1, person2, person1),
		status: LedgerStatus{Origin: "hub.example/ledger", Head: 703, Sealed: 700, Unsealed: 3, CheckpointAt: now, Witnessed: 600,
			Witnesses: []Witness{{Name: "witness.example", Size: 600, At: now}}, Verification: &Verification{Verdict: "intact", To: 650, At: now}}}
	f.proofBy = f.witnessed
	return f
}

// bundleOf is a bundle of an entry about each of some people.
func bundleOf(t testing.TB, about ...event.UUID) (bundle []byte) {
	t.Helper()
	type bell struct{}
	rung := event.Define[bell]("bell.rung", 1)
	v, err := vault.OpenMemory(t.Context(), vault.Config{Now: func() time.Time { return now }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	c := codec.New(event.NewCatalogue([]*event.Definition{rung}), v, rand.Reader)
	for i, who := range about {
		batch, err := c.Seal(t.Context(), eventstore.Command{ID: event1.UUID, Stream: event.Case(who), Subject: who, Effective: event.At(now),
			Actor: event.Actor{ID: hub, Role: "HUB_NURSE", Side: event.NHS, Org: hub}, Purpose: "DIRECT_CARE", Origin: event.Live}, []event.Draft{{Data: bell{}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := codec.Bytes(eventstore.Stored{Position: event.Position(i + 1), RecordedAt: now, ID: event1, Stream: event.Case(who), Revision: 1, Body: batch[len(batch)-1].Body})
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(b))), b...)
	}
	return bundle
}

func (f *fakeProofs) Checkpoint(context.Context) (ledger.Checkpoint, error) { return f.signed, f.err }

func (f *fakeProofs) Witnessed(context.Context) (ledger.Checkpoint, error) {
	return f.witnessed, f.witnessedErr
}

func (f *fakeProofs) beyond(size int64) error {
	if f.err == nil && size > f.signed.N {
		return ledger.ErrBeyond
	}
	return f.err
}

func (f *fakeProofs) Tile(_ context.Context, level int, n int64, width int) ([]byte, error) {
	if level > 0 {
		return nil, ledger.ErrBeyond
	}
	return make([]byte, width*tlog.HashSize), f.beyond(n*ledger.TileWidth + int64(width))
}

func (f *fakeProofs) EntryBundle(_ context.Context, n int64, width int) ([]byte, error) {
	return f.bundle, f.beyond(n*ledger.TileWidth + int64(width))
}

func (f *fakeProofs) Inclusion(_ context.Context, p event.Position, size int64) (ledger.RecordProof, error) {
	return ledger.RecordProof{f.signed.Hash}, f.beyond(max(int64(p), size))
}

func (f *fakeProofs) Consistency(_ context.Context, _, to int64) (ledger.TreeProof, error) {
	return ledger.TreeProof{f.signed.Hash, f.witnessed.Hash}, f.beyond(to)
}

func (f *fakeProofs) Proof(_ context.Context, p event.Position) (ledger.Proof, error) {
	return ledger.Proof{Index: int64(p) - 1, Hashes: ledger.RecordProof{f.signed.Hash}, Checkpoint: f.proofBy.Note}, f.beyond(int64(p))
}

func (f *fakeProofs) Status(context.Context) (LedgerStatus, error) { return f.status, f.err }

func (f *fakeProofs) Failed() string { return f.failed }

// ledgerBench is an API with a ledger.
func ledgerBench(t testing.TB, change ...func(*Config)) (*bench, *fakeProofs) {
	t.Helper()
	f := newFakeProofs(t)
	return newBench(t, append(change, func(c *Config) { c.Proofs = f })...), f
}
