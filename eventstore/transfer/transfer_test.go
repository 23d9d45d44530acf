package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/transfer"
)

func id(n int) event.UUID { return event.DeriveUUID("transfer-test", fmt.Append(nil, n)) }

// ledger is n events, two on each person's stream.
func ledger(tb testing.TB, n int) []eventstore.Stored {
	tb.Helper()
	var all []eventstore.Stored
	for i := range n {
		body, err := codec.AppendBody(nil, codec.Body{Meta: event.Meta{Type: "site.opened", Version: 1, Subject: id(i / 2),
			Effective: event.On(event.MustDay("2026-03-02")), Origin: event.Live}, Salt: [32]byte{byte(i), byte(i >> 8), 1}})
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, eventstore.Stored{Position: event.Position(i + 1), RecordedAt: time.UnixMicro(1_772_442_000_000_000 + int64(i/3)).UTC(),
			ID: event.ID{UUID: id(1000 + i)}, Stream: event.Case(id(i / 2)), Revision: event.Revision(i%2 + 1), Body: body})
	}
	return all
}

func each(all []eventstore.Stored) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func file(tb testing.TB, n int) []byte {
	tb.Helper()
	var out bytes.Buffer
	if _, err := transfer.Write(&out, transfer.Facts{Events: uint64(n), Synthetic: true}, each(ledger(tb, n))); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// read reads a file to its end.
func read(in io.Reader) (facts transfer.Facts, all []eventstore.Stored, _ error) {
	r, err := transfer.Read(in)
	if err != nil {
		return facts, nil, err
	}
	for e, err := range r.Events() {
		if err != nil {
			return facts, all, err
		}
		all = append(all, e)
	}
	return r.Facts(), all, nil
}

// The bytes of the format's description, of a ledger without events.
func ExampleWrite() {
	var out bytes.Buffer
	digest, err := transfer.Write(&out, transfer.Facts{Synthetic: true}, func(func(eventstore.Stored, error) bool) {})
	fmt.Printf("%q %x\n%x %x\n%t %v\n", out.Next(18), out.Next(10), out.Next(12), out.Bytes(), bytes.Equal(digest[:], out.Bytes()), err)
	// Output:
	// "caseledger ledger\n" 01010000000000000000
	// 000000000000000000000000 5e6eb19a741a2cf2444cb7c7f79e9cdf623b803460bdc8ba6e63f12b852344d0
	// true <nil>
}

func TestALedgerComesBack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 300} {
		want := ledger(t, n)
		facts, got, err := read(iotest.OneByteReader(bytes.NewReader(file(t, n))))
		if err != nil || facts != (transfer.Facts{Events: uint64(n), Synthetic: true}) {
			t.Fatalf("%d events: got %+v and error %v", n, facts, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d events (-written +read):\n%s", n, diff)
		}
	}
}

// Whatever bit is changed, and wherever the file ends, a store that takes it
// over keeps nothing.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	whole := file(t, 4)
	named := []error{transfer.ErrForeign, transfer.ErrNewer, transfer.ErrTruncated, transfer.ErrAltered, transfer.ErrOversize, eventstore.ErrBrokenLedger}
	refuses := func(what string, b []byte, want ...error) {
		t.Helper()
		store := memory.New(time.Now)
		r, err := transfer.Read(bytes.NewReader(b))
		if err == nil {
			err = store.Ingest(t.Context(), r.Events())
		}
		known := false
		for _, w := range want {
			known = known || errors.Is(err, w)
		}
		if head, _ := store.Head(t.Context()); !known || head != 0 {
			t.Errorf("%s: got error %v and %d events kept, want one of %v", what, err, head, want)
		}
	}
	for i := range len(whole) * 8 {
		bad := bytes.Clone(whole)
		bad[i/8] ^= 1 << (i % 8)
		refuses(fmt.Sprintf("bit %d of byte %d", i%8, i/8), bad, named...)
	}
	for n := range len(whole) {
		refuses(fmt.Sprintf("cut at %d", n), whole[:n], transfer.ErrTruncated, transfer.ErrForeign)
	}
	refuses("something behind it", append(bytes.Clone(whole), 0), transfer.ErrAltered)
	refuses("two files", append(bytes.Clone(whole), whole...), transfer.ErrAltered)
	refuses("another file", []byte("{\"ref\": \"A1\", \"command\": \"register-person\"}\n"), transfer.ErrForeign)
	newer := bytes.Clone(whole)
	newer[18] = 2
	refuses("a newer file", newer, transfer.ErrNewer)
	large := bytes.Clone(whole)
	large[28] = 1
	refuses("an event of 16 MB", large, transfer.ErrOversize)
}

// What is no ledger is not written as one.
func TestOnlyAWholeLedgerIsWritten(t *testing.T) {
	t.Parallel()
	all := ledger(t, 5)
	gap := append(append([]eventstore.Stored{}, all[:2]...), all[3:]...)
	garbled := append([]eventstore.Stored{}, all...)
	garbled[1].Body = []byte("not a body")
	for what, c := range map[string]struct {
		facts  uint64
		ledger []eventstore.Stored
	}{"fewer events": {6, all}, "more events": {4, all}, "a gap": {4, gap}, "a body that cannot be read": {5, garbled}} {
		if _, err := transfer.Write(io.Discard, transfer.Facts{Events: c.facts}, each(c.ledger)); !errors.Is(err, eventstore.ErrBrokenLedger) {
			t.Errorf("%s: got error %v, want a broken ledger", what, err)
		}
	}
	failing := func(yield func(eventstore.Stored, error) bool) { yield(eventstore.Stored{}, eventstore.ErrUnavailable) }
	if _, err := transfer.Write(io.Discard, transfer.Facts{}, failing); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("a ledger that fails: got error %v", err)
	}
	if _, err := transfer.Write(full{}, transfer.Facts{Events: 5}, each(all)); !errors.Is(err, errFull) {
		t.Errorf("a full disk: got error %v", err)
	}
	if _, _, err := read(io.MultiReader(bytes.NewReader(file(t, 5)[:100]), iotest.ErrReader(errFull))); !errors.Is(err, errFull) {
		t.Errorf("a reader that fails: got error %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// A file that is read is the one that would be written.
func FuzzRead(f *testing.F) {
	f.Add(file(f, 0))
	f.Add(file(f, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, all, err := read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := transfer.Write(&again, facts, each(all)); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Errorf("read, but written differently (error %v):\n%x\n%x", err, b, again.Bytes())
		}
	})
}
