package offline_test

import (
	"bytes"
	"runtime"
	"testing"

	"caseledger/eventstore/ledger/offline"
)

// A member of nothing but line ends, or of nothing but empty streams, costs memory
// that is a small multiple of it. It runs alone: what others allocate would count.
func TestAHostileMemberCostsNoMoreThanItsSize(t *testing.T) {
	const size = 24 << 20
	small := small(t)
	streams := append([]byte(`{"streams":[{}`), bytes.Repeat([]byte(",{}"), size/3)...)
	for name, pack := range map[string][]byte{
		"SHA256SUMS":   offline.Contain("SHA256SUMS", bytes.Repeat([]byte("\n"), size)),
		"events.jsonl": small.With(map[string][]byte{"events.jsonl": bytes.Repeat([]byte("\n"), size)}).Bytes(),
		"pack.json":    small.With(map[string][]byte{"pack.json": append(streams, "]}"...)}).Bytes(),
	} {
		trust := trusting(t, "", small.World.Key)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := offline.Pack(pack, trust)
		runtime.ReadMemStats(&after)
		refused(t, name, r, err)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 4*size {
			t.Errorf("%s of %d MiB cost %d MiB", name, size>>20, cost>>20)
		}
	}
}
