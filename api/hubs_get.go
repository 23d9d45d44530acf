package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// HubFigures are the counts of some weeks at every site of a hub.
type HubFigures struct {
	Threshold int       `json:"threshold" doc:"no count under it is published"`
	Weeks     []HubWeek `json:"weeks" doc:"the earliest first; the last may not be over"`
}

// HubWeek is one week's counts.
type HubWeek struct {
	Monday   event.Day    `json:"week" doc:"the Monday it begins on"`
	Measures []HubMeasure `json:"measures"`
}

// HubMeasure is one thing that is counted.
type HubMeasure struct {
	Measure string     `json:"measure" doc:"REGISTERED, SCREENED, REFERRED, GP_REGISTERED, MISSED_HUB_CLINIC, CONSENT_ASKED, CONSENT_GIVEN, CONSENT_WITHDRAWN or DISCLOSURES"`
	Sites   []HubCount `json:"sites"`
	Total   HubCount   `json:"total" doc:"kept back where the count of any site is"`
}

// HubCount is one count, or that it is kept back.
type HubCount struct {
	Site       string `json:"site,omitempty"`
	Count      *int   `json:"count,omitempty"`
	Suppressed bool   `json:"suppressed" doc:"fewer than the threshold, or kept back to protect a count that is"`
}

const (
	standardWeeks = 13
	maxWeeks      = 53
)

var getHubMetrics = operation[HubFigures]{
	ID: "get-hub-metrics", Method: http.MethodGet, Path: prefix + "/hubs/metrics",
	Summary: "What was done at each hub, week by week; small numbers are kept back",
	Action:  "hub.metrics", Audit: access.ReadList, View: "hub-metrics",
	Query: []parameter{
		{Name: "until", Type: "string", Doc: "a Europe/London day of the last week; left out, today"},
		{Name: "weeks", Type: "integer", Doc: "1 to 53; 13 if left out"},
	},
	Handle: (*API).getHubMetrics,
}

func (a *API) getHubMetrics(c *call) (answer[HubFigures], error) {
	until, err := c.day("until", event.DayOf(c.now))
	if err != nil {
		return answer[HubFigures]{}, err
	}
	weeks, err := c.number("weeks", 1, maxWeeks, standardWeeks)
	if err != nil {
		return answer[HubFigures]{}, err
	}
	figures, reflects, err := c.view.HubFigures(c.ctx, until, weeks)
	return answer[HubFigures]{Data: figures, Reflects: reflects, Items: len(figures.Weeks)}, err
}
