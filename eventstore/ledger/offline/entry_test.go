package offline_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
)

// agrees fails the test if this reader of stored bytes and the ledger's own
// differ about any.
func agrees(tb testing.TB, stored []byte) {
	tb.Helper()
	s, err := codec.ParseStored(stored)
	wrong, clear := offline.ParseEntry(stored)
	if (err == nil) != (wrong == "") {
		tb.Fatalf("%x: the codec says %v, the verifier %q", stored, err, wrong)
	}
	if err != nil {
		return
	}
	meta, err := codec.Peek(s.Body)
	if err != nil {
		tb.Fatal(err)
	}
	want, err1 := json.Marshal(struct {
		Position   event.Position `json:"position"`
		ID         event.ID       `json:"event"`
		Stream     event.StreamID `json:"stream"`
		Revision   event.Revision `json:"revision"`
		RecordedAt string         `json:"recordedAt"`
		event.Meta
	}{s.Position, s.ID, s.Stream, s.Revision, s.RecordedAt.Format("2006-01-02T15:04:05.999999999Z07:00"), meta}, json.Deterministic(true))
	got, err2 := json.Marshal(clear, json.Deterministic(true), json.OmitZeroStructFields(true))
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	var a, b map[string]any
	if err := errors.Join(json.Unmarshal(want, &a), json.Unmarshal(got, &b)); err != nil {
		tb.Fatal(err)
	}
	// What is empty may be left out or not.
	prune(a)
	prune(b)
	want, _ = json.Marshal(a, json.Deterministic(true))
	got, _ = json.Marshal(b, json.Deterministic(true))
	if !bytes.Equal(want, got) {
		tb.Fatalf("the codec reads\n%s, the verifier\n%s", want, got)
	}
}

func prune(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case map[string]any:
			prune(v)
		case string:
			if v == "" {
				delete(m, k)
			}
		case float64:
			if v == 0 {
				delete(m, k)
			}
		}
	}
}

// Two readers that share nothing agree about every entry with any bit changed.
func TestTheReaderOfEntriesAgreesWithTheCodec(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	w.DestroyKeys(offlinetest.Avery)
	for _, s := range []eventstore.Stored{w.Stored[3], w.Stored[4], w.Stored[len(w.Stored)-1]} { // a key's, a note, and the end of a key
		stored := codec.Bytes(s)
		agrees(t, stored)
		for i := range stored {
			for bit := range 8 {
				stored[i] ^= 1 << bit
				agrees(t, stored)
				stored[i] ^= 1 << bit
			}
			agrees(t, stored[:i])
			if i > 400 && i < len(stored)-400 {
				break // sealed bytes, one like the other
			}
		}
		agrees(t, append(stored, 0))
	}
}

func FuzzEntry(f *testing.F) {
	w := eleven(f)
	w.CommitHeads()
	for _, s := range w.Stored {
		f.Add(codec.Bytes(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { agrees(t, b) })
}

// Containers are taken apart as the one who makes them does it.
func TestTheReaderOfContainersAgreesWithTheWriter(t *testing.T) {
	t.Parallel()
	p := small(t)
	whole := p.Bytes()
	names, err := offline.Unpack(whole)
	if err != nil || !slices.IsSorted(names) || len(names) != len(p.Members)+2 {
		t.Fatalf("got %q, %v", names, err)
	}
	for i := 0; i < len(whole); i += 3 {
		whole[i] ^= 1 << (i % 8)
		_, err := offline.Unpack(whole)
		if _, other := casepack.Read(whole); err == nil && other == nil {
			t.Errorf("byte %d is flipped, and both read it", i)
		}
		whole[i] ^= 1 << (i % 8)
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(small(f).Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, mine := offline.Unpack(b)
		if _, err := casepack.Read(b); err == nil && mine != nil {
			t.Errorf("a pack is refused: %v", mine)
		}
	})
}

// The root is RFC 6962's, however the leaves come in.
func TestTheRootIsThatOfTheLedger(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 700).Draw(t, "leaves")
		seed := rapid.Uint64().Draw(t, "seed")
		draw := rand.New(rand.NewPCG(seed, 0))
		leaves := make([][32]byte, n)
		var hashes []tlog.Hash
		reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
			for _, i := range at {
				out = append(out, hashes[i])
			}
			return out, nil
		})
		for i := range leaves {
			leaves[i] = sha256.Sum256([]byte{byte(draw.Uint32()), byte(i), byte(i >> 8)})
			more, err := tlog.StoredHashesForRecordHash(int64(i), leaves[i], reader)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, more...)
		}
		cuts := rapid.SliceOfN(rapid.IntRange(0, n), 0, 5).Draw(t, "cuts")
		slices.Sort(cuts)
		want, err := tlog.TreeHash(int64(n), reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := offline.RootOf(leaves, cuts); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("%d leaves cut at %v: got %x, %v, want %x", n, cuts, got, err, want)
		}
	})
}

// A proof of completeness holds here if and only if it does for whoever makes it.
func TestTheReaderOfHeadsAgreesWithTheirMaker(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	at := w.CommitHeads()
	c, err := heads.ParseCommitment(w.Stored[at-1])
	if err != nil {
		t.Fatal(err)
	}
	compare := func(file []byte, stream event.StreamID) (holds bool) {
		p, err := heads.ParseProof(file)
		if err == nil {
			err = p.Check(c)
		}
		mine := offline.HeadLeads(file, stream.Bytes(), p.Head.Chain, c.Root, c.Streams) && bytes.Contains(file, []byte(`"size":11,"commitment":12,`)) && p.Head.Revision <= event.Revision(c.Size)
		if mine != (err == nil && p.Stream == stream) && p.Stream == stream {
			t.Errorf("%s: got %t, heads says %v", file, mine, err)
		}
		return mine
	}
	strange := event.MustUUID("5f0c8a52-3333-4333-8333-333333333333")
	for _, s := range []event.StreamID{event.Case(offlinetest.Avery), event.Case(offlinetest.Blake), event.Ledger, event.Case(strange), event.Findings(offlinetest.Avery)} {
		file := w.HeadProof(s, at)
		if !compare(file, s) {
			t.Errorf("%s: its proof does not hold", s)
		}
		for i := range file {
			for bit := range 8 {
				file[i] ^= 1 << bit
				if compare(file, s) {
					t.Errorf("%s: bit %d of byte %d is flipped, and the proof holds", s, bit, i)
				}
				file[i] ^= 1 << bit
			}
		}
		for what, bad := range map[string]string{
			"a longer path":  strings.Replace(string(file), `"path":[`, `"path":["",`, 1),
			"an empty end":   strings.Replace(string(file), `]}`, `,""]}`, 1),
			"no end of line": strings.TrimSpace(string(file)),
			"a space":        strings.Replace(string(file), `,"path"`, `, "path"`, 1),
		} {
			if compare([]byte(bad), s) {
				t.Errorf("%s: %s, and the proof holds", s, what)
			}
		}
	}
}
