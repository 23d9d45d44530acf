package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

var listEvents = operation[[]Entry]{
	ID: "list-events", Method: http.MethodGet, Path: prefix + "/events",
	Summary: "The ledger's entries in order, as far as the caller's side may see them; without what they say",
	Action:  "event.list", Audit: access.ReadList, View: "events",
	Query: []parameter{
		{Name: "after", Type: "string", Doc: "where to go on: the page.next of an earlier answer; left out, from the beginning"},
		typeParameter,
		{Name: "person", Type: "string", Format: "uuid", Doc: "only entries about this person"},
		{Name: "limit", Type: "integer", Doc: "1 to 500; 50 if left out"},
	},
	Handle: (*API).listEvents,
}

func (a *API) listEvents(c *call) (answer[[]Entry], error) {
	none := answer[[]Entry]{}
	q, err := c.feedQuery()
	if err != nil {
		return none, err
	}
	entries, reached, err := a.config.Feed.Events(c.ctx, c.caller, q)
	if err != nil {
		return none, err
	}
	more := len(entries) == q.Limit
	next := a.tokens.show(cursorToken, c.caller, event.UUID{}, uint64(reached))
	found := answer[[]Entry]{Data: entries, Page: &pageBlock{Next: next, More: &more}, Items: len(entries),
		Reflects: Reflects{Position: reached, Latest: !more, Model: "ledger"}}
	for i := range entries {
		c.dress(&entries[i])
		found.Subjects = append(found.Subjects, entries[i].Person)
	}
	return found, nil
}

func (c *call) feedQuery() (q FeedQuery, err error) {
	if c.query.Has("after") {
		n, ok := c.api.tokens.read(cursorToken, c.caller, event.UUID{}, c.query.Get("after"))
		if !ok {
			return q, badParameter("after", "cursor-invalid", "is no cursor that this caller was given")
		}
		q.After = event.Position(n)
	}
	if q.Types, err = c.types(); err != nil {
		return q, err
	}
	if q.Person, err = c.uuid("person"); err != nil {
		return q, err
	}
	q.Limit, err = c.number("limit", 1, maxLimit, standardLimit)
	return q, err
}

// dress gives an entry the form in which the caller may see it.
func (c *call) dress(e *Entry) {
	e.Entry = c.entry(e.Position)
	e.DetailURL = prefix + "/events/" + e.Event.String()
}

var getEvent = operation[EntryDetail]{
	ID: "get-event", Method: http.MethodGet, Path: prefix + "/events/{event}",
	Summary: "One entry of the ledger with what it says, opened as far as the caller may",
	Action:  "event.read", Audit: access.ReadEvent, View: "event",
	Fixed:  true,
	Handle: (*API).getEvent,
}

func (a *API) getEvent(c *call) (answer[EntryDetail], error) {
	id, err := event.ParseUUID(c.path("event"))
	if err != nil || id.IsZero() {
		return answer[EntryDetail]{}, errNoEvent
	}
	detail, err := a.config.Feed.Event(c.ctx, c.caller, event.ID{UUID: id})
	if err != nil {
		return answer[EntryDetail]{}, err
	}
	c.dress(&detail.Entry)
	return answer[EntryDetail]{Data: detail, Items: 1, Subjects: []event.UUID{detail.Person},
		Reflects: Reflects{Position: detail.Position, Model: "ledger"}}, nil
}
