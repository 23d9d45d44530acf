package reference

import (
	"errors"
	"fmt"
	"slices"

	"caseledger/domain/event"
)

type (
	Instrument        string // a screening instrument, such as "PHQ-9"
	Band              string // what a total means, such as "MODERATE"
	BandFor           string // for whom a band table holds; empty for everybody
	BandTable         string // a version of a band table
	InstrumentForm    string // a version of an instrument's form
	InstrumentLicence string
	InstrumentOutcome string // of an instrument that yields no total
)

// The licences an instrument may need (domain reference section 5).
const (
	LicenceFree     InstrumentLicence = "FREE"
	LicenceCheck    InstrumentLicence = "CHECK"    // free on terms that somebody must have read
	LicenceRequired InstrumentLicence = "REQUIRED" // not without a licence key
)

// InstrumentEntry is one form of a screening instrument, with the table that
// says what its totals mean. Question wording is never kept.
type InstrumentEntry struct {
	Head[Instrument]
	// Form is the version of the form whose items are scored.
	Form    InstrumentForm    `json:"form"`
	Licence InstrumentLicence `json:"licence"`
	SNOMED  string            `json:"snomed,omitempty"`
	LOINC   string            `json:"loinc,omitempty"`
	// Category is what its results are beside scores and bands; empty if they
	// are no more than those.
	Category event.Category `json:"category,omitempty"`
	// Items are the item scores that each item may have, in the form's order.
	// Without items it yields one of Outcomes.
	Items    []ItemGroup         `json:"items,omitempty"`
	Outcomes []InstrumentOutcome `json:"outcomes,omitempty"`
	// BandTable is the version of Bands, by which a total is read unless another
	// of the entry's tables is asked for.
	BandTable BandTable `json:"bandTable,omitempty"`
	Bands     []BandRow `json:"bands,omitempty"`
	// OtherTables are for where sources disagree; which one a place uses is its
	// choice.
	OtherTables []OtherTable `json:"otherTables,omitempty"`
	// ChangeMeasure: a total means nothing by itself, only against an earlier
	// one, so there are no bands.
	ChangeMeasure bool       `json:"changeMeasure,omitempty"`
	Trigger       *SelfHarm  `json:"selfHarm,omitempty"`
	Next          Instrument `json:"whenPositive,omitempty"` // to be completed after a positive result
}

// ItemGroup is a run of items that take the same scores.
type ItemGroup struct {
	Count  int   `json:"count"`
	Scores []int `json:"scores"` // in rising order
}

// BandRow is a range of totals and what it means.
type BandRow struct {
	Band Band `json:"band"`
	From int  `json:"from"` // the lowest total
	To   int  `json:"to"`   // the highest total
	// For says for whom the row holds; empty for everybody.
	For      BandFor `json:"for,omitempty"`
	Positive bool    `json:"positive"`
}

// OtherTable is another table by which an instrument's totals may be read.
type OtherTable struct {
	BandTable BandTable `json:"bandTable"`
	Bands     []BandRow `json:"bands"`
}

// SelfHarm names the item that raises a risk flag when it scores above a
// value, or, of an instrument without items, the outcomes that do.
type SelfHarm struct {
	Item     int                 `json:"item,omitempty"`  // counted from 1
	Above    int                 `json:"above,omitempty"` // the highest score that raises none
	Outcomes []InstrumentOutcome `json:"outcomes,omitempty"`
}

// For whom a band table may hold.
const (
	ForEverybody BandFor = ""
	ForMen       BandFor = "M"
	ForWomen     BandFor = "F"
)

// Instruments lists the screening instruments.
var Instruments = load("instruments", InstrumentEntry.check,
	func(e *InstrumentEntry, d event.Day) { e.startsBy(d) })

// Scores returns the scores that each item may have.
func (e InstrumentEntry) Scores() [][]int {
	var all [][]int
	for _, g := range e.Items {
		for range g.Count {
			all = append(all, g.Scores)
		}
	}
	return all
}

// Range returns the lowest and the highest total.
func (e InstrumentEntry) Range() (lowest, highest int) {
	for _, scores := range e.Scores() {
		lowest += scores[0]
		highest += scores[len(scores)-1]
	}
	return lowest, highest
}

// Read is the entry as it is by one of its tables; false if it has none of
// that version. No version is its default.
func (e InstrumentEntry) Read(by BandTable) (InstrumentEntry, bool) {
	if by == "" || by == e.BandTable {
		return e, true
	}
	for _, t := range e.OtherTables {
		if t.BandTable == by {
			e.BandTable, e.Bands = t.BandTable, t.Bands
			return e, true
		}
	}
	return e, false
}

// BandOf returns what a total means for somebody; false for a total out of
// range. Where the table differs by sex and the sex is not known, the lower
// cut-off counts, so that nobody is missed.
func (e InstrumentEntry) BandOf(total int, of BandFor) (BandRow, bool) {
	var found BandRow
	ok := false
	for _, b := range e.Bands {
		if total < b.From || total > b.To || b.For != ForEverybody && of != ForEverybody && b.For != of {
			continue
		}
		if !ok || b.Positive && !found.Positive {
			found, ok = b, true
		}
	}
	return found, ok
}

// Triggers reports whether item scores, or a total alone, show that the
// self-harm item scored above its limit. A total alone shows it only if the
// other items together could not reach it.
func (e InstrumentEntry) Triggers(items []*int, total int, totalKnown bool) bool {
	if e.Trigger == nil || len(e.Items) == 0 {
		return false
	}
	if i := e.Trigger.Item - 1; i < len(items) {
		return items[i] != nil && *items[i] > e.Trigger.Above
	}
	_, highest := e.Range()
	own := e.Scores()[e.Trigger.Item-1]
	return totalKnown && total-(highest-own[len(own)-1]) > e.Trigger.Above
}

// TriggersBy reports whether an outcome shows a risk of suicide or self-harm.
func (e InstrumentEntry) TriggersBy(outcome InstrumentOutcome) bool {
	return e.Trigger != nil && slices.Contains(e.Trigger.Outcomes, outcome)
}

func (e InstrumentEntry) check() error {
	if e.Form == "" {
		return errors.New("no form version")
	}
	if !slices.Contains([]InstrumentLicence{LicenceFree, LicenceCheck, LicenceRequired}, e.Licence) {
		return errors.New("unknown licence")
	}
	if e.Category != "" && !Categories.Listed(e.Category) {
		return errors.New("unknown category")
	}
	if (len(e.Items) > 0) == (len(e.Outcomes) > 0) {
		return errors.New("it has either items or outcomes")
	}
	if len(e.Items) == 0 {
		if len(e.Bands) > 0 || len(e.OtherTables) > 0 || e.ChangeMeasure {
			return errors.New("bands without items")
		}
		if t := e.Trigger; t != nil && (t.Item != 0 || t.Above != 0 || len(t.Outcomes) == 0 ||
			slices.ContainsFunc(t.Outcomes, func(o InstrumentOutcome) bool { return !slices.Contains(e.Outcomes, o) })) {
			return errors.New("the trigger names no outcome")
		}
		return nil
	}
	for _, g := range e.Items {
		if g.Count < 1 || len(g.Scores) < 2 || !slices.IsSorted(g.Scores) || g.Scores[0] < 0 {
			return errors.New("an item group without a count or rising scores")
		}
	}
	if t := e.Trigger; t != nil && (t.Item < 1 || t.Item > len(e.Scores()) || len(t.Outcomes) > 0) {
		return errors.New("the trigger names no item")
	}
	if e.ChangeMeasure {
		if len(e.Bands) > 0 || len(e.OtherTables) > 0 || e.BandTable != "" {
			return errors.New("bands of a change measure")
		}
		return nil
	}
	for i, t := range e.OtherTables {
		if t.BandTable == e.BandTable || slices.ContainsFunc(e.OtherTables[:i], func(o OtherTable) bool { return o.BandTable == t.BandTable }) {
			return errors.New("two tables of one version")
		}
		other, _ := e.Read(t.BandTable)
		if err := other.checkBands(); err != nil {
			return err
		}
	}
	return e.checkBands()
}

// checkBands refuses a table that leaves a total without a band, or gives it
// two for one person.
func (e InstrumentEntry) checkBands() error {
	if e.BandTable == "" {
		return errors.New("no version of the band table")
	}
	lowest, highest := e.Range()
	for _, of := range []BandFor{ForMen, ForWomen} {
		for total := lowest; total <= highest; total++ {
			n := 0
			for _, b := range e.Bands {
				if total >= b.From && total <= b.To && (b.For == ForEverybody || b.For == of) {
					n++
				}
			}
			if n != 1 {
				return fmt.Errorf("total %d has %d bands for %s", total, n, of)
			}
		}
	}
	for _, b := range e.Bands {
		if b.Band == "" || b.From > b.To || b.From < lowest || b.To > highest || !slices.Contains([]BandFor{ForEverybody, ForMen, ForWomen}, b.For) {
			return errors.New("a band without a name, out of range or for nobody")
		}
	}
	return nil
}
