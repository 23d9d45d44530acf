package codec_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/vault"
)

// openly makes and finds keys as the vault does, and seals nothing: what its
// boxes hold can be read by anybody.
type openly struct{ *vault.Vault }

func (openly) Seal(_ context.Context, dst []byte, _ event.UUID, plaintext, _ []byte) ([]byte, error) {
	return append(append(dst, plaintext...), make([]byte, vault.Overhead)...), nil
}

// BenchmarkSealedAppend has 16 writers seal and append to a durable store, beside
// the same without encryption.
func BenchmarkSealedAppend(b *testing.B) {
	v := newVault(b)
	store, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "store.db"), Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	took := map[string]time.Duration{}
	ways := map[string]*codec.Codec{"sealed": codec.New(catalogue, v, rand.Reader), "open": codec.New(catalogue, openly{v}, rand.Reader)}
	const round = 2000
	for done := 0; done < b.N; done += round {
		for name, c := range ways {
			took[name] += sealing16(b, c, store, name, done, min(round, b.N-done))
		}
	}
	b.ReportMetric(float64(b.N)/took["sealed"].Seconds(), "events/s")
	b.ReportMetric(took["open"].Seconds()/took["sealed"].Seconds(), "x-open")
}

// sealing16 has 16 writers append n events, ten to a person, and each with the
// keys' commitments where they are new.
func sealing16(b *testing.B, c *codec.Codec, store eventstore.Store, name string, salt, n int) time.Duration {
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for w := range 16 {
		all.Go(func() {
			var at eventstore.Revision
			var history []event.Recorded
			for i := 0; next.Add(1) <= int64(n); i++ {
				number := binary.BigEndian.AppendUint64(nil, uint64(salt)<<32|uint64(w)<<24|uint64(i/10))
				person := event.DeriveUUID(name, number)
				if i%10 == 0 {
					at, history = 0, nil
				}
				batch, err := c.Seal(b.Context(), commandOf(person, event.DeriveUUID("command", number, []byte{byte(i % 10)})), []event.Draft{{Data: small()}}, history)
				if err == nil {
					_, err = store.Append(b.Context(), event.Case(person), at, batch)
				}
				if err != nil {
					b.Error(err)
					return
				}
				at += eventstore.Revision(len(batch))
				for _, e := range batch[:len(batch)-1] {
					r, err := c.Decode(b.Context(), eventstore.Stored{Position: 1, RecordedAt: noon, ID: e.ID, Stream: event.Case(person), Revision: 1, Body: e.Body})
					if err != nil {
						b.Error(err)
						return
					}
					history = append(history, r)
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}
