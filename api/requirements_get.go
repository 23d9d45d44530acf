package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// Compliance is what the court requires of a person and how it goes, as far as
// it is the caller's to know. Warnings count for twelve months.
type Compliance struct {
	Requirements  []Requirement         `json:"requirements"`
	Warnings      []Step                `json:"warnings"`
	WarningActive bool                  `json:"warningActive" doc:"a warning given in the last twelve months counts: a further breach must be referred"`
	Enforcements  []Step                `json:"enforcements" doc:"breaches referred to an enforcement officer"`
	Attendance    []TreatmentAttendance `json:"attendance" doc:"what was told of appointments under a requirement"`
	Tests         []TestTold            `json:"tests" doc:"what was told of tests of samples"`
}

// Requirement is one requirement of an order.
type Requirement struct {
	ID        event.UUID `json:"requirement"`
	Order     event.UUID `json:"supervision,omitzero"`
	Kind      string     `json:"kind"`
	Status    string     `json:"status" doc:"PENDING, LIVE or ENDED"`
	From      event.Day  `json:"from,omitzero"`
	To        event.Day  `json:"to,omitzero" doc:"the last day"`
	Provider  event.UUID `json:"provider,omitzero"`
	Setting   string     `json:"setting,omitempty"`
	Testing   bool       `json:"testing" doc:"samples are to be given"`
	ReviewDue event.Day  `json:"reviewDue,omitzero" doc:"the next review by the court"`
	Explained event.When `json:"reportingExplainedAt,omitzero" doc:"when the person was told what is reported"`
	EndedOn   event.When `json:"endedOn,omitzero"`
	Why       string     `json:"endedFor,omitempty"`
	Told      event.UUID `json:"toldBy,omitzero" doc:"the disclosure that told of it, where it is of another's record"`
}

// Step is something that was done about compliance.
type Step struct {
	ID event.UUID `json:"id"`
	At event.When `json:"at"`
}

// TreatmentAttendance is what was told of one appointment under a requirement.
type TreatmentAttendance struct {
	On       event.When `json:"on,omitzero"`
	Attended string     `json:"attended,omitempty" doc:"YES, NO, or why there is neither"`
	Code     string     `json:"code,omitempty" doc:"of the probation case system"`
	Told     event.UUID `json:"toldBy"`
}

// TestTold is what was told of one test.
type TestTold struct {
	Kind   string     `json:"kind"`
	Result string     `json:"result"`
	At     event.When `json:"testedAt,omitzero"`
	Told   event.UUID `json:"toldBy"`
}

var getRequirements = operation[Compliance]{
	ID: "get-requirements", Method: http.MethodGet, Path: prefix + "/people/{person}/requirements",
	Summary: "What the court requires of a person and how it goes",
	Action:  "requirement.read", Audit: access.ReadOne, View: "requirements",
	Handle: (*API).getRequirements,
}

func (a *API) getRequirements(c *call) (answer[Compliance], error) {
	found, reflects, err := c.view.Requirements(c.ctx, c.person)
	return answer[Compliance]{Data: found, Reflects: reflects, Subjects: []event.UUID{c.person}, Person: c.person,
		Items: len(found.Requirements) + len(found.Warnings) + len(found.Enforcements) + len(found.Attendance) + len(found.Tests)}, err
}
