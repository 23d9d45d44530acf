package offlinetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/transfer"
	"caseledger/eventstore/vault"
)

// Origin is that of every ledger made here.
const Origin = "hub.example/ledger"

// The people.
var (
	Avery = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	Blake = event.MustUUID("5f0c8a52-2222-4222-8222-222222222222")
)

type stage string

type noteWritten struct {
	Stage  stage                  `json:"stage"`
	Name   event.Personal[string] `json:"name" personal:"identity"`
	Note   event.Personal[string] `json:"note" personal:"health"`
	Charge event.Personal[string] `json:"charge" personal:"offence"`
}

var catalogue = event.NewCatalogue([]*event.Definition{event.Define[noteWritten]("note.written", 1)})

// Rules and Gates are the rule set that decisions here were taken by.
var (
	Rules = []byte(`{"list": "rules"}`)
	Gates = []byte("forbid (principal, action, resource);\n")
)

// PolicyHash is the hash of the rule set.
func PolicyHash() [32]byte {
	a, b := sha256.Sum256(Rules), sha256.Sum256(Gates)
	return sha256.Sum256(append(a[:], b[:]...))
}

// World is a ledger.
type World struct {
	TB     testing.TB
	Signer note.Signer
	Key    string // verifies the signer
	Stored []eventstore.Stored

	codec   *codec.Codec
	history map[event.StreamID][]event.Recorded
	hashes  []tlog.Hash
	now     time.Time
}

// New returns an empty ledger.
func New(tb testing.TB) *World {
	tb.Helper()
	w := &World{TB: tb, history: map[event.StreamID][]event.Recorded{}, now: time.Date(2026, 2, 23, 12, 0, 0, 123456000, time.UTC)}
	w.Signer, w.Key = NewKey(tb, Origin)
	v, err := vault.OpenMemory(context.Background(), vault.Config{Now: func() time.Time { return w.now }, Rand: rand.Reader})
	if err != nil {
		tb.Fatal(err)
	}
	w.codec = codec.New(catalogue, v, rand.Reader)
	return w
}

// NewKey returns a signer of notes and what verifies it.
func NewKey(tb testing.TB, name string) (note.Signer, string) {
	tb.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return s, public
}

// Write records a note of a person, and whatever goes with it.
func (w *World) Write(person event.UUID, text string) {
	w.TB.Helper()
	w.append(event.Case(person), person, PolicyHash(), noteWritten{Stage: "open", Name: event.Own("Avery Example"), Note: event.Own(text), Charge: event.Own("none")})
}

// DestroyKeys records that the keys of a person were destroyed.
func (w *World) DestroyKeys(person event.UUID) {
	w.TB.Helper()
	for _, e := range w.history[event.Case(person)] {
		if k, ok := e.Data.(event.KeyCreated); ok {
			w.append(event.Case(person), person, [32]byte{}, event.KeyDestroyed{Key: k.Key})
		}
	}
}

// CommitHeads records the heads of all streams, and returns the position.
func (w *World) CommitHeads() event.Position {
	w.TB.Helper()
	size := uint64(len(w.Stored))
	records := w.records(size)
	root, _, _ := walk(records, 0, nil)
	w.append(event.Ledger, event.Ledger.Subject(), [32]byte{}, event.HeadsCommitted{Size: size, Root: root, Streams: uint64(len(records))})
	return event.Position(len(w.Stored))
}

func (w *World) append(stream event.StreamID, subject event.UUID, policy [32]byte, data any) {
	w.TB.Helper()
	ctx := context.Background()
	w.now = w.now.Add(time.Millisecond)
	n := event.DeriveUUID("offlinetest", fmt.Append(nil, len(w.Stored)))
	batch, err := w.codec.Seal(ctx, eventstore.Command{ID: n, Stream: stream, Fingerprint: [32]byte{1}, Subject: subject, Effective: event.At(w.now),
		Actor:   event.Actor{ID: event.MustUUID("ac000000-0000-4000-8000-000000000001"), Role: "HUB_NURSE", Side: event.NHS, Org: event.MustUUID("0e000000-0000-4000-8000-000000000001")},
		Purpose: "DIRECT_CARE", Origin: event.Live, Policy: policy}, []event.Draft{{Data: data}}, w.history[stream])
	if err != nil {
		w.TB.Fatal(err)
	}
	for _, e := range batch {
		s := eventstore.Stored{Position: event.Position(len(w.Stored) + 1), RecordedAt: w.now, ID: e.ID, Stream: stream,
			Revision: event.Revision(len(w.history[stream]) + 1), Body: e.Body}
		recorded, err := w.codec.Decode(ctx, s)
		if err != nil {
			w.TB.Fatal(err)
		}
		w.history[stream] = append(w.history[stream], recorded)
		w.Add(s)
	}
}

// Add puts an event into the ledger as it is, whatever it says.
func (w *World) Add(s eventstore.Stored) {
	w.TB.Helper()
	more, err := tlog.StoredHashesForRecordHash(int64(len(w.Stored)), codec.Leaf(s), w.reader())
	if err != nil {
		w.TB.Fatal(err)
	}
	w.hashes, w.Stored = append(w.hashes, more...), append(w.Stored, s)
}

func (w *World) reader() tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, w.hashes[i])
		}
		return out, nil
	}
}

// Tree is the tree of the first size entries.
func (w *World) Tree(size int) ledger.Tree {
	w.TB.Helper()
	root, err := tlog.TreeHash(int64(size), w.reader())
	if err != nil {
		w.TB.Fatal(err)
	}
	return ledger.Tree{N: int64(size), Hash: root}
}

// Checkpoint is the signed checkpoint of the first size entries, with whatever
// other signers add.
func (w *World) Checkpoint(size int, others ...note.Signer) []byte {
	w.TB.Helper()
	return Sign(w.TB, ledger.CheckpointText(Origin, w.Tree(size)), append([]note.Signer{w.Signer}, others...)...)
}

// Sign signs a text.
func Sign(tb testing.TB, text string, signers ...note.Signer) []byte {
	tb.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

// Entry is the stored bytes at a position.
func (w *World) Entry(position event.Position) []byte { return codec.Bytes(w.Stored[position-1]) }

// Proof is the .tlog-proof file of an entry, of the first size entries, under a
// checkpoint of them.
func (w *World) Proof(position event.Position, size int, checkpoint []byte) []byte {
	w.TB.Helper()
	p, err := tlog.ProveRecord(int64(size), int64(position-1), w.reader())
	if err != nil {
		w.TB.Fatal(err)
	}
	return ProofFile(uint64(position-1), p, checkpoint)
}

// ProofFile writes a .tlog-proof file.
func ProofFile(index uint64, path tlog.RecordProof, checkpoint []byte) []byte {
	b := fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nindex %d\n", index)
	for _, h := range path {
		b = append(b, h.String()+"\n"...)
	}
	return append(append(b, '\n'), checkpoint...)
}

// Export is the file of the ledger.
func (w *World) Export() []byte {
	w.TB.Helper()
	var out bytes.Buffer
	_, err := transfer.Write(&out, transfer.Facts{Events: uint64(len(w.Stored)), Synthetic: true}, func(yield func(eventstore.Stored, error) bool) {
		for _, s := range w.Stored {
			if !yield(s, nil) {
				return
			}
		}
	})
	if err != nil {
		w.TB.Fatal(err)
	}
	return out.Bytes()
}

// records are the heads of all streams at a size of the ledger, by key.
func (w *World) records(size uint64) []heads.Record {
	at := map[event.StreamID]heads.Head{}
	for _, s := range w.Stored[:size] {
		at[s.Stream] = at[s.Stream].Next(codec.Leaf(s))
	}
	var all []heads.Record
	for s, h := range at {
		all = append(all, heads.Record{Key: heads.Key(s), Head: h})
	}
	slices.SortFunc(all, func(a, b heads.Record) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return all
}

// HeadProof is the member heads/<stream>.json for a commitment.
func (w *World) HeadProof(stream event.StreamID, at event.Position) []byte {
	w.TB.Helper()
	c, err := heads.ParseCommitment(w.Stored[at-1])
	if err != nil {
		w.TB.Fatal(err)
	}
	key := heads.Key(stream)
	_, path, end := walk(w.records(c.Size), 0, &key)
	p := heads.Proof{Stream: stream, Size: c.Size, Commitment: at, Path: path}
	switch {
	case end != nil && end.Key == key:
		p.Head = end.Head
	case end != nil:
		p.Other = end
	}
	b, err := p.Bytes()
	if err == nil {
		err = p.Check(c)
	}
	if err != nil {
		w.TB.Fatal(err)
	}
	return b
}

// walk returns the root of the tree of heads over sorted records that agree in
// the bits before depth, and, if there is a key, the way to its place: the hashes
// beside it, and the record in which it ends.
func walk(records []heads.Record, depth int, key *heads.Hash) (root heads.Hash, path []heads.Hash, end *heads.Record) {
	switch len(records) {
	case 0:
		return sha256.Sum256([]byte{0x22}), nil, nil
	case 1:
		r := records[0]
		return sha256.Sum256(slices.Concat([]byte{0x20}, r.Key[:], binary.BigEndian.AppendUint64(nil, uint64(r.Revision)), r.Chain[:])), nil, &r
	}
	bit := func(k *heads.Hash) int { return int(k[depth/8]>>(7-depth%8)) & 1 }
	var halves [2][]heads.Record
	for i := range records {
		halves[bit(&records[i].Key)] = append(halves[bit(&records[i].Key)], records[i])
	}
	var roots [2]heads.Hash
	for side := range 2 {
		if key != nil && bit(key) == side {
			roots[side], path, end = walk(halves[side], depth+1, key)
		} else {
			roots[side], _, _ = walk(halves[side], depth+1, nil)
		}
	}
	if key != nil {
		path = append([]heads.Hash{roots[1-bit(key)]}, path...)
	}
	return sha256.Sum256(slices.Concat([]byte{0x21}, roots[0][:], roots[1][:])), path, end
}

// Witness cosigns checkpoints (C2SP tlog-cosignature, Ed25519).
type Witness struct {
	name string
	key  ed25519.PrivateKey
	at   uint64
}

// NewWitness returns a witness that cosigns at a POSIX time.
func NewWitness(tb testing.TB, name string, at uint64) *Witness {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return &Witness{name, key, at}
}

func (w *Witness) public() []byte { return append([]byte{4}, w.key.Public().(ed25519.PublicKey)...) }

// VerifierKey is what verifies its cosignatures.
func (w *Witness) VerifierKey() string {
	return fmt.Sprintf("%s+%08x+%s", w.name, w.KeyHash(), base64.StdEncoding.EncodeToString(w.public()))
}

// Name implements note.Signer.
func (w *Witness) Name() string { return w.name }

// KeyHash implements note.Signer.
func (w *Witness) KeyHash() uint32 {
	id := sha256.Sum256(slices.Concat([]byte(w.name+"\n"), w.public()))
	return binary.BigEndian.Uint32(id[:])
}

// Sign implements note.Signer.
func (w *Witness) Sign(msg []byte) ([]byte, error) {
	return append(binary.BigEndian.AppendUint64(nil, w.at), ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", w.at, msg))...), nil
}
