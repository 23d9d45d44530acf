// Package screenings is the read model of what a person was screened for and
// how it came out, the risks that were seen, and which programmes would invite
// them: one row for each. Another controller has a row for what it was told of,
// and none for the rest. It never holds item scores or what a risk plan says.
package screenings

import (
	"slices"
	"strconv"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Item says what a row is about.
type Item string

// The items.
const (
	Screening Item = "SCREENING"
	RiskFlag  Item = "RISK_FLAG"
	Programme Item = "PROGRAMME" // whether a population screening programme would invite
)

// Status says how far a row has come.
type Status string

// The statuses.
const (
	Offered    Status = "OFFERED"
	Declined   Status = "DECLINED"
	Complete   Status = "COMPLETE"
	Incomplete Status = "INCOMPLETE"
	Raised     Status = "RAISED"
	Reviewed   Status = "REVIEWED"
	Closed     Status = "CLOSED"
	Assessed   Status = "ASSESSED"
	Told       Status = "TOLD" // by another controller, as it stood then
)

// Row is one screening, risk flag or assessment of one person.
type Row struct {
	Person event.StreamID `db:"stream"`
	// ID is the screening's or the flag's; of a programme, derived from it; of
	// what was told, that of the event it was told from.
	ID event.UUID `db:"id,key"`
	// ToldTo is the controller it was told to; zero in a side's own record.
	ToldTo     event.UUID           `db:"told_to,key"`
	Controller event.UUID           `db:"controller"`
	Item       Item                 `db:"item"`
	Status     Status               `db:"status"`
	At         event.When           `db:"at"` // when it became what it is
	Instrument reference.Instrument `db:"instrument"`
	// Form and BandTable are the versions that were used.
	Form      reference.InstrumentForm     `db:"form"`
	BandTable reference.BandTable          `db:"band_table"`
	Band      reference.Band               `db:"band"`
	Outcome   reference.InstrumentOutcome  `db:"outcome"` // of an instrument without a total
	Positive  reference.Answer             `db:"positive"`
	Total     []int                        `db:"total,json"` // one number, or none where it is not known
	Level     screening.RiskLevel          `db:"level"`
	Of        event.UUID                   `db:"of"` // the screening that raised a flag
	Programme reference.ScreeningProgramme `db:"programme"`
	Eligible  screening.Eligibility        `db:"eligible"`
	Because   screening.EligibilityReason  `db:"because"`
	Why       screening.DeclineReason      `db:"declined_for"`
	Telling   event.UUID                   `db:"telling"` // the disclosure that told of it last
	Position  event.Position               `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "screenings", Version: 1,
		Types: []string{"screening.offered", "screening.declined", "screening.completed", "screening.risk-flag-raised",
			"screening.risk-flag-reviewed", "screening.risk-flag-closed", "screening.eligibility-assessed",
			"disclosure.made", "disclosure.unplanned-reported"},
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, k projections.Key, e event.Recorded) *Row { return fold(v, row, k, e) },
	})
}

func key(id, toldTo event.UUID) projections.Key {
	if toldTo.IsZero() {
		return projections.Keyed(id.String(), "")
	}
	return projections.Keyed(id.String(), toldTo.String())
}

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if id, known := about(v, e); known {
		if _, own := v.Owner(e); own {
			touched = append(touched, key(id, event.UUID{}))
		}
	}
	to, items := told(v, e)
	for _, item := range items {
		if k := key(sourceOf(e, item), to); !slices.Contains(touched, k) {
			touched = append(touched, k)
		}
	}
	return touched
}

// about is what an event of the area is about; false where that cannot be
// read. Each controller has an assessment of its own for a programme.
func about(v boundary.Viewer, e event.Recorded) (event.UUID, bool) {
	var id event.UUID
	switch d := e.Data.(type) {
	case screening.ScreeningOffered:
		id = d.Screening
	case screening.ScreeningDeclined:
		id = d.Screening
	case screening.ScreeningCompleted:
		id = d.Screening
	case screening.RiskFlagRaised:
		id = d.Flag
	case screening.RiskFlagReviewed:
		id = d.Flag
	case screening.RiskFlagClosed:
		id = d.Flag
	case screening.ScreeningEligibilityAssessed:
		if p := d.Programme.Value(); p != "" {
			controller, _ := v.Owner(e)
			id = event.DeriveUUID("screening-programme", controller[:], []byte(p))
		}
	}
	return id, !id.IsZero()
}

// told is what a disclosure told the viewer of screenings and risks, and to
// which controller.
func told(v boundary.Viewer, e event.Recorded) (to event.UUID, items []event.Item) {
	to, was := v.Told(e)
	if !was {
		return event.UUID{}, nil
	}
	var all []event.Item
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		all = d.ToldHealth.Value()
	case disclosure.UnplannedDisclosureReported:
		all = d.ToldHealth.Value()
	}
	for _, item := range all {
		facts := factsOf(item)
		if facts["instrument"] != "" || item.Category == "H.RISK_SELF" && facts["level"] != "" {
			items = append(items, item)
		}
	}
	return to, items
}

// telling is the disclosure that e is, as its recipient knows it.
func telling(e event.Recorded) event.UUID {
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		return d.Notice.Value().Disclosure
	case disclosure.UnplannedDisclosureReported:
		return d.Notice.Value().Disclosure
	}
	return event.UUID{}
}

func factsOf(item event.Item) map[string]string {
	facts := map[string]string{}
	for _, f := range item.Facts {
		facts[f.Name] = f.Value
	}
	return facts
}

// sourceOf names what an item is about: the event it came from, or else the
// telling and the instrument.
func sourceOf(e event.Recorded, item event.Item) event.UUID {
	if item.Source.IsZero() {
		return event.DeriveUUID("screening-told", e.ID.UUID[:], []byte(factsOf(item)["instrument"]))
	}
	return item.Source.UUID
}

func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	next := projections.Copy(row)
	if k.Parts()[1] == "" {
		if row == nil {
			next.Controller, _ = v.Owner(e)
		}
		next.own(e)
	} else {
		to, items := told(v, e)
		next.Controller, next.Status, next.Telling = to, Told, telling(e)
		for _, item := range items {
			if key(sourceOf(e, item), to) == k {
				next.told(item)
			}
		}
	}
	next.Position = e.Position
	return next
}

// own folds an event of the side's own record into r, a copy.
func (r *Row) own(e event.Recorded) {
	r.At = e.Effective
	switch d := e.Data.(type) {
	case screening.ScreeningOffered:
		r.Item, r.Status, r.Instrument = Screening, Offered, d.Instrument.Value()
	case screening.ScreeningDeclined:
		r.Item, r.Status, r.Instrument, r.Why = Screening, Declined, d.Instrument.Value(), d.Reason
	case screening.ScreeningCompleted:
		r.Item, r.Status = Screening, Incomplete
		if d.Status == screening.Complete {
			r.Status = Complete
		}
		r.Instrument, r.Form, r.BandTable = d.Instrument.Value(), d.Form.Value(), d.BandTable.Value()
		r.Band, r.Outcome = d.Band.Value(), d.Outcome.Value()
		if positive, state := d.Positive.Get(); state == event.Open {
			r.Positive = answer(positive)
		}
		if total, state := d.Total.Get(); state == event.Open {
			r.Total = []int{total}
		}
	case screening.RiskFlagRaised:
		r.Item, r.Status, r.Level, r.Of = RiskFlag, Raised, d.Level.Value(), d.Screening
	case screening.RiskFlagReviewed:
		r.Item, r.Status, r.Level = RiskFlag, Reviewed, d.Level.Value()
	case screening.RiskFlagClosed:
		r.Item, r.Status = RiskFlag, Closed
	case screening.ScreeningEligibilityAssessed:
		r.Item, r.Status = Programme, Assessed
		r.Programme, r.Eligible, r.Because = d.Programme.Value(), d.Eligible.Value(), d.Reason.Value()
	}
}

func answer(yes bool) reference.Answer {
	if yes {
		return reference.Yes
	}
	return reference.No
}

// told folds an item that was told into r, a copy. A band and a total of one
// screening are two items.
func (r *Row) told(item event.Item) {
	facts := factsOf(item)
	at := facts["screenedAt"]
	r.Item = Screening
	if facts["instrument"] == "" {
		r.Item, r.Level, at = RiskFlag, screening.RiskLevel(facts["level"]), facts["seenAt"]
	}
	if when, err := event.ParseWhen(at); err == nil {
		r.At = when
	}
	r.Instrument = reference.Instrument(facts["instrument"])
	if total, err := strconv.Atoi(facts["total"]); err == nil {
		r.Total = []int{total}
	}
	if band := facts["band"]; band != "" {
		r.Band, r.BandTable = reference.Band(band), reference.BandTable(facts["bandTable"])
		r.Positive = answer(facts["positive"] == "true")
	}
	if outcome := facts["outcome"]; outcome != "" {
		r.Outcome = reference.InstrumentOutcome(outcome)
	}
}

// Person asks for a person's rows, in the order in which they last changed.
func Person(person event.UUID) projections.Query {
	return projections.Query{Where: []projections.Condition{projections.Stream(event.Case(person))},
		Order: []projections.Order{projections.Ascending("position")}, Limit: projections.MaxLimit}
}
