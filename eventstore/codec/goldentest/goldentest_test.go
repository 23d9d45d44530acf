package goldentest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
)

type mood string

type moodNotedV1 struct {
	Mood mood                   `json:"mood"`
	Note event.Personal[string] `json:"note" personal:"health"`
}

type moodNoted struct {
	Mood  mood                   `json:"mood"`
	Score int                    `json:"score"`
	Note  event.Personal[string] `json:"note" personal:"health"`
}

var (
	first  = event.NewCatalogue([]*event.Definition{event.Define[moodNotedV1]("mood.noted", 1)})
	second = event.NewCatalogue([]*event.Definition{event.Define[moodNoted]("mood.noted", 2,
		event.From(1, func(o moodNotedV1) moodNoted { return moodNoted{Mood: o.Mood, Note: o.Note} }))})
	// altered is the second with its first version edited.
	altered = event.NewCatalogue([]*event.Definition{event.Define[moodNoted]("mood.noted", 2,
		event.From(1, func(o struct {
			Mood  mood                   `json:"mood"`
			Extra int                    `json:"extra"`
			Note  event.Personal[string] `json:"note" personal:"health"`
		}) moodNoted {
			return moodNoted{Mood: o.Mood, Note: o.Note}
		}))})
)

const name = "mood.noted"

func suite(c *event.Catalogue, dir string, write bool, sample any) *golden {
	return &golden{catalogue: c, dir: dir, samples: map[string]any{name: sample}, write: write}
}

func mustPass(t *testing.T, g *golden) {
	t.Helper()
	for _, err := range append(g.check(t.Context(), name), g.strays()...) {
		t.Fatal(err)
	}
}

func mustFail(t *testing.T, g *golden, want string) {
	t.Helper()
	var all []string
	for _, err := range append(g.check(t.Context(), name), g.strays()...) {
		all = append(all, err.Error())
	}
	if !strings.Contains(strings.Join(all, "\n"), want) {
		t.Errorf("got %q, want a failure that says %q", all, want)
	}
}

func TestWhatWasPublishedStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := moodNotedV1{Mood: "low", Note: event.Own("slept badly")}
	two := moodNoted{Mood: "low", Score: 3, Note: event.Own("slept badly")}

	mustFail(t, suite(first, dir, false, one), "missing: run make golden")
	mustPass(t, suite(first, dir, true, one))
	mustPass(t, suite(first, dir, false, one))
	mustFail(t, suite(first, dir, true, moodNotedV1{Mood: "high", Note: event.Own("slept well")}), "would now be different")
	mustFail(t, suite(first, dir, true, moodNotedV1{Mood: "low"}), "leaves note absent")

	mustFail(t, suite(second, dir, false, two), "missing: run make golden")
	mustPass(t, suite(second, dir, true, two))
	mustPass(t, suite(second, dir, false, two))
	mustFail(t, suite(altered, dir, true, two), "mood.noted.v1.schema.json was published and would now be different")
	mustFail(t, suite(first, dir, true, one), "mood.noted.v2.schema.json was published and the catalogue does not know it")

	path := filepath.Join(dir, "mood.noted.v1.stored.hex")
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stored[len(stored)-2] ^= 1 // the last digit
	if err := os.WriteFile(path, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	mustFail(t, suite(second, dir, true, two), "version 1 does not decode")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustFail(t, suite(second, dir, true, two), "mood.noted.v1.stored.hex")
}

// The bytes of an imported event, with why and from where, decode for ever.
func TestAnImportedEventStays(t *testing.T) {
	t.Parallel()
	source := event.Provenance{Reason: "an invented reason", System: "OLD-SYSTEM"}
	raw, err := seal(t.Context(), first, moodNotedV1{Mood: "low", Note: event.Own("slept badly")}, source)
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/imported.stored.hex"
	published, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CASELEDGER_TEST_GOLDEN") != "" {
		published, err = lines(raw), errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, lines(raw), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(published, lines(raw)) {
		t.Errorf("an imported event would now be stored otherwise:\n%s", lines(raw))
	}
	if raw, err = hex.DecodeString(strings.Join(strings.Fields(string(published)), "")); err != nil {
		t.Fatal(err)
	}
	s, err := codec.ParseStored(raw)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := newKeyring(t.Context(), subject, at)
	if err != nil {
		t.Fatal(err)
	}
	e, err := codec.NewReader(first, keys, codec.Options{}).Decode(t.Context(), s)
	if err != nil || e.Import.Value() != source {
		t.Errorf("it came from %+v, %v; want %+v", e.Import.Value(), err, source)
	}
}
