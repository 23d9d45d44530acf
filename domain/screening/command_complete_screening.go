package screening

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// CompleteScreening records how a screening came out. That the person agreed
// to take part is for package casefile to see.
type CompleteScreening struct {
	event.Timed
	// Screening is the offer that was taken up.
	Screening  event.UUID           `json:"screening,omitzero"`
	Instrument reference.Instrument `json:"instrument"`
	// Items are the scores in the form's order; null for one not answered.
	Items []*int `json:"items,omitempty"`
	// Total is checked against the items; alone, it needs ItemsWithheld.
	Total         *int `json:"total,omitempty"`
	ItemsWithheld bool `json:"itemsWithheld,omitempty"`
	// Outcome is what an instrument without items yields.
	Outcome reference.InstrumentOutcome `json:"outcome,omitempty"`
	// BandFor says by whose cut-offs the total is read where they differ; left
	// out, by the sex registered.
	BandFor reference.BandFor `json:"bandFor,omitempty"`
	// BandTable says by which of the instrument's tables the total is read, where
	// sources disagree; left out, by its default.
	BandTable reference.BandTable `json:"bandTable,omitempty"`
	// LicenceHeld says that the instrument may be used, where it needs a licence.
	LicenceHeld bool       `json:"licenceHeld,omitempty"`
	Appointment event.UUID `json:"appointment,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b CompleteScreening) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/instrument", b.Instrument, reference.Instruments.Listed)
	fault.OneOf(&f, "/bandFor", b.BandFor, []reference.BandFor{"", reference.ForMen, reference.ForWomen})
	e, ok := reference.Instruments.Latest(b.Instrument)
	if !ok {
		return f
	}
	_, read := e.Read(b.BandTable)
	f.If(!read, "/bandTable", "unknown-version", "the instrument has no such table")
	if len(e.Items) == 0 {
		fault.OneOf(&f, "/outcome", b.Outcome, e.Outcomes)
		f.If(len(b.Items) > 0, "/items", "not-of-this-instrument", "of this instrument only the outcome is kept")
		f.If(b.Total != nil, "/total", "not-of-this-instrument", "of this instrument only the outcome is kept")
		return f
	}
	f.If(b.Outcome != "", "/outcome", "not-of-this-instrument", "this instrument yields a total")
	lowest, highest := e.Range()
	f.If(b.Total != nil && (*b.Total < lowest || *b.Total > highest), "/total", "out-of-range", "the total is out of the instrument's range")
	scores := e.Scores()
	switch {
	case b.ItemsWithheld:
		f.If(len(b.Items) > 0, "/items", "withheld", "items that are withheld are not given")
		f.If(b.Total == nil, "/total", "required", "without items, give the total")
	case len(b.Items) != len(scores):
		f.If(true, "/items", "wrong-number", "give a score, or null, for each item")
	default:
		for i, item := range b.Items {
			f.If(item != nil && !slices.Contains(scores[i], *item), "/items/"+strconv.Itoa(i), "out-of-range", "the item has no such score")
		}
	}
	return f
}

// Check refuses a total that is not that of the items, and an instrument that
// may not be used.
func (b CompleteScreening) Check(s State, c event.Context) error {
	if err := open(s, b.Screening, b.Instrument); err != nil {
		return err
	}
	e, ok := b.entry(c)
	if !ok {
		return fault.Refuse("instrument-not-in-force", "the instrument was not in use then")
	}
	if e.Licence == reference.LicenceRequired && !b.LicenceHeld {
		return fault.Refuse("licence-absent", "the instrument may not be used without a licence")
	}
	switch total, complete := b.sum(); {
	case b.ItemsWithheld || b.Total == nil:
	case !complete:
		return fault.Refuse("total-of-missing-items", "with items missing there is no total")
	case total != *b.Total:
		return fault.Refuse("total-mismatch", "the total is not the sum of the items")
	}
	return nil
}

// Events records the result, read by the cut-offs of the body's choice.
func (b CompleteScreening) Events(_ State, c event.Context) []event.Draft {
	return b.Record(c, b.BandFor)
}

// Record records the result, read by somebody's cut-offs, and raises a risk
// flag if it shows thoughts of self-harm.
func (b CompleteScreening) Record(c event.Context, of reference.BandFor) []event.Draft {
	e, _ := b.entry(c)
	e, _ = e.Read(b.BandTable)
	d := ScreeningCompleted{Screening: idOr(b.Screening, c, "screening"), Status: Incomplete, ItemsWithheld: b.ItemsWithheld,
		Appointment: b.Appointment, Instrument: event.Own(b.Instrument), Form: event.Own(e.Form)}
	total, known := b.sum()
	if b.ItemsWithheld && b.Total != nil {
		total, known = *b.Total, true
	}
	if len(b.Items) > 0 && !b.ItemsWithheld {
		d.Items = event.Own(slices.Clone(b.Items))
	}
	switch {
	case len(e.Items) == 0:
		d.Status, d.Outcome = Complete, event.Own(b.Outcome)
	case known:
		d.Status, d.Total = Complete, event.Own(total)
		if row, ok := e.BandOf(total, of); ok {
			d.Band, d.Positive = event.Own(row.Band), event.Own(row.Positive)
			d.BandTable, d.BandFor = event.Own(e.BandTable), event.Own(row.For)
		}
	}
	drafts := []event.Draft{{Data: d}}
	level := NoRisk
	switch {
	case e.Triggers(b.Items, total, known):
		level = Ideation // what an item shows: how far it goes is for a clinician to ask
	case e.TriggersBy(b.Outcome):
		level = RiskLevel(b.Outcome)
	}
	if level != NoRisk {
		drafts = append(drafts, event.Draft{Data: RiskFlagRaised{Flag: c.NewID("risk-flag"), Screening: d.Screening, Level: event.Own(level)}})
	}
	return drafts
}

// entry is the instrument as it was used on the day, or else as last known.
func (b CompleteScreening) entry(c event.Context) (reference.InstrumentEntry, bool) {
	if e, ok := reference.Instruments.Find(b.Instrument, event.DayOf(c.When().Earliest())); ok {
		return e, true
	}
	e, _ := reference.Instruments.Latest(b.Instrument)
	return e, false
}

// sum adds the items up; false if one is missing.
func (b CompleteScreening) sum() (total int, complete bool) {
	for _, item := range b.Items {
		if item == nil {
			return 0, false
		}
		total += *item
	}
	return total, len(b.Items) > 0
}
