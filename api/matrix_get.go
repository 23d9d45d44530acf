package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

// MatrixCell is whether one category may be told for one purpose, and why.
type MatrixCell struct {
	Purpose  string     `json:"purpose"`
	Category string     `json:"category"`
	Answer   string     `json:"answer" doc:"CAN_SHARE, ASK_FIRST, NOT_ASKED, REFUSED, WITHDRAWN, EXPIRED or NEVER"`
	Rule     string     `json:"rule,omitempty" doc:"the rule that permits it, or else the nearest"`
	Basis    string     `json:"basis,omitempty" doc:"the rule in words"`
	Gates    []string   `json:"gates" doc:"the gates that fail it under that rule; none: it may be told"`
	Why      string     `json:"why" doc:"one sentence"`
	Consent  event.UUID `json:"consent,omitzero" doc:"what the person said of it, where the answer rests on that"`
	Events   []event.ID `json:"events" doc:"what was recorded of that consent, in order"`
}

var getMatrix = operation[[]MatrixCell]{
	ID: "get-lawfulness-matrix", Method: http.MethodGet, Path: prefix + "/people/{person}/lawfulness-matrix",
	Summary: "What the caller's organisation may tell another of a person now, for what, and why",
	Action:  "matrix.read", Audit: access.Evaluate, View: "lawfulness-matrix",
	Query:  []parameter{{Name: "recipient", Type: "string", Doc: "required; the code of the organisation that would be told"}},
	Handle: (*API).getMatrix,
}

// getMatrix judges on the write side's own state, as a decision would be, and
// keeps nothing.
func (a *API) getMatrix(c *call) (answer[[]MatrixCell], error) {
	none := answer[[]MatrixCell]{}
	to, known := a.config.Organisation(c.query.Get("recipient"))
	if !known {
		return none, badParameter("recipient", "parameter-unknown-code", "names no organisation")
	}
	// Whom limited access keeps out is told that there is nobody.
	if _, _, err := c.view.Person(c.ctx, c.person); err != nil {
		return none, err
	}
	state, revision, err := a.config.Recorder.Load(c.ctx, c.person, c.caller.Actor.Org)
	if err != nil {
		return none, err
	}
	ctx := event.Context{Now: c.now, Person: c.person, Actor: c.caller.Actor, Purpose: c.purpose, Command: a.random.uuid(),
		Origin: event.Live, Synthetic: a.config.Info.Synthetic}
	cells := []MatrixCell{}
	for _, cell := range casefile.Matrix(state, reference.Organisation{ID: to.ID, Side: to.Side}, ctx) {
		cells = append(cells, matrixCell(cell))
	}
	return answer[[]MatrixCell]{Data: cells, Items: len(cells), Subjects: []event.UUID{c.person}, Person: c.person,
		Reflects: Reflects{Revision: revision, TrueOn: c.now, KnownOn: c.now, Latest: true, Model: "case"}}, nil
}

func matrixCell(c casefile.Cell) MatrixCell {
	judged := c.Verdict.Judged()
	out := MatrixCell{Purpose: string(c.Purpose), Category: string(c.Category), Answer: string(c.Answer), Rule: string(c.Verdict.Rule),
		Basis: judged.Text, Gates: []string{}, Why: why(judged), Consent: c.Consent, Events: c.Events}
	for _, g := range judged.Gates() {
		out.Gates = append(out.Gates, string(g))
	}
	if out.Events == nil {
		out.Events = []event.ID{}
	}
	return out
}

// why is the first reason against it in a sentence.
func why(c lawfulness.Candidate) string {
	if len(c.Failed) == 0 {
		return "Nothing on the record stands against it now."
	}
	return c.Failed[0].Message
}
