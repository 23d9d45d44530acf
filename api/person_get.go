package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

var getPerson = operation[Person]{
	ID: "get-person", Method: http.MethodGet, Path: prefix + "/people/{person}",
	Summary: "Who a person is, as far as the caller's side may hold it",
	Action:  "person.read", Audit: access.ReadOne, View: "person",
	Handle: (*API).getPerson,
}

func (a *API) getPerson(c *call) (answer[Person], error) {
	person, reflects, err := c.view.Person(c.ctx, c.person)
	return answer[Person]{Data: person, Reflects: reflects, Subjects: []event.UUID{c.person}, Items: 1, Person: c.person}, err
}
