package event_test

import (
	"encoding"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

var (
	person    = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	principal = event.MustUUID("ac000000-0000-4000-8000-000000000001")
	command   = event.MustUUID("c0000000-0000-4000-8000-000000000001")
)

// The vectors were computed by another program from the words of the
// contract: every stored event rests on them.
func TestIdentifiersAreDerivedForEver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what string
		got  event.UUID
		want string
	}{
		{"the first event", event.DeriveID(principal, event.Case(person), command, 0).UUID, "810f32aa-0181-88a6-8499-047027a1614f"},
		{"the second", event.DeriveID(principal, event.Case(person), command, 1).UUID, "761b47ff-7d4f-8d9f-aad9-28bb7ebd033b"},
		{"a key commitment", event.DeriveID(principal, event.Case(person), command, event.KeyIndex).UUID, "2d7f5919-e4be-8d10-a951-95d6fbbd84b9"},
		{"an event on the policy stream", event.DeriveID(principal, event.Policy, command, 0).UUID, "88366867-4ea7-8f7c-8ec9-1f58cd30e899"},
		{"parts a and bc", event.DeriveUUID("id", []byte("a"), []byte("bc")), "919c37d7-d53c-8f06-aa6f-5c0cd03d7085"},
		{"parts ab and c", event.DeriveUUID("id", []byte("ab"), []byte("c")), "c7031c1f-4d2e-8882-93b7-fe112888bac0"},
		{"no parts", event.DeriveUUID("id"), "610e9e83-8458-8b19-9449-57ab636abd10"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}

func TestANewIdentifierDependsOnPersonCommandAndLabel(t *testing.T) {
	t.Parallel()
	base := event.Context{Person: person, Command: command}
	if once, twice := base.NewID("consent"), base.NewID("consent"); once != twice {
		t.Error("the same command makes two identifiers of one thing")
	}
	other, again := base, base
	other.Person, again.Command = principal, principal
	for what, id := range map[string]event.UUID{"label": base.NewID("referral"), "person": other.NewID("consent"), "command": again.NewID("consent")} {
		if id == base.NewID("consent") {
			t.Errorf("another %s makes the same identifier", what)
		}
	}
}

func TestIdentifiersComeBackFromTheirText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := event.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		if got, err := event.ParseUUID(u.String()); err != nil || got != u {
			t.Errorf("%s reads as %s, %v", u, got, err)
		}
		s := event.StreamID{Kind: event.StreamKind(rapid.IntRange(1, 7).Draw(t, "kind")), Of: u}
		if s.Kind >= event.PolicyStream || u.IsZero() {
			s = event.StreamID{Kind: max(s.Kind, event.PolicyStream)}
		}
		if got, err := event.ParseStreamID(s.String()); err != nil || got != s {
			t.Errorf("%s reads as %s, %v", s, got, err)
		}
		stored := s.Bytes()
		if got, err := event.StreamFromBytes(stored[:]); err != nil || got != s {
			t.Errorf("%s is stored as %s, %v", s, got, err)
		}
		var c, again event.Commitment
		copy(c[:], u[:])
		text, _ := c.MarshalText()
		if err := again.UnmarshalText(text); err != nil || again != c {
			t.Errorf("%s reads as %v, %v", text, again, err)
		}
	})
}

// The subject of a stream decides whose keys seal it, so it never changes.
func TestWhatAStreamIsAbout(t *testing.T) {
	t.Parallel()
	for s, want := range map[event.StreamID]event.UUID{
		event.Case(person): person, event.Agreement(person): person, event.Organisation(person): person, event.Findings(person): person,
		event.Policy: event.DeriveUUID("policy"), event.Ledger: event.DeriveUUID("ledger"), event.Access(person): {},
	} {
		if got := s.Subject(); got != want {
			t.Errorf("%s is about %s, want %s", s, got, want)
		}
	}
}

func TestTheNoneIdentifierIsEmptyText(t *testing.T) {
	t.Parallel()
	text, err := event.UUID{}.MarshalText()
	if err != nil || len(text) != 0 {
		t.Errorf("written as %q, %v", text, err)
	}
	u := person
	if err := u.UnmarshalText(nil); err != nil || !u.IsZero() {
		t.Errorf("read as %s, %v", u, err)
	}
}

func TestAMalformedIdentifierIsRefusedWithoutBeingQuoted(t *testing.T) {
	t.Parallel()
	const secret = "AVERY-EXAMPLE"
	for _, text := range []string{secret, "5F0C8A52-1111-4111-8111-111111111111", "{5f0c8a52-1111-4111-8111-111111111111}", "5f0c8a5211114111811111111111111", "5f0c8a52-1111-4111-8111-11111111111g"} {
		var u event.UUID
		var s event.StreamID
		var c event.Commitment
		for _, target := range []encoding.TextUnmarshaler{&u, &s, &c} {
			if err := target.UnmarshalText([]byte(text)); err == nil || err.Error() == "" || len(text) == len(secret) && contains(err.Error(), secret) {
				t.Errorf("%T from %q: %v", target, text, err)
			}
		}
	}
	for _, text := range []string{"", "case-", "case-00000000-0000-0000-0000-000000000000", "policy-5f0c8a52-1111-4111-8111-111111111111", "ledger-5f0c8a52-1111-4111-8111-111111111111", "consent-5f0c8a52-1111-4111-8111-111111111111"} {
		if s, err := event.ParseStreamID(text); !errors.Is(err, event.ErrMalformedID) {
			t.Errorf("%q names the stream %s, %v", text, s, err)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 16), make([]byte, 17), append([]byte{8}, person[:]...), append([]byte{7}, person[:]...), append([]byte{6}, person[:]...)} {
		if s, err := event.StreamFromBytes(b); !errors.Is(err, event.ErrMalformedID) {
			t.Errorf("%x names the stream %s, %v", b, s, err)
		}
	}
}

func FuzzParseUUID(f *testing.F) {
	f.Add("5f0c8a52-1111-4111-8111-111111111111")
	f.Add("5f0c8a52-1111-4111-8111-11111111111\x00")
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := event.ParseUUID(s); err == nil && u.String() != s {
			t.Errorf("%q reads as %s", s, u)
		}
	})
}

func FuzzParseStreamID(f *testing.F) {
	f.Add("policy")
	f.Add("ledger")
	f.Add("case-5f0c8a52-1111-4111-8111-111111111111")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := event.ParseStreamID(text); err == nil && s.String() != text {
			t.Errorf("%q reads as %s", text, s)
		}
	})
}

func TestEachKindOfStreamHasItsPrefix(t *testing.T) {
	t.Parallel()
	all := event.StreamPrefixes()
	for i, s := range []event.StreamID{event.Case(event.MustUUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")), event.Agreement(event.MustUUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")),
		event.Organisation(event.MustUUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")), event.Access(event.MustUUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")),
		event.Findings(event.MustUUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")), event.Policy, event.Ledger} {
		if i >= len(all) || !strings.HasPrefix(s.String(), all[i]) {
			t.Errorf("%s has none of %q", s, all)
		}
	}
	if len(all) != 7 {
		t.Errorf("%d prefixes, want one for each kind", len(all))
	}
}
