package lawfulness

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/policy"
)

// put publishes a rule set at a time; change may break what is published.
func (s *story) put(version string, rules, gates []byte, change ...func(*policy.DocumentPublished, *policy.RuleSetPublished)) *story {
	s.t.Helper()
	set := policy.RuleSetPublished{Version: policy.Version(version), Reason: event.Own("An invented reason.")}
	for i, text := range [][]byte{rules, gates} {
		d := policy.DocumentPublished{Hash: sha256.Sum256(text), Name: []policy.Name{policy.Rules, policy.Gates}[i], Part: 1, Parts: 1, Bytes: event.Own(text)}
		for _, c := range change {
			c(&d, &set)
		}
		s.on(event.Policy, "", d, event.ID{})
	}
	set.Documents = []event.Commitment{sha256.Sum256(rules), sha256.Sum256(gates)}
	set.RuleSet = policy.SetHash(set.Documents)
	s.on(event.Policy, "put-"+version, set, event.ID{})
	return s
}

// versioned is the default rules, under another version.
func versioned(version string) []byte {
	return bytes.Replace(defaultRules, []byte(`"version": "2026-01"`), []byte(`"version": "`+version+`"`), 1)
}

// What is in force is the last that was published and had begun, as far as it
// was known; before any, it is the default.
func TestTheRulesInForceAreThosePublishedLast(t *testing.T) {
	t.Parallel()
	s := newStory(t).at("2026-02-02 10:00").put("a", versioned("a"), defaultGates).at("2026-03-01 10:00").put("b", versioned("b"), defaultGates)
	now := s.history().Shared.Now()
	for at, want := range map[string]policy.Version{"2026-02-02 09:59": "2026-01", "2026-02-02 10:00": "a", "2026-02-28 23:59": "a", "2026-03-01 10:00": "b"} {
		if got := now.Rules(london(at).Earliest()).Version(); got != want {
			t.Errorf("at %s: got %s, want %s", at, got, want)
		}
	}
	if got := s.history().Shared.KnownAt(london("2026-02-15 10:00").Earliest()).Rules(london("2026-03-02 10:00").Earliest()).Version(); got != "a" {
		t.Errorf("as known in February: got %s, want a", got)
	}
	for _, set := range append(now.RuleSets(), Default()) {
		got, ok := now.RuleSet(set.Hash())
		if !ok || got.Hash() != set.Hash() || len(got.All()) != len(Default().All()) {
			t.Errorf("%s: not found by its hash", set.Version())
		}
	}
	if _, ok := now.RuleSet(event.Commitment{1}); ok || len(now.RuleSets()) != 2 {
		t.Error("a rule set is there that nobody published")
	}
}

// Nothing may be told by a rule set whose bytes are not there, or not what they
// were.
func TestARuleSetThatCannotBeReadPermitsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*policy.DocumentPublished, *policy.RuleSetPublished){
		"altered": func(d *policy.DocumentPublished, _ *policy.RuleSetPublished) { d.Bytes = event.Own([]byte("{}")) },
		"half":    func(d *policy.DocumentPublished, _ *policy.RuleSetPublished) { d.Parts = 2 },
		"absent":  func(d *policy.DocumentPublished, _ *policy.RuleSetPublished) { d.Hash = event.Commitment{9} },
	} {
		s := newStory(t).at("2026-02-02 10:00").put(name, versioned(name), defaultGates, change)
		set := s.history().Shared.Now().Rules(s.now)
		if string(set.Version()) != name || len(set.All()) != 0 {
			t.Errorf("%s: it has %d rules", name, len(set.All()))
		}
	}
	unreadable := []byte(`{"list":"rules"}`)
	s := newStory(t).at("2026-02-02 10:00").put("bad", unreadable, defaultGates)
	if set := s.history().Shared.Now().Rules(s.now); len(set.All()) != 0 || set.Hash() == Default().Hash() {
		t.Error("what cannot be understood has rules")
	}
	if !slices.Equal(s.history().Shared.Now().Rules(s.now.Add(-time.Hour)).Documents(), Default().Documents()) {
		t.Error("before it, the default is in force")
	}
}
