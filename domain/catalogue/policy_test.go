package catalogue_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

// ruleSet is a body that publishes the program's own rules as a version, long
// enough to need several parts.
func ruleSet(t *testing.T, version string) string {
	t.Helper()
	rules, gates := lawfulness.DefaultDocuments()
	text := strings.Replace(string(rules), `"version": "`+string(lawfulness.Default().Version())+`"`, `"version": "`+version+`"`, 1)
	if text == string(rules) && version != string(lawfulness.Default().Version()) {
		t.Fatal("the rules give no version")
	}
	text += strings.Repeat("\n", 64<<10) // as far as a request may go
	b, err := json.Marshal(policy.PublishRuleSet{Version: policy.Version(version), Rules: text, Gates: string(gates), Reason: "An invented reason."})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestARuleSetIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	g := newStory(t, event.Policy).as("DPO", "HUB-CAM")
	body := ruleSet(t, "2026-a")
	drafts := g.when("publish-rule-set", body).then()
	var sent policy.PublishRuleSet
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	if len(drafts) < 4 {
		t.Errorf("got %d events, want the documents in several parts", len(drafts))
	}
	for _, d := range drafts {
		if d.Side != event.Shared {
			t.Errorf("%T is of side %q, want it open to every side", d.Data, d.Side)
		}
	}
	s := policy.Fold(g.standing())
	set, ok := s.RuleSetAt(g.ctx.Now)
	if !ok || set.Version != "2026-a" || set.RuleSet != sent.Set() || set.RuleSet != policy.SetHash(set.Documents) {
		t.Fatalf("in force: %v, %+v", ok, set)
	}
	texts, err := s.Texts(set.Documents)
	if err != nil || string(texts[policy.Rules]) != sent.Rules || string(texts[policy.Gates]) != sent.Gates {
		t.Errorf("the documents do not come back: %v", err)
	}
	if _, ok := s.RuleSetAt(g.ctx.Now.Add(-1)); ok {
		t.Error("in force before it was published")
	}
	g.when("publish-rule-set", body).nothing()

	g.at("2026-02-01 09:00").when("publish-rule-set", ruleSet(t, "2026-b")).then()
	if now, _ := policy.Fold(g.standing()).RuleSetAt(g.ctx.Now); now.Version != "2026-b" {
		t.Errorf("in force: %s, want the later one", now.Version)
	}
	// Back to the earlier one: its documents are on the stream.
	g.at("2026-03-01 09:00").when("publish-rule-set", body).then("policy.rule-set-published")
	g.at("2026-02-15 09:00").when("publish-rule-set", ruleSet(t, "2026-c")).refused("rules-out-of-order")
}

// Each event of a rule set as long as a request may be fits a store.
func TestEveryPartFitsAnEvent(t *testing.T) {
	t.Parallel()
	g := newStory(t, event.Policy).as("DPO", "HUB-CAM")
	drafts := g.when("publish-rule-set", ruleSet(t, "2026-a")).then()
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: func() time.Time { return g.ctx.Now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	sealed, err := codec.New(catalogue.Events, keys, rand.Reader).Seal(t.Context(), eventstore.Command{ID: g.ctx.Command, Stream: g.stream,
		Subject: g.stream.Subject(), Effective: event.At(g.ctx.Now), Actor: g.ctx.Actor, Origin: event.Live}, drafts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range sealed {
		if len(e.Body) > eventstore.MaxBodyBytes {
			t.Errorf("an event of %d bytes", len(e.Body))
		}
	}
}

func TestRulesThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	good := ruleSet(t, "2026-a")
	g := newStory(t, event.Policy).as("CALDICOTT", "HUB-CAM")
	for pointer, body := range map[string]string{
		"/rules":   with(good, "rules", `{"canary-value":1}`),
		"/gates":   with(good, "gates", "canary-value"),
		"/version": with(good, "version", "another"),
		"/reason":  with(good, "reason", ""),
	} {
		r := g.when("publish-rule-set", body)
		r.invalid(pointer)
		if f := fault.Of(r.err); f != nil && strings.Contains(f.Message+f.Fields[0].Message, "canary") {
			t.Errorf("%s: the fault says what the document says: %s", pointer, f.Message)
		}
	}
	g.when("publish-rule-set", with(good, "gates", "")).invalid("/gates")
	g.when("publish-rule-set", with(good, "rules", strings.Repeat(" ", 128<<10+1))).invalid("/rules")
	if r := g.decide("publish-rule-set", with(good, "rules", "{}"), event.Imported); r.err == nil {
		t.Error("rules that cannot be read were imported")
	}
	g.when("publish-rule-set", good).then()
	g.as("IG_LEAD", "HUB-CAM").when("publish-rule-set", good).refused("role-may-not")

	changed := with(good, "reason", "Another reason.")
	var b policy.PublishRuleSet
	if err := json.Unmarshal([]byte(changed), &b); err != nil {
		t.Fatal(err)
	}
	g.as("DPO", "HUB-CAM").when("publish-rule-set", with(changed, "rules", b.Rules+"\n")).refused("version-taken")
}

func TestTheCodeListsAreOnTheRecordOnce(t *testing.T) {
	t.Parallel()
	g := newStory(t, event.Policy).as("SYSTEM", "HUB-CAM")
	g.when("publish-reference-data", `{}`).then()
	g.when("publish-reference-data", `{}`).nothing()
	s := policy.Fold(g.standing())
	in, ok := s.ReferenceDataAt(g.ctx.Now)
	texts, err := s.Texts(in.Documents)
	lists, errLists := reference.Lists()
	if !ok || err != nil || errLists != nil || len(texts) != len(lists) {
		t.Fatalf("in use %v, %d lists of %d: %v, %v", ok, len(texts), len(lists), err, errLists)
	}
	for _, l := range lists {
		if !bytes.Equal(texts[policy.Name(l.Name+".json")], l.Bytes) {
			t.Errorf("list %s does not come back", l.Name)
		}
	}
	g.as("DPO", "HUB-CAM").when("publish-reference-data", `{}`).refused("role-may-not")
}

func TestADocumentThatIsNotWholeIsNotGiven(t *testing.T) {
	t.Parallel()
	whole := newStory(t, event.Policy).as("DPO", "HUB-CAM")
	whole.when("publish-rule-set", ruleSet(t, "2026-a")).then()
	set, _ := policy.Fold(whole.standing()).RuleSetAt(whole.ctx.Now)
	rules := set.Documents[0]

	for _, erased := range []event.State{event.Erased, event.Withheld} {
		events := append([]event.Recorded(nil), whole.history...)
		events[1].Operational = erased
		if _, _, err := policy.Fold(events).Document(rules); !errors.Is(err, policy.ErrIncomplete) {
			t.Errorf("a part is %s: got %v, want ErrIncomplete", erased, err)
		}
	}
	if _, _, err := policy.Fold(whole.history).Document(event.Commitment{1}); !errors.Is(err, policy.ErrNoDocument) {
		t.Errorf("got %v, want ErrNoDocument", err)
	}
	events := append([]event.Recorded(nil), whole.history...)
	part := events[0].Data.(policy.DocumentPublished)
	part.Bytes = event.Own(append([]byte("x"), part.Bytes.Value()[1:]...))
	events[0].Data = part
	s := policy.Fold(events)
	if _, _, err := s.Document(rules); !errors.Is(err, policy.ErrAltered) {
		t.Errorf("got %v, want ErrAltered", err)
	}
	if _, err := s.Texts(set.Documents); !errors.Is(err, policy.ErrAltered) {
		t.Errorf("got %v, want ErrAltered", err)
	}
	// What is not whole is published again.
	whole.history = events
	whole.at("2026-02-01 09:00").when("publish-rule-set", ruleSet(t, "2026-b")).then()
	whole.at("2026-02-02 09:00").when("publish-rule-set", ruleSet(t, "2026-a")).then()
	if _, _, err := policy.Fold(whole.standing()).Document(rules); err != nil {
		t.Errorf("published again: %v", err)
	}
}
