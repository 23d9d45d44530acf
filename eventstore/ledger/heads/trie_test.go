package heads

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

// naive is the tree by its definition, over all bits, of a set in any order.
func naive(records []Record, depth int) Hash {
	switch len(records) {
	case 0:
		return sha256.Sum256([]byte{0x22})
	case 1:
		r := records[0]
		b := append([]byte{0x20}, r.Key[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(r.Revision))
		return sha256.Sum256(append(b, r.Chain[:]...))
	}
	var sides [2][]Record
	for _, r := range records {
		side := r.Key[depth/8] >> (7 - depth%8) & 1
		sides[side] = append(sides[side], r)
	}
	left, right := naive(sides[0], depth+1), naive(sides[1], depth+1)
	return sha256.Sum256(slices.Concat([]byte{0x21}, left[:], right[:]))
}

// streams are few, so that histories have long streams too.
func streamNumbered(n int) event.StreamID {
	return event.Case(event.DeriveUUID("stream", binary.BigEndian.AppendUint64(nil, uint64(n))))
}

// history is the streams of a ledger's entries, and what came of them.
type history struct {
	heads  map[event.StreamID]Head
	leaves map[event.StreamID][]Hash
	size   uint64
}

var histories = rapid.Custom(func(t *rapid.T) history {
	h := history{map[event.StreamID]Head{}, map[event.StreamID][]Hash{}, 0}
	most := rapid.SampledFrom([]int{1, 2, 3, 10, 200}).Draw(t, "streams")
	for _, n := range rapid.SliceOfN(rapid.IntRange(1, most), 0, 400).Draw(t, "entries") {
		h.size++
		leaf := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("entry"), h.size))
		s := streamNumbered(n)
		h.heads[s], h.leaves[s] = h.heads[s].Next(leaf), append(h.leaves[s], leaf)
	}
	return h
})

func (h history) records() (all []Record) {
	for s, head := range h.heads {
		all = append(all, Record{Key(s), head})
	}
	slices.SortFunc(all, compareRecords)
	return all
}

func (h history) commitment() Commitment {
	return Commitment{event.Position(h.size + 1), h.size, treeOf(h.records(), 0).hash, uint64(len(h.heads))}
}

// prove is the proof for a stream, which need not exist.
func (h history) prove(s event.StreamID) Proof {
	key, c := Key(s), h.commitment()
	p := Proof{Stream: s, Size: c.Size, Commitment: c.Position, Head: h.heads[s]}
	var end *Record
	if p.Path, end = walk(nil, h.records(), 0, &key); end != nil && end.Key != key {
		p.Other = end
	}
	return p
}

func TestTheTreeIsThatOfItsDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := histories.Draw(t, "history")
		shuffled := rapid.Permutation(h.records()).Draw(t, "order")
		if got, want := h.commitment().Root, naive(shuffled, 0); got != want {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

// Every stream is proved with its head, and every other to be absent, and the
// proof comes back from its text.
func TestEveryStreamIsProved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := histories.Draw(t, "history")
		c := h.commitment()
		for n := range 240 { // of which at most 200 are there
			s := streamNumbered(n)
			p := h.prove(s)
			if err := p.Check(c); err != nil {
				t.Fatalf("%s at %d: %v", s, h.heads[s].Revision, err)
			}
			if err := p.Head.CheckEntries(h.leaves[s]); err != nil {
				t.Fatalf("%s at %d: %v", s, h.heads[s].Revision, err)
			}
			if n%10 > 0 {
				continue
			}
			text, err := p.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ParseProof(text); err != nil || again.Check(c) != nil {
				t.Fatalf("%s does not come back: %v", text, err)
			}
		}
	})
}

// A proof that says anything else is refused, and so is each with a root, a size
// or a number of streams that it is not of.
func TestWhatIsNotSoIsNotProved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := histories.Draw(t, "history")
		c := h.commitment()
		s := streamNumbered(rapid.IntRange(0, 220).Draw(t, "stream"))
		good := h.prove(s)
		for what, change := range map[string]func(p *Proof, c *Commitment) bool{
			"another revision":   func(p *Proof, _ *Commitment) bool { p.Head.Revision++; return true },
			"one entry fewer":    func(p *Proof, _ *Commitment) bool { p.Head.Revision--; return p.Head.Revision+1 > 0 },
			"another chain":      func(p *Proof, _ *Commitment) bool { p.Head.Chain[31] ^= 1; return true },
			"no such stream":     func(p *Proof, _ *Commitment) bool { was := p.Head; p.Head = Head{}; return was != Head{} },
			"another's place":    func(p *Proof, _ *Commitment) bool { p.Other = &Record{Key(s), Head{1, Hash{1}}}; return true },
			"a stream in it":     func(p *Proof, _ *Commitment) bool { was := p.Head; p.Head = Head{1, Hash{1}}; return was == Head{} },
			"nobody in its way":  func(p *Proof, _ *Commitment) bool { was := p.Other; p.Other = nil; return was != nil },
			"a longer path":      func(p *Proof, _ *Commitment) bool { p.Path = append(slices.Clone(p.Path), empty); return true },
			"another longer one": func(p *Proof, _ *Commitment) bool { p.Path = append(slices.Clone(p.Path), Hash{1}); return true },
			"a shorter path": func(p *Proof, _ *Commitment) bool {
				n := len(p.Path)
				p.Path = p.Path[:max(n-1, 0)]
				return n > 0
			},
			"another path": func(p *Proof, _ *Commitment) bool {
				if len(p.Path) == 0 {
					return false
				}
				p.Path = slices.Clone(p.Path)
				p.Path[rapid.IntRange(0, len(p.Path)-1).Draw(t, "at")][5] ^= 1
				return true
			},
			"a path in another order": func(p *Proof, _ *Commitment) bool {
				p.Path = slices.Clone(p.Path)
				slices.Reverse(p.Path)
				return !slices.Equal(p.Path, good.Path)
			},
			"of another stream":  func(p *Proof, _ *Commitment) bool { p.Stream = event.Policy; return h.size > 0 && len(p.Path) > 0 },
			"another root":       func(_ *Proof, c *Commitment) bool { c.Root[0] ^= 1; return true },
			"another size":       func(_ *Proof, c *Commitment) bool { c.Size++; return true },
			"another commitment": func(_ *Proof, c *Commitment) bool { c.Position++; return true },
			"of no streams":      func(_ *Proof, c *Commitment) bool { was := c.Streams; c.Streams = 0; return was > 0 },
		} {
			p, other := good, c
			if !change(&p, &other) {
				continue
			}
			if err := p.Check(other); !errors.Is(err, ErrProof) {
				// The way to a stream that does not exist can be that to another one
				// that does not either.
				if what == "of another stream" && p.Head == (Head{}) {
					continue
				}
				t.Errorf("%s: %v", what, err)
			}
		}
		leaves := h.leaves[s]
		for what, bad := range map[string][]Hash{
			"one more": append(slices.Clone(leaves), Hash{}), "one fewer": leaves[:max(len(leaves)-1, 0)],
			"another": append(slices.Clone(leaves[:max(len(leaves)-1, 0)]), Hash{9}),
		} {
			if what == "one fewer" && len(leaves) == 0 {
				continue
			}
			if err := good.Head.CheckEntries(bad); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A root that an honest tree does not have proves nothing either, where it could
// say two things.
func TestATreeThatIsNotInItsOneForm(t *testing.T) {
	t.Parallel()
	s := streamNumbered(1)
	key := Key(s)
	there, elsewhere := Record{key, Head{1, Hash{1}}}, Record{key, Head{1, Hash{2}}}
	elsewhere.Key[0] ^= 0x80
	under := func(leaf, beside Hash) Hash {
		if bit(&key, 0) == 1 {
			return node(beside, leaf)
		}
		return node(leaf, beside)
	}
	for what, c := range map[string]struct {
		root  Hash
		proof Proof
	}{
		"a stream too deep":        {under(there.hash(), empty), Proof{Head: there.Head, Path: []Hash{empty}}},
		"nothing too deep":         {under(empty, empty), Proof{Path: []Hash{empty}}},
		"a stream on another path": {under(elsewhere.hash(), Hash{7}), Proof{Other: &elsewhere, Path: []Hash{{7}}}},
		"a head of no entries":     {there.hash(), Proof{Head: Head{Chain: Hash{1}}}},
	} {
		c.proof.Stream, c.proof.Size, c.proof.Commitment = s, 9, 10
		if err := c.proof.Check(Commitment{10, 9, c.root, 2}); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is stored for ever does not change with the program: the figures were
// made from the description by another one.
func TestTheHashesAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	h := history{heads: map[event.StreamID]Head{
		event.Policy: Head{}.Next(Hash{1}).Next(Hash{2}),
		event.Case(event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")): Head{}.Next(Hash{3}),
	}, size: 3}
	text, err := h.prove(event.Policy).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"format":"caseledger-heads/v1","stream":"policy","size":3,"commitment":4,"revision":2,` +
		`"chain":"a1b7c33a591ba76241f5e2a21f1a337733ed1361a3b382c2d54e21a5c362123e",` +
		`"path":["ec8c162419f9b93b7dc89e326532c5fac806685505c9a678050fcd2909709ff0"]}`
	if string(text) != want+"\n" {
		t.Errorf("got\n%s", text)
	}
	if got := fmt.Sprintf("%x", h.commitment().Root); got != "222acca5254c3da99780e0db92a9c7b0eb98a306bea0f6e82615a1ab7a76416d" {
		t.Errorf("root %s", got)
	}
}

func FuzzParseProof(f *testing.F) {
	for _, n := range []int{0, 1, 2, 40} {
		h := history{map[event.StreamID]Head{}, nil, 99}
		for i := range n {
			h.heads[streamNumbered(i)] = Head{}.Next(Hash{byte(i)})
		}
		for _, s := range []event.StreamID{streamNumbered(0), event.Ledger} {
			text, err := h.prove(s).Bytes()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("an error without a name: %v", err)
			}
			return
		}
		if again, err := p.Bytes(); err != nil || string(again) != string(b) {
			t.Errorf("%s is read, and written as %s, %v", b, again, err)
		}
		if err := p.Check(Commitment{p.Commitment, p.Size, Hash{1}, 9}); !errors.Is(err, ErrProof) {
			t.Errorf("it proves a root that nobody has: %v", err)
		}
	})
}
