package api

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
)

// decideCommand is the command whose outcome /decisions tries or records.
const decideCommand = "decide-disclosure"

// wrapped is the type of a body that names the person beside a command's own
// body: {"person": …, "decision": …}.
func wrapped(body reflect.Type) reflect.Type {
	return reflect.StructOf([]reflect.StructField{
		{Name: "Person", Type: reflect.TypeFor[event.UUID](), Tag: `json:"person"`},
		{Name: "Decision", Type: body, Tag: `json:"decision"`},
	})
}

func unwrap(whole any) (person event.UUID, body any) {
	v := reflect.ValueOf(whole)
	return v.Field(0).Interface().(event.UUID), v.Field(1).Interface()
}

func wrappedSchema(r huma.Registry, whole reflect.Type) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"person", "decision"},
		Properties: map[string]*huma.Schema{"person": uuidSchema, "decision": commandSchema(r, whole.Field(1).Type)}}
}

// evaluation is what would come of a permit, and everything that stands against
// it.
type evaluation struct {
	Person      event.UUID    `json:"person"`
	Verdict     string        `json:"verdict" doc:"PERMIT: a permit could be recorded now; REFUSE: it could not"`
	Explanation string        `json:"explanation"`
	Code        string        `json:"code,omitempty" doc:"of the first reason against it: kebab-case, stable"`
	Rule        string        `json:"rule,omitempty" doc:"the rule that permits it; of a refusal the one that was named, or else the nearest"`
	Gates       []string      `json:"gates,omitempty" doc:"the gates that failed"`
	Reasons     []fault.Field `json:"reasons,omitempty" doc:"all that stands against it, and the member it is about"`
	// Of a question about the past the two may differ.
	AsKnown   evaluated `json:"asKnown" doc:"as far as facts had been recorded by the moment asked about"`
	Hindsight evaluated `json:"hindsight" doc:"as far as facts are known now"`
}

// evaluated is the whole explanation: every rule that is about the flow and
// why it does not permit it.
type evaluated struct {
	Permit     bool                `json:"permit"`
	Rule       string              `json:"rule,omitempty"`
	Instead    string              `json:"instead,omitempty" doc:"a rule that would permit it where the one that was named does not"`
	Candidates []evaluatedRule     `json:"candidates" doc:"the most specific first"`
	Warnings   []evaluationWarning `json:"warnings,omitempty" doc:"what does not stop it, and a finding would be raised for"`
	RuleSet    string              `json:"ruleSet"`
	Hash       string              `json:"ruleSetHash"`
}

type evaluatedRule struct {
	Rule   string       `json:"rule,omitempty"`
	Text   string       `json:"text,omitempty"`
	Gates  []string     `json:"gates" doc:"the gates that failed; none: it permits it"`
	Failed []failedGate `json:"failed"`
}

type failedGate struct {
	Gate    string `json:"gate"`
	Code    string `json:"code"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
	Source  string `json:"source"`
}

type evaluationWarning struct {
	Monitor string `json:"monitor"`
	Message string `json:"message"`
}

// evaluatedAs is a verdict whose failures are about members under a pointer.
func evaluatedAs(at string, v lawfulness.Verdict) evaluated {
	j := evaluated{Permit: v.Permit, Rule: string(v.Rule), Instead: string(v.Instead), Candidates: []evaluatedRule{},
		RuleSet: string(v.RuleSet), Hash: hashText(v.Hash)}
	for _, c := range v.Candidates {
		j.Candidates = append(j.Candidates, evaluatedRule{Rule: string(c.Rule), Text: c.Text, Gates: texts(c.Gates()), Failed: failuresOf(at, c.Failed)})
	}
	for _, w := range v.Warnings {
		j.Warnings = append(j.Warnings, evaluationWarning{string(w.Monitor), w.Message})
	}
	return j
}

func failuresOf(at string, all []lawfulness.Failure) []failedGate {
	out := []failedGate{}
	for _, f := range all {
		out = append(out, failedGate{string(f.Gate), f.Code, at + f.Pointer, f.Message, f.Source})
	}
	return out
}

const decisionAt = "/decision"

// decisionRoutes are the two ways to ask whether something may be told: tried,
// which writes nothing but that it was tried, and recorded.
func decisionRoutes(a *API, c catalogue.Command) []route {
	of, _ := c.Case()
	body := wrapped(c.Body)
	evaluate := operation[evaluation]{
		ID: "evaluate-decision", Method: http.MethodPost, Path: prefix + "/decisions/evaluate",
		Summary: "Whether something may be told to somebody for a purpose; nothing is decided",
		Action:  "decision.evaluate", Audit: access.Evaluate, View: "decision",
		Body: body,
		Handle: func(a *API, k *call) (answer[evaluation], error) {
			return a.evaluate(k, of)
		},
	}
	return []route{
		bindFor(a, evaluate, c.Roles),
		writeRoute(a, writing{id: "record-decision", path: prefix + "/decisions", summary: c.Summary, command: c, body: body,
			at: decisionAt, of: func(_ *call, whole any) (event.StreamID, any, error) {
				person, body := unwrap(whole)
				return event.Case(person), body, nil
			}}),
	}
}

// evaluate judges on the write side's own state, and records nothing. A body
// that names a rule gets the answer that the command would get. One that names
// none is a question: each rule that is about it is judged as if the rest of
// the record were as that rule usually has it. Only a permit is in question:
// nothing stands against telling nothing.
func (a *API) evaluate(k *call, c casefile.Command) (answer[evaluation], error) {
	person, body := unwrap(k.body)
	requestOf(k.ctx).person = person
	if err := validate(body); err != nil {
		return answer[evaluation]{}, under(decisionAt, err)
	}
	asked, ok := body.(casefile.DecideDisclosure)
	if !ok {
		return answer[evaluation]{}, fmt.Errorf("api: %s is not a decision", c.Name)
	}
	if asked.Result() != disclosure.Permit {
		return answer[evaluation]{}, fault.Bad(decisionAt+"/outcome", "only-permits-are-evaluated", "leave the outcome out: what is asked is whether it could be PERMIT")
	}
	state, revision, err := a.config.Recorder.Load(k.ctx, person, k.caller.Actor.Org)
	if err != nil {
		return answer[evaluation]{}, err
	}
	ctx := event.Context{Now: k.now, Person: person, Actor: k.caller.Actor, Purpose: k.purpose,
		Command: a.random.uuid(), Origin: event.Live, Synthetic: a.config.Info.Synthetic, Effective: asked.HappenedAt()}
	proposed := asked.Proposed(state.Disclosure)
	v := evaluation{Person: person, Verdict: string(disclosure.Permit), Explanation: "Nothing on the record stands against it now."}
	if proposed.Rule == "" {
		known, now := casefile.AskAsKnown(state, proposed, ctx), casefile.Ask(state, proposed, ctx)
		v.AsKnown, v.Hindsight, v.Rule, err = evaluatedAs(decisionAt, known), evaluatedAs(decisionAt, now), string(now.Rule), now.Fault()
	} else {
		known, now := casefile.EvaluateAsKnown(state, proposed, ctx), casefile.Evaluate(state, proposed, ctx)
		v.AsKnown, v.Hindsight, v.Rule = evaluatedAs(decisionAt, known), evaluatedAs(decisionAt, now), string(now.Rule)
		_, err = c.Decide(state, body, ctx)
	}
	if !state.Exists() {
		_, err = c.Decide(state, body, ctx)
	}
	if f := fault.Of(under(decisionAt, err)); f != nil && (f.Kind == fault.Refused || f.Kind == fault.Conflict) {
		v.Verdict, v.Explanation, v.Code, v.Gates, v.Reasons = string(disclosure.Refuse), f.Message, f.Code, f.Gates, f.Fields
		if f.Rule != "" {
			v.Rule = f.Rule
		}
	} else if err != nil {
		return answer[evaluation]{}, under(decisionAt, err)
	}
	return answer[evaluation]{Data: v, Items: 1, Subjects: []event.UUID{person}, Person: person,
		Reflects: Reflects{Revision: revision, TrueOn: ctx.Asked(), KnownOn: k.now, Latest: true, Model: "case"}}, nil
}
