package codec_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

// The events of these tests are nobody's business.

type stage string

type noteWritten struct {
	Stage     stage                    `json:"stage"`
	WrittenOn event.Day                `json:"writtenOn"`
	Tags      []stage                  `json:"tags,omitempty"`
	Name      event.Personal[string]   `json:"name" personal:"identity"`
	Note      event.Personal[string]   `json:"note" personal:"health"`
	Answers   event.Personal[[]int]    `json:"answers" personal:"health"`
	Charge    event.Personal[string]   `json:"charge" personal:"offence"`
	Why       event.Personal[string]   `json:"why" personal:"operational"`
	ToldTo    event.Side               `json:"toldTo,omitempty"`
	Told      event.Personal[told]     `json:"told" personal:"health,recipient"`
	Numbers   event.Personal[[]string] `json:"numbers" personal:"identity,recipient"`
}

func (n noteWritten) RecipientSide() event.Side { return n.ToldTo }

type told struct {
	Headline string  `json:"headline"`
	Score    *int    `json:"score,omitempty"`
	Parts    []stage `json:"parts"`
}

type noteWrittenV1 struct {
	Stage stage                  `json:"stage"`
	Note  event.Personal[string] `json:"note" personal:"health"`
}

type bell struct{}

var (
	noteV1 = event.Define[noteWrittenV1]("note.written", 1)
	note   = event.Define[noteWritten]("note.written", 2, event.From(1, func(o noteWrittenV1) noteWritten {
		return noteWritten{Stage: o.Stage, Note: o.Note}
	}))
	rung = event.Define[bell]("bell.rung", 1)

	catalogue = event.NewCatalogue([]*event.Definition{note, rung})
)

var (
	alpha   = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	bravo   = event.MustUUID("5f0c8a52-2222-4222-8222-222222222222")
	nurse   = event.Actor{ID: event.MustUUID("ac000000-0000-4000-8000-000000000001"), Role: "HUB_NURSE", Side: event.NHS, Org: event.MustUUID("0e000000-0000-4000-8000-000000000001")}
	command = event.MustUUID("c0000000-0000-4000-8000-000000000001")
	noon    = time.Date(2026, 2, 23, 12, 0, 0, 123456000, time.UTC)
)

func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.OpenMemory(context.Background(), vault.Config{Now: func() time.Time { return noon }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func commandOf(person, id event.UUID) eventstore.Command {
	return eventstore.Command{ID: id, Stream: event.Case(person), Fingerprint: [32]byte{1, 2, 3}, Subject: person,
		Effective: event.At(noon), Actor: nurse, Purpose: "DIRECT_CARE", Origin: event.Live, Policy: [32]byte{9}}
}

func full() noteWritten {
	score := 17
	return noteWritten{
		Stage: "open", WrittenOn: event.MustDay("2026-02-23"), Tags: []stage{"a", "b"},
		Name: event.Own("Avery Example"), Note: event.Own("sleeps badly"), Answers: event.Own([]int{0, 1, 2, 3}),
		Charge: event.Own("none"), Why: event.Own("asked to"), ToldTo: event.Probation,
		Told:    event.Own(told{Headline: "attended", Score: &score, Parts: []stage{"x"}}),
		Numbers: event.Own([]string{"9990001014"}),
	}
}

// stored gives a batch the places a store would.
func stored(stream event.StreamID, first event.Position, batch []eventstore.Event) []eventstore.Stored {
	var all []eventstore.Stored
	for i, e := range batch {
		all = append(all, eventstore.Stored{Position: first + event.Position(i), RecordedAt: noon, ID: e.ID, Stream: stream,
			Revision: event.Revision(i + 1), Body: e.Body})
	}
	return all
}

func mustSeal(t testing.TB, c *codec.Codec, cmd eventstore.Command, history []event.Recorded, data ...any) []eventstore.Stored {
	t.Helper()
	var drafts []event.Draft
	for _, d := range data {
		drafts = append(drafts, event.Draft{Data: d})
	}
	batch, err := c.Seal(context.Background(), cmd, drafts, history)
	if err != nil {
		t.Fatal(err)
	}
	return stored(cmd.Stream, 1, batch)
}

// expose compares Personal values by what they hold.
var expose = cmp.Options{
	cmp.Transformer("string", func(p event.Personal[string]) [2]any { v, s := p.Get(); return [2]any{v, s} }),
	cmp.Transformer("strings", func(p event.Personal[[]string]) [2]any { v, s := p.Get(); return [2]any{v, s} }),
	cmp.Transformer("ints", func(p event.Personal[[]int]) [2]any { v, s := p.Get(); return [2]any{v, s} }),
	cmp.Transformer("told", func(p event.Personal[told]) [2]any { v, s := p.Get(); return [2]any{v, s} }),
	cmp.Comparer(func(a, b event.When) bool { return a == b }),
}

func TestSealedEventsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, full(), noteWritten{Stage: "bare"}, bell{})
	keys := len(all) - 3
	if keys != 6 {
		t.Fatalf("%d key commitments, want 6: four of the controller's, two of the recipient's", keys)
	}
	want := []any{full(), noteWritten{Stage: "bare"}, bell{}}
	for i, s := range all {
		got, err := c.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if i < keys {
			if got.Type != "key.created" || got.Index != event.KeyIndex+i {
				t.Errorf("event %d is %s with index %d, want a key commitment", i, got.Type, got.Index)
			}
			continue
		}
		if diff := cmp.Diff(want[i-keys], got.Data, expose); diff != "" {
			t.Errorf("event %d (-sealed +decoded):\n%s", i, diff)
		}
		if got.Operational != event.Open || got.Index != i-keys || got.ID != event.DeriveID(nurse.ID, s.Stream, command, i-keys) {
			t.Errorf("event %d: operational %s, index %d, id %s", i, got.Operational, got.Index, got.ID)
		}
	}
}

var _ = errors.Is
var _ = io.EOF
var _ = strings.Repeat
var _ = fault.Is
var _ = noteV1
