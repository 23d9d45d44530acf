package api

import (
	"net/http"
	"reflect"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/policy"
)

// whatIf asks which past verdicts other rules, or the end of an agreement,
// would change.
type whatIf struct {
	// Rules and Gates are the texts of a rule set; the one that is left out is
	// that of this program.
	Rules     string     `json:"rules,omitempty" doc:"the text of rules.json"`
	Gates     string     `json:"gates,omitempty" doc:"the text of gates.cedar"`
	Since     event.When `json:"since,omitzero" doc:"only what was decided or told then or later"`
	Agreement event.UUID `json:"endAgreement,omitzero" doc:"an agreement that would have ended"`
	At        event.When `json:"at,omitzero" doc:"when it would have ended"`
}

// Validate says which members do not go together.
func (w whatIf) Validate() []fault.Field {
	var f fault.Fields
	rules, ends := w.Rules != "" || w.Gates != "", !w.Agreement.IsZero()
	f.If(rules == ends, "", "question-ambiguous", "ask either about rules or gates, or about the end of an agreement")
	f.If(ends && w.At.IsZero(), "/at", "required", "say when the agreement would have ended")
	f.If(!ends && !w.At.IsZero(), "/at", "question-ambiguous", "this goes with endAgreement")
	f.If(ends && !w.Since.IsZero(), "/since", "question-ambiguous", "this goes with rules and gates")
	return f
}

// simulated is what would come of it. Nothing was recorded.
type simulated struct {
	RuleSet string `json:"ruleSet,omitempty" doc:"the version that the proposed rules give themselves"`
	Hash    string `json:"ruleSetHash,omitempty"`
	People  int    `json:"people" doc:"whose decisions were judged again"`
	// Whole is false where the register holds more than one answer considers.
	Whole   bool            `json:"whole" doc:"every decision asked about was judged; otherwise the latest ones were"`
	Turned  int             `json:"turned" doc:"permits that become refusals, and refusals that become permits"`
	Changes []changedOfPast `json:"changes"`
}

// changedOfPast is a decision, or an act of telling, that comes out otherwise.
type changedOfPast struct {
	Person   event.UUID `json:"person"`
	Event    event.ID   `json:"event"`
	Decision event.UUID `json:"decision,omitzero"`
	At       event.When `json:"at"`
	flow
	Before briefly `json:"before"`
	After  briefly `json:"after"`
	Shifts []shift `json:"shifts"`
}

// briefly is a verdict without what it rests on.
type briefly struct {
	Permit bool     `json:"permit"`
	Rule   string   `json:"rule,omitempty"`
	Gates  []string `json:"gates" doc:"the gates that fail"`
}

func brieflyOf(v lawfulness.Verdict) briefly {
	return briefly{v.Permit, string(v.Rule), texts(v.Gates())}
}

// mostSimulated is how many rows of the register one answer considers, the
// latest first: what it costs does not grow with the record.
const mostSimulated = maxLimit

var simulatePolicy = operation[simulated]{
	ID: "simulate-policy", Method: http.MethodPost, Path: prefix + "/policy/simulate",
	Summary: "Which past verdicts other rules, or the end of an agreement, would change; nothing is recorded",
	Action:  "policy.simulate", Audit: access.ReadList, View: "policy-simulated",
	Body:   reflect.TypeFor[whatIf](),
	Handle: (*API).simulatePolicy,
}

func (a *API) simulatePolicy(c *call) (answer[simulated], error) {
	asked := c.body.(whatIf)
	out := simulated{Changes: []changedOfPast{}}
	filter := DisclosureFilter{}
	var judge func(*lawfulness.History) []lawfulness.Change
	if asked.Agreement.IsZero() {
		if !asked.Since.IsZero() {
			filter.From = asked.Since.Earliest()
		}
		set, err := asked.ruleSet()
		if err != nil {
			return answer[simulated]{}, err
		}
		out.RuleSet, out.Hash = string(set.Version()), hashText(set.Hash())
		judge = func(h *lawfulness.History) []lawfulness.Change { return lawfulness.WhatIfRules(h, set, filter.From) }
	} else {
		if err := a.agreementFor(c, asked.Agreement); err != nil {
			return answer[simulated]{}, err
		}
		filter.From, filter.Agreement = asked.At.Earliest(), asked.Agreement
		judge = func(h *lawfulness.History) []lawfulness.Change {
			return lawfulness.WhatIfAgreementEnds(h, asked.Agreement, filter.From)
		}
	}
	rows, total, reflects, err := c.view.Disclosures(c.ctx, filter, Page{1, mostSimulated})
	if err != nil {
		return answer[simulated]{}, err
	}
	out.Whole = total <= len(rows)
	var people []event.UUID
	for _, r := range rows {
		people = append(people, r.Person)
	}
	people = distinct(people)
	for _, person := range people {
		if err := c.ctx.Err(); err != nil {
			return answer[simulated]{}, &fault.Fault{Kind: fault.Unavailable, Code: "too-much-to-judge", Message: "this asks for more than there was time for; ask about a shorter time", RetryAfter: time.Second}
		}
		past, _, err := a.config.Recorder.Past(c.ctx, person)
		if err != nil {
			return answer[simulated]{}, err
		}
		own := c.own(past)
		for _, change := range judge(past) {
			if !own(change.Event) {
				continue
			}
			if change.Turned() {
				out.Turned++
			}
			out.Changes = append(out.Changes, changedOfPast{person, change.Event, change.Decision, change.At, flowOf(change.Flow),
				brieflyOf(change.Before), brieflyOf(change.After), shiftsOf(change.Shifts, own, false)})
		}
	}
	out.People = len(people)
	return answer[simulated]{Data: out, Items: len(out.Changes), Subjects: people, Reflects: reflects}, nil
}

// ruleSet reads the proposed rule set. Its fault says the document and the line,
// and nothing of what stands there.
func (w whatIf) ruleSet() (*lawfulness.RuleSet, error) {
	rules, gates := lawfulness.DefaultDocuments()
	if w.Rules != "" {
		rules = []byte(w.Rules)
	}
	if w.Gates != "" {
		gates = []byte(w.Gates)
	}
	set, err := lawfulness.Parse(rules, gates)
	if err != nil {
		return nil, policy.Unreadable(err)
	}
	return set, nil
}

// agreementFor refuses an agreement that is not there for the caller.
func (a *API) agreementFor(c *call, id event.UUID) error {
	if c.caller.Actor.Side == event.Regulator {
		return nil
	}
	return a.config.Recorder.Visible(c.ctx, event.Agreement(id), c.caller.Actor)
}
