package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"caseledger/eventstore/ledger"
)

// RunShelf holds a shelf to what [ledger.Shelf] promises. Each call of fresh
// makes a shelf that is empty; each call of what it returns opens that shelf, as
// another process would if it can be shared between processes, or returns it
// again.
func RunShelf(t *testing.T, fresh func(t *testing.T) (open func() ledger.Shelf)) {
	for name, test := range map[string]func(*testing.T, func() ledger.Shelf){
		"what was put is there for everybody":        putIsThere,
		"hundreds of objects at once":                putMany,
		"the same again is left as it is":            putAgain,
		"a name never gets other bytes":              putOther,
		"what two put at once is one of them, whole": putAtOnce,
		"what is absent is said to be so":            absent,
		"what is read belongs to the reader":         owned,
		"what is removed is gone, and only that":     removed,
		"names and sizes beyond the limits":          malformed,
		"a register's life":                          register,
		"a register that moved has not changed":      moved,
		"one of many that swap at once succeeds":     swapAtOnce,
		"a context that ended":                       ended,
		"it is as a map and a few variables":         model,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func object(name, content string) ledger.Object {
	return ledger.Object{Name: name, Bytes: []byte(content)}
}

func want(t *testing.T, what string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("%s: got %v, want %v", what, err, wanted)
	}
}

func has(t *testing.T, s ledger.Shelf, name, content string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || string(got) != content {
		t.Fatalf("%s: got %d bytes, %v; want %d bytes", name, len(got), err, len(content))
	}
}

func putIsThere(t *testing.T, open func() ledger.Shelf) {
	s := open()
	whole := strings.Repeat("\x00\xff\n", 256*32/3)
	want(t, "none", s.Put(t.Context()), nil)
	want(t, "put", s.Put(t.Context(), object("tile/0/x001/234", whole), object("tile/1/000.p/17", "partial"), object("empty", "")), nil)
	want(t, "put", s.Put(t.Context(), ledger.Object{Name: "nil"}, object("tile/0/x001/235", "beside")), nil)
	for _, s := range []ledger.Shelf{s, open()} {
		has(t, s, "tile/0/x001/234", whole)
		has(t, s, "tile/1/000.p/17", "partial")
		has(t, s, "tile/0/x001/235", "beside")
		has(t, s, "empty", "")
		has(t, s, "nil", "")
	}
}

func putMany(t *testing.T, open func() ledger.Shelf) {
	s := open()
	var all []ledger.Object
	for i := range 300 {
		all = append(all, object(fmt.Sprintf("tile/0/x%03d/%03d", i/100, i%100), strings.Repeat(fmt.Sprint(i), 20)))
	}
	all = append(all, object("large/1", strings.Repeat("1", ledger.MaxObjectBytes)), object("large/2", strings.Repeat("2", ledger.MaxObjectBytes)))
	want(t, "put", s.Put(t.Context(), all...), nil)
	other := open()
	for _, o := range all {
		has(t, other, o.Name, string(o.Bytes))
	}
}

func putAgain(t *testing.T, open func() ledger.Shelf) {
	s := open()
	want(t, "put", s.Put(t.Context(), object("tile/0/000", "a"), object("empty", "")), nil)
	want(t, "again, with another", open().Put(t.Context(), object("tile/0/001", "b"), object("tile/0/000", "a"), object("empty", "")), nil)
	want(t, "twice at once", s.Put(t.Context(), object("tile/0/002", "c"), object("tile/0/002", "c")), nil)
	has(t, s, "tile/0/000", "a")
	has(t, s, "tile/0/001", "b")
	has(t, s, "tile/0/002", "c")
}

func putOther(t *testing.T, open func() ledger.Shelf) {
	s := open()
	want(t, "put", s.Put(t.Context(), object("tile/0/000", "abc"), object("empty", "")), nil)
	for _, other := range []string{"abd", "ab", "abcd", ""} {
		want(t, "other bytes", open().Put(t.Context(), object("tile/0/000", other)), ledger.ErrOther)
		want(t, "among others", s.Put(t.Context(), object("tile/0/001", "x"), object("tile/0/000", other), object("tile/0/002", "x")), ledger.ErrOther)
	}
	want(t, "more than nothing", s.Put(t.Context(), object("empty", "x")), ledger.ErrOther)
	want(t, "two contents at once", s.Put(t.Context(), object("tile/1/000", "x"), object("tile/1/000", "y")), ledger.ErrOther)
	has(t, s, "tile/0/000", "abc")
	has(t, s, "empty", "")
}

func putAtOnce(t *testing.T, open func() ledger.Shelf) {
	const writers, rounds = 4, 5
	shelves := make([]ledger.Shelf, writers)
	for i := range shelves {
		shelves[i] = open()
	}
	for round := range rounds {
		name := func(i int) string { return fmt.Sprintf("tile/%d/%03d", round, i) }
		errs := make([]error, writers)
		var wait sync.WaitGroup
		for i, s := range shelves {
			wait.Go(func() {
				objects := []ledger.Object{object(name(i), "own"), object(name(100), strings.Repeat(fmt.Sprint(i%2), 8192)), object(name(101), "same")}
				if i%2 == 1 {
					slices.Reverse(objects)
				}
				errs[i] = s.Put(t.Context(), objects...)
			})
		}
		wait.Wait()
		b, err := shelves[0].Get(t.Context(), name(100))
		want(t, "what both put", err, nil)
		if len(b) != 8192 || strings.Trim(string(b), string(b[:1])) != "" {
			t.Fatal("it is a mixture")
		}
		for i, err := range errs {
			if won := string(b[:1]) == fmt.Sprint(i%2); won && err != nil || !won && !errors.Is(err, ledger.ErrOther) {
				t.Errorf("writer %d, whose bytes are there: %t: %v", i, won, err)
			}
		}
	}
}

func absent(t *testing.T, open func() ledger.Shelf) {
	s := open()
	want(t, "put", s.Put(t.Context(), object("tile/0/x001/234", "x")), nil)
	for _, name := range []string{"tile/0/x001/235", "tile/0/x001", "tile", "tile/0/x001/234/5", "nothing"} {
		_, err := s.Get(t.Context(), name)
		want(t, name, err, ledger.ErrAbsent)
	}
}

func owned(t *testing.T, open func() ledger.Shelf) {
	s := open()
	given := object("a", "abc")
	want(t, "put", s.Put(t.Context(), given), nil)
	copy(given.Bytes, "xyz")
	got, err := s.Get(t.Context(), "a")
	want(t, "get", err, nil)
	copy(got, "xyz")
	has(t, s, "a", "abc")

	value := []byte("abc")
	want(t, "swap", s.Swap(t.Context(), "r", nil, value), nil)
	copy(value, "xyz")
	got, err = s.Load(t.Context(), "r")
	want(t, "load", err, nil)
	copy(got, "xyz")
	holds(t, s, "r", []byte("abc"))
}

func removed(t *testing.T, open func() ledger.Shelf) {
	s := open()
	want(t, "put", s.Put(t.Context(), object("tile/0/000.p/1", "a"), object("tile/0/000.p/2", "ab"), object("tile/0/001.p/1", "c"), object("keep", "k")), nil)
	want(t, "remove", s.Remove(t.Context(), "tile/0/000.p/1", "tile/0/000.p/9", "tile/0/001.p/1", "tile/0", "tile/0/000.p/2/3", "nothing"), nil)
	want(t, "remove none", s.Remove(t.Context()), nil)
	for _, name := range []string{"tile/0/000.p/1", "tile/0/001.p/1"} {
		_, err := open().Get(t.Context(), name)
		want(t, name, err, ledger.ErrAbsent)
	}
	has(t, s, "tile/0/000.p/2", "ab")
	has(t, s, "keep", "k")
	want(t, "put where it was", s.Put(t.Context(), object("tile/0/001.p/1", "another"), object("tile/0/001.p/2", "d")), nil)
	has(t, s, "tile/0/001.p/1", "another")
}

func malformed(t *testing.T, open func() ledger.Shelf) {
	s := open()
	for _, name := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", "...", "A", "a b", "a_b", "a\x00", "ä", "a\\b",
		"a:b", "a%2fb", strings.Repeat("a", 201)} {
		want(t, "put "+name, s.Put(t.Context(), object("fine", ""), object(name, "x")), ledger.ErrMalformed)
		_, err := s.Get(t.Context(), name)
		want(t, "get "+name, err, ledger.ErrMalformed)
		want(t, "remove "+name, s.Remove(t.Context(), name), ledger.ErrMalformed)
	}
	want(t, "longest name", s.Put(t.Context(), object(strings.Repeat("abc/", 49)+"-.9z", "x")), nil)
	want(t, "more than an object", s.Put(t.Context(), ledger.Object{Name: "a", Bytes: make([]byte, ledger.MaxObjectBytes+1)}), ledger.ErrMalformed)
	want(t, "as large as an object", s.Put(t.Context(), ledger.Object{Name: "a", Bytes: make([]byte, ledger.MaxObjectBytes)}), nil)
	for _, name := range []string{"", "a/b", "..", "A", ".a", "a.b", strings.Repeat("a", 65)} {
		want(t, "swap "+name, s.Swap(t.Context(), name, nil, []byte("x")), ledger.ErrMalformed)
		_, err := s.Load(t.Context(), name)
		want(t, "load "+name, err, ledger.ErrMalformed)
	}
	want(t, "more than a value", s.Swap(t.Context(), "r", nil, make([]byte, ledger.MaxRegisterBytes+1)), ledger.ErrMalformed)
	want(t, "as large as a value", s.Swap(t.Context(), "r", nil, make([]byte, ledger.MaxRegisterBytes)), nil)
}

func holds(t *testing.T, s ledger.Shelf, register string, value []byte) {
	t.Helper()
	got, err := s.Load(t.Context(), register)
	if err != nil || (got == nil) != (value == nil) || !bytes.Equal(got, value) {
		t.Fatalf("%s: got %q (nil: %t), %v; want %q (nil: %t)", register, got, got == nil, err, value, value == nil)
	}
}

func register(t *testing.T, open func() ledger.Shelf) {
	s := open()
	last := []byte(nil)
	for _, next := range [][]byte{[]byte("first"), []byte("second\n\x00"), {}, []byte("first"), []byte("first")} {
		for _, s := range []ledger.Shelf{s, open()} {
			holds(t, s, ledger.RegisterCheckpoint, last)
			holds(t, s, ledger.RegisterAlarm, nil)
		}
		want(t, "swap", s.Swap(t.Context(), ledger.RegisterCheckpoint, last, next), nil)
		last = next
	}
	holds(t, open(), ledger.RegisterCheckpoint, last)
	want(t, "an object of its name", s.Put(t.Context(), object(ledger.RegisterCheckpoint, "object")), nil)
	holds(t, s, ledger.RegisterCheckpoint, last)
	has(t, s, ledger.RegisterCheckpoint, "object")
}

func moved(t *testing.T, open func() ledger.Shelf) {
	s := open()
	for _, old := range [][]byte{[]byte("x"), {}} {
		want(t, "never set", s.Swap(t.Context(), "r", old, []byte("y")), ledger.ErrMoved)
		holds(t, s, "r", nil)
	}
	for _, value := range [][]byte{[]byte("abc"), {}} {
		last, err := s.Load(t.Context(), "r")
		want(t, "load", err, nil)
		want(t, "swap", s.Swap(t.Context(), "r", last, value), nil)
		for _, old := range [][]byte{nil, {}, []byte("ab"), []byte("abcd"), []byte("abd")} {
			if old != nil && bytes.Equal(old, value) {
				continue
			}
			want(t, "another", open().Swap(t.Context(), "r", old, []byte("y")), ledger.ErrMoved)
			holds(t, s, "r", value)
		}
	}
}

func swapAtOnce(t *testing.T, open func() ledger.Shelf) {
	const writers, each = 4, 10
	var wait sync.WaitGroup
	for i := range writers {
		s := open()
		wait.Go(func() {
			for n := 0; n < each; {
				old, err := s.Load(t.Context(), "count")
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				switch err := s.Swap(t.Context(), "count", old, append(bytes.Clone(old), byte('a'+i))); {
				case err == nil:
					n++
				case !errors.Is(err, ledger.ErrMoved):
					t.Errorf("swap: %v", err)
					return
				}
			}
		})
	}
	wait.Wait()
	got, err := open().Load(t.Context(), "count")
	want(t, "load", err, nil)
	for i := range writers {
		if n := bytes.Count(got, []byte{byte('a' + i)}); n != each {
			t.Errorf("of writer %d there are %d changes, want %d", i, n, each)
		}
	}
}

func ended(t *testing.T, open func() ledger.Shelf) {
	s := open()
	want(t, "put", s.Put(t.Context(), object("a", "x")), nil)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, get := s.Get(ctx, "a")
	_, load := s.Load(ctx, "r")
	for name, err := range map[string]error{"get": get, "load": load,
		"put": s.Put(ctx, object("b", "x")), "remove": s.Remove(ctx, "c"), "swap": s.Swap(ctx, "r", nil, []byte("x"))} {
		want(t, name, err, context.Canceled)
	}
	holds(t, s, "r", nil)
}

// model runs random calls on a shelf and on a map.
func model(t *testing.T, open func() ledger.Shelf) {
	s, run := open(), 0
	rapid.Check(t, func(r *rapid.T) {
		run++ // names of its own in one shelf
		prefix := fmt.Sprintf("run%d", run)
		objects, registers := map[string]string{}, map[string][]byte{}
		name := rapid.SampledFrom([]string{"a", "b/c", "b/d", "b/e/f"})
		content := rapid.SampledFrom([]string{"", "x", "y", "xy"})
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				names := rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(r, "names")
				var put []ledger.Object
				other := false
				for _, n := range names {
					c := content.Draw(r, "content")
					there, ok := objects[n]
					other = other || ok && there != c
					put = append(put, object(prefix+"/"+n, c))
				}
				err := s.Put(context.Background(), put...)
				if other != errors.Is(err, ledger.ErrOther) || !other && err != nil {
					r.Fatalf("put: %v", err)
				}
				for i, n := range names {
					_, known := objects[n]
					got, err := s.Get(context.Background(), put[i].Name)
					switch {
					case known:
					case err == nil && bytes.Equal(got, put[i].Bytes):
						objects[n] = string(got)
					case !other || !errors.Is(err, ledger.ErrAbsent):
						r.Fatalf("after put: %q, %v", got, err)
					}
				}
			},
			"remove": func(r *rapid.T) {
				n := name.Draw(r, "name")
				if err := s.Remove(context.Background(), prefix+"/"+n); err != nil {
					r.Fatal(err)
				}
				delete(objects, n)
			},
			"swap": func(r *rapid.T) {
				n := rapid.SampledFrom([]string{"r", "s"}).Draw(r, "register")
				old := rapid.SampledFrom([][]byte{nil, {}, []byte("x"), registers[n]}).Draw(r, "old")
				value := []byte(content.Draw(r, "value"))
				held := registers[n]
				fits := (held == nil) == (old == nil) && bytes.Equal(held, old)
				err := s.Swap(context.Background(), prefix+n, old, value)
				if fits && err != nil || !fits && !errors.Is(err, ledger.ErrMoved) {
					r.Fatalf("swap %q for %q where it is %q: %v", old, value, held, err)
				}
				if fits {
					registers[n] = value
				}
			},
			"": func(r *rapid.T) {
				for _, n := range slices.Sorted(maps.Keys(objects)) {
					if got, err := s.Get(context.Background(), prefix+"/"+n); err != nil || string(got) != objects[n] {
						r.Fatalf("%s: %q, %v; want %q", n, got, err, objects[n])
					}
				}
				for n, v := range registers {
					if got, err := s.Load(context.Background(), prefix+n); err != nil || got == nil || !bytes.Equal(got, v) {
						r.Fatalf("%s: %q, %v; want %q", n, got, err, v)
					}
				}
			},
		})
	})
}
