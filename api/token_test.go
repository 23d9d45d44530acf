package api

import (
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

var testTokens = newTokens([32]byte{1, 2, 3})

func TestATokenOpensOnlyWhereItWasSealed(t *testing.T) {
	t.Parallel()
	kinds := []tokenKind{revisionToken, positionToken, entryToken, cursorToken}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n")
		kind, other := rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom(kinds).Draw(t, "other kind")
		side, elsewhere := rapid.SampledFrom(event.Sides).Draw(t, "side"), rapid.SampledFrom(event.Sides).Draw(t, "other side")
		scopes := []event.UUID{{}, person1, person2}
		scope, another := rapid.SampledFrom(scopes).Draw(t, "scope"), rapid.SampledFrom(scopes).Draw(t, "other scope")
		text := testTokens.seal(kind, side, scope, n)
		got, ok := testTokens.open(other, elsewhere, another, text)
		same := kind == other && side == elsewhere && scope == another
		if ok != same || ok && got != n {
			t.Fatalf("sealed %d for %s %s %s, opened as %s %s %s: %d, %v", n, kind, side, scope, other, elsewhere, another, got, ok)
		}
		if _, ok := newTokens([32]byte{9}).open(kind, side, scope, text); ok {
			t.Fatal("opened with another secret")
		}
	})
}

func TestTokensSayNothingOfOrder(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	ordered := 0
	for n := range uint64(1000) {
		text := testTokens.seal(positionToken, event.NHS, event.UUID{}, n)
		if seen[text] || len(text) != tokenLength {
			t.Fatalf("token of %d: %q is seen before or of another length", n, text)
		}
		seen[text] = true
		if text < testTokens.seal(positionToken, event.NHS, event.UUID{}, n+1) {
			ordered++
		}
	}
	if ordered < 400 || ordered > 600 {
		t.Errorf("of 1,000 neighbours %d are in order, want about half", ordered)
	}
}

// No text opens but the one that sealing gave.
func FuzzOpenToken(f *testing.F) {
	f.Add(testTokens.seal(cursorToken, event.NHS, person1, 7))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("AAAAAAAAAAAAAAAAAAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := testTokens.open(cursorToken, event.NHS, person1, text)
		if ok && testTokens.seal(cursorToken, event.NHS, person1, n) != text {
			t.Errorf("%q opens as %d, which is sealed otherwise", text, n)
		}
	})
}

// Numbers that auditors send are in one form too.
func FuzzReadNumber(f *testing.F) {
	auditor := Caller{Actor: event.Actor{Role: "AUDITOR", Side: event.Regulator}}
	for _, s := range []string{"0", "41", "007", "+1", "-1", "1e3", "9223372036854775808", "４１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := testTokens.read(entryToken, auditor, event.UUID{}, text)
		if ok && testTokens.show(entryToken, auditor, event.UUID{}, n) != text {
			t.Errorf("%q is read as %d, which is written otherwise", text, n)
		}
	})
}
