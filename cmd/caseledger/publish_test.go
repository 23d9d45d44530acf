package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// opened is a record of a test, at a time.
func opened(t *testing.T, dir dataDir, at string) *record {
	t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	r, err := opening{dir: dir, mode: writing, now: func() time.Time { return now }, random: newRandom()}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *record) policies(t *testing.T) (policy.State, []event.Recorded) {
	t.Helper()
	var history []event.Recorded
	for s, err := range r.store.ReadStream(t.Context(), event.Policy, 0) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.codec.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		history = append(history, e)
	}
	return policy.Fold(event.Standing(history)), history
}

// TestWhatDecisionsAreMadeByIsOnTheRecord opens a record again and again: the
// rules and the code lists are there from the first time, whole, once.
func TestWhatDecisionsAreMadeByIsOnTheRecord(t *testing.T) {
	t.Parallel()
	dir := dataDir(filepath.Join(t.TempDir(), "data"))
	var heads []event.Position
	for _, at := range []string{"2026-02-02T09:00:00Z", "2026-02-03T09:00:00Z", "2026-02-04T09:00:00Z"} {
		r := opened(t, dir, at)
		head, err := r.head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, head)
		s, history := r.policies(t)
		if len(s.RuleSets) != 1 || s.RuleSets[0].RuleSet != lawfulness.Default().Hash() || len(s.ReferenceData) != 1 {
			t.Errorf("at %s there are %d rule sets and %d sets of code lists", at, len(s.RuleSets), len(s.ReferenceData))
		}
		rules, gates := lawfulness.DefaultDocuments()
		texts, err := s.Texts(append(s.RuleSets[0].Documents, s.ReferenceData[0].Documents...))
		if err != nil || string(texts[policy.Rules]) != string(rules) || string(texts[policy.Gates]) != string(gates) || len(texts["purposes.json"]) == 0 {
			t.Errorf("the documents do not come back: %v", err)
		}
		for _, e := range history {
			if e.Type != "key.created" && (e.Actor.Role != "SYSTEM" || e.Actor.Side != event.Shared || e.Effective.String() != "2026-02-02T09:00:00Z") {
				t.Errorf("%s is by %+v at %s", e.Type, e.Actor, e.Effective)
			}
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
	}
	if heads[0] == 0 || heads[1] != heads[0] || heads[2] != heads[0] {
		t.Errorf("the record grew by being opened: %v", heads)
	}
}

// TestRulesThatSomebodyChoseStayInForce checks that a start does not put the
// program's own rules in their place.
func TestRulesThatSomebodyChoseStayInForce(t *testing.T) {
	t.Parallel()
	rules, _ := lawfulness.DefaultDocuments()
	version := string(lawfulness.Default().Version())
	chosen := policy.RuleSetPublished{RuleSet: event.Commitment{1}, Version: policy.Version(version + "-other")}
	own := policy.RuleSetPublished{RuleSet: lawfulness.Default().Hash()}
	older := policy.RuleSetPublished{RuleSet: event.Commitment{2}}
	if len(rules) == 0 {
		t.Fatal("there are no rules")
	}
	for name, c := range map[string]struct {
		sets []policy.RuleSetPublished
		by   []event.UUID
		want bool
	}{
		"an empty record":                    {nil, nil, false},
		"its own":                            {[]policy.RuleSetPublished{own}, []event.UUID{publisher.ID}, true},
		"an older one of its own":            {[]policy.RuleSetPublished{older}, []event.UUID{publisher.ID}, false},
		"somebody's":                         {[]policy.RuleSetPublished{older, chosen}, []event.UUID{publisher.ID, actorID("DPO1")}, true},
		"its own, which somebody replaced":   {[]policy.RuleSetPublished{own, chosen}, []event.UUID{publisher.ID, actorID("DPO1")}, true},
		"somebody's, which a start replaced": {[]policy.RuleSetPublished{chosen, older}, []event.UUID{actorID("DPO1"), publisher.ID}, false},
	} {
		var standing []event.Recorded
		for i, s := range c.sets {
			standing = append(standing, event.Recorded{ID: event.ID{UUID: event.DeriveUUID("test", []byte{byte(i)})}, Stream: event.Policy,
				Meta: event.Meta{Type: "policy.rule-set-published", Actor: event.Actor{ID: c.by[i]}}, Data: s, Operational: event.Open})
		}
		if got := settled(standing, lawfulness.Default()); got != c.want {
			t.Errorf("%s: settled %t, want %t", name, got, c.want)
		}
	}
}

// TestASimulationBeginsWhenItsJournalDoes checks that nothing is recorded later
// than its line says, however long ago that was.
func TestASimulationBeginsWhenItsJournalDoes(t *testing.T) {
	t.Parallel()
	data, errs, code := runJournal(t, strings.ReplaceAll(goodLine, "2026-02-02", "2019-03-04"))
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	out, errs, code := call(t, nil, "events", "list", "--json", "--data", data)
	if code != 0 {
		t.Fatalf("events list ended with %d: %s", code, errs)
	}
	for line := range strings.Lines(out) {
		if !strings.Contains(line, `"recordedAt":"2019-03-04T09:00:00Z"`) {
			t.Fatal(fmt.Errorf("recorded at another time: %s", line))
		}
	}
}

// TestRulesAreNotInForceBeforeWhatIsRecorded publishes with a clock far behind
// the ledger's, as one that has not been set yet.
func TestRulesAreNotInForceBeforeWhatIsRecorded(t *testing.T) {
	t.Parallel()
	r := opened(t, dataDir(filepath.Join(t.TempDir(), "data")), "2026-02-02T09:00:00Z")
	defer func() { _ = r.close() }()
	text, gates := lawfulness.DefaultDocuments()
	rules := strings.Replace(string(text), fmt.Sprintf("%q", lawfulness.Default().Version()), `"2099-01"`, 1)
	set, err := lawfulness.Parse([]byte(rules), gates)
	if err != nil {
		t.Fatal(err)
	}
	body := policy.PublishRuleSet{Version: set.Version(), Rules: rules, Gates: string(gates), Reason: "a later program"}
	if err := r.publishOne(t.Context(), func() time.Time { return time.Time{} }, "publish-rule-set", body, set); err != nil {
		t.Fatal(err)
	}
	if s, _ := r.policies(t); len(s.RuleSets) != 2 {
		t.Errorf("%d rule sets are on the record, want two", len(s.RuleSets))
	}
}

// quicker is a store in which somebody else appends to the policy first.
type quicker struct {
	ledgerStore
	first func()
}

func (q *quicker) Append(ctx context.Context, stream eventstore.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if first := q.first; first != nil && stream == event.Policy {
		q.first = nil
		first()
	}
	return q.ledgerStore.Append(ctx, stream, expected, events)
}

// Of processes that start at the same time one publishes, and the others take
// what it published.
func TestPublishingIsARaceThatNobodyLoses(t *testing.T) {
	t.Parallel()
	dir := dataDir(filepath.Join(t.TempDir(), "data"))
	o := opening{dir: dir, mode: writing, now: time.Now, random: rand.Reader}
	r := &record{dir: dir}
	if err := dir.prepare(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.store, err = o.openLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.vault, err = o.openKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	r.codec = codec.New(catalogue.Events, r.vault, rand.Reader)
	other := *r
	raced := 0
	r.store = &quicker{r.store, func() {
		raced++
		if err := other.publish(t.Context(), time.Now); err != nil {
			t.Error(err)
		}
	}}
	if err := r.publish(t.Context(), time.Now); err != nil || raced != 1 {
		t.Errorf("publishing ends with %v after %d races", err, raced)
	}
	types := map[string]int{}
	for e, err := range r.store.ReadStream(t.Context(), event.Policy, 0) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := codec.Peek(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		types[meta.Type]++
	}
	for _, name := range []string{"policy.rule-set-published", "policy.reference-data-published"} {
		if types[name] != 1 {
			t.Errorf("%s is recorded %d times, of %v", name, types[name], types)
		}
	}
}
