package lawfulness

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

var (
	//go:embed rules.json
	defaultRules []byte
	//go:embed gates.cedar
	defaultGates []byte
)

// RuleSet is one version of the rules and of the gates they are judged by. It
// is not changed once it is parsed.
type RuleSet struct {
	version   policy.Version
	source    string
	documents [2]event.Commitment // of the rules and of the gates
	rules     []Rule              // by id, then by first day
	gates     gates
}

// Version is the rule file's own version.
func (s *RuleSet) Version() policy.Version { return s.version }

// Source says where the rules come from.
func (s *RuleSet) Source() string { return s.source }

// Documents are the SHA-256 hashes of the rules and of the gates, in that
// order.
func (s *RuleSet) Documents() []event.Commitment { return slices.Clone(s.documents[:]) }

// Hash is the SHA-256 over the documents' hashes.
func (s *RuleSet) Hash() event.Commitment { return policy.SetHash(s.documents[:]) }

// All returns every rule, by id and then by its first day.
func (s *RuleSet) All() []Rule { return slices.Clone(s.rules) }

// Rule returns the last version of a rule; false if there is none of that id.
func (s *RuleSet) Rule(id disclosure.Rule) (Rule, bool) {
	for _, r := range slices.Backward(s.rules) {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// RuleAt returns a rule as in force on a day; false if it is not.
func (s *RuleSet) RuleAt(id disclosure.Rule, on event.Day) (Rule, bool) {
	for _, r := range s.rules {
		if r.ID == id && r.InForce(on) {
			return r, true
		}
	}
	return Rule{}, false
}

// Matching returns the rules about telling that match a flow on a day, the most
// specific first. No two of them have the same rank.
func (s *RuleSet) Matching(from, to Party, purpose event.Purpose, on event.Day) []Rule {
	var match []Rule
	for _, r := range s.rules {
		if r.Of == Telling && r.InForce(on) && r.Matches(from, to, purpose) {
			match = append(match, r)
		}
	}
	slices.SortFunc(match, func(a, b Rule) int { return cmp.Compare(b.Rank, a.Rank) })
	return match
}

// Deciders lists the roles that decide under some rule about telling, senior
// ones included, each once.
func (s *RuleSet) Deciders() []event.Role {
	var roles []event.Role
	for _, r := range s.rules {
		if r.Of != Telling {
			continue
		}
		for _, role := range slices.Concat(r.Deciders, r.Seniors) {
			if !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// Default returns the rule set of this program, which is in force until
// another is published.
func Default() *RuleSet { return standard() }

var standard = sync.OnceValue(func() *RuleSet {
	s, err := Parse(defaultRules, defaultGates)
	if err != nil {
		panic(fmt.Sprintf("lawfulness: %v", err))
	}
	return s
})

// DefaultDocuments returns the bytes of the default rules and gates.
func DefaultDocuments() (rules, gates []byte) {
	return slices.Clone(defaultRules), slices.Clone(defaultGates)
}

// Parse reads a rule set strictly. An unknown or duplicate member, a missing
// source or first day, an empty set, an unknown code, two rules of one rank
// that match one flow on one day, and a gate that is missing or cannot be
// understood are errors naming the file and the line: of a rule, its first.
func Parse(rules, gates []byte) (*RuleSet, error) {
	s := &RuleSet{documents: [2]event.Commitment{sha256.Sum256(rules), sha256.Sum256(gates)}}
	if err := s.parseRules(rules); err != nil {
		return nil, err
	}
	var err error
	s.gates, err = parseGates(gates, s.rules)
	return s, err
}

func (s *RuleSet) parseRules(raw []byte) error {
	file := string(policy.Rules)
	var in struct {
		List    string            `json:"list"`
		Version policy.Version    `json:"version"`
		Source  string            `json:"source"`
		Rules   []json.RawMessage `json:"rules"`
	}
	if err := reference.DecodeStrict(file, raw, &in); err != nil {
		return err
	}
	switch {
	case in.List != "rules":
		return fmt.Errorf("%s: line 1: not a list of rules", file)
	case in.Version == "":
		return fmt.Errorf("%s: line 1: no version", file)
	case strings.TrimSpace(in.Source) == "":
		return fmt.Errorf("%s: line 1: no source", file)
	case len(in.Rules) == 0:
		return fmt.Errorf("%s: line 1: no rules", file)
	}
	s.version, s.source = in.Version, in.Source
	lines := ruleLines(raw)
	for i, text := range in.Rules {
		var r Rule
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return fmt.Errorf("%s: line %d: %w", file, lines[i], err)
		}
		err := r.check()
		if err == nil {
			err = emptySets(text)
		}
		for j := 0; err == nil && j < i; j++ {
			err = r.apart(s.rules[j], lines[j])
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: rule %s: %w", file, lines[i], r.ID, err)
		}
		s.rules = append(s.rules, r)
	}
	slices.SortStableFunc(s.rules, func(a, b Rule) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.From, b.From)) })
	return nil
}

// ruleLines returns the line on which each rule of a document begins. The
// document is known to be well formed.
func ruleLines(raw []byte) []int {
	d := json.NewDecoder(bytes.NewReader(raw))
	var lines []int
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return lines
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		case "rules":
			if depth != 1 {
				break
			}
			if open, err := d.Token(); err != nil || open != json.Delim('[') {
				break // the version, say, is "rules"
			}
			for d.More() {
				var skip json.RawMessage
				if d.Decode(&skip) != nil {
					return lines
				}
				lines = append(lines, reference.LineAt(raw, d.InputOffset()-int64(len(skip))))
			}
			return lines
		}
	}
}

// emptySets refuses a member that is there and names nothing: what is not
// needed is left out.
func emptySets(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if v := bytes.TrimSpace(members[name]); bytes.Equal(v, []byte("null")) || len(v) > 1 && v[0] == '[' && len(bytes.TrimSpace(v[1:len(v)-1])) == 0 {
			return fmt.Errorf("%s is an empty set", name)
		}
	}
	return nil
}

// check refuses a rule that says too little, or names what there is not.
func (r Rule) check() error {
	switch {
	case !slices.Contains(disclosure.Rules, r.ID):
		return errors.New("unknown id")
	case r.Version < 1:
		return errors.New("no version")
	case r.Text == "":
		return errors.New("no text")
	case strings.TrimSpace(r.Source) == "":
		return errors.New("no source")
	case r.Rank < 1:
		return errors.New("no rank")
	case r.From == 0:
		return errors.New("no first day")
	case r.Until != 0 && r.Until <= r.From:
		return errors.New("ends before it begins")
	case !slices.Contains([]Act{Telling, Presence, Access, Onward}, r.Of):
		return errors.New("unknown act")
	case len(r.OverridesOn) > 0 && len(r.Overrides) == 0:
		return errors.New("overridesOn without overrides")
	}
	special := slices.ContainsFunc(reference.Expand(slices.Concat(r.Ceiling, r.Consented)...), func(c event.Category) bool {
		e, _ := reference.Categories.Latest(c)
		return e.Special
	})
	if special && len(r.Article9) == 0 {
		return errors.New("its ceiling holds special categories and art9 is an empty set")
	}
	return errors.Join(
		set("fromSides", r.FromSides, true, in(event.Sides)), set("toSides", r.ToSides, true, in(event.Sides)),
		set("fromKinds", r.FromKinds, false, in(reference.OrganisationKinds)), set("toKinds", r.ToKinds, false, in(reference.OrganisationKinds)),
		set("purposes", r.Purposes, true, reference.Purposes.Listed),
		set("art6", r.Article6, true, in(disclosure.Articles6)), set("art9", r.Article9, false, in(disclosure.Articles9)),
		set("sch1", r.Schedule1, false, in(disclosure.Schedules1)), set("confidence", r.Confidence, false, in(disclosure.Confidences)),
		set("gateways", r.Gateways, false, in(disclosure.Gateways)),
		set("ceiling", r.Ceiling, true, reference.ValidScope), set("consented", r.Consented, false, reference.ValidScope),
		set("deciders", r.Deciders, true, reference.Roles.Listed), set("seniors", r.Seniors, false, reference.Roles.Listed),
		set("overrides", r.Overrides, false, func(c event.Category) bool { return c == "*" || reference.ValidScope(c) }),
		set("overridesOn", r.OverridesOn, false, in(disclosure.Confidences)),
	)
}

func in[C comparable](all []C) func(C) bool {
	return func(c C) bool { return slices.Contains(all, c) }
}

// set refuses a set that is empty where it may not be, or that holds a code
// twice or one that there is not.
func set[C ~string](name string, of []C, needed bool, known func(C) bool) error {
	if needed && len(of) == 0 {
		return fmt.Errorf("%s is an empty set", name)
	}
	for i, c := range of {
		if !known(c) {
			return fmt.Errorf("%s: unknown code", name)
		}
		if slices.Contains(of[:i], c) {
			return fmt.Errorf("%s: a code twice", name)
		}
	}
	return nil
}

// apart refuses a rule that cannot stand beside another of the set: two
// versions of one rule in force on one day, or two rules of one rank that match
// one flow.
func (r Rule) apart(other Rule, line int) error {
	if r.Until != 0 && r.Until <= other.From || other.Until != 0 && other.Until <= r.From {
		return nil
	}
	if r.ID == other.ID {
		return fmt.Errorf("in force twice on one day, also on line %d", line)
	}
	if r.Of != Telling || other.Of != Telling || r.Rank != other.Rank {
		return nil
	}
	if meet(r.FromSides, other.FromSides) && meet(r.ToSides, other.ToSides) && meet(r.Purposes, other.Purposes) &&
		(len(r.FromKinds) == 0 || len(other.FromKinds) == 0 || meet(r.FromKinds, other.FromKinds)) &&
		(len(r.ToKinds) == 0 || len(other.ToKinds) == 0 || meet(r.ToKinds, other.ToKinds)) {
		return fmt.Errorf("of the same rank as rule %s on line %d, which matches the same flow", other.ID, line)
	}
	return nil
}

func meet[C comparable](a, b []C) bool {
	return slices.ContainsFunc(a, func(c C) bool { return slices.Contains(b, c) })
}

// published are the rule sets of the policy stream, opened.
type published struct {
	policy policy.State
	sets   map[event.ID]*RuleSet // by the event that put each into force
}

func foldPolicy(standing []event.Recorded) published {
	p := published{policy.Fold(standing), map[event.ID]*RuleSet{}}
	for _, r := range p.policy.RuleSets {
		p.sets[r.Source] = open(p.policy, r)
	}
	return p
}

// open parses a published rule set. One whose documents are not on the stream,
// are not what their hashes say, or cannot be understood has no rules, so that
// nothing may be told by it.
func open(s policy.State, r policy.RuleSet) *RuleSet {
	set := &RuleSet{version: r.Version}
	copy(set.documents[:], r.Documents)
	texts, err := s.Texts(r.Documents)
	if err != nil || r.RuleSet != set.Hash() {
		return set
	}
	if known, ok := parsed.Load(set.Hash()); ok {
		return known.(*RuleSet)
	}
	whole, err := Parse(texts[policy.Rules], texts[policy.Gates])
	if err != nil || whole.Hash() != set.Hash() {
		return set
	}
	parsed.Store(set.Hash(), whole)
	return whole
}

// parsed keeps each published rule set, by its hash, once it was parsed.
var parsed sync.Map

// Rules returns the rule set in force at t as far as it was known: the last
// that was published and had begun, or else the default.
func (k Known) Rules(t time.Time) *RuleSet {
	p, _ := folded(k, event.Policy, foldPolicy)
	if r, ok := p.policy.RuleSetAt(t); ok {
		return p.sets[r.Source]
	}
	return Default()
}

// RuleSet returns a published rule set, or the default, by its hash; false if
// none is known.
func (k Known) RuleSet(hash event.Commitment) (*RuleSet, bool) {
	p, _ := folded(k, event.Policy, foldPolicy)
	if r, ok := p.policy.RuleSet(hash); ok {
		return p.sets[r.Source], true
	}
	return Default(), Default().Hash() == hash
}

// RuleSets returns every published rule set, in the order in which they were
// published.
func (k Known) RuleSets() []*RuleSet {
	p, _ := folded(k, event.Policy, foldPolicy)
	var all []*RuleSet
	for _, r := range p.policy.RuleSets {
		all = append(all, p.sets[r.Source])
	}
	return all
}
