package api

import (
	"net/http"
	"slices"

	"caseledger/domain/access"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

var getDisclosures = operation[[]Disclosure]{
	ID: "get-disclosures", Method: http.MethodGet, Path: prefix + "/people/{person}/disclosures",
	Summary: "What was decided about telling others of a person, and what they were told",
	Action:  "disclosure.read", Audit: access.ReadOne, View: "disclosures",
	Query:  pageParameters,
	Handle: (*API).getDisclosures,
}

func (a *API) getDisclosures(c *call) (answer[[]Disclosure], error) {
	page, err := c.page()
	if err != nil {
		return answer[[]Disclosure]{}, err
	}
	// The register alone cannot tell a person without disclosures from one who
	// is not there.
	_, of, err := c.view.Person(c.ctx, c.person)
	if err != nil {
		return answer[[]Disclosure]{}, err
	}
	found, err := c.disclosures(DisclosureFilter{Person: c.person}, page)
	found.Person, found.Reflects.Revision = c.person, of.Revision
	found.Subjects = []event.UUID{c.person}
	return found, err
}

var listDisclosures = operation[[]Disclosure]{
	ID: "list-disclosures", Method: http.MethodGet, Path: prefix + "/disclosures",
	Summary: "The disclosure register",
	Action:  "disclosure.list", Audit: access.ReadList, View: "disclosure-register",
	Query: append([]parameter{
		{Name: "from", Type: "string", Doc: "decided or made at or after: an RFC 3339 instant or a day"},
		{Name: "until", Type: "string", Doc: "decided or made before the end of: an RFC 3339 instant or a day"},
		{Name: "purpose", Type: "string", Doc: "a purpose code"},
		{Name: "outcome", Type: "string", Doc: "PERMIT, REFUSE or REFER"},
		{Name: "rule", Type: "string", Doc: "the rule it rests on: R01 to R24"},
		{Name: "agreement", Type: "string", Format: "uuid", Doc: "the agreement it is told under"},
	}, pageParameters...),
	Handle: (*API).listDisclosures,
}

func (a *API) listDisclosures(c *call) (answer[[]Disclosure], error) {
	var f DisclosureFilter
	page, err := c.page()
	if err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.From, err = c.startOf("from"); err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.Until, err = c.instant("until"); err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.Purpose, err = c.code("purpose", func(s string) bool { return reference.Purposes.Listed(event.Purpose(s)) }); err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.Outcome, err = c.code("outcome", oneOf("PERMIT", "REFUSE", "REFER")); err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.Rule, err = c.code("rule", listed(disclosure.Rules...)); err != nil {
		return answer[[]Disclosure]{}, err
	}
	if f.Agreement, err = c.uuid("agreement"); err != nil {
		return answer[[]Disclosure]{}, err
	}
	return c.disclosures(f, page)
}

func (c *call) disclosures(f DisclosureFilter, page Page) (answer[[]Disclosure], error) {
	f.Verdicts = slices.Contains(reviewing, c.caller.Actor.Role)
	rows, total, reflects, err := c.view.Disclosures(c.ctx, f, page)
	found := answer[[]Disclosure]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
		found.Subjects = append(found.Subjects, rows[i].Person)
	}
	return found, err
}
