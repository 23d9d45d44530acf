package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/disclosure"
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

func wrappedSchema(r huma.Registry, whole reflect.Type) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"person", "decision"},
		Properties: map[string]*huma.Schema{"person": uuidSchema, "decision": commandSchema(r, whole.Field(1).Type)}}
}

// verdict is what would come of a permit, and everything that stands against
// it.
type verdict struct {
	Person      event.UUID    `json:"person"`
	Verdict     string        `json:"verdict" doc:"PERMIT: a permit could be recorded now; REFUSE: it could not"`
	Explanation string        `json:"explanation"`
	Code        string        `json:"code,omitempty" doc:"of the first reason against it: kebab-case, stable"`
	Rule        string        `json:"rule,omitempty"`
	Gates       []string      `json:"gates,omitempty" doc:"the gates that failed"`
	Reasons     []fault.Field `json:"reasons,omitempty" doc:"all that stands against it, and the member it is about"`
}

const decisionAt = "/decision"

// decisionRoutes are the two ways to ask whether something may be told: tried,
// which writes nothing but that it was tried, and recorded.
func decisionRoutes(a *API, c catalogue.Command) []route {
	of, _ := c.Case()
	body := wrapped(c.Body)
	evaluate := operation[verdict]{
		ID: "evaluate-decision", Method: http.MethodPost, Path: prefix + "/decisions/evaluate",
		Summary: "Whether something may be told to somebody for a purpose; nothing is decided",
		Action:  "decision.evaluate", Audit: access.Evaluate, View: "decision",
		Body: body,
		Handle: func(a *API, k *call) (answer[verdict], error) {
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

// evaluate decides on the write side's own state, so that the answer is the
// one the command would get, and throws the outcome away. Only a permit is in
// question: nothing stands against telling nothing.
func (a *API) evaluate(k *call, c casefile.Command) (answer[verdict], error) {
	person, body := unwrap(k.body)
	requestOf(k.ctx).person = person
	if err := validate(body); err != nil {
		return answer[verdict]{}, under(decisionAt, err)
	}
	if b, ok := body.(interface{ Result() disclosure.Outcome }); ok && b.Result() != disclosure.Permit {
		return answer[verdict]{}, fault.Bad(decisionAt+"/outcome", "only-permits-are-evaluated", "leave the outcome out: what is asked is whether it could be PERMIT")
	}
	state, revision, err := a.config.Recorder.Load(k.ctx, person, k.caller.Actor.Org)
	if err != nil {
		return answer[verdict]{}, err
	}
	_, err = c.Decide(state, body, event.Context{Now: k.now, Person: person, Actor: k.caller.Actor, Purpose: k.purpose,
		Command: a.random.uuid(), Origin: event.Live, Synthetic: a.config.Info.Synthetic})
	v := verdict{Person: person, Verdict: string(disclosure.Permit), Explanation: "Nothing on the record stands against it now."}
	if f := fault.Of(under(decisionAt, err)); f != nil && (f.Kind == fault.Refused || f.Kind == fault.Conflict) {
		v = verdict{Person: person, Verdict: string(disclosure.Refuse), Explanation: f.Message, Code: f.Code,
			Rule: f.Rule, Gates: f.Gates, Reasons: f.Fields}
	} else if err != nil {
		return answer[verdict]{}, under(decisionAt, err)
	}
	return answer[verdict]{Data: v, Items: 1, Subjects: []event.UUID{person}, Person: person,
		Reflects: Reflects{Revision: revision, TrueOn: k.now, KnownOn: k.now, Latest: true, Model: "case"}}, nil
}
