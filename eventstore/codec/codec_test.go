package codec_test

import (
	"context"
	"crypto/rand"
	"errors"
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
	cmp.Transformer("source", func(p event.Personal[event.Provenance]) [2]any { v, s := p.Get(); return [2]any{v, s} }),
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

func decodeAll(t *testing.T, r interface {
	Decode(context.Context, eventstore.Stored) (event.Recorded, error)
}, all []eventstore.Stored) []event.Recorded {
	t.Helper()
	var history []event.Recorded
	for _, s := range all {
		e, err := r.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		history = append(history, e)
	}
	return history
}

func types(history []event.Recorded) string {
	var all []string
	for _, e := range history {
		all = append(all, e.Type)
	}
	return strings.Join(all, " ")
}

func TestAStreamHoldsEachKeysCommitmentOnceBeforeItsFirstUse(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	note := noteWritten{Stage: "open", Note: event.Own("x")}

	// The key exists, but the append that would have committed to it was lost.
	mustSeal(t, c, commandOf(alpha, command), nil, note)

	first := decodeAll(t, c, mustSeal(t, c, commandOf(alpha, command), nil, note, note))
	if got, want := types(first), "key.created key.created note.written note.written"; got != want {
		t.Errorf("the first append holds %s, want %s", got, want)
	}
	second := decodeAll(t, c, mustSeal(t, c, commandOf(alpha, bravo), first, note, full()))
	if got, want := types(second), "key.created key.created key.created key.created note.written note.written"; got != want {
		t.Errorf("the second append holds %s, want %s", got, want)
	}
	third := decodeAll(t, c, mustSeal(t, c, commandOf(alpha, alpha), append(first, second...), full()))
	if got, want := types(third), "note.written"; got != want {
		t.Errorf("the third append holds %s, want %s", got, want)
	}
	seen := map[event.ID]bool{}
	for _, e := range append(first, second...) {
		if seen[e.ID] {
			t.Errorf("event id %s twice", e.ID)
		}
		seen[e.ID] = true
		if created, ok := e.Data.(event.KeyCreated); ok {
			if err := v.CheckCommitment(t.Context(), created.Key, created.Commitment); err != nil {
				t.Error(err)
			}
			if e.Effective != event.At(noon) || e.Actor != nurse || e.Subject != alpha {
				t.Errorf("a commitment says %+v", e.Meta)
			}
		}
	}
}

func TestADraftsOwnTimeCauseAndSidePrevail(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	day, target := event.On(event.MustDay("2026-02-20")), event.ID{UUID: bravo}
	batch, err := c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{
		{Data: bell{}},
		{Data: bell{}, Effective: day, Corrects: target, Causation: bravo, Side: event.Probation},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := stored(event.Case(alpha), 1, batch)
	history := decodeAll(t, c, all)
	own, other := history[len(history)-2], history[len(history)-1]
	if own.Effective != event.At(noon) || !own.Corrects.IsZero() || !own.Causation.IsZero() {
		t.Errorf("without its own: %+v", own.Meta)
	}
	if other.Effective != day || other.Corrects != target || other.Causation != bravo || other.Actor.Side != event.NHS {
		t.Errorf("with its own: %+v", other.Meta)
	}
	if len(history) != 4 {
		t.Errorf("%s: %d events, want a key for each side and two events: an event without fields has its operational box too", types(history), len(history))
	}
}

func TestAnotherSidesRecordIsSealedUnderItsKeys(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	batch, err := c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: noteWritten{Stage: "open"}, Side: event.Probation}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := stored(event.Case(alpha), 1, batch)
	for side, want := range map[event.Side]event.State{event.NHS: event.Withheld, event.Probation: event.Open} {
		history := decodeAll(t, codec.NewReader(catalogue, v.View(side), codec.Options{}), all)
		if got := history[len(history)-1].Operational; got != want {
			t.Errorf("%s sees its operational box %s, want %s", side, got, want)
		}
	}
}

// states are the states of the Personal fields of a note.
func states(n noteWritten) [7]event.State {
	return [7]event.State{n.Name.State(), n.Note.State(), n.Answers.State(), n.Charge.State(), n.Why.State(), n.Told.State(), n.Numbers.State()}
}

func TestEachSideSeesItsOwnAndWhatItWasTold(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	whole := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(t, whole, commandOf(alpha, command), nil, full())
	const o, w = event.Open, event.Withheld
	for side, want := range map[event.Side][7]event.State{
		event.NHS:       {o, o, o, o, o, w, w},
		event.Probation: {w, w, w, w, w, o, o},
		event.Police:    {w, w, w, w, w, w, w},
	} {
		r := codec.NewReader(catalogue, v.View(side), codec.Options{})
		e, err := r.Decode(t.Context(), all[len(all)-1])
		if err != nil {
			t.Fatal(err)
		}
		if again, err := whole.With(v.View(side), codec.Options{}).Decode(t.Context(), all[len(all)-1]); err != nil || !cmp.Equal(again, e, expose) {
			t.Errorf("%s: a reader made of another with its keys reads %+v, %v", side, again, err)
		}
		n := e.Data.(noteWritten)
		if got := states(n); got != want {
			t.Errorf("%s: %v, want %v", side, got, want)
		}
		if open := side == event.NHS; open != (e.Operational == event.Open) || open != (n.Stage != "") {
			t.Errorf("%s: the operational box is %s, the stage %q", side, e.Operational, n.Stage)
		}
		shown := e.Reveal()
		if side == event.Probation && (shown["stage"] != "[withheld]" || shown["note"] != "[withheld]" || shown["told"] == "[withheld]") {
			t.Errorf("revealed to %s: %v", side, shown)
		}
	}
}

func TestErasedMissingAndAbsentAreThreeThings(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, noteWritten{Stage: "open", Note: event.Own("x")})
	s := all[len(all)-1]
	keys, err := v.Ensure(t.Context(), vault.Ref{Subject: alpha, Side: event.NHS, Class: event.Health}, vault.Ref{Subject: alpha, Side: event.NHS, Class: event.Operational})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Destroy(t.Context(), keys[0].ID, s.ID); err != nil {
		t.Fatal(err)
	}
	e := decodeAll(t, c, all)[len(all)-1]
	n := e.Data.(noteWritten)
	if n.Note.State() != event.Erased || n.Answers.State() != event.Erased || n.Name.State() != event.Absent || n.Stage != "open" {
		t.Errorf("health erased: note %s, answers %s, name %s, stage %q", n.Note.State(), n.Answers.State(), n.Name.State(), n.Stage)
	}
	same, ok, err := c.SameCommand(t.Context(), s, [32]byte{1, 2, 3})
	if !same || !ok || err != nil {
		t.Errorf("the command, operational box open: %t, %t, %v", same, ok, err)
	}
	if err := v.Destroy(t.Context(), keys[1].ID, s.ID); err != nil {
		t.Fatal(err)
	}
	e = decodeAll(t, c, all)[len(all)-1]
	if e.Operational != event.Erased || e.Data.(noteWritten).Stage != "" || e.Type != "note.written" || e.Reveal()["stage"] != "[erased]" {
		t.Errorf("operational erased: %s, %+v", e.Operational, e.Reveal())
	}
	if _, ok, err := c.SameCommand(t.Context(), s, [32]byte{1, 2, 3}); ok || err != nil {
		t.Errorf("the command, operational box erased: ok %t, %v", ok, err)
	}
	_, err = codec.New(catalogue, newVault(t), rand.Reader).Decode(t.Context(), s)
	if !errors.Is(err, vault.ErrKeyMissing) {
		t.Errorf("without its keys: %v, want ErrKeyMissing", err)
	}
}

func TestACommandIsKnownByItsFingerprint(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	for name, first := range map[string]any{"with fields": full(), "without fields": bell{}} {
		all := mustSeal(t, c, commandOf(alpha, command), nil, first, bell{})
		s := all[len(all)-2]
		for fingerprint, want := range map[[32]byte]bool{{1, 2, 3}: true, {1, 2, 4}: false} {
			if same, ok, err := c.SameCommand(t.Context(), s, fingerprint); same != want || !ok || err != nil {
				t.Errorf("%s: %t, %t, %v; want %t", name, same, ok, err, want)
			}
		}
	}
	all := mustSeal(t, c, commandOf(alpha, command), nil, event.KeyDestroyed{Key: bravo})
	if _, ok, err := c.SameCommand(t.Context(), all[0], [32]byte{1, 2, 3}); ok || err != nil {
		t.Errorf("a clear event: ok %t, %v", ok, err)
	}
}

func TestOldVersionsAreReadAsTodays(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	old := codec.New(event.NewCatalogue([]*event.Definition{noteV1}), v, rand.Reader)
	all := mustSeal(t, old, commandOf(alpha, command), nil, noteWrittenV1{Stage: "open", Note: event.Own("x")})
	s := all[len(all)-1]
	now := codec.New(catalogue, v, rand.Reader)
	e, err := now.Decode(t.Context(), s)
	if n, ok := e.Data.(noteWritten); err != nil || !ok || n.Stage != "open" || n.Note.Value() != "x" || e.Version != 1 {
		t.Errorf("today: %T, version %d, %v", e.Data, e.Version, err)
	}
	e, err = codec.NewReader(catalogue, v, codec.Options{AsStored: true}).Decode(t.Context(), s)
	if _, ok := e.Data.(noteWrittenV1); err != nil || !ok {
		t.Errorf("as stored: %T, %v", e.Data, err)
	}
	all = mustSeal(t, now, commandOf(alpha, command), nil, full())
	if _, err = old.Decode(t.Context(), all[len(all)-1]); !errors.Is(err, codec.ErrNewerVersion) {
		t.Errorf("tomorrow's: %v, want ErrNewerVersion", err)
	}
	none := codec.New(event.NewCatalogue(), v, rand.Reader)
	if _, err = none.Decode(t.Context(), s); !errors.Is(err, codec.ErrUnknownType) {
		t.Errorf("not in the catalogue: %v, want ErrUnknownType", err)
	}
	if _, err = none.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: bell{}}}, nil); !errors.Is(err, codec.ErrUnknownType) {
		t.Errorf("sealing it: %v, want ErrUnknownType", err)
	}
	skip := codec.NewReader(event.NewCatalogue(), v, codec.Options{Types: func(name string) bool { return name != "note.written" }})
	if e, err = skip.Decode(t.Context(), s); err != nil || e.Data != nil || e.Type != "note.written" {
		t.Errorf("not wanted: %v, %v", e.Data, err)
	}
}

// countingKeys counts the boxes that are opened.
type countingKeys struct {
	codec.Opener
	opened int
}

func (c *countingKeys) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	c.opened++
	return c.Opener.Open(ctx, dst, key, sealed, ad)
}

func TestTheClearPartIsReadWithoutOpeningABox(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, full())
	s := all[len(all)-1]
	want, err := c.Decode(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := codec.DecodeMeta(s)
	if err != nil || got.Data != nil || got.Operational != event.Withheld {
		t.Fatalf("%v, operational %s, %v", got.Data, got.Operational, err)
	}
	got.Data, got.Operational = want.Data, want.Operational
	if diff := cmp.Diff(want, got, expose); diff != "" {
		t.Errorf("the clear part (-whole +clear):\n%s", diff)
	}
	keys := &countingKeys{Opener: v}
	r := codec.NewReader(catalogue, keys, codec.Options{Types: func(name string) bool { return name == "bell.rung" }})
	if _, err := r.Decode(t.Context(), s); err != nil || keys.opened != 0 {
		t.Errorf("%d boxes of an event that nobody wants were opened, %v", keys.opened, err)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	text := func(n int) event.Personal[string] { return event.Own(strings.Repeat("x", n)) }
	for name, tc := range map[string]struct {
		note noteWritten
		fits bool
	}{
		"the longest note":       {noteWritten{Note: text(16<<10 - 4 - len(`{"note":""}`))}, true},
		"one more":               {noteWritten{Note: text(16<<10 - 3 - len(`{"note":""}`))}, false},
		"two long boxes":         {noteWritten{Note: text(16000), Charge: text(16000)}, true},
		"three":                  {noteWritten{Note: text(16000), Charge: text(16000), Name: text(16000)}, false},
		"more than any bucket":   {noteWritten{Note: text(codec.MaxBoxBytes)}, false},
		"nothing but its fields": {noteWritten{}, true},
	} {
		batch, err := c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: tc.note}}, nil)
		switch {
		case tc.fits && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.fits && len(batch[len(batch)-1].Body) > eventstore.MaxBodyBytes:
			t.Errorf("%s: a body of %d bytes", name, len(batch[len(batch)-1].Body))
		case !tc.fits && !fault.Is(err, "event-too-large"):
			t.Errorf("%s: %v, want event-too-large", name, err)
		}
	}
}

func TestTheLengthOfABoxSaysLittle(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	length := func(n int) int {
		all := mustSeal(t, c, commandOf(alpha, command), nil, noteWritten{Stage: "open", Note: event.Own(strings.Repeat("x", n))})
		return len(all[len(all)-1].Body)
	}
	if length(0) != length(200) || length(300) != length(900) || length(200) == length(300) {
		t.Errorf("bodies of %d, %d, %d, %d bytes", length(0), length(200), length(300), length(900))
	}
}

func TestWhatCannotBeReadCannotBeRecordedAgain(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	c := codec.New(catalogue, v, rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, full())
	e, err := codec.NewReader(catalogue, v.View(event.Probation), codec.Options{}).Decode(t.Context(), all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: e.Data}}, nil); err == nil {
		t.Error("a withheld field was recorded")
	}
}

func TestErrorsHoldNoPersonalValue(t *testing.T) {
	t.Parallel()
	c := codec.New(catalogue, newVault(t), rand.Reader)
	const secret = "Avery\xff Example"
	_, err := c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: noteWritten{Note: event.Own(secret)}}}, nil)
	if err == nil || strings.Contains(err.Error(), "Avery") {
		t.Errorf("invalid UTF-8: %v", err)
	}
	_, err = c.Seal(t.Context(), commandOf(alpha, command), []event.Draft{{Data: noteWritten{Note: event.Own(strings.Repeat("Avery", 20000))}}}, nil)
	if err == nil || strings.Contains(err.Error(), "Avery") {
		t.Errorf("too large: %v", err)
	}
}

type pointing struct {
	Note event.Personal[*string] `json:"note" personal:"health"`
}

type untold struct {
	Note event.Personal[string] `json:"note" personal:"health,recipient"`
}

func TestADefinitionThatCannotBeStoredStopsTheProgram(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*event.Definition{
		"a Personal pointer":         event.Define[pointing]("note.pointed", 1),
		"a recipient without a side": event.Define[untold]("note.untold", 1),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", name)
				}
			}()
			codec.New(event.NewCatalogue([]*event.Definition{d}), newVault(t), rand.Reader)
		}()
	}
}
