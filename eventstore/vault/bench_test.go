package vault

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	v := mustOpen(b, config(b))
	key := mustEnsure(b, v, healthOf(alpha))[0]
	sealed := mustSeal(b, v, key.ID, string(make([]byte, 256)))
	buffer := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(b.Context(), buffer, key.ID, sealed, someplace); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenWithoutCache(b *testing.B) {
	v := mustOpen(b, config(b))
	key := mustEnsure(b, v, healthOf(alpha))[0]
	sealed := mustSeal(b, v, key.ID, string(make([]byte, 256)))
	b.ReportAllocs()
	for b.Loop() {
		v.forget()
		if _, err := v.Open(b.Context(), nil, key.ID, sealed, someplace); err != nil {
			b.Fatal(err)
		}
	}
}

// A new person costs one durable transaction, whatever the number of keys;
// people who come at once share it.
func BenchmarkEnsureNewPerson(b *testing.B) {
	for name, at := range map[string]int{"one-by-one": 1, "16-at-once": 16} {
		b.Run(name, func(b *testing.B) {
			v := mustOpen(b, config(b))
			var next atomic.Uint64
			b.SetParallelism(at)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					person := alpha
					binary.BigEndian.PutUint64(person[8:], next.Add(1))
					mustEnsure(b, v, Ref{person, "NHS", "identity"}, Ref{person, "NHS", "health"}, Ref{person, "NHS", "operational"})
				}
			})
		})
	}
}
