package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/reference"
)

var getCaseload = operation[[]CaseloadRow]{
	ID: "get-caseload", Method: http.MethodGet, Path: prefix + "/caseload",
	Summary: "The people whom the caller's organisation works with",
	Action:  "caseload.read", Audit: access.ReadList, View: "caseload",
	Query: append([]parameter{
		{Name: "site", Type: "string", Doc: "a site code"},
		{Name: "mine", Type: "string", Doc: "true: only people allocated to the caller"},
	}, pageParameters...),
	Handle: (*API).getCaseload,
}

func (a *API) getCaseload(c *call) (answer[[]CaseloadRow], error) {
	none := answer[[]CaseloadRow]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	f := CaseloadFilter{}
	if f.Site, err = c.code("site", siteListed); err != nil {
		return none, err
	}
	mine, err := c.code("mine", oneOf("true", "false"))
	if err != nil {
		return none, err
	}
	if f.Mine = mine == "true"; f.Mine {
		f.By = c.caller.Actor.ID
	}
	rows, total, reflects, err := c.view.Caseload(c.ctx, f, page)
	found := answer[[]CaseloadRow]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for _, row := range rows {
		found.Subjects = append(found.Subjects, row.ID)
	}
	return found, err
}

func siteListed(code string) bool { return reference.Sites.Listed(reference.Site(code)) }
