package api

import (
	"slices"
	"strconv"
	"time"

	"caseledger/domain/event"
)

// The query parameters that several operations share.
var (
	asOfParameters = []parameter{
		{Name: "true_on", Type: "string", Doc: "statuses as they were true then: an RFC 3339 instant or a day; left out, now"},
		{Name: "known_on", Type: "string", Doc: "only what was recorded by then: an RFC 3339 instant or a day; left out, everything"},
		{Name: "known_at_entry", Type: "string", Doc: "only what was recorded up to an entry, as an earlier answer named it; exact, and not together with known_on"},
	}
	pageParameters = []parameter{
		{Name: "page", Type: "integer", Doc: "from 1; 1 if left out"},
		{Name: "perPage", Type: "integer", Doc: "1 to 500; 50 if left out"},
	}
)

const (
	standardLimit = 50
	maxLimit      = 500
	maxPage       = 1_000_000
)

// instant reads a parameter that is an instant, or a day, which means its
// last moment: "known on 23 February" includes that day.
func (c *call) instant(name string) (time.Time, error) {
	when, err := c.when(name)
	if err != nil || when.IsZero() {
		return time.Time{}, err
	}
	return when.Latest(), nil
}

// startOf is instant where a day means its first moment.
func (c *call) startOf(name string) (time.Time, error) {
	when, err := c.when(name)
	if err != nil || when.IsZero() {
		return time.Time{}, err
	}
	return when.Earliest(), nil
}

func (c *call) when(name string) (event.When, error) {
	if !c.query.Has(name) {
		return event.When{}, nil
	}
	when, err := event.ParseWhen(c.query.Get(name))
	if err != nil || when.IsZero() {
		return event.When{}, badParameter(name, "parameter-malformed", "is neither an RFC 3339 instant nor a day")
	}
	return when, nil
}

// asOf reads the two times. Neither may be in the future: nothing can be said
// about it.
func (c *call) asOf() (AsOf, error) {
	var at AsOf
	for name, target := range map[string]*time.Time{"true_on": &at.TrueOn, "known_on": &at.KnownOn} {
		t, err := c.instant(name)
		if err != nil {
			return AsOf{}, err
		}
		if t.After(event.DayOf(c.now).End()) {
			return AsOf{}, badParameter(name, "in-the-future", "is in the future")
		}
		*target = t
	}
	if c.query.Has("known_at_entry") {
		if c.query.Has("known_on") {
			return AsOf{}, badParameter("known_at_entry", "parameters-exclude-each-other", "cannot stand beside known_on")
		}
		n, ok := c.api.tokens.read(entryToken, c.caller, event.UUID{}, c.query.Get("known_at_entry"))
		if !ok || n == 0 {
			return AsOf{}, badParameter("known_at_entry", "parameter-malformed", "is none that an answer has named")
		}
		at.KnownAt = event.Position(n)
	}
	if !at.TrueOn.IsZero() {
		c.look.TrueOn = event.At(at.TrueOn)
	}
	if !at.KnownOn.IsZero() {
		c.look.KnownOn = event.At(at.KnownOn)
	}
	return at, nil
}

// number reads a parameter that is a whole number.
func (c *call) number(name string, least, most, standard int) (int, error) {
	if !c.query.Has(name) {
		return standard, nil
	}
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil || n < least || n > most {
		return 0, badParameter(name, "parameter-out-of-range", "is no whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n, nil
}

func (c *call) page() (Page, error) {
	number, err := c.number("page", 1, maxPage, 1)
	if err != nil {
		return Page{}, err
	}
	size, err := c.number("perPage", 1, maxLimit, standardLimit)
	return Page{number, size}, err
}

// block says which part of a list of total rows the page is.
func (p Page) block(total int) *pageBlock {
	pages := (total + p.Size - 1) / p.Size
	last := p.Number >= pages
	return &pageBlock{Page: p.Number, PerPage: p.Size, TotalCount: &total, TotalPages: &pages, IsLastPage: &last}
}

// code reads a parameter that is one of a list's codes; "" if it is left out.
func (c *call) code(name string, listed func(string) bool) (string, error) {
	text := c.query.Get(name)
	if c.query.Has(name) && !listed(text) {
		return "", badParameter(name, "parameter-unknown-code", "is no code that is listed")
	}
	return text, nil
}

// oneOf makes a code list of its arguments.
func oneOf(codes ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(codes, s) }
}

// uuid reads a parameter that is an identifier of ours; zero if it is left
// out.
func (c *call) uuid(name string) (event.UUID, error) {
	if !c.query.Has(name) {
		return event.UUID{}, nil
	}
	u, err := event.ParseUUID(c.query.Get(name))
	if err != nil || u.IsZero() {
		return event.UUID{}, badParameter(name, "parameter-malformed", "is no identifier")
	}
	return u, nil
}
