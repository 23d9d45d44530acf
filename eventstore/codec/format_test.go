package codec_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

func uuids(zero bool) *rapid.Generator[event.UUID] {
	return rapid.Custom(func(t *rapid.T) (u event.UUID) {
		binary.BigEndian.PutUint64(u[:8], rapid.Uint64().Draw(t, "high"))
		binary.BigEndian.PutUint64(u[8:], rapid.Uint64().Draw(t, "low"))
		if !zero {
			u[0] |= 1
		}
		return u
	})
}

// code draws the shortest, ordinary and the longest codes.
func code(smallest int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.OneOf(rapid.IntRange(smallest, 8), rapid.Just(255)).Draw(t, "length")
		return strings.Repeat(string(rune(rapid.IntRange(0x21, 0x7e).Draw(t, "first"))), n)
	})
}

var bodies = rapid.Custom(func(t *rapid.T) codec.Body {
	var b codec.Body
	binary.BigEndian.PutUint64(b.Salt[:], rapid.Uint64().Draw(t, "salt"))
	id := uuids(true)
	b.Meta = event.Meta{
		Type: code(1).Draw(t, "type"), Version: rapid.IntRange(1, 65535).Draw(t, "version"), Subject: id.Draw(t, "subject"),
		Actor: event.Actor{ID: id.Draw(t, "actor"), Role: event.Role(code(0).Draw(t, "role")), Side: event.Side(code(0).Draw(t, "side")),
			Org: id.Draw(t, "org"), Client: id.Draw(t, "client")},
		Purpose: event.Purpose(code(0).Draw(t, "purpose")), Command: id.Draw(t, "command"),
		Index:       rapid.OneOf(rapid.IntRange(0, 1<<31-1), rapid.IntRange(event.KeyIndex, event.KeyIndex+1<<31-1)).Draw(t, "index"),
		Correlation: id.Draw(t, "correlation"), Causation: id.Draw(t, "causation"), Corrects: event.ID{UUID: id.Draw(t, "corrects")},
		Origin: rapid.SampledFrom([]event.Origin{event.Live, event.Imported}).Draw(t, "origin"),
	}
	if rapid.Bool().Draw(t, "day") {
		b.Effective = event.On(event.Day(rapid.IntRange(int(event.MustDay("0001-01-01")), int(event.MustDay("9999-12-31"))).Draw(t, "on")))
	} else {
		b.Effective = event.At(time.UnixMicro(rapid.Int64Range(-62135596799999999, 253402300799999999).Draw(t, "at")))
	}
	if rapid.Bool().Draw(t, "policy") {
		binary.BigEndian.PutUint64(b.Policy[24:], rapid.Uint64Min(1).Draw(t, "hash"))
	}
	if rapid.Bool().Draw(t, "clear") {
		b.Boxes = []codec.Box{{Holder: event.Controller, Sealed: rapid.SliceOf(rapid.Byte()).Draw(t, "content")}}
		return b
	}
	b.Boxes = []codec.Box{} // as it is read back, also without any
	for _, class := range event.Classes {
		for _, holder := range []event.Holder{event.Controller, event.Recipient} {
			if rapid.Bool().Draw(t, "box") {
				n := rapid.SampledFrom([]int{256, 1 << 10, 4 << 10, 16 << 10}).Draw(t, "bucket") + vault.Overhead
				b.Boxes = append(b.Boxes, codec.Box{Class: class, Holder: holder, Key: uuids(false).Draw(t, "key"), Sealed: bytes.Repeat([]byte{7}, n)})
			}
		}
	}
	return b
})

func TestABodyComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := bodies.Draw(t, "body")
		stored, err := codec.AppendBody(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.ParseBody(stored)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b event.When) bool { return a == b }), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
		if m, err := codec.Peek(stored); err != nil || m != want.Meta {
			t.Errorf("peek: %+v, %v", m, err)
		}
		cut := rapid.IntRange(0, len(stored)-1).Draw(t, "cut")
		if _, err := codec.ParseBody(stored[:cut]); err == nil {
			t.Errorf("%d of %d bytes were read", cut, len(stored))
		}
		if _, err := codec.ParseBody(append(stored, 0)); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("trailing byte: %v", err)
		}
	})
}

// sample is a body with every field set and two boxes.
func sample() codec.Body {
	id := func(n byte) event.UUID { return event.UUID{n, 15: n} }
	return codec.Body{Salt: [32]byte{1}, Meta: event.Meta{Type: "note.written", Version: 2, Subject: id(1), Effective: event.At(noon),
		Actor: event.Actor{ID: id(2), Role: "HUB_NURSE", Side: event.NHS, Org: id(3), Client: id(4)}, Purpose: "DIRECT_CARE",
		Command: id(5), Index: 6, Correlation: id(7), Causation: id(8), Corrects: event.ID{UUID: id(9)}, Origin: event.Live, Policy: [32]byte{10}},
		Boxes: []codec.Box{
			{Class: event.Health, Holder: event.Controller, Key: id(11), Sealed: make([]byte, 256+vault.Overhead)},
			{Class: event.Operational, Holder: event.Controller, Key: id(12), Sealed: make([]byte, 1024+vault.Overhead)},
		}}
}

func TestWhatHasNoStoredFormIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b *codec.Body){
		"no type":                   func(b *codec.Body) { b.Type = "" },
		"a type with a space":       func(b *codec.Body) { b.Type = "note written" },
		"a long role":               func(b *codec.Body) { b.Actor.Role = event.Role(strings.Repeat("x", 256)) },
		"a role in words":           func(b *codec.Body) { b.Actor.Role = "Hub nurse" },
		"a purpose beyond ASCII":    func(b *codec.Body) { b.Purpose = "pflegé" },
		"version 0":                 func(b *codec.Body) { b.Version = 0 },
		"version 65536":             func(b *codec.Body) { b.Version = 65536 },
		"no effective time":         func(b *codec.Body) { b.Effective = event.When{} },
		"the year 10000":            func(b *codec.Body) { b.Effective = event.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"a day in the year 10000":   func(b *codec.Body) { b.Effective = event.On(event.MustDay("9999-12-31") + 1) },
		"the last possible day":     func(b *codec.Body) { b.Effective = event.On(1<<31 - 1) },
		"a negative index":          func(b *codec.Body) { b.Index = -1 },
		"an index in between":       func(b *codec.Body) { b.Index = 1 << 31 },
		"an index beyond":           func(b *codec.Body) { b.Index = event.KeyIndex + 1<<31 },
		"no origin":                 func(b *codec.Body) { b.Origin = "" },
		"boxes out of order":        func(b *codec.Body) { slices.Reverse(b.Boxes) },
		"a box twice":               func(b *codec.Body) { b.Boxes[1].Class = event.Health },
		"an unknown class":          func(b *codec.Body) { b.Boxes[1].Class = "gossip" },
		"an unknown holder":         func(b *codec.Body) { b.Boxes[1].Holder = "everyone" },
		"a box without a key":       func(b *codec.Body) { b.Boxes[1].Key = event.UUID{} },
		"a clear box with others":   func(b *codec.Body) { b.Boxes[0].Class, b.Boxes[0].Key = "", event.UUID{} },
		"a clear box with a key":    func(b *codec.Body) { b.Boxes = b.Boxes[:1]; b.Boxes[0].Class = "" },
		"a box of no bucket":        func(b *codec.Body) { b.Boxes[1].Sealed = make([]byte, 500) },
		"an empty box":              func(b *codec.Body) { b.Boxes[1].Sealed = nil },
		"more boxes than there are": func(b *codec.Body) { b.Boxes = make([]codec.Box, 11) },
	} {
		b := sample()
		spoil(&b)
		if stored, err := codec.AppendBody(nil, b); err == nil {
			t.Errorf("%s was written as %x", name, stored)
		}
	}
}

func TestBytesOfALaterProgramAreNamed(t *testing.T) {
	t.Parallel()
	stored, err := codec.AppendBody(nil, sample())
	if err != nil {
		t.Fatal(err)
	}
	s := eventstore.Stored{Position: 1, RecordedAt: noon, ID: event.ID{UUID: alpha}, Stream: event.Case(alpha), Revision: 1, Body: stored}
	boxes := bytes.Index(stored, append([]byte{2, 2, 0}, 11)) // count, class and holder of the first, its key
	if boxes < 0 {
		t.Fatal("the boxes are not where they should be")
	}
	with := func(at int, value byte) []byte {
		b := bytes.Clone(stored)
		b[at] = value
		return b
	}
	for name, tc := range map[string]struct {
		body []byte
		want error
	}{
		"a later body format": {with(codec.SaltBytes, 0), codec.ErrUnknownFormat},
		"a later class":       {with(boxes+1, 6), codec.ErrUnknownClass},
		"a later holder":      {with(boxes+2, 2), codec.ErrUnknownClass},
	} {
		if _, err := codec.ParseBody(tc.body); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		altered := s
		altered.Body = tc.body
		if _, err := codec.New(catalogue, newVault(t), rand.Reader).Decode(t.Context(), altered); !errors.Is(err, tc.want) || errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("decode %s: %v, want %v, which is not corruption", name, err, tc.want)
		}
	}
	whole := codec.Bytes(s)
	whole[0] = 2
	if _, err := codec.ParseStored(whole); !errors.Is(err, codec.ErrUnknownFormat) {
		t.Errorf("a later format: %v", err)
	}
}

func TestStoredBytesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body, err := codec.AppendBody(nil, bodies.Draw(t, "body"))
		if err != nil {
			t.Fatal(err)
		}
		want := eventstore.Stored{
			Position: event.Position(rapid.Uint64Min(1).Draw(t, "position")), RecordedAt: time.UnixMicro(rapid.Int64Range(0, 253402300799999999).Draw(t, "at")).UTC(),
			ID: event.ID{UUID: uuids(false).Draw(t, "id")}, Revision: event.Revision(rapid.Uint64Min(1).Draw(t, "revision")), Body: body,
			Stream: rapid.SampledFrom([]event.StreamID{event.Policy, event.Case(alpha), event.Access(bravo)}).Draw(t, "stream"),
		}
		got, err := codec.ParseStored(codec.Bytes(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-stored +read):\n%s", diff)
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	c := codec.New(catalogue, newVault(f), rand.Reader)
	for _, s := range mustSeal(f, c, commandOf(alpha, command), nil, full(), bell{}) {
		f.Add(s.Body)
	}
	stored, err := codec.AppendBody(nil, sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := codec.ParseBody(b)
		if err != nil {
			if !errors.Is(err, codec.ErrMalformed) && !errors.Is(err, codec.ErrUnknownFormat) && !errors.Is(err, codec.ErrUnknownClass) {
				t.Errorf("an unnamed error: %v", err)
			}
			return
		}
		again, err := codec.AppendBody(nil, body)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("read, but written differently: %v\n%x\n%x", err, b, again)
		}
		_, _ = c.Decode(t.Context(), eventstore.Stored{Position: 1, ID: event.ID{UUID: alpha}, Stream: event.Case(alpha), Revision: 1, Body: b})
	})
}

func FuzzDecodeStored(f *testing.F) {
	c := codec.New(catalogue, newVault(f), rand.Reader)
	for _, s := range mustSeal(f, c, commandOf(alpha, command), nil, full(), bell{}) {
		f.Add(codec.Bytes(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := codec.ParseStored(b)
		if err == nil && !bytes.Equal(codec.Bytes(s), b) {
			t.Errorf("read, but written differently:\n%x\n%x", b, codec.Bytes(s))
		}
	})
}
