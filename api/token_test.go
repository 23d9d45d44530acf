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

// A cursor that is given back is the place that was told, for its owner alone;
// no other text is one.
func FuzzReadPlace(f *testing.F) {
	nurse := Caller{Actor: event.Actor{ID: person1, Role: "HUB_NURSE", Side: event.NHS}}
	other := Caller{Actor: event.Actor{ID: person2, Role: "HUB_NURSE", Side: event.NHS}}
	auditor := Caller{Actor: event.Actor{ID: person1, Role: "AUDITOR", Side: event.Regulator}}
	for _, s := range []string{"", "0", "41", "41.", "41.0", "41.00000000", "41.0000abcd", "41.0000ABCD", "041.0000abcd", "41.0000abcd.1", "-1.0000abcd",
		"9223372036854775808", testTokens.showPlace(nurse, Place{7, 9}), testTokens.seal(positionToken, event.NHS, person1, 7)} {
		f.Add(s, uint64(41), uint32(0xabcd))
	}
	f.Fuzz(func(t *testing.T, text string, n uint64, mark uint32) {
		place := Place{event.Position(n >> 1), mark}
		for _, c := range []Caller{nurse, auditor} {
			if got, ok := testTokens.readPlace(c, testTokens.showPlace(c, place)); !ok || got != place {
				t.Errorf("%+v is read back as %+v, %v", place, got, ok)
			}
			if got, ok := testTokens.readPlace(c, text); ok && testTokens.showPlace(c, got) != text {
				t.Errorf("%q is read as %+v, which is written otherwise", text, got)
			}
		}
		if _, ok := testTokens.readPlace(other, testTokens.showPlace(nurse, place)); ok {
			t.Error("another caller's cursor is taken")
		}
	})
}
