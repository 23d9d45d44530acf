package lawfulness

import (
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/policy"
	"caseledger/domain/reference"
)

// Failure is one reason for which a gate fails.
type Failure struct {
	Gate    disclosure.Gate `json:"gate"`
	Policy  string          `json:"policy"`  // the id of the policy that forbids it
	Code    string          `json:"code"`    // kebab-case, stable
	Pointer string          `json:"pointer"` // the member of the proposal it is about
	Message string          `json:"message"`
	Source  string          `json:"source"` // the law or policy behind it
}

// gate is one policy: one reason for which a gate fails.
type gate struct {
	failure     Failure
	from, until event.Day
	each, spare types.String
	once        bool // asked when something is decided, and not again when it is told
	policy      *cedar.Policy
}

// gates are the policies that judge a disclosure under a rule, in the order of
// their file.
type gates struct {
	all   []gate
	awake event.Day       // from when on all are in force for ever; 0: some end
	rules types.EntityMap // the rule table as Cedar sees it, by id and version
}

//go:embed gates.cedarschema
var gateSchema []byte

var gateValidator = func() func(id string, p *ast.Policy) error {
	var s schema.Schema
	if err := s.UnmarshalCedar(gateSchema); err != nil {
		panic(fmt.Sprintf("lawfulness: gates.cedarschema: %v", err))
	}
	r, err := s.Resolve()
	if err != nil {
		panic(fmt.Sprintf("lawfulness: gates.cedarschema: %v", err))
	}
	resolvedSchema = r
	return validate.New(r).Policy
}()

var resolvedSchema *resolved.Schema

// annotations that a policy must have, and those that it may.
var (
	mustAnnotate = []types.AnnotationKey{"id", "gate", "code", "pointer", "message", "source", "from"}
	mayAnnotate  = []types.AnnotationKey{"until", "each", "spare", "of"}
	kebabCase    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// parseGates reads the policies strictly: each forbids, has every annotation
// and fits the schema, and together they have every gate.
func parseGates(raw []byte, rules []Rule) (gates, error) {
	file := string(policy.Gates)
	list, err := cedar.NewPolicyListFromBytes(file, raw)
	if err != nil {
		return gates{}, fmt.Errorf("%s: %w", file, err)
	}
	g := gates{rules: entities(rules)}
	for _, p := range list {
		one, err := readGate(p)
		if err == nil && slices.ContainsFunc(g.all, func(o gate) bool { return o.failure.Policy == one.failure.Policy }) {
			err = errors.New("its id is taken")
		}
		if err != nil {
			return gates{}, fmt.Errorf("%s: line %d: policy %q: %w", file, p.Position().Line, p.Annotations()["id"], err)
		}
		g.all = append(g.all, one)
	}
	for _, one := range g.all {
		g.awake = max(g.awake, one.from)
	}
	if slices.ContainsFunc(g.all, func(o gate) bool { return o.until != 0 }) {
		g.awake = 0
	}
	for _, id := range disclosure.Gates {
		if !slices.ContainsFunc(g.all, func(o gate) bool { return o.failure.Gate == id }) {
			return gates{}, fmt.Errorf("%s: no policy of gate %s", file, id)
		}
	}
	return g, nil
}

func readGate(p *cedar.Policy) (gate, error) {
	said := p.Annotations()
	for name := range said {
		if !slices.Contains(mustAnnotate, name) && !slices.Contains(mayAnnotate, name) {
			return gate{}, errors.New("unknown annotation")
		}
	}
	for _, name := range mustAnnotate {
		if v, ok := said[name]; !ok || v == "" && name != "pointer" {
			return gate{}, fmt.Errorf("no @%s", name)
		}
	}
	g := gate{policy: p, each: said["each"], spare: said["spare"], failure: Failure{Gate: disclosure.Gate(said["gate"]), Policy: string(said["id"]),
		Code: string(said["code"]), Pointer: string(said["pointer"]), Message: string(said["message"]), Source: string(said["source"])}}
	var err error
	if g.from, err = event.ParseDay(string(said["from"])); err != nil {
		return gate{}, errors.New("@from is no day")
	}
	if until, ok := said["until"]; ok {
		if g.until, err = event.ParseDay(string(until)); err != nil || g.until <= g.from {
			return gate{}, errors.New("@until is no day after @from")
		}
	}
	of, once := said["of"]
	g.once = once
	switch {
	case once && of != "decision":
		return gate{}, errors.New("@of is not decision")
	case p.Effect() != cedar.Forbid:
		return gate{}, errors.New("it permits; a gate only forbids")
	case !slices.Contains(disclosure.Gates, g.failure.Gate):
		return gate{}, errors.New("unknown gate")
	case !kebabCase.MatchString(g.failure.Code):
		return gate{}, errors.New("@code is not kebab-case")
	case strings.Contains(g.failure.Pointer, "*") != (g.each != ""):
		return gate{}, errors.New("@each and a * in @pointer go together")
	case g.each != "" && !isSet(g.each, false) || g.spare != "" && (g.each == "" || !isSet(g.spare, true)):
		return gate{}, errors.New("@each or @spare names no set")
	}
	if err := gateValidator(g.failure.Policy, (*ast.Policy)(p.AST())); err != nil {
		return gate{}, err
	}
	return g, nil
}

// isSet reports whether a set of that name is in the context or, if it may be,
// of the rule.
func isSet(name types.String, ofRule bool) bool {
	action := resolvedSchema.Actions[tell]
	a, ok := action.AppliesTo.Context[name]
	if !ok && ofRule {
		a, ok = resolvedSchema.Entities[ruleType].Shape[name]
	}
	_, set := a.Type.(resolved.SetType)
	return ok && set
}

const (
	ruleType types.EntityType = "Rule"
	roleType types.EntityType = "Role"
)

var tell = types.NewEntityUID("Action", "tell")

// entityOf names a rule for Cedar. The zero rule stands for there being none.
func entityOf(r Rule) types.EntityUID {
	return types.NewEntityUID(ruleType, types.String(string(r.ID)+" "+strconv.Itoa(r.Version)))
}

// entities are the rules as Cedar sees them.
func entities(rules []Rule) types.EntityMap {
	all := types.EntityMap{}
	for _, r := range append([]Rule{{}}, rules...) {
		uid := entityOf(r)
		all[uid] = types.Entity{UID: uid, Attributes: types.NewRecord(types.RecordMap{
			"id": types.String(r.ID), "version": types.Long(r.Version),
			"art6": setOf(r.Article6), "art9": setOf(r.Article9), "sch1": setOf(r.Schedule1),
			"confidence": setOf(r.Confidence), "gateways": setOf(r.Gateways),
			"ceiling": setOf(reference.Expand(r.Ceiling...)), "overrides": setOf(overridden(r)), "overridesOn": setOf(r.OverridesOn),
			"deciders": setOf(r.Deciders), "seniors": setOf(r.Seniors), "agreement": types.Boolean(r.Agreement),
		})}
	}
	return all
}

func overridden(r Rule) []event.Category {
	if slices.Contains(r.Overrides, "*") {
		return reference.Categories.Codes()
	}
	return reference.Expand(r.Overrides...)
}

func setOf[C ~string](codes []C) types.Set {
	if len(codes) == 0 {
		return types.Set{}
	}
	values := make([]types.Value, len(codes))
	for i, c := range codes {
		values[i] = types.String(c)
	}
	return types.NewSet(values...)
}

// inForce iterates over the policies in force on a day, in their order, for
// telling without those that are about deciding alone.
type inForce struct {
	gates   []gate
	on      event.Day
	telling bool
}

func (f inForce) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, g := range f.gates {
			if f.on >= g.from && (g.until == 0 || f.on < g.until) && !(f.telling && g.once) && !yield(cedar.PolicyID(g.failure.Policy), g.policy) {
				return
			}
		}
	}
}

// judge says for which reasons the gates fail a disclosure under a rule, in
// the order of the policies. Cedar passes over a policy whose evaluation
// errors; here that is a failure of its gate. It is the only caller of Cedar.
func (g gates) judge(r Rule, role event.Role, f facts, on event.Day) []Failure {
	_, diagnostic := cedar.Authorize(inForce{g.all, on, f.telling}, g.rules, cedar.Request{
		Principal: types.NewEntityUID(roleType, types.String(role)), Action: tell, Resource: entityOf(r), Context: f.record(r)})
	var failed []Failure
	forbids := map[cedar.PolicyID]bool{}
	for _, reason := range diagnostic.Reasons {
		forbids[reason.PolicyID] = true
	}
	errored := map[cedar.PolicyID]bool{}
	for _, e := range diagnostic.Errors {
		errored[e.PolicyID] = true
	}
	for _, id := range g.asleep(on) {
		failed = append(failed, Failure{Gate: id, Code: "gate-not-evaluated", Message: "no policy of this gate is in force, so it does not pass"})
	}
	if len(forbids)+len(errored) == 0 {
		return failed
	}
	for _, one := range g.all {
		switch id := cedar.PolicyID(one.failure.Policy); {
		case errored[id]:
			e := one.failure
			e.Code, e.Pointer, e.Message = "gate-not-evaluated", "", "this gate could not be evaluated, so it does not pass"
			failed = append(failed, e)
		case forbids[id]:
			failed = append(failed, one.failures(g.rules[entityOf(r)].Attributes, f, r)...)
		}
	}
	return failed
}

// asleep are the gates of which no policy is in force on a day.
func (g gates) asleep(on event.Day) []disclosure.Gate {
	if g.awake != 0 && on >= g.awake {
		return nil
	}
	awake := make([]disclosure.Gate, 0, len(disclosure.Gates))
	for _, one := range g.all {
		if on >= one.from && (one.until == 0 || on < one.until) && !slices.Contains(awake, one.failure.Gate) {
			awake = append(awake, one.failure.Gate)
		}
	}
	if len(awake) == len(disclosure.Gates) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(disclosure.Gates), func(id disclosure.Gate) bool { return slices.Contains(awake, id) })
}

// failures is the one failure of a policy, or one for each category that it is
// about.
func (g gate) failures(rule types.Record, f facts, r Rule) []Failure {
	if g.each == "" {
		return []Failure{g.failure}
	}
	each, spare := f.set(g.each, rule, r), f.set(g.spare, rule, r)
	var failed []Failure
	at := func(spared bool) {
		for i, c := range f.p.Categories {
			if each.Contains(types.String(c)) && (spared || !spare.Contains(types.String(c))) {
				one := g.failure
				one.Pointer = strings.Replace(one.Pointer, "*", strconv.Itoa(i), 1)
				failed = append(failed, one)
			}
		}
	}
	at(false)
	if len(failed) == 0 { // it is not the set alone that spares them
		at(true)
	}
	return failed
}
