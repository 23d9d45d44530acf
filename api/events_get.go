package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

var listEvents = operation[[]Entry]{
	ID: "list-events", Method: http.MethodGet, Path: prefix + "/events",
	Summary: "The ledger's entries in order, as far as the caller's side may see them; without what they say",
	Action:  "event.list", Audit: access.ReadList, View: "events", Also: []int{http.StatusGone},
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
	page, err := a.config.Feed.Events(c.ctx, c.caller, q)
	if err != nil {
		return none, err
	}
	return answer[[]Entry]{Data: page.Entries, Page: &pageBlock{Next: a.tokens.showPlace(c.caller, page.Reached), More: &page.More},
		Items: len(page.Entries), Subjects: c.dressAll(page.Entries),
		Reflects: Reflects{Position: page.Reached.Position, Latest: !page.More, Model: "ledger"}}, nil
}

func (c *call) feedQuery() (q FeedQuery, err error) {
	if c.query.Has("after") {
		var ok bool
		if q.After, ok = c.api.tokens.readPlace(c.caller, c.query.Get("after")); !ok {
			return q, badParameter("after", "cursor-invalid", "is no cursor that this caller was given")
		}
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

// dressAll dresses entries and returns whom they are about.
func (c *call) dressAll(entries []Entry) (subjects []event.UUID) {
	for i := range entries {
		c.dress(&entries[i])
		subjects = append(subjects, entries[i].Person)
	}
	return subjects
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
