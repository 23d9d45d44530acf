package api

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
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

func wrappedSchema(r huma.Registry, body reflect.Type) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"person", "decision"},
		Properties: map[string]*huma.Schema{"person": uuidSchema, "decision": r.Schema(body, true, "")}}
}

// verdict is what would come of a decision.
type verdict struct {
	Person  event.UUID    `json:"person"`
	Verdict string        `json:"verdict" doc:"PERMIT: it could be recorded as it stands; REFUSE: it could not"`
	Code    string        `json:"code,omitempty" doc:"why not: kebab-case, stable"`
	Message string        `json:"explanation"`
	Rule    string        `json:"rule,omitempty"`
	Gates   []string      `json:"gates,omitempty"`
	Errors  []fault.Field `json:"errors,omitempty"`
}

// decisionRoutes are the two ways to ask whether something may be told: tried,
// which writes nothing but that it was tried, and recorded.
func decisionRoutes(a *API, c casefile.Command) []route {
	body := wrapped(c.Body)
	evaluate := operation[verdict]{
		ID: "evaluate-decision", Method: http.MethodPost, Path: prefix + "/decisions/evaluate",
		Summary: "Whether something may be told to somebody for a purpose; nothing is decided",
		Action:  "decision.evaluate", Audit: access.Evaluate, View: "decision",
		Body: body,
		Handle: func(a *API, k *call) (answer[verdict], error) {
			return a.evaluate(k, c)
		},
	}
	return []route{
		bindFor(a, evaluate, c.Roles),
		writeRoute(a, writing{id: "record-decision", path: prefix + "/decisions", summary: c.Summary, command: c, body: body,
			of: func(_ *call, whole any) (event.UUID, any) { return unwrap(whole) }}),
	}
}

// evaluate decides on the write side's own state, so that the answer is the
// one the command would get, and throws the outcome away.
func (a *API) evaluate(k *call, c casefile.Command) (answer[verdict], error) {
	person, body := unwrap(k.body)
	k.person = person
	requestOf(k.ctx).person = person
	if err := validate(body); err != nil {
		return answer[verdict]{}, err
	}
	state, revision, err := a.config.Recorder.Load(k.ctx, person, k.caller.Actor.Org)
	if err != nil {
		return answer[verdict]{}, err
	}
	_, err = c.Decide(state, body, event.Context{Now: k.now, Person: person, Actor: k.caller.Actor, Purpose: k.purpose,
		Command: a.random.uuid(), Origin: event.Live, Synthetic: a.config.Info.Synthetic})
	v := verdict{Person: person, Verdict: "PERMIT", Message: "This could be recorded now."}
	if f := fault.Of(err); f != nil && (f.Kind == fault.Refused || f.Kind == fault.Conflict) {
		v = verdict{Person: person, Verdict: "REFUSE", Code: f.Code, Message: f.Message, Rule: f.Rule, Gates: slices.Clone(f.Gates), Errors: f.Fields}
	} else if err != nil {
		return answer[verdict]{}, err
	}
	return answer[verdict]{Data: v, Items: 1, Subjects: []event.UUID{person}, Person: person,
		Reflects: Reflects{Revision: revision, TrueOn: k.now, KnownOn: k.now, Latest: true, Model: "case"}}, nil
}
