package ledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

func (w *world) reader(cached int) *ledger.Reader {
	return ledger.NewReader(w.published(), origin, note.VerifierList(w.public), cached)
}

// liar is a shelf that gives other things than are on it, where it is told to.
type liar struct {
	ledger.Shelf
	objects   map[string][]byte // nil: missing
	registers map[string][]byte
	down      error
}

func (l *liar) Get(ctx context.Context, name string) ([]byte, error) {
	switch b, lies := l.objects[name]; {
	case l.down != nil:
		return nil, l.down
	case lies && b == nil:
		return nil, ledger.ErrAbsent
	case lies:
		return bytes.Clone(b), nil
	}
	return l.Shelf.Get(ctx, name)
}

func (l *liar) Load(ctx context.Context, register string) ([]byte, error) {
	if b, lies := l.registers[register]; lies {
		return bytes.Clone(b), nil
	}
	return l.Shelf.Load(ctx, register)
}

// sealed is a world with a number of entries, sealed at each of some sizes, whose
// shelf can be told to lie.
func sealed(t testing.TB, sizes ...int) (*world, *liar) {
	t.Helper()
	w := newWorld(t)
	l := &liar{Shelf: w.shelf, objects: map[string][]byte{}, registers: map[string][]byte{}}
	w.instead = l
	s := w.sealer(t)
	for _, size := range sizes {
		w.record(t, size-int(w.count))
		w.mustSeal(t, s)
	}
	return w, l
}

// tilesAt are the tiles of a ledger of a size, by name, as the shelf has them.
func (w *world) tilesAt(t testing.TB, size int64) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for level := range 2 {
		for n := int64(0); n*ledger.TileWidth < size>>(ledger.TileHeight*level); n++ {
			name := ledger.TileName(level, n, int(min(size>>(ledger.TileHeight*level)-n*ledger.TileWidth, ledger.TileWidth)))
			b, err := w.published().Get(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = b
		}
	}
	return all
}

// truth is what a ledger's reader must say, made the plain way from the store.
type truth struct {
	size   int64
	leaves []tlog.Hash
	hashes tlog.HashReaderFunc
}

func (w *world) truth(t testing.TB) truth {
	t.Helper()
	is := truth{size: int64(w.count), hashes: hashesOf(t, w.store, int64(w.count))}
	for e, err := range w.store.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		is.leaves = append(is.leaves, codec.Leaf(e))
	}
	return is
}

func (is truth) root(t testing.TB, size int64) tlog.Hash {
	t.Helper()
	root, err := tlog.TreeHash(size, is.hashes)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (is truth) tile(t testing.TB, level int, n int64, width int) []byte {
	t.Helper()
	data, err := tlog.ReadTileData(tlog.Tile{H: ledger.TileHeight, L: level, N: n, W: width}, is.hashes)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWhatIsReadIsOfTheCheckpoint(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 255, 256, 257, 512, 700} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			w, _ := sealed(t, max(size/2, 1), size)
			is, ctx := w.truth(t), t.Context()
			r := w.reader(2)
			last, err := r.Checkpoint(ctx)
			if err != nil || last.Tree != (ledger.Tree{N: is.size, Hash: is.root(t, is.size)}) {
				t.Fatalf("the checkpoint: %v, %v", last.Tree, err)
			}
			if !bytes.Equal(last.Note, w.value(t, ledger.RegisterCheckpoint)) {
				t.Error("the note is not the one that was signed")
			}
			sizes := []int64{1, 2, 3, 128, 255, 256, 257, 511, 512, 513, is.size - 1, is.size}
			for _, to := range sizes {
				if to < 1 || to > is.size {
					continue
				}
				if root, err := r.Root(ctx, to); err != nil || root != is.root(t, to) {
					t.Errorf("the root of %d: %v", to, err)
				}
				for at := int64(1); at <= to; at += 7 {
					p, err := r.Inclusion(ctx, event.Position(at), to)
					if err == nil {
						err = tlog.CheckRecord(p, to, is.root(t, to), at-1, is.leaves[at-1])
					}
					if err != nil {
						t.Errorf("entry %d of %d: %v", at, to, err)
					}
				}
				for _, from := range sizes {
					if from < 1 || from > to {
						continue
					}
					p, err := r.Consistency(ctx, from, to)
					if err == nil {
						err = tlog.CheckTree(p, to, is.root(t, to), from, is.root(t, from))
					}
					if err != nil {
						t.Errorf("from %d to %d: %v", from, to, err)
					}
				}
			}
			for level := range 2 {
				for n := int64(0); n*ledger.TileWidth < is.size>>(ledger.TileHeight*level); n++ {
					widest := int(min(is.size>>(ledger.TileHeight*level)-n*ledger.TileWidth, ledger.TileWidth))
					for width := 1; width <= widest; width += 5 {
						if data, err := r.Tile(ctx, level, n, width); err != nil || !bytes.Equal(data, is.tile(t, level, n, width)) {
							t.Errorf("tile %d/%d, %d of %d: %v", level, n, width, widest, err)
						}
					}
				}
			}
			if n := r.Cached(); n > 2 {
				t.Errorf("%d tiles are in memory, at most 2 may be", n)
			}
		})
	}
}

func TestWhatIsBeyondTheCheckpointIsNotGiven(t *testing.T) {
	t.Parallel()
	w, _ := sealed(t, 300)
	w.record(t, 100) // not sealed
	r, ctx := w.reader(8), t.Context()
	for name, ask := range map[string]func() error{
		"a root":                 func() error { _, err := r.Root(ctx, 301); return err },
		"a negative root":        func() error { _, err := r.Root(ctx, -1); return err },
		"an entry":               func() error { _, err := r.Inclusion(ctx, 301, 301); return err },
		"an entry of fewer":      func() error { _, err := r.Inclusion(ctx, 200, 199); return err },
		"the entry before all":   func() error { _, err := r.Inclusion(ctx, 0, 300); return err },
		"a huge entry":           func() error { _, err := r.Inclusion(ctx, 1<<63+1, 300); return err },
		"a proof":                func() error { _, err := r.Proof(ctx, 301); return err },
		"the proof before all":   func() error { _, err := r.Proof(ctx, 0); return err },
		"a larger tree":          func() error { _, err := r.Consistency(ctx, 5, 301); return err },
		"a tree that is larger":  func() error { _, err := r.Consistency(ctx, 6, 5); return err },
		"nothing":                func() error { _, err := r.Consistency(ctx, 0, 5); return err },
		"a wider tile":           func() error { _, err := r.Tile(ctx, 0, 1, 45); return err },
		"a tile of none":         func() error { _, err := r.Tile(ctx, 0, 0, 0); return err },
		"a tile too wide":        func() error { _, err := r.Tile(ctx, 0, 0, 257); return err },
		"the next tile":          func() error { _, err := r.Tile(ctx, 0, 2, 1); return err },
		"a tile before all":      func() error { _, err := r.Tile(ctx, 0, -1, 1); return err },
		"a higher tile":          func() error { _, err := r.Tile(ctx, 2, 0, 1); return err },
		"a level beyond all":     func() error { _, err := r.Tile(ctx, 8, 0, 1); return err },
		"a level below all":      func() error { _, err := r.Tile(ctx, -1, 0, 1); return err },
		"a tile beyond all":      func() error { _, err := r.Tile(ctx, 0, 1<<62, 1); return err },
		"entries":                func() error { _, err := r.EntryBundle(ctx, w.store, 1, 45); return err },
		"the next entries":       func() error { _, err := r.EntryBundle(ctx, w.store, 2, 1); return err },
		"entries of a tile of 0": func() error { _, err := r.EntryBundle(ctx, w.store, 1, 0); return err },
	} {
		if err := ask(); !errors.Is(err, ledger.ErrBeyond) {
			t.Errorf("%s: got %v, want ErrBeyond", name, err)
		}
	}
	empty := newWorld(t).reader(8)
	for name, ask := range map[string]func() error{
		"the checkpoint": func() error { _, err := empty.Checkpoint(ctx); return err },
		"the witnessed":  func() error { _, err := r.Witnessed(ctx); return err },
		"a root":         func() error { _, err := empty.Root(ctx, 0); return err },
		"a tile":         func() error { _, err := empty.Tile(ctx, 0, 0, 1); return err },
	} {
		if err := ask(); !errors.Is(err, ledger.ErrNoCheckpoint) {
			t.Errorf("%s before there is one: got %v, want ErrNoCheckpoint", name, err)
		}
	}
}

// asked is everything that a reader can be asked of a ledger of a size, each a
// question with its answer.
func asked(ctx context.Context, r *ledger.Reader, size int64) map[string]func() (string, error) {
	all := map[string]func() (string, error){}
	for level := range 2 {
		for n := int64(0); n*ledger.TileWidth < size>>(ledger.TileHeight*level); n++ {
			width := int(min(size>>(ledger.TileHeight*level)-n*ledger.TileWidth, ledger.TileWidth))
			all[ledger.TileName(level, n, width)] = func() (string, error) {
				data, err := r.Tile(ctx, level, n, width)
				return string(data), err
			}
		}
	}
	for _, at := range []int64{1, 2, 256, 257, 300, size - 1, size} {
		if at > size || at < 1 {
			continue
		}
		for _, of := range []int64{at, size} {
			all[fmt.Sprintf("entry %d of %d", at, of)] = func() (string, error) {
				p, err := r.Inclusion(ctx, event.Position(at), of)
				return fmt.Sprint(p), err
			}
		}
		all[fmt.Sprintf("from %d", at)] = func() (string, error) {
			p, err := r.Consistency(ctx, at, size)
			return fmt.Sprint(p), err
		}
		all[fmt.Sprintf("root of %d", at)] = func() (string, error) {
			h, err := r.Root(ctx, at)
			return h.String(), err
		}
	}
	return all
}

// A hash that is not what was signed, in any place of any tile, is never believed:
// CVE-2026-56865 let one pass where two subtrees of the right edge lie in one
// tile, as they do at most of these sizes.
func TestAForgedTileIsNeverBelieved(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 3, 255, 256, 257, 300, 518, 775} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			w, shelf := sealed(t, size)
			right := map[string]string{}
			for question, ask := range asked(t.Context(), w.reader(0), int64(size)) {
				answer, err := ask()
				if err != nil {
					t.Fatalf("%s: %v", question, err)
				}
				right[question] = answer
			}
			tiles := w.tilesAt(t, int64(size))
			for name, is := range tiles {
				forged := map[string][]byte{"cut": is[:len(is)-1], "without its last": is[:len(is)-tlog.HashSize], "with one more": append(bytes.Clone(is), is[:tlog.HashSize]...),
					"empty": {}, "missing": nil}
				for other, b := range tiles {
					if other != name && len(b) >= len(is) {
						forged["that of "+other] = b[:len(is)]
					}
				}
				step := 1
				if len(is) == ledger.TileWidth*tlog.HashSize {
					step = 17
				}
				for i := 0; i < len(is)/tlog.HashSize; i += step {
					zeroed, flipped := bytes.Clone(is), bytes.Clone(is)
					clear(zeroed[i*tlog.HashSize : (i+1)*tlog.HashSize])
					flipped[i*tlog.HashSize+i%tlog.HashSize] ^= 1 << (i % 8)
					forged[fmt.Sprintf("hash %d zeroed", i)], forged[fmt.Sprintf("hash %d flipped", i)] = zeroed, flipped
				}
				for how, b := range forged {
					shelf.objects[name] = b
					r := w.reader(0)
					for question, ask := range asked(t.Context(), r, int64(size)) {
						answer, err := ask()
						switch {
						case err == nil && answer != right[question]:
							t.Fatalf("%s %s: %s is answered wrongly", name, how, question)
						case err == nil && question == name:
							t.Fatalf("%s %s: it is given out", name, how)
						case err != nil && (!errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), name)):
							t.Fatalf("%s %s: %s: got %v, want ErrCorrupt that names it", name, how, question, err)
						}
					}
				}
				delete(shelf.objects, name)
			}
		})
	}
}

// What is in memory was proved, and is right whatever becomes of the shelf; where
// it does not fit what is signed, the shelf is asked.
func TestTheCacheNeverOutlivesTheTruth(t *testing.T) {
	t.Parallel()
	w, shelf := sealed(t, 600)
	r, ctx := w.reader(8), t.Context()
	before, err := r.Tile(ctx, 0, 0, 256)
	if err != nil {
		t.Fatal(err)
	}
	name := ledger.TileName(0, 0, 256)
	shelf.objects[name] = make([]byte, len(before))
	if b, err := r.Tile(ctx, 0, 0, 256); err != nil || !bytes.Equal(b, before) {
		t.Errorf("of a damaged shelf: %v", err)
	}
	b, err := r.Tile(ctx, 0, 0, 256)
	if err != nil {
		t.Fatal(err)
	}
	clear(b) // the caller's own
	if b, err := r.Tile(ctx, 0, 0, 256); err != nil || !bytes.Equal(b, before) {
		t.Errorf("after a caller changed what it got: %v", err)
	}

	other := newWorld(t)
	other.signer, other.public = w.signer, w.public
	other.record(t, 10)
	other.now = func() time.Time { return noon.Add(time.Second) }
	other.record(t, 690)
	other.mustSeal(t, other.sealer(t))
	shelf.Shelf, shelf.objects = other.shelf, nil
	got, err := r.Tile(ctx, 0, 0, 256)
	if err != nil || bytes.Equal(got, before) || !bytes.Equal(got, other.truth(t).tile(t, 0, 0, 256)) {
		t.Errorf("of another ledger: %v", err)
	}
}

// A reader is never in the way of a sealer, nor a sealer in that of a reader.
func TestAReaderMayReadWhileThereIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sealer(t)
	w.record(t, 1)
	w.mustSeal(t, s)
	r, ctx := w.reader(4), t.Context()
	done := make(chan struct{})
	var wait sync.WaitGroup
	for reader := range 3 {
		wait.Go(func() {
			for n := range 200 {
				at, err := r.Checkpoint(ctx)
				if err == nil {
					_, err = r.Consistency(ctx, 1+int64(n)%at.N, at.N)
				}
				if err == nil {
					_, err = r.Inclusion(ctx, event.Position(1+int64(n*7+reader)%at.N), at.N)
				}
				if err != nil {
					t.Errorf("while there is sealed: %v", err)
					return
				}
			}
		})
	}
	go func() { wait.Wait(); close(done) }()
	for reading := true; reading; {
		w.record(t, 13)
		if _, err := s.Seal(ctx); err != nil {
			t.Fatalf("while there is read: %v", err)
		}
		select {
		case <-done:
			reading = false
		default:
		}
	}
}

func TestARegisterThatIsNoCheckpointIsCorrupt(t *testing.T) {
	t.Parallel()
	w, shelf := sealed(t, 5)
	r := w.reader(0)
	stranger, _ := ledgertest.Key(t, origin)
	forged, err := note.Sign(&note.Note{Text: ledger.CheckpointText(origin, ledger.Tree{N: 5})}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	good := w.value(t, ledger.RegisterCheckpoint)
	for name, value := range map[string][]byte{"empty": {}, "forged": forged, "cut": good[:len(good)-2], "of another size": bytes.Replace(good, []byte("\n5\n"), []byte("\n4\n"), 1)} {
		shelf.registers[ledger.RegisterCheckpoint], shelf.registers[ledger.RegisterWitnessed] = value, value
		_, err := r.Checkpoint(t.Context())
		_, err2 := r.Witnessed(t.Context())
		for _, err := range []error{err, err2} {
			if !errors.Is(err, ledger.ErrCorrupt) || !errors.Is(err, ledger.ErrCheckpoint) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	shelf.registers = nil
	errDown := errors.New("no route to host")
	shelf.down = errDown
	if _, err := r.Tile(t.Context(), 0, 0, 1); !errors.Is(err, errDown) || errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a shelf that does not answer: %v", err)
	}
}

func TestABundleHasTheEntriesThatWereSigned(t *testing.T) {
	t.Parallel()
	w, _ := sealed(t, 300)
	is, r, ctx := w.truth(t), w.reader(8), t.Context()
	for n, widths := range map[int64][]int{0: {1, 100, 256}, 1: {1, 44}} {
		for _, width := range widths {
			b, err := r.EntryBundle(ctx, w.store, n, width)
			if err != nil {
				t.Fatalf("%d.p/%d: %v", n, width, err)
			}
			for i := range width {
				if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
					t.Fatalf("%d.p/%d: entry %d is cut", n, width, i)
				}
				entry := b[2 : 2+int(binary.BigEndian.Uint16(b))]
				if tlog.RecordHash(entry) != is.leaves[n*256+int64(i)] {
					t.Fatalf("%d.p/%d: entry %d is another", n, width, i)
				}
				b = b[2+len(entry):]
			}
			if len(b) > 0 {
				t.Errorf("%d.p/%d: %d bytes follow", n, width, len(b))
			}
		}
	}
	other := newWorld(t)
	other.record(t, 257)
	other.count += 1000
	other.record(t, 10)
	_, err := r.EntryBundle(ctx, other.store, 1, 40)
	if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "entry 258") {
		t.Errorf("an altered store: got %v, want ErrCorrupt that names entry 258", err)
	}
	other = newWorld(t)
	other.record(t, 290)
	_, err = r.EntryBundle(ctx, other.store, 1, 40)
	if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "entry 291 is missing") {
		t.Errorf("a shorter store: got %v, want ErrCorrupt that names entry 291", err)
	}
}

func TestTilePaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]ledger.TilePath{
		"tile/0/000":                    {Width: 256, Level: 0},
		"tile/0/x001/234":               {Width: 256, N: 1234},
		"tile/1/000.p/17":               {Width: 17, Level: 1},
		"tile/7/000.p/1":                {Width: 1, Level: 7},
		"tile/entries/x001/234":         {Width: 256, N: 1234, Entries: true},
		"tile/entries/000.p/255":        {Width: 255, Entries: true},
		"tile/0/x036/x028/x797/018/963": {},
	} {
		got, err := ledger.ParseTilePath(path)
		if want.Width == 0 {
			if !errors.Is(err, ledger.ErrMalformed) {
				t.Errorf("%s: got %v, %v", path, got, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", path, got, err, want)
		}
		if !got.Entries && ledger.TileName(got.Level, got.N, got.Width) != path {
			t.Errorf("%s is written otherwise", path)
		}
	}
	for _, path := range []string{"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/0/x000/001", "tile/00/000", "tile/-1/000", "tile/8/000", "tile/64/000",
		"tile/data/000", "tile/entries", "tile/entries/", "tile/entries/entries/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "tile/0/000/", "/tile/0/000",
		"tile/0/../0/000", "tile/0/-01", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/" + strings.Repeat("x001/", 50) + "001"} {
		if got, err := ledger.ParseTilePath(path); !errors.Is(err, ledger.ErrMalformed) {
			t.Errorf("%s: got %v, %v; want ErrMalformed", path, got, err)
		}
	}
}

func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/x001/234", "tile/1/000.p/17", "tile/entries/000.p/255"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := ledger.ParseTilePath(path)
		if err != nil {
			return
		}
		if got.Width < 1 || got.Width > 256 || got.N < 0 || got.Level < 0 || got.Level > 7 {
			t.Errorf("%q: %v", path, got)
		}
		name := ledger.TileName(got.Level, got.N, got.Width)
		if got.Entries {
			name = strings.Replace(name, "tile/0/", "tile/entries/", 1)
		}
		if name != path {
			t.Errorf("%q is read and not written so, but %q", path, name)
		}
	})
}
