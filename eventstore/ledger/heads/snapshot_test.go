package heads

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
)

// However many buckets a tree is kept in, it is the same, and proves the same.
func TestATreeInManyBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := histories.Draw(t, "history")
		records := h.records()
		shelf := &keep.ShelfMemory{}
		s := &snapshot{Size: h.size, Digits: rapid.IntRange(0, maxDigits).Draw(t, "digits"), Position: event.Position(h.size + 1)}
		err := s.write(context.Background(), shelf, func(yield func(Record, error) bool) {
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.commitment() != h.commitment() {
			t.Fatalf("got %v, want %v", s.commitment(), h.commitment())
		}
		for _, n := range []int{0, 1, 2, 7, 150} {
			want := h.prove(streamNumbered(n))
			got, err := s.prove(context.Background(), shelf, streamNumbered(n))
			if err != nil || got.Check(h.commitment()) != nil || !slices.Equal(got.Path, want.Path) || got.Head != want.Head {
				t.Fatalf("got %v, %v; want %v", got, err, want)
			}
		}
		var again []Record
		for r, err := range s.records(context.Background(), shelf) {
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, r)
		}
		if !slices.Equal(again, records) {
			t.Errorf("%d records come back as %d", len(records), len(again))
		}
	})
}

func TestATreeOfOtherEntriesThanThereAreIsNotMade(t *testing.T) {
	t.Parallel()
	s := &snapshot{Size: 3}
	err := s.write(t.Context(), &keep.ShelfMemory{}, func(yield func(Record, error) bool) { yield(Record{Hash{1}, Head{2, Hash{2}}}, nil) })
	if !errors.Is(err, ErrBroken) {
		t.Errorf("two entries of three: %v", err)
	}
}

func TestHowManyBuckets(t *testing.T) {
	t.Parallel()
	for streams, want := range map[uint64]int{0: 0, 1 << 12: 0, 1<<12 + 1: 1, 1 << 16: 1, 1<<16 + 1: 2, 1 << 20: 2, 1<<20 + 1: 3, maxStreams: 3} {
		if got := digitsFor(streams); got != want {
			t.Errorf("%d streams: %d digits, want %d", streams, got, want)
		}
	}
}
