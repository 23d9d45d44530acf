package api

import (
	"encoding/hex"
	"net/http"
	"slices"

	"caseledger/domain/access"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
)

var errNoDecision = fault.New(fault.Absent, "no-such-decision", "there is no such decision, or not for you")

// rejudged is a past decision judged again, beside what was stored of it.
type rejudged struct {
	Decision    event.UUID `json:"decision"`
	DecidedAt   event.When `json:"decidedAt"`
	Outcome     string     `json:"outcome" doc:"as it was decided: PERMIT, REFUSE or REFER"`
	FailedGates []string   `json:"failedGates" doc:"those that were stored with it"`
	AsKnown     evaluated  `json:"asKnown" doc:"facts and rules as known then"`
	Hindsight   evaluated  `json:"hindsight" doc:"facts as later corrected, rules of then"`
	Now         evaluated  `json:"now" doc:"as if it were asked again: facts and rules of now"`
	Corrected   []shift    `json:"corrected" doc:"what became of the first verdict by what was learnt since"`
	Changed     []shift    `json:"changed" doc:"what became of the second by what came about since"`
}

// shift is one reason for which a gate fails, that came or went.
type shift struct {
	Gate    string `json:"gate"`
	Fails   bool   `json:"fails" doc:"it fails now and did not before; otherwise it passes now"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Source  string `json:"source"`
	Cause   string `json:"cause,omitempty" doc:"RULES: others are in force; ENTRIES: what was recorded; TIME: what was recorded ran out"`
	// Events are the entries that made the difference, as far as they are the
	// caller's own record.
	Events []event.ID `json:"events,omitempty"`
}

var getRejudge = operation[rejudged]{
	ID: "rejudge-decision", Method: http.MethodGet, Path: prefix + "/people/{person}/decisions/{decision}/rejudge",
	Summary: "A past decision judged again: as known then, in hindsight, and now; nothing is decided",
	Action:  "decision.rejudge", Audit: access.Evaluate, View: "decision-rejudged",
	Handle: (*API).rejudge,
}

func (a *API) rejudge(c *call) (answer[rejudged], error) {
	id, err := event.ParseUUID(c.path("decision"))
	if err != nil || id.IsZero() {
		return answer[rejudged]{}, errNoDecision
	}
	if _, _, err := c.view.Person(c.ctx, c.person); err != nil {
		return answer[rejudged]{}, err
	}
	past, revision, err := a.config.Recorder.Past(c.ctx, c.person)
	if err != nil {
		return answer[rejudged]{}, err
	}
	again, ok := lawfulness.Rejudge(past, id, c.now)
	own := c.own(past)
	if !ok || !own(again.Event) {
		return answer[rejudged]{}, errNoDecision
	}
	out := rejudged{Decision: id, DecidedAt: again.At, Outcome: string(again.Outcome), FailedGates: texts(again.Failed),
		AsKnown: evaluatedAs("", again.AsKnown), Hindsight: evaluatedAs("", again.Hindsight), Now: evaluatedAs("", again.Now),
		Corrected: shiftsOf(again.Corrected, own, true), Changed: shiftsOf(again.Changed, own, true)}
	return answer[rejudged]{Data: out, Items: 1, Subjects: []event.UUID{c.person}, Person: c.person,
		Reflects: Reflects{Revision: revision, TrueOn: c.now, KnownOn: c.now, Latest: true, Model: "case"}}, nil
}

// own tells which entries of a case are the caller's own record: those that
// their controller recorded; for the regulator, which looks at all records
// alike, every one.
func (c *call) own(past *lawfulness.History) func(event.ID) bool {
	if c.caller.Actor.Side == event.Regulator {
		return func(event.ID) bool { return true }
	}
	mine := map[event.ID]bool{}
	for _, e := range past.Standing() {
		mine[e.ID] = past.Shared.Now().SameController(e.Actor.Org, c.caller.Actor.Org)
	}
	return func(id event.ID) bool { return mine[id] }
}

// shiftsOf are shifts as they are answered, with their causes where they are
// known.
func shiftsOf(all []lawfulness.Shift, own func(event.ID) bool, caused bool) []shift {
	out := []shift{}
	for _, s := range all {
		one := shift{Gate: string(s.Gate), Fails: s.Fails, Code: s.Failure.Code, Message: s.Failure.Message, Source: s.Failure.Source}
		switch {
		case !caused:
		case s.RuleSet:
			one.Cause = "RULES"
		case len(s.Events) > 0:
			one.Cause = "ENTRIES"
			one.Events = slices.DeleteFunc(slices.Clone(s.Events), func(id event.ID) bool { return !own(id) })
		default:
			one.Cause = "TIME"
		}
		out = append(out, one)
	}
	return out
}

func texts[C ~string](of []C) []string {
	all := []string{}
	for _, c := range of {
		all = append(all, string(c))
	}
	return all
}

// flow is who told whom what, and what for.
type flow struct {
	From       event.UUID `json:"from,omitzero"`
	To         event.UUID `json:"to,omitzero"`
	ToRole     string     `json:"toRole,omitempty"`
	ToPerson   event.UUID `json:"toPerson,omitzero"`
	Purpose    string     `json:"purpose"`
	Categories []string   `json:"categories"`
}

func flowOf(f disclosure.Flow) flow {
	return flow{f.FromOrg, f.ToOrg, string(f.ToRole), f.ToPerson, string(f.Purpose), texts(f.Categories)}
}

func hashText(c event.Commitment) string { return hex.EncodeToString(c[:]) }
