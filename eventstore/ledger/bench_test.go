package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
)

// benchEntries is how many entries the ledger has that proofs are served of.
const benchEntries = 10_000_000

// simulated puts the tiles of a ledger of size entries on a shelf, with random
// hashes for leaves, and signs its checkpoint.
func simulated(b *testing.B, s note.Signer, size int64, put func(ledger.Object)) (signed []byte) {
	b.Helper()
	random := rand.NewChaCha8([32]byte{'t', 'i', 'l', 'e', 's'})
	var edge []tlog.Hash // roots of the right edge's whole subtrees, from the largest
	var above []byte
	for level, hashes := 0, size; hashes > 0; level, hashes = level+1, hashes/ledger.TileWidth {
		row := above
		above = nil
		for n := int64(0); n*ledger.TileWidth < hashes; n++ {
			width := int(min(hashes-n*ledger.TileWidth, ledger.TileWidth))
			data := make([]byte, width*tlog.HashSize)
			if level == 0 {
				_, _ = random.Read(data) // never fails
			} else {
				copy(data, row[n*ledger.TileWidth*tlog.HashSize:])
			}
			put(ledger.Object{Name: ledger.TileName(level, n, width), Bytes: data})
			if width == ledger.TileWidth {
				root := rootOf(data)
				above = append(above, root[:]...)
				continue
			}
			var subtrees []tlog.Hash
			for whole := ledger.TileWidth / 2; whole > 0; whole /= 2 {
				if width&whole != 0 {
					subtrees = append(subtrees, rootOf(data[:whole*tlog.HashSize]))
					data = data[whole*tlog.HashSize:]
				}
			}
			edge = append(subtrees, edge...)
		}
	}
	root := edge[len(edge)-1]
	for _, left := range slices.Backward(edge[:len(edge)-1]) {
		root = tlog.NodeHash(left, root)
	}
	signed, err := note.Sign(&note.Note{Text: ledger.CheckpointText(origin, ledger.Tree{N: size, Hash: root})}, s)
	if err != nil {
		b.Fatal(err)
	}
	return signed
}

// rootOf is the root of a whole subtree.
func rootOf(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return tlog.Hash(data)
	}
	half := len(data) / 2
	return tlog.NodeHash(rootOf(data[:half]), rootOf(data[half:]))
}

// BenchmarkInclusion serves proofs of random entries of a ledger of ten million:
// each at most 2 ms, at the 99th percentile, also where the reader keeps nothing
// in memory and every hash is read and proved anew.
func BenchmarkInclusion(b *testing.B) {
	secret, public, err := note.GenerateKey(rand.NewChaCha8([32]byte{}), origin)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		b.Fatal(err)
	}
	keys := note.VerifierList(verifier)
	ctx := context.Background()

	path := filepath.Join(b.TempDir(), "tiles")
	folder, err := keep.OpenShelfFolder(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = folder.Close() })
	memory := &keep.ShelfMemory{}
	signed := simulated(b, signer, benchEntries, func(o ledger.Object) {
		file := filepath.Join(path, "objects", filepath.FromSlash(o.Name)) // past the shelf, which would flush each
		err := os.MkdirAll(filepath.Dir(file), 0o700)
		if err == nil {
			err = os.WriteFile(file, o.Bytes, 0o600)
		}
		if err == nil {
			err = memory.Put(ctx, o)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	for name, shelf := range map[string]ledger.Shelf{"memory": memory, "folder": folder} {
		if err := shelf.Swap(ctx, ledger.RegisterCheckpoint, nil, signed); err != nil {
			b.Fatal(err)
		}
		for _, cached := range []int{0, 1024} {
			b.Run(fmt.Sprintf("%s/cache=%d", name, cached), func(b *testing.B) {
				r := ledger.NewReader(shelf, origin, keys, cached)
				at, err := r.Checkpoint(ctx)
				if err != nil {
					b.Fatal(err)
				}
				random := rand.New(rand.NewPCG(1, uint64(b.N)))
				var took []time.Duration
				for b.Loop() {
					begun := time.Now()
					p, err := r.Inclusion(ctx, event.Position(1+random.Int64N(at.N)), at.N)
					if took = append(took, time.Since(begun)); err != nil || len(p) == 0 {
						b.Fatal(err)
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
				b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
			})
		}
	}
}
