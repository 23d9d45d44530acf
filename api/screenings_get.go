package api

import (
	"net/http"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// Screenings is what a person was screened for, as far as it is the caller's
// to know.
type Screenings struct {
	Screenings []Screening `json:"screenings"`
	RiskFlags  []RiskFlag  `json:"riskFlags"`
	Programmes []Programme `json:"programmes" doc:"population screening"`
}

// Screening is one screening: a screen is no diagnosis.
type Screening struct {
	ID         event.UUID     `json:"screening"`
	Instrument string         `json:"instrument,omitempty"`
	Status     string         `json:"status" doc:"OFFERED, DECLINED, COMPLETE or INCOMPLETE; TOLD as another controller told of it"`
	At         event.When     `json:"at"`
	Form       string         `json:"formVersion,omitempty"`
	Band       string         `json:"band,omitempty"`
	BandTable  string         `json:"bandTableVersion,omitempty"`
	Positive   string         `json:"positive,omitempty" doc:"YES or NO"`
	Total      *int           `json:"total,omitempty" doc:"absent where an item is missing, or it was not told"`
	Outcome    string         `json:"outcome,omitempty" doc:"of an instrument without a total"`
	Why        string         `json:"declinedFor,omitempty"`
	Told       event.UUID     `json:"toldBy,omitzero" doc:"the disclosure that told of it, where it is of another's record"`
	Position   event.Position `json:"-"`
	Entry      string         `json:"entry"`
}

// RiskFlag is a risk of suicide or self-harm that was seen.
type RiskFlag struct {
	ID        event.UUID     `json:"flag"`
	Status    string         `json:"status" doc:"RAISED, REVIEWED, CLOSED, or TOLD as another controller told of it"`
	Level     string         `json:"level,omitempty"`
	At        event.When     `json:"at"`
	Screening event.UUID     `json:"screening,omitzero" doc:"that raised it"`
	Told      event.UUID     `json:"toldBy,omitzero"`
	Position  event.Position `json:"-"`
	Entry     string         `json:"entry"`
}

// Programme is whether a population screening programme would invite.
type Programme struct {
	Programme string         `json:"programme"`
	Eligible  string         `json:"eligible" doc:"ELIGIBLE, NOT_ELIGIBLE or SELF_REFER"`
	Because   string         `json:"reason,omitempty"`
	At        event.When     `json:"assessedAt"`
	Position  event.Position `json:"-"`
	Entry     string         `json:"entry"`
}

var getScreenings = operation[Screenings]{
	ID: "get-screenings", Method: http.MethodGet, Path: prefix + "/people/{person}/screenings",
	Summary: "What a person was screened for and how it came out",
	Action:  "screening.read", Audit: access.ReadOne, View: "screenings",
	Handle: (*API).getScreenings,
}

func (a *API) getScreenings(c *call) (answer[Screenings], error) {
	s, reflects, err := c.view.Screenings(c.ctx, c.person)
	for i := range s.Screenings {
		s.Screenings[i].Entry = c.entry(s.Screenings[i].Position)
	}
	for i := range s.RiskFlags {
		s.RiskFlags[i].Entry = c.entry(s.RiskFlags[i].Position)
	}
	for i := range s.Programmes {
		s.Programmes[i].Entry = c.entry(s.Programmes[i].Position)
	}
	return answer[Screenings]{Data: s, Reflects: reflects, Subjects: []event.UUID{c.person},
		Items: len(s.Screenings) + len(s.RiskFlags) + len(s.Programmes), Person: c.person}, err
}
