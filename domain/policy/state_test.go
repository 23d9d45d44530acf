package policy_test

import (
	"bytes"
	"crypto/sha256"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/policy"
)

// A document comes back from its parts in whatever order they are, even
// repeated, and not before the last of them; and no state that somebody holds
// changes meanwhile.
func TestADocumentComesBackFromItsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "text")
		parts := rapid.IntRange(1, min(4, len(text))).Draw(t, "parts")
		hash := event.Commitment(sha256.Sum256(text))
		part := func(n int) event.Recorded {
			from, to := (n-1)*len(text)/parts, n*len(text)/parts
			return event.Recorded{Stream: event.Policy, Operational: event.Open,
				Data: policy.DocumentPublished{Hash: hash, Name: policy.Rules, Part: n, Parts: parts, Bytes: event.Own(text[from:to])}}
		}
		var order []int
		for n := range parts {
			order = append(order, n+1)
		}
		order = append(order, rapid.SliceOfN(rapid.IntRange(1, parts), 0, 3).Draw(t, "again")...)
		order = rapid.Permutation(order).Draw(t, "order")
		states, events := []policy.State{{}}, []event.Recorded(nil)
		seen := map[int]bool{}
		for _, n := range order {
			events = append(events, part(n))
			states = append(states, policy.Evolve(states[len(states)-1], part(n)))
			seen[n] = true
			name, got, err := states[len(states)-1].Document(hash)
			if whole := len(seen) == parts; whole != (err == nil) || whole && (name != policy.Rules || !bytes.Equal(got, text)) {
				t.Fatalf("after %d parts of %d: %q, %v", len(seen), parts, got, err)
			}
		}
		for i, s := range states {
			if !reflect.DeepEqual(s, policy.Fold(events[:i])) {
				t.Fatalf("after %d events the state kept is not the state folded", i)
			}
		}
	})
}

func TestAPartThatCannotBeOneIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, d := range []policy.DocumentPublished{{Part: 0, Parts: 1}, {Part: 2, Parts: 1}, {Part: 1, Parts: 1 << 30}, {Part: -1, Parts: -1}} {
		d.Bytes = event.Own([]byte{})
		s := policy.Fold([]event.Recorded{{Stream: event.Policy, Operational: event.Open, Data: d}})
		if !reflect.DeepEqual(s, policy.State{}) {
			t.Errorf("part %d of %d was taken", d.Part, d.Parts)
		}
	}
}
