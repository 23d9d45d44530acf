package verify_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/ledger/verify"
)

func TestRootsAreThoseOfRFC6962(t *testing.T) {
	t.Parallel()
	var h hashed
	var leaves []tlog.Hash
	for i := range 256 {
		leaf := tlog.RecordHash([]byte{byte(i)})
		leaves = append(leaves, leaf)
		more, err := tlog.StoredHashesForRecordHash(int64(i), leaf, &h)
		if err != nil {
			t.Fatal(err)
		}
		h.stored = append(h.stored, more...)
		if got, want := verify.RootOf(leaves), h.tree(t, i+1).Hash; got != want {
			t.Errorf("of %d: %s, want %s", i+1, got, want)
		}
	}
}

// sizes reach every shape of the tree's right edge.
var sizes = []int{1, 2, 255, 256, 257, 511, 512, 513, 1000, 1024}

func TestARecordThatIsAsItWasSignedIsIntact(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 1100)
	h := hash(t, slices.Values(events))
	for _, sealed := range sizes {
		for _, there := range []int{sealed, 1100} {
			what := fmt.Sprintf("%d of %d", sealed, there)
			c := k.config(&list{events: events[:there]}, k.shelf(t, h, sealed))
			c.Memory = remembers{tree: h.tree(t, sealed)}
			r := run(t, c)
			wantIntact(t, what, r)
			if int(r.Entries) != sealed || int(r.Unsealed) != there-sealed {
				t.Errorf("%s: %d and %d", what, r.Entries, r.Unsealed)
			}
			for _, kept := range sizes {
				if kept > sealed {
					continue
				}
				c.Kept = k.sign(t, h.tree(t, kept))
				for _, c.Since = range []bool{false, true} {
					var done uint64
					c.Progress = func(n, total uint64) {
						if done = n; n > total {
							t.Errorf("%s: %d of %d are done", what, n, total)
						}
					}
					wantIntact(t, fmt.Sprintf("%s, %d kept, since %t", what, kept, c.Since), run(t, c))
					if want := there - kept; c.Since && int(done) != want {
						t.Errorf("%s: since %d: %d were read, want %d", what, kept, done, want)
					}
				}
			}
		}
	}
}

func TestNothingSealedIsNotCalledIntactWithoutSayingSo(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 20)
	s := k.shelf(t, hash(t, slices.Values(events)), 20)
	c := k.config(&list{events: events}, s)
	set(t, s, ledger.RegisterCheckpoint, []byte{})
	wantFirst(t, "a checkpoint removed", run(t, c), verdict.Checkpoint, 0, "register checkpoint")
	if err := s.Remove(t.Context(), ledger.TileName(0, 0, 20)); err != nil {
		t.Fatal(err)
	}
	r := run(t, c)
	wantIntact(t, "nothing sealed", r)
	if r.Entries != 0 || r.Unsealed != 20 || len(r.Notices) == 0 {
		t.Errorf("%d entries, %d unsealed, %q", r.Entries, r.Unsealed, r.Notices)
	}
}

// alterations is what is done to an entry: T-15, T-16, T-19.
var alterations = map[string]func(e *eventstore.Stored){
	"its time":           func(e *eventstore.Stored) { e.RecordedAt = e.RecordedAt.Add(-time.Hour) },
	"its time, by a bit": func(e *eventstore.Stored) { e.RecordedAt = e.RecordedAt.Add(time.Microsecond) },
	"its id":             func(e *eventstore.Stored) { e.ID.UUID[3] ^= 1 },
	"its stream":         func(e *eventstore.Stored) { e.Stream.Of[3] ^= 1 },
	"its revision":       func(e *eventstore.Stored) { e.Revision++ },
	"its salt":           func(e *eventstore.Stored) { e.Body[0] ^= 1 },
	"its box":            func(e *eventstore.Stored) { e.Body[len(e.Body)-1] ^= 1 },
	"its end":            func(e *eventstore.Stored) { e.Body = e.Body[:len(e.Body)-1] },
	"all of it":          func(e *eventstore.Stored) { e.Body = nil },
}

func TestTheEntryThatWasAlteredIsNamed(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 1000)
	h := hash(t, slices.Values(events))
	for _, sealed := range []int{256, 1000} {
		shelf := k.shelf(t, h, sealed)
		for name, alter := range alterations {
			for _, at := range []int{1, 2, 128, 255, 256, 257, 512, 769, 999, 1000} {
				if at > sealed {
					continue
				}
				altered := slices.Clone(events)
				altered[at-1].Body = bytes.Clone(altered[at-1].Body)
				alter(&altered[at-1])
				for workers := 1; workers < 4; workers++ {
					c := k.config(&list{events: altered}, shelf)
					c.Workers = workers
					r := run(t, c)
					what := fmt.Sprintf("%s of %d of %d", name, at, sealed)
					wantFirst(t, what, r, verdict.EntryAltered, uint64(at), "")
					if len(r.Findings) != 1 {
						t.Errorf("%s: %d findings: %+v", what, len(r.Findings), r.Findings)
					}
				}
			}
		}
	}
}

func TestEntriesThatAreLostInsertedOrInAnotherOrderAreNamed(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 1000)
	h := hash(t, slices.Values(events))
	shelf := k.shelf(t, h, 900)
	renumbered := func(events []eventstore.Stored) []eventstore.Stored {
		for i := range events {
			events[i].Position = event.Position(i + 1)
		}
		return events
	}
	for _, at := range []int{1, 100, 256, 257, 899, 900} {
		lost := slices.Delete(cloned(events), at-1, at)
		r := run(t, k.config(&list{events: lost}, shelf))
		wantFirst(t, fmt.Sprintf("%d lost", at), r, verdict.EntryUnreadable, uint64(at), "")
		if len(r.Findings) != 1 {
			t.Errorf("%d lost: %+v", at, r.Findings)
		}
		damaged := cloned(events)
		damaged[at-1].ID = event.ID{}
		wantFirst(t, fmt.Sprintf("%d damaged", at), run(t, k.config(&list{events: damaged}, shelf)), verdict.EntryUnreadable, uint64(at), "")

		closed := renumbered(slices.Delete(cloned(events), at-1, at))
		wantFirst(t, fmt.Sprintf("%d lost and the gap closed", at), run(t, k.config(&list{events: closed}, shelf)), verdict.EntryAltered, uint64(at), "")

		inserted := events[at-1]
		inserted.ID.UUID[0] ^= 1
		backdated := renumbered(slices.Insert(cloned(events), at-1, inserted))
		wantFirst(t, fmt.Sprintf("inserted before %d", at), run(t, k.config(&list{events: backdated}, shelf)), verdict.EntryAltered, uint64(at), "")

		swapped := cloned(events)
		swapped[at-1], swapped[at] = swapped[at], swapped[at-1]
		r = run(t, k.config(&list{events: renumbered(swapped)}, shelf))
		wantFirst(t, fmt.Sprintf("%d swapped", at), r, verdict.EntryAltered, uint64(at), "")
	}
	for cut := 1; cut <= 900; cut += 13 {
		r := run(t, k.config(&list{events: events[:900-cut]}, shelf))
		wantFirst(t, fmt.Sprintf("%d cut off", cut), r, verdict.EntryMissing, uint64(900-cut+1), "")
	}
	head := event.Position(1001)
	wantFirst(t, "a head beyond the end", run(t, k.config(&list{events: events, head: &head}, shelf)), verdict.StoreEnd, 1001, "")
	head = 950
	wantFirst(t, "a head before the end", run(t, k.config(&list{events: events, head: &head}, shelf)), verdict.StoreEnd, 0, "")
}

// What is not sealed yet has no hash to be compared with: only what contradicts
// itself is found.
func TestTheTailIsDenseAndInOrder(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 600)
	shelf := k.shelf(t, hash(t, slices.Values(events)), 300)
	for name, c := range map[string]struct {
		alter func(e []eventstore.Stored) []eventstore.Stored
		code  verdict.Code
	}{
		"back-dated": {func(e []eventstore.Stored) []eventstore.Stored {
			e[499].RecordedAt = e[0].RecordedAt
			return e
		}, verdict.EntryBackdated},
		"malformed": {func(e []eventstore.Stored) []eventstore.Stored { e[499].Body = e[499].Body[:40]; return e }, verdict.EntryMalformed},
		"lost":      {func(e []eventstore.Stored) []eventstore.Stored { return slices.Delete(e, 499, 500) }, verdict.EntryUnreadable},
		"another revision": {func(e []eventstore.Stored) []eventstore.Stored {
			e[499].Stream, e[499].Revision = e[498].Stream, e[498].Revision+2
			return e
		}, verdict.EntryOutOfStream},
	} {
		wantFirst(t, name, run(t, k.config(&list{events: c.alter(cloned(events))}, shelf)), c.code, 500, "")
	}
}

func TestATileThatWasAlteredIsNamedAndItsEntriesAreNot(t *testing.T) {
	t.Parallel()
	type tile struct {
		level int
		n     int64
		width int
	}
	all := []func([]byte) []byte{
		func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		func(b []byte) []byte { b[0] ^= 0x80; return b },
		func(b []byte) []byte { clear(b); return b },
		func(b []byte) []byte { return b[:len(b)-32] },
		func(b []byte) []byte { return append(b, b[:32]...) },
		func(b []byte) []byte { return b[:0] },
	}
	for _, c := range []struct {
		entries     int
		tiles       []tile
		alterations []func([]byte) []byte
	}{
		{1000, []tile{{0, 0, 256}, {0, 1, 256}, {0, 3, 232}, {1, 0, 3}}, all},
		{66000, []tile{{0, 255, 256}, {1, 0, 256}, {1, 1, 1}, {2, 0, 1}}, all[:1]}, // three levels
	} {
		k, events := newKey(t, origin), made(t, c.entries)
		shelf := k.shelf(t, hash(t, slices.Values(events)), len(events))
		with := k.config(&list{events: events}, shelf)
		wantIntact(t, "before", run(t, with))
		alone := func(what, name string, code verdict.Code) {
			r := run(t, with)
			if wantFirst(t, what, r, code, 0, name); len(r.Findings) != 1 {
				t.Errorf("%s: %+v", what, r.Findings)
			}
		}
		for _, one := range c.tiles {
			name := ledger.TileName(one.level, one.n, one.width)
			was := get(t, shelf, name)
			for i, alter := range c.alterations {
				put(t, shelf, name, alter(bytes.Clone(was)))
				alone(fmt.Sprintf("%s, %d", name, i), name, verdict.TileAltered)
			}
			if err := shelf.Remove(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			alone(name+" removed", name, verdict.TileMissing)
			put(t, shelf, name, was)
		}
	}
}

// An owner of the database who makes the tiles anew as far as they like cannot
// sign the root; and whoever can sign cannot make what others have kept.
func TestAHistoryWrittenAnewIsFound(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 66000)
	h := hash(t, slices.Values(events))
	other := cloned(events)
	other[299].Body[0] ^= 1 // entry 300
	anew := hash(t, slices.Values(other))
	signed := k.sign(t, h.tree(t, 66000))

	leafTile := k.shelf(t, h, 66000)
	name := ledger.TileName(0, 1, 256)
	put(t, leafTile, name, get(t, k.shelf(t, anew, 66000), name))
	r := run(t, k.config(&list{events: other}, leafTile))
	wantFirst(t, "the lowest tile made anew", r, verdict.HistoryOther, 300, "")
	if f := r.Findings[0]; f.Entry != 257 || f.UpTo != 512 {
		t.Errorf("the lowest tile made anew: found at %s", f.Where())
	}

	allTiles := k.shelf(t, anew, 66000)
	set(t, allTiles, ledger.RegisterCheckpoint, signed)
	wantFirst(t, "every tile made anew", run(t, k.config(&list{events: other}, allTiles)), verdict.HistoryOther, 300, "")

	stranger := newKey(t, origin)
	wantFirst(t, "signed by a stranger", run(t, k.config(&list{events: other}, stranger.shelf(t, anew, 66000))), verdict.Checkpoint, 0, "register checkpoint")

	c := k.config(&list{events: other}, k.shelf(t, anew, 66000))
	wantIntact(t, "signed by the ledger itself, and nobody kept anything", run(t, c))
	c.Kept = k.sign(t, h.tree(t, 1000))
	wantFirst(t, "and a checkpoint was kept", run(t, c), verdict.HistoryOther, 300, "")
	c.Kept = k.sign(t, h.tree(t, 299))
	wantIntact(t, "and one from before was kept", run(t, c))
	c.Kept, c.Memory = nil, remembers{tree: h.tree(t, 66000)}
	wantFirst(t, "and the signer remembers", run(t, c), verdict.HistoryOther, 300, "")
	set(t, c.Shelf, ledger.RegisterWitnessed, k.sign(t, h.tree(t, 500)))
	c.Memory = nil
	wantFirst(t, "and one was witnessed", run(t, c), verdict.HistoryOther, 300, "")
}

func TestACheckpointIsTheLedgersAndTheLast(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 400)
	h := hash(t, slices.Values(events))
	shelf := k.shelf(t, h, 400)
	c := k.config(&list{events: events}, shelf)
	c.Memory = remembers{tree: h.tree(t, 400)}
	signed := k.sign(t, h.tree(t, 400))
	for at := range signed {
		flipped := bytes.Clone(signed)
		flipped[at] ^= 1
		set(t, shelf, ledger.RegisterCheckpoint, flipped)
		r := run(t, c)
		wantFirst(t, fmt.Sprintf("byte %d", at), r, verdict.Checkpoint, 0, "register checkpoint")
		if len(r.Findings) != 1 {
			t.Fatalf("byte %d: %+v", at, r.Findings)
		}
	}
	set(t, shelf, ledger.RegisterCheckpoint, k.sign(t, h.tree(t, 300)))
	if r := run(t, c); r.Verdict() != verdict.Intact || len(r.Notices) != 2 {
		t.Errorf("an older one: %s, %q", r.Headline(), r.Notices)
	}
	set(t, shelf, ledger.RegisterWitnessed, signed)
	wantFirst(t, "an older one than was witnessed", run(t, c), verdict.CheckpointBack, 0, "register checkpoint")
	set(t, shelf, ledger.RegisterCheckpoint, signed)
	wantIntact(t, "the last one", run(t, c))

	c.Witnesses = func(b []byte) error {
		if !bytes.Equal(b, signed) {
			return errDamaged
		}
		return nil
	}
	wantIntact(t, "witnessed", run(t, c))
	set(t, shelf, ledger.RegisterWitnessed, k.sign(t, h.tree(t, 200)))
	wantFirst(t, "too few cosignatures", run(t, c), verdict.NotWitnessed, 0, "register witnessed")
	set(t, shelf, ledger.RegisterWitnessed, []byte{})
	wantFirst(t, "no cosignatures", run(t, c), verdict.NotWitnessed, 0, "register witnessed")

	retired := newKey(t, origin)
	c.Witnesses, c.Signers = nil, note.VerifierList(k.verifier, retired.verifier)
	c.Kept = retired.sign(t, h.tree(t, 100))
	wantIntact(t, "kept from before a change of keys", run(t, c))
	c.Kept = newKey(t, origin).sign(t, h.tree(t, 100))
	wantFirst(t, "kept, of a stranger", run(t, c), verdict.Checkpoint, 0, "register kept")
}

// Whatever is done to one byte of one thing is found and named, whatever the size
// of the tree: an entry, or a tile.
func TestAnyOneAlterationIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	k, events := newKey(t, origin), made(t, 1200)
	h := hash(t, slices.Values(events))
	rapid.Check(t, func(rt *rapid.T) {
		sealed := rapid.IntRange(1, 1200).Draw(rt, "sealed")
		shelf := k.shelf(t, h, sealed)
		c := k.config(&list{events: events}, shelf)
		c.Workers = rapid.IntRange(1, 3).Draw(rt, "workers")
		if rapid.Bool().Draw(rt, "a tile") {
			tiles := tlog.NewTiles(8, 0, int64(sealed))
			tile := tiles[rapid.IntRange(0, len(tiles)-1).Draw(rt, "tile")]
			name := ledger.TileName(tile.L, tile.N, tile.W)
			data := get(t, shelf, name)
			data[rapid.IntRange(0, len(data)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			put(t, shelf, name, data)
			wantFirst(t, name, run(t, c), verdict.TileAltered, 0, name)
			return
		}
		at := rapid.IntRange(1, sealed).Draw(rt, "entry")
		altered := slices.Clone(events)
		body := bytes.Clone(altered[at-1].Body)
		body[rapid.IntRange(0, len(body)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		altered[at-1].Body = body
		c.Store = &list{events: altered}
		wantFirst(t, "an entry", run(t, c), verdict.EntryAltered, uint64(at), "")
	})
}

// Every single bit of every leaf counts (T-15), by the hash of the stored bytes
// that a verification computes.
func TestEveryBitOfALeafCounts(t *testing.T) {
	t.Parallel()
	for _, e := range made(t, 12) {
		leaf, b := codec.Leaf(e), codec.Bytes(e)
		for bit := range 8 * len(b) {
			b[bit/8] ^= 1 << (bit % 8)
			if tlog.RecordHash(b) == leaf {
				t.Fatalf("bit %d of entry %d does not count", bit, e.Position)
			}
			b[bit/8] ^= 1 << (bit % 8)
		}
	}
}
