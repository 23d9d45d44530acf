package api

import (
	"net/http"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
)

// Finding is one thing that a monitor found. It says who and what by opaque
// identifiers alone.
type Finding struct {
	ID       event.UUID `json:"finding"`
	Monitor  string     `json:"monitor" doc:"L01 to L49"`
	Version  int        `json:"monitorVersion"`
	Title    string     `json:"title"`
	Source   string     `json:"source" doc:"the law or the guidance it rests on"`
	Severity string     `json:"severity" doc:"CRITICAL, HIGH, MEDIUM or LOW"`
	Status   string     `json:"status" doc:"OPEN, ACKNOWLEDGED, RESOLVED, WAIVED or SUPERSEDED"`
	Person   event.UUID `json:"person,omitzero" doc:"absent where it is about an organisation"`
	// Organisation is whose act it is, or about which it is found.
	Organisation event.UUID `json:"organisation,omitzero"`
	By           event.UUID `json:"by,omitzero" doc:"whose act it is about"`
	Side         event.Side `json:"side,omitempty"`
	At           event.When `json:"at" doc:"since when it is so"`
	AsKnown      bool       `json:"asKnown" doc:"it was so with what was known at the time"`
	Hindsight    bool       `json:"hindsight" doc:"it was so with what is known now"`
	// Indeterminate: the order within a day decides, and is not on the record.
	Indeterminate bool           `json:"indeterminate"`
	Categories    []string       `json:"categories"`
	Notes         []string       `json:"notes"`
	RaisedAt      time.Time      `json:"raisedAt"`
	ChangedAt     time.Time      `json:"changedAt"`
	Cause         string         `json:"cause,omitempty" doc:"why it no longer stands: DISPROVED or CORRECTED"`
	Outcome       string         `json:"outcome,omitempty" doc:"how it was resolved"`
	Breach        event.UUID     `json:"breach,omitzero" doc:"the incident that was raised for it"`
	Unchecked     bool           `json:"unchecked,omitzero" doc:"what it rests on was erased: it stays as it was found and cannot be checked again"`
	Position      event.Position `json:"-"`
	Entry         string         `json:"entry" doc:"of the last thing recorded of it"`
}

// FindingDetail is a finding with what was done about it and what shows it.
type FindingDetail struct {
	Finding
	Stream  event.StreamID `json:"-"`
	Steps   []FindingStep  `json:"steps" doc:"what was recorded of it, in that order"`
	Entries []Evidence     `json:"entries" doc:"what shows it, as far as it is the caller's to see"`
}

// FindingStep is one thing that was recorded of a finding.
type FindingStep struct {
	Status     string         `json:"status" doc:"how it stood then"`
	By         event.UUID     `json:"by"`
	Role       event.Role     `json:"role"`
	At         event.When     `json:"at"`
	RecordedAt time.Time      `json:"recordedAt"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry"`
}

// Evidence is one entry of the ledger that shows a finding, without what it
// says.
type Evidence struct {
	Event      event.ID       `json:"event"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry" doc:"the entry's number for auditors, an opaque token for everyone else"`
	Type       string         `json:"type"`
	OccurredAt event.When     `json:"occurredAt"`
	RecordedAt time.Time      `json:"recordedAt"`
	By         By             `json:"by"`
	Item       bool           `json:"item,omitzero" doc:"true for the entry that the finding is about"`
	// DetailURL is set where the entry can be opened there.
	DetailURL string `json:"detailUrl,omitempty"`
	OfCase    bool   `json:"-"`
}

// FindingFilter says which findings are wanted; the zero value is all that the
// caller may see.
type FindingFilter struct {
	Monitors     []string
	Severities   []string
	Statuses     []string
	Person       event.UUID
	Organisation event.UUID
	Side         string
	From         time.Time // so since then or later
	Until        time.Time // so before
	Sort         Sort      // by "at" or "severity"
}

// unsuperseded are the statuses of findings that stand.
var unsuperseded = []finding.Status{finding.Open, finding.Acknowledged, finding.Resolved, finding.Waived}

var listFindings = operation[[]Finding]{
	ID: "list-findings", Method: http.MethodGet, Path: prefix + "/findings",
	Summary: "What the monitors found about acts of the caller's controller",
	Action:  "finding.list", Audit: access.ReadList, View: "findings",
	Query: append([]parameter{
		{Name: "monitor", Type: "string", Doc: "only of these monitors, separated by commas: L01 to L49"},
		{Name: "severity", Type: "string", Doc: "only these, separated by commas: CRITICAL, HIGH, MEDIUM, LOW"},
		{Name: "status", Type: "string", Doc: "only these, separated by commas: OPEN, ACKNOWLEDGED, RESOLVED, WAIVED, SUPERSEDED; left out, all but SUPERSEDED"},
		{Name: "person", Type: "string", Format: "uuid", Doc: "only about this person"},
		{Name: "organisation", Type: "string", Format: "uuid", Doc: "only about this organisation or its acts"},
		{Name: "side", Type: "string", Doc: "only of this side's record"},
		{Name: "from", Type: "string", Doc: "so since then or later: an RFC 3339 instant or a day"},
		{Name: "until", Type: "string", Doc: "so since before the end of: an RFC 3339 instant or a day"},
		{Name: "sort", Type: "string", Doc: "at or severity, with - before it for the latest or the least grave first; left out, -at"},
	}, pageParameters...),
	Handle: (*API).listFindings,
}

func (a *API) listFindings(c *call) (answer[[]Finding], error) {
	none := answer[[]Finding]{}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	f, err := c.findingFilter()
	if err != nil {
		return none, err
	}
	rows, total, reflects, err := c.view.Findings(c.ctx, f, page)
	found := answer[[]Finding]{Data: rows, Reflects: reflects, Page: page.block(total), Items: len(rows)}
	for i := range rows {
		c.dressFinding(&rows[i])
		found.Subjects = append(found.Subjects, rows[i].Person)
	}
	return found, err
}

func (c *call) findingFilter() (f FindingFilter, err error) {
	if f.Monitors, err = c.codes("monitor", func(s string) bool { _, ok := monitors[s]; return ok }); err != nil {
		return f, err
	}
	if f.Severities, err = c.codes("severity", listed(finding.Severities...)); err != nil {
		return f, err
	}
	if f.Statuses, err = c.codes("status", listed(append(unsuperseded, finding.Superseded)...)); err != nil {
		return f, err
	}
	if f.Statuses == nil {
		for _, s := range unsuperseded {
			f.Statuses = append(f.Statuses, string(s))
		}
	}
	if f.Person, err = c.uuid("person"); err != nil {
		return f, err
	}
	if f.Organisation, err = c.uuid("organisation"); err != nil {
		return f, err
	}
	if f.Side, err = c.code("side", listed(event.Sides...)); err != nil {
		return f, err
	}
	if f.From, err = c.startOf("from"); err != nil {
		return f, err
	}
	if f.Until, err = c.instant("until"); err != nil {
		return f, err
	}
	f.Sort, err = c.sorted("-at", "at", "severity")
	return f, err
}

var getFinding = operation[FindingDetail]{
	ID: "get-finding", Method: http.MethodGet, Path: prefix + "/findings/{finding}",
	Summary: "One finding, what was done about it, and the entries that show it",
	Action:  "finding.read", Audit: access.ReadOne, View: "finding",
	Handle: (*API).getFinding,
}

var errNoFinding = fault.New(fault.Absent, "no-such-finding", "there is no such finding, or not for you")

func (a *API) getFinding(c *call) (answer[FindingDetail], error) {
	id, err := event.ParseUUID(c.path("finding"))
	if err != nil || id.IsZero() {
		return answer[FindingDetail]{}, errNoFinding
	}
	f, reflects, err := c.view.Finding(c.ctx, id)
	if err != nil {
		return answer[FindingDetail]{}, err
	}
	c.dressFinding(&f.Finding)
	for i := range f.Steps {
		f.Steps[i].Entry = c.entry(f.Steps[i].Position)
	}
	for i := range f.Entries {
		e := &f.Entries[i]
		e.Entry = c.entry(e.Position)
		if e.OfCase {
			e.DetailURL = prefix + "/events/" + e.Event.String()
		}
	}
	return answer[FindingDetail]{Data: f, Reflects: reflects, Items: 1 + len(f.Entries), Subjects: []event.UUID{f.Person}, Stream: f.Stream}, nil
}

// monitors are the monitors by id.
var monitors = func() map[string]lawfulness.Monitor {
	all := map[string]lawfulness.Monitor{}
	for _, m := range lawfulness.Monitors() {
		all[string(m.ID)] = m
	}
	return all
}()

// dressFinding says in words what a finding is.
func (c *call) dressFinding(f *Finding) {
	m := monitors[f.Monitor]
	f.Title, f.Source = m.Title, m.Source
	f.Entry = c.entry(f.Position)
}
