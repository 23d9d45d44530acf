package lawfulness

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/eval"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// Policy is one policy of a gate as it is written down: one reason for which
// the gate fails.
type Policy struct {
	ID      string          `json:"id"`
	Gate    disclosure.Gate `json:"gate"`
	Code    string          `json:"code"`
	Pointer string          `json:"pointer"`
	Message string          `json:"message"`
	Source  string          `json:"source"`
	From    event.Day       `json:"from"`
	Until   event.Day       `json:"until,omitzero"` // the first day it is no longer in force
	// Each and Spare name the sets by which it fails once for each category.
	Each  string `json:"each,omitempty"`
	Spare string `json:"spare,omitempty"`
	// Of says that it is asked when something is decided, and not again when it
	// is told.
	Of string `json:"of,omitempty"`
	// When is what it forbids, as Cedar.
	When string `json:"when"`
}

// Policies returns every policy of every gate, in the order of their file.
func (s *RuleSet) Policies() []Policy {
	var all []Policy
	for _, g := range s.gates.all {
		p := Policy{ID: g.failure.Policy, Gate: g.failure.Gate, Code: g.failure.Code, Pointer: g.failure.Pointer, Message: g.failure.Message,
			Source: g.failure.Source, From: g.from, Until: g.until, Each: string(g.each), Spare: string(g.spare), When: condition(g.policy.MarshalCedar())}
		if g.once {
			p.Of = "decision"
		}
		all = append(all, p)
	}
	return all
}

// condition is a policy's text without its annotations, on one line.
func condition(text []byte) string {
	var words []string
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte("@")) {
			words = append(words, strings.Fields(string(line))...)
		}
	}
	return strings.Join(words, " ")
}

// DifferenceKind says what became of an entry of a rule set in another.
type DifferenceKind string

// The kinds of difference.
const (
	Added   DifferenceKind = "ADDED"
	Removed DifferenceKind = "REMOVED"
	Changed DifferenceKind = "CHANGED"
)

// Difference is one rule, or one policy of a gate, that two rule sets do not
// have alike.
type Difference struct {
	Kind DifferenceKind `json:"kind"`
	// Rule and From name a rule, by its id and its first day; Policy and Gate a
	// policy. The other pair is empty.
	Rule   disclosure.Rule `json:"rule,omitempty"`
	From   event.Day       `json:"from,omitzero"`
	Policy string          `json:"policy,omitempty"`
	Gate   disclosure.Gate `json:"gate,omitempty"`
	// Fields are those that differ, by name; of what was added or removed, all
	// that it has.
	Fields []FieldDifference `json:"fields"`
}

// FieldDifference is one member that differs. A member that is not there is
// empty.
type FieldDifference struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Compare lists what another rule set has otherwise: rules by id and first day,
// then policies in the order of their files. The order within a set of codes
// counts: the first is the usual one. That two sets differ in their version, in
// where they come from or in the order of their policies is no difference.
func (s *RuleSet) Compare(other *RuleSet) []Difference {
	all := []Difference{}
	type key struct {
		id   disclosure.Rule
		from event.Day
	}
	compare(s.rules, other.rules, func(r Rule) key { return key{r.ID, r.From} }, func(kind DifferenceKind, r Rule, f []FieldDifference) {
		all = append(all, Difference{Kind: kind, Rule: r.ID, From: r.From, Fields: f})
	})
	slices.SortStableFunc(all, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.From, b.From)) })
	compare(s.Policies(), other.Policies(), func(p Policy) string { return p.ID }, func(kind DifferenceKind, p Policy, f []FieldDifference) {
		all = append(all, Difference{Kind: kind, Policy: p.ID, Gate: p.Gate, Fields: f})
	})
	return all
}

// compare reports what became of each member of before, and then what after has
// besides.
func compare[T any, K comparable](before, after []T, key func(T) K, report func(DifferenceKind, T, []FieldDifference)) {
	find := func(in []T, k K) (T, bool) {
		i := slices.IndexFunc(in, func(t T) bool { return key(t) == k })
		if i < 0 {
			var none T
			return none, false
		}
		return in[i], true
	}
	for _, b := range before {
		a, there := find(after, key(b))
		switch {
		case !there:
			report(Removed, b, fields(members(b), nil))
		default:
			if f := fields(members(b), members(a)); len(f) > 0 {
				report(Changed, a, f)
			}
		}
	}
	for _, a := range after {
		if _, there := find(before, key(a)); !there {
			report(Added, a, fields(nil, members(a)))
		}
	}
}

// members are the members of what is written down, as JSON.
func members(of any) map[string]json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a condition holds & and <
	var all map[string]json.RawMessage
	err := e.Encode(of)
	if err == nil {
		err = json.Unmarshal(b.Bytes(), &all)
	}
	if err != nil {
		panic(fmt.Sprintf("lawfulness: %v", err)) // made of text, numbers and days
	}
	return all
}

func fields(before, after map[string]json.RawMessage) []FieldDifference {
	names := maps.Clone(before)
	if names == nil {
		names = map[string]json.RawMessage{}
	}
	maps.Copy(names, after)
	different := []FieldDifference{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(before[name], after[name]) {
			different = append(different, FieldDifference{Name: name, Before: before[name], After: after[name]})
		}
	}
	return different
}

// PoliciesOf returns the policies that can fail a disclosure under a rule,
// whatever the facts are: those that ask about other rules are left out.
func (s *RuleSet) PoliciesOf(r Rule) []Policy {
	unknown := eval.Env{Principal: eval.Variable("principal"), Action: tell, Resource: entityOf(r), Context: eval.Variable("context"), Entities: s.gates.rules}
	var all []Policy
	for i, p := range s.Policies() {
		if _, can := eval.PartialPolicy(unknown, (*ast.Policy)(s.gates.all[i].policy.AST())); can {
			all = append(all, p)
		}
	}
	return all
}
