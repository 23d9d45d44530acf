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
func invent(t *testing.T, in invention) string {
	t.Helper()
	text, err := io.ReadAll(inventing(in))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSameSeedSamePeople(t *testing.T) {
	t.Parallel()
	in, others := inventedYears(40, 7, 1, 0.5), inventedYears(40, 8, 1, 0.5)
	first, again, other := invent(t, in), invent(t, in), invent(t, others)
	if first != again {
		t.Error("the same seed draws other people the second time")
	}
	if first == other {
		t.Error("another seed draws the same people")
	}
	if lines := strings.Count(first, `"person":`); lines < 40*60 {
		t.Errorf("40 people have %d lines in a year, want more of a record", lines)
	}
	for _, command := range []string{"register-person", "link-identifier", "give-privacy-notice", "grant-consent", "refuse-consent",
		"complete-screening", "send-referral", "decide-disclosure", "make-disclosure", "withdraw-consent", "record-test-result",
		"receive-rights-request", "issue-breach-warning", "agree-co-presence"} {
		if !strings.Contains(first, `"`+command+`"`) {
			t.Errorf("no invented person has a %s", command)
		}
	}
}

// TestInventionGoesOnForYears checks that a population of several years holds
// what is renewed in each, that people come in all but the last months, and
// that nothing is said after its end.
func TestInventionGoesOnForYears(t *testing.T) {
	t.Parallel()
	in := inventedYears(30, 1, 3, 0)
	text := invent(t, in)
	for _, want := range []string{pactFor("REPORTING", in.end()-1), `"clock":"2028-`, `"clock":"2026-`} {
		if !strings.Contains(text, want) {
			t.Errorf("three years hold no %s", want)
		}
	}
	if in.end().String() != "2029-01-12" || strings.Contains(text, `"clock":"2029-01-12`) {
		t.Errorf("it goes on beyond its end, %s", in.end())
	}
	if last := in.comes(29); last < 700 || in.days-last < 270 {
		t.Errorf("the last of them comes on day %d of %d", last, in.days)
	}
}

// TestSimulateRefuses checks settings that cannot be.
func TestSimulateRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--people 1 --breaches 1.1", "--people 1 --breaches -0.1", "--people 1 --breaches NaN", "--people 1 --breaches few",
		"--people 1 --years 0", "--people 1 --years 11", "--people 60001", "--journal alpha --breaches 0.1", "--journal alpha --answers x",
		"--journal alpha --people 1", ""} {
		if _, _, code := call(t, nil, append([]string{"simulate", "--quiet", "--data", t.TempDir()}, strings.Fields(args)...)...); code != int(exitUsage) {
			t.Errorf("simulate %s ended with %d", args, code)
		}
	}
}

// TestManyPeopleTakeLittleMemory checks that the inventor holds a few lines of
// each person, however long their life.
func TestManyPeopleTakeLittleMemory(t *testing.T) {
	t.Parallel()
	in := inventedYears(60, 1, 1, 0)
	p, b := inventing(in), make([]byte, 4096)
	for {
		_, err := p.Read(b)
		held, people := 0, 0
		for _, s := range p.there {
			if s.index >= 0 {
				held, people = held+len(s.ahead), people+1
			}
		}
		if people > int(in.people) || held > fewLines*people {
			t.Fatalf("%d lines of %d people are held", held, people)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
