package offline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
)

// check checks a file under a checkpoint of the first size entries of a ledger.
func check(w *offlinetest.World, size int, file []byte, o offline.LedgerOptions) (*verdict.Report, error) {
	return checkUnder(pinned(w, size), file, o)
}

func checkUnder(trust *offline.Trust, file []byte, o offline.LedgerOptions) (*verdict.Report, error) {
	return offline.Ledger(context.Background(), bytes.NewReader(file), int64(len(file)), trust, o)
}

func pinned(w *offlinetest.World, size int) *offline.Trust {
	trust := trusting(w.TB, "", w.Key)
	trust.PinCheckpoint(w.Checkpoint(size))
	return trust
}

func TestAnExportedLedgerIsIntact(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	for size := range len(w.Stored) + 1 {
		for workers := range 3 {
			r, err := check(w, size, w.Export(), offline.LedgerOptions{Workers: workers, Digest: workers > 0})
			passes(t, verdict.Intact, r, err)
			if r.Entries != uint64(size) || r.Unsealed != uint64(len(w.Stored)-size) {
				t.Errorf("%d entries, %d unsealed, want %d of %d", r.Entries, r.Unsealed, size, len(w.Stored))
			}
		}
	}
	w.DestroyKeys(offlinetest.Avery)
	r, err := check(w, len(w.Stored), w.Export(), offline.LedgerOptions{})
	passes(t, verdict.IntactErased, r, err)
	r, err = check(w, 11, w.Export(), offline.LedgerOptions{})
	passes(t, verdict.Intact, r, err) // what says that keys were destroyed is not sealed
	empty := offlinetest.New(t)
	r, err = check(empty, 0, empty.Export(), offline.LedgerOptions{Digest: true})
	passes(t, verdict.Intact, r, err)
}

// Every bit counts. Without the digest those of the digest itself and of the mark
// of invented people do not, and the report says so.
func TestEveryBitOfAnExportedLedgerCounts(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	file, trust := w.Export(), pinned(w, len(w.Stored))
	const mark = 19
	for i := range len(file) * 8 {
		file[i/8] ^= 1 << (i % 8)
		what := fmt.Sprintf("bit %d of byte %d", i%8, i/8)
		r, err := checkUnder(trust, file, offline.LedgerOptions{Digest: true})
		refused(t, what, r, err)
		if i/8 != mark && i/8 < len(file)-sha256.Size {
			r, err = checkUnder(trust, file, offline.LedgerOptions{})
			refused(t, what+", without the digest", r, err)
		}
		file[i/8] ^= 1 << (i % 8)
	}
	t.Logf("%d bits flipped, one at a time", 8*len(file))
	for n := range file {
		if _, err := checkUnder(trust, file[:n], offline.LedgerOptions{}); !errors.Is(err, offline.ErrUnreadable) {
			t.Errorf("cut at %d: %v, want ErrUnreadable", n, err)
		}
	}
}

// rewritten is the file of other entries than a ledger has, whole in itself.
func rewritten(w *offlinetest.World, entries [][]byte) []byte {
	file := append([]byte("caseledger ledger\n"), 1, 1)
	file = binary.BigEndian.AppendUint64(file, uint64(len(entries)))
	for _, e := range entries {
		file = append(binary.BigEndian.AppendUint32(file, uint32(len(e))), e...)
	}
	file = binary.BigEndian.AppendUint64(append(file, 0, 0, 0, 0), uint64(len(entries)))
	digest := sha256.Sum256(file)
	return append(file, digest[:]...)
}

// Whoever may write the whole file, and knows how, is found, and the entry named
// where one can be.
func TestAnAlteredLedgerIsFound(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	of := func(change func(all []eventstore.Stored) []eventstore.Stored) []byte {
		var entries [][]byte
		for _, s := range change(slices.Clone(w.Stored)) {
			entries = append(entries, codec.Bytes(s))
		}
		return rewritten(w, entries)
	}
	renumber := func(all []eventstore.Stored) []eventstore.Stored {
		revisions := map[event.StreamID]event.Revision{}
		for i := range all {
			revisions[all[i].Stream]++
			all[i].Position, all[i].Revision = event.Position(i+1), revisions[all[i].Stream]
		}
		return all
	}
	same := func(all []eventstore.Stored) []eventstore.Stored { return all }
	r, err := check(w, 11, of(same), offline.LedgerOptions{Digest: true})
	passes(t, verdict.Intact, r, err)
	for what, c := range map[string]struct {
		change func(all []eventstore.Stored) []eventstore.Stored
		code   verdict.Code
		entry  uint64
	}{
		"an entry is gone":             {func(all []eventstore.Stored) []eventstore.Stored { return slices.Delete(all, 4, 5) }, verdict.EntryMissing, 5},
		"and the others numbered anew": {func(all []eventstore.Stored) []eventstore.Stored { return renumber(slices.Delete(all, 4, 5)) }, verdict.EntryMissing, 11},
		"the last is gone":             {func(all []eventstore.Stored) []eventstore.Stored { return all[:10] }, verdict.EntryMissing, 11},
		"an entry twice":               {func(all []eventstore.Stored) []eventstore.Stored { return slices.Insert(all, 4, all[4]) }, verdict.EntryMissing, 6},
		"two in each other's place":    {func(all []eventstore.Stored) []eventstore.Stored { all[3], all[4] = all[4], all[3]; return all }, verdict.EntryMissing, 4},
		"and numbered anew": {func(all []eventstore.Stored) []eventstore.Stored {
			all[3], all[4] = all[4], all[3]
			return renumber(all)
		}, verdict.HistoryOther, 1},
		"back-dated": {func(all []eventstore.Stored) []eventstore.Stored {
			all[10].RecordedAt = all[0].RecordedAt.Add(-time.Hour)
			return all
		}, verdict.EntryBackdated, 11},
		"later than it was": {func(all []eventstore.Stored) []eventstore.Stored {
			all[10].RecordedAt = all[10].RecordedAt.Add(time.Hour)
			return all
		}, verdict.HistoryOther, 1},
		"a revision skipped": {func(all []eventstore.Stored) []eventstore.Stored { all[10].Revision++; return all }, verdict.EntryOutOfStream, 11},
		"moved to another stream": {func(all []eventstore.Stored) []eventstore.Stored {
			all[10].Stream, all[10].Revision = event.Case(offlinetest.Avery), 5
			return all
		}, verdict.EntryOutOfStream, 11},
		"moved to another, and fits": {func(all []eventstore.Stored) []eventstore.Stored {
			all[10].Stream, all[10].Revision = event.Case(offlinetest.Avery), 6
			return all
		}, verdict.HistoryOther, 1},
		"ciphertext of somebody else": {func(all []eventstore.Stored) []eventstore.Stored { all[9].Body = all[4].Body; return all }, verdict.HistoryOther, 1},
		"bytes behind a body": {func(all []eventstore.Stored) []eventstore.Stored {
			all[4].Body = append(slices.Clone(all[4].Body), 0)
			return all
		}, verdict.EntryMalformed, 5},
		"no entries at all": {func([]eventstore.Stored) []eventstore.Stored { return nil }, verdict.EntryMissing, 1},
		"one more, under a later tree": {func(all []eventstore.Stored) []eventstore.Stored {
			all = append(all, all[10])
			all[11].Position = 13
			return all
		}, verdict.EntryMissing, 12},
		"one more, that follows no other": {func(all []eventstore.Stored) []eventstore.Stored {
			all = append(all, all[10])
			all[11].Position = 12
			return all
		}, verdict.EntryOutOfStream, 12},
	} {
		r, err := check(w, 11, of(c.change), offline.LedgerOptions{Workers: 2, Digest: true})
		if err != nil || r.Verdict() != verdict.Tampered {
			t.Errorf("%s: got %v, %v", what, r, err)
		} else if f := r.Findings[0]; f.Code != c.code || f.Entry != c.entry {
			t.Errorf("%s: got %s, %s; want %s at %d", what, r.Headline(), f.Code, c.code, c.entry)
		}
	}
	for what, file := range map[string][]byte{
		"no ledger": []byte("hello"), "nothing": nil, "a later format": append([]byte("caseledger ledger\n"), 2, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	} {
		if _, err := check(w, 11, file, offline.LedgerOptions{}); !errors.Is(err, offline.ErrUnreadable) {
			t.Errorf("%s: %v, want ErrUnreadable", what, err)
		}
	}
}

// A ledger of many streams, and of entries of all sizes, in less memory than they
// would take.
func TestAnyNumberOfStreams(t *testing.T) { // not parallel: it sets how many are followed at once
	defer offline.SetMaxStreams(7)()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	template := w.Stored[len(w.Stored)-1]
	add := func(w *offlinetest.World, stream, revision int) {
		s := template
		s.Position = event.Position(len(w.Stored) + 1)
		s.ID = event.ID{UUID: event.DeriveUUID("streams", fmt.Append(nil, s.Position))}
		s.Stream, s.Revision = event.Access(event.DeriveUUID("stream", fmt.Append(nil, stream))), event.Revision(revision)
		w.Add(s)
	}
	for i := range 2000 {
		add(w, i%500, i/500+1)
	}
	file := w.Export()
	r, err := check(w, len(w.Stored), file, offline.LedgerOptions{Workers: 2})
	passes(t, verdict.Intact, r, err)
	for _, stream := range []int{3, 250, 499} { // wherever its hash falls
		bad := offlinetest.New(t)
		bad.Signer, bad.Key = w.Signer, w.Key
		for _, s := range w.Stored {
			bad.Add(s)
		}
		add(bad, stream, 6) // the fifth is left out
		r, err := check(bad, len(bad.Stored), rewrittenOf(bad), offline.LedgerOptions{Workers: 2})
		if err != nil || r.Verdict() != verdict.Tampered || r.Findings[0].Entry != uint64(len(bad.Stored)) || r.Findings[0].Code != verdict.EntryOutOfStream {
			t.Errorf("stream %d: got %v, %v", stream, r, err)
		}
	}
}

func rewrittenOf(w *offlinetest.World) []byte {
	var entries [][]byte
	for _, s := range w.Stored {
		entries = append(entries, codec.Bytes(s))
	}
	return rewritten(w, entries)
}

func TestAnInterruptedCheckEnds(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	trust := trusting(t, "", w.Key)
	trust.PinCheckpoint(w.Checkpoint(11))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	file := w.Export()
	if _, err := offline.Ledger(ctx, bytes.NewReader(file), int64(len(file)), trust, offline.LedgerOptions{Workers: 2}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	r, err := offline.Ledger(t.Context(), bytes.NewReader(file), int64(len(file)), trusting(t, "", w.Key), offline.LedgerOptions{})
	if !errors.Is(err, offline.ErrUnproven) {
		t.Errorf("without a checkpoint: %v, %v", r, err)
	}
}

func FuzzLedger(f *testing.F) {
	w := offlinetest.New(f)
	w.Write(offlinetest.Avery, "sleeps badly")
	whole, trust := w.Export(), pinned(w, len(w.Stored))
	f.Add(whole)
	f.Add(whole[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := checkUnder(trust, b, offline.LedgerOptions{Digest: true}); !bytes.Equal(b, whole) {
			refused(t, "what is not the file", r, err)
		}
	})
}

// A file that is eight times as long is checked in the same memory.
func TestMemoryDoesNotGrowWithTheLedger(t *testing.T) { // not parallel: it counts what the process allocates
	allocated := func(entries int) (bytes uint64, size int64) {
		trust, f, size := largeLedger(t, entries)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := offline.Ledger(t.Context(), f, size, trust, offline.LedgerOptions{Workers: 2})
		runtime.ReadMemStats(&after)
		passes(t, verdict.Intact, r, err)
		return after.TotalAlloc - before.TotalAlloc, size
	}
	short, from := allocated(4_000)
	long, to := allocated(32_000)
	t.Logf("%d KiB for %d KiB, %d KiB for %d KiB", short>>10, from>>10, long>>10, to>>10)
	if long > short+1<<20 {
		t.Errorf("%d bytes were allocated for a file of %d, and %d for one of %d", short, from, long, to)
	}
}
