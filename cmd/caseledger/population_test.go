package main

import (
	crypto "crypto/rand"
	"io"
	"strings"
	"testing"
)

// newRandom is randomness of cryptographic quality.
func newRandom() io.Reader { return crypto.Reader }

// invent writes a population out as its journal.
func invent(t *testing.T, people, seed uint64) string {
	t.Helper()
	text, err := io.ReadAll(inventing(inventedYears(people, seed, 1, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSameSeedSamePeople(t *testing.T) {
	t.Parallel()
	first, again, other := invent(t, 40, 7), invent(t, 40, 7), invent(t, 40, 8)
	if first != again {
		t.Error("the same seed draws other people the second time")
	}
	if first == other {
		t.Error("another seed draws the same people")
	}
	if lines := strings.Count(first, "\n"); lines < 40*8 {
		t.Errorf("40 people have %d lines, want more of a record", lines)
	}
	for _, command := range []string{"register-person", "link-identifier", "give-privacy-notice", "grant-consent", "refuse-consent",
		"complete-screening", "send-referral", "decide-disclosure", "make-disclosure", "withdraw-consent"} {
		if !strings.Contains(first, `"`+command+`"`) {
			t.Errorf("no invented person has a %s", command)
		}
	}
}

// TestPopulationIsLawful runs a population: a single refusal would stop it.
func TestPopulationIsLawful(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"1", "2", "99"} {
		t.Run("seed "+seed, func(t *testing.T) {
			t.Parallel()
			if _, errs, code := call(t, nil, "simulate", "--quiet", "--data", t.TempDir(), "--people", "40", "--seed", seed); code != 0 {
				t.Errorf("ended with %d: %s", code, errs)
			}
		})
	}
}

// TestManyPeopleTakeLittleMemory checks that the inventor holds few people at
// a time, however many it invents.
func TestManyPeopleTakeLittleMemory(t *testing.T) {
	t.Parallel()
	longest := func(people uint64) (most int) {
		p := inventing(inventedYears(people, 1, 1, 0))
		b := make([]byte, 4096)
		for {
			_, err := p.Read(b)
			most = max(most, len(p.there))
			if err == io.EOF {
				return most
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if few, many := longest(500), longest(5000); many > few*12 {
		t.Errorf("ten times the people wait in a queue of %d lines, after %d", many, few)
	}
}
