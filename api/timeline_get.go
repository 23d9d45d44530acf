package api

import (
	"net/http"
	"slices"
	"strings"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
)

var typeParameter = parameter{Name: "type", Type: "string", Doc: "stored names of events, separated by commas, such as consent.granted; left out, all"}

var getTimeline = operation[[]TimelineEntry]{
	ID: "get-timeline", Method: http.MethodGet, Path: prefix + "/people/{person}/timeline",
	Summary: "What was recorded about a person, as it was true and known on two chosen times",
	Action:  "timeline.read", Audit: access.ReadOne, View: "timeline",
	Query:  append([]parameter{typeParameter}, append(asOfParameters, pageParameters...)...),
	Handle: (*API).getTimeline,
}

func (a *API) getTimeline(c *call) (answer[[]TimelineEntry], error) {
	none := answer[[]TimelineEntry]{}
	at, err := c.asOf()
	if err != nil {
		return none, err
	}
	page, err := c.page()
	if err != nil {
		return none, err
	}
	types, err := c.types()
	if err != nil {
		return none, err
	}
	all, reflects, err := c.view.Timeline(c.ctx, c.person, at)
	if err != nil {
		return none, err
	}
	if len(types) > 0 {
		all = slices.DeleteFunc(slices.Clone(all), func(e TimelineEntry) bool { return !slices.Contains(types, e.Type) })
	}
	block := page.block(len(all))
	from := min(page.Offset(), len(all))
	shown := slices.Clone(all[from:min(from+page.Size, len(all))])
	for i := range shown {
		shown[i].Entry = c.entry(shown[i].Position)
	}
	return answer[[]TimelineEntry]{Data: shown, Reflects: reflects, Page: block,
		Subjects: []event.UUID{c.person}, Items: len(shown), Person: c.person}, nil
}

// types reads the parameter "type".
func (c *call) types() ([]string, error) {
	if !c.query.Has("type") {
		return nil, nil
	}
	types := strings.Split(c.query.Get("type"), ",")
	for _, t := range types {
		if _, known := casefile.Catalogue.Named(t); !known {
			return nil, badParameter("type", "parameter-unknown-code", "names an event type that does not exist")
		}
	}
	return types, nil
}
