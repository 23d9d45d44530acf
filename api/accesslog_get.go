package api

import (
	"net/http"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// LookAt is one look at a person's record.
type LookAt struct {
	At       time.Time      `json:"at"`
	By       By             `json:"by" doc:"as they were then"`
	Client   event.UUID     `json:"client,omitzero" doc:"the app that they looked through"`
	Purpose  event.Purpose  `json:"purpose,omitempty"`
	Use      string         `json:"logPurpose,omitempty" doc:"what the ledger or its log was read for"`
	View     string         `json:"view,omitempty" doc:"what was looked at"`
	Class    string         `json:"class" doc:"READ_ONE, READ_LIST, SEARCH, READ_EVENT, EVALUATE, LEDGER_READ or REPLAY_EXPORTED"`
	Items    int            `json:"items" doc:"how much the answer showed, of everybody whom it showed"`
	TrueOn   event.When     `json:"trueOn,omitzero"`
	KnownOn  event.When     `json:"knownOn,omitzero"`
	Reason   string         `json:"reason,omitempty" doc:"as the reader gave it"`
	Event    event.ID       `json:"event"`
	Position event.Position `json:"-"`
	Entry    string         `json:"entry"`
}

// LookFilter says which looks at a person are wanted; the zero value is all
// that the caller may see.
type LookFilter struct {
	Person event.UUID
	From   time.Time  // at or after
	Until  time.Time  // before
	By     event.UUID // of one member of staff
	Class  string
}

// lookClasses are how looks are counted.
var lookClasses = oneOf("READ_ONE", "READ_LIST", "SEARCH", "READ_EVENT", "EVALUATE", "LEDGER_READ", "REPLAY_EXPORTED")

var getAccessLog = operation[[]LookAt]{
	ID: "get-access-log", Method: http.MethodGet, Path: prefix + "/people/{person}/access-log",
	Summary: "Who looked at a person's record; reading it is on the record itself",
	Action:  "access-log.read", Audit: access.ReadOne, View: "access-log",
	Query: append([]parameter{
		{Name: "purpose", Type: "string", Doc: "required; what the log is used for (DPA 2018 s.62(4)): AUDIT, SELF_MONITORING, INTEGRITY_SECURITY or CRIMINAL_PROCEEDINGS"},
		{Name: "from", Type: "string", Doc: "at or after: an RFC 3339 instant or a day"},
		{Name: "until", Type: "string", Doc: "before the end of: an RFC 3339 instant or a day"},
		{Name: "by", Type: "string", Doc: "the identifier of a member of staff"},
		{Name: "class", Type: "string", Doc: "how the look is counted"},
	}, pageParameters...),
	Handle: (*API).getAccessLog,
}

func (a *API) getAccessLog(c *call) (answer[[]LookAt], error) {
	none := answer[[]LookAt]{}
	if c.ledger = access.Purpose(c.query.Get("purpose")); !c.ledger.Allowed() {
		return none, badParameter("purpose", "purpose-not-allowed", "does not say for which of the purposes of section 62(4) the log is read")
	}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	f := LookFilter{Person: c.person}
	if f.From, err = c.startOf("from"); err != nil {
		return none, err
	}
	if f.Until, err = c.instant("until"); err != nil {
		return none, err
	}
	if f.By, err = c.uuid("by"); err != nil {
		return none, err
	}
	if f.Class, err = c.code("class", lookClasses); err != nil {
		return none, err
	}
	rows, total, reflects, err := c.view.Looks(c.ctx, f, page)
	for i := range rows {
		rows[i].Entry = c.entry(rows[i].Position)
	}
	return answer[[]LookAt]{Data: rows, Reflects: reflects, Page: page.block(total), Subjects: []event.UUID{c.person}, Items: len(rows)}, err
}
