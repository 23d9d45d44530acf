package keep_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
)

// benchedShelves open a shelf of each kind that there is to measure.
var benchedShelves = map[string]func(*testing.B) ledger.Shelf{
	"memory": func(*testing.B) ledger.Shelf { return &keep.ShelfMemory{} },
	"folder": func(b *testing.B) ledger.Shelf {
		s, err := keep.OpenShelfFolder(filepath.Join(b.TempDir(), "tiles"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		return s
	},
}

// BenchmarkShelfPut stores tiles durably, as few as a sealer puts every second
// and as many as it puts when it catches up. Beside it is the same with a file
// flushed, and its folder, one after the other.
func BenchmarkShelfPut(b *testing.B) {
	for _, n := range []int{3, 300} {
		tiles := func(round int) (all []ledger.Object) {
			for i := range n {
				all = append(all, ledger.Object{Name: fmt.Sprintf("tile/0/x%03d/x%03d/%03d", round/1000, round%1000, i), Bytes: make([]byte, 8192)})
			}
			return all
		}
		for name, open := range benchedShelves {
			b.Run(fmt.Sprintf("%s/tiles=%d", name, n), func(b *testing.B) {
				s := open(b)
				round := 0
				for b.Loop() {
					if err := s.Put(b.Context(), tiles(round)...); err != nil {
						b.Fatal(err)
					}
					round++
				}
			})
		}
		b.Run(fmt.Sprintf("plain/tiles=%d", n), func(b *testing.B) {
			folder := b.TempDir()
			round := 0
			for b.Loop() {
				for _, o := range tiles(round) {
					if err := plainly(filepath.Join(folder, filepath.FromSlash(o.Name)), o.Bytes); err != nil {
						b.Fatal(err)
					}
				}
				round++
			}
		})
	}
}

func plainly(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := folder.Sync(); err != nil {
		return err
	}
	return folder.Close()
}
