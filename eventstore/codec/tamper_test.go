package codec_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

// wantCorrupt wants a fault that pages someone.
func wantCorrupt(t *testing.T, what string, err error) {
	t.Helper()
	if f := fault.Of(err); !errors.Is(err, codec.ErrCorrupt) || f == nil || f.Kind != fault.Corrupt {
		t.Errorf("%s: got %v, want ErrCorrupt", what, err)
	}
}

func TestABoxOpensOnlyInItsOwnPlace(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	seal := func(person, cmd event.UUID, data any) (eventstore.Stored, codec.Body) {
		all := mustSeal(t, c, commandOf(person, cmd), nil, data)
		s := all[len(all)-1]
		b, err := codec.ParseBody(s.Body)
		if err != nil {
			t.Fatal(err)
		}
		return s, b
	}
	mine, body := seal(alpha, command, full())
	_, sibling := seal(alpha, bravo, full())    // the same person, another event
	_, stranger := seal(bravo, command, full()) // another person

	for name, alter := range map[string]func(b *codec.Body, s *eventstore.Stored){
		"a box of another event":  func(b *codec.Body, _ *eventstore.Stored) { b.Boxes[2] = sibling.Boxes[2] },
		"a box of another person": func(b *codec.Body, _ *eventstore.Stored) { b.Boxes[2] = stranger.Boxes[2] },
		"a box in another holder's place": func(b *codec.Body, _ *eventstore.Stored) {
			b.Boxes[1].Sealed, b.Boxes[1].Key = b.Boxes[0].Sealed, b.Boxes[0].Key
		},
		"a box under another key":     func(b *codec.Body, _ *eventstore.Stored) { b.Boxes[2].Key = b.Boxes[0].Key },
		"a box of an earlier version": func(b *codec.Body, _ *eventstore.Stored) { b.Version = 1 },
		"a box left out":              func(b *codec.Body, _ *eventstore.Stored) { b.Boxes = b.Boxes[:len(b.Boxes)-1] },
		"another type":                func(b *codec.Body, _ *eventstore.Stored) { b.Type, b.Version = "bell.rung", 1 },
		"another event id":            func(_ *codec.Body, s *eventstore.Stored) { s.ID = event.ID{UUID: bravo} },
		"another stream":              func(_ *codec.Body, s *eventstore.Stored) { s.Stream = event.Case(bravo) },
		"a clear box in place of the sealed": func(b *codec.Body, _ *eventstore.Stored) {
			b.Boxes = []codec.Box{{Holder: event.Controller, Sealed: []byte(`{"stage":"open"}`)}}
		},
	} {
		s, b := mine, body
		b.Boxes = append([]codec.Box(nil), body.Boxes...)
		alter(&b, &s)
		altered, err := codec.AppendBody(nil, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.Body = altered
		_, err = c.Decode(t.Context(), s)
		wantCorrupt(t, name, err)
	}
	// What the ledger assigns is bound by the leaf, not by the box.
	mine.Position, mine.Revision = 99, 98
	if _, err := c.Decode(t.Context(), mine); err != nil {
		t.Errorf("at another position: %v", err)
	}
}

func TestEveryFlippedBitOfABoxIsNoticed(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, small())
	s := all[len(all)-1]
	b, err := codec.ParseBody(s.Body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Boxes {
		at := bytes.Index(s.Body, b.Boxes[i].Sealed)
		for n := range b.Boxes[i].Sealed {
			flipped := s
			flipped.Body = bytes.Clone(s.Body)
			flipped.Body[at+n] ^= 1 << (n % 8)
			if _, err := c.Decode(t.Context(), flipped); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("box %d, byte %d: %v", i, n, err)
			}
		}
	}
}

func TestACommitmentThatTheKeystoreDoesNotShareIsCorrupt(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	keys, err := v.Ensure(t.Context(), vault.Ref{Subject: alpha, Side: event.NHS, Class: event.Health})
	if err != nil {
		t.Fatal(err)
	}
	decode := func(k event.KeyCreated) error {
		_, err := c.Decode(t.Context(), mustSeal(t, c, commandOf(alpha, command), nil, k)[0])
		return err
	}
	if err := decode(event.KeyCreated{Key: keys[0].ID, Commitment: keys[0].Commitment}); err != nil {
		t.Errorf("the true one: %v", err)
	}
	err = decode(event.KeyCreated{Key: keys[0].ID, Commitment: event.Commitment{1}})
	wantCorrupt(t, "another one", err)
	if !errors.Is(err, vault.ErrCommitment) {
		t.Errorf("another one: %v, want ErrCommitment behind it", err)
	}
	if err := decode(event.KeyCreated{Key: bravo, Commitment: event.Commitment{1}}); err != nil {
		t.Errorf("of a key that is not here: %v", err)
	}
}

func TestTheLeafIsTheHashOfWhatIsStored(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, small())
	s := all[len(all)-1]
	want := sha256.Sum256(append([]byte{0}, codec.Bytes(s)...))
	if got := codec.Leaf(s); got != want {
		t.Errorf("leaf %x, want %x", got, want)
	}
	again := mustSeal(t, c, commandOf(alpha, command), nil, small())
	if bytes.Equal(again[len(again)-1].Body[:codec.SaltBytes], s.Body[:codec.SaltBytes]) {
		t.Error("two bodies have one salt")
	}
}
