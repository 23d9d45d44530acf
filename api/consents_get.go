package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

var getConsents = operation[[]Consent]{
	ID: "get-consents", Method: http.MethodGet, Path: prefix + "/people/{person}/consents",
	Summary: "A person's consents and their status, as it was true and known on two chosen times",
	Action:  "consent.read", Audit: access.ReadOne, View: "consents",
	Query:  asOfParameters,
	Handle: (*API).getConsents,
}

func (a *API) getConsents(c *call) (answer[[]Consent], error) {
	at, err := c.asOf()
	if err != nil {
		return answer[[]Consent]{}, err
	}
	consents, reflects, err := c.view.Consents(c.ctx, c.person, at)
	for i := range consents {
		consents[i].Entry = c.entry(consents[i].Position)
	}
	return answer[[]Consent]{Data: consents, Reflects: reflects, Subjects: []event.UUID{c.person},
		Items: len(consents), Person: c.person}, err
}
