package projections_test

import (
	"slices"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
)

// The sample is a shelf of books that people borrow: it knows no law.

type stage string

type joined struct {
	Stage stage                  `json:"stage"`
	On    event.Day              `json:"on"`
	Name  event.Personal[string] `json:"name" personal:"identity"`
}

type moved struct {
	Stage stage `json:"stage"`
}

type lent struct {
	Book event.UUID `json:"book"`
	Due  event.Day  `json:"due"`
}

type returned struct {
	Books []event.UUID `json:"books"`
}

type left struct{}

// noise is an event that no sample model reads.
type noise struct{}

var catalogue = event.NewCatalogue([]*event.Definition{
	event.Define[joined]("sample.joined", 1), event.Define[moved]("sample.moved", 1),
	event.Define[lent]("sample.lent", 1), event.Define[returned]("sample.returned", 1),
	event.Define[left]("sample.left", 1), event.Define[noise]("sample.noise", 1),
})

func newLedger() *projectiontest.Ledger { return projectiontest.NewLedger(catalogue) }

type memberRow struct {
	Person  event.StreamID `db:"stream"`
	Stage   stage          `db:"stage"`
	Name    string         `db:"name"`
	Since   *event.Day     `db:"since"`
	SeenAt  time.Time      `db:"seen_at"`
	Active  bool           `db:"active"`
	Events  int            `db:"events"`
	Last    event.Position `db:"last"`
	Stages  []stage        `db:"stages,json"`
	Changed event.When     `db:"changed"`
}

var members = projections.Define(projections.Spec[memberRow]{
	Name: "members", Version: 1,
	Types:   []string{"sample.joined", "sample.moved", "sample.left"},
	Fold:    foldMember,
	Indexes: []projections.Index{{Columns: []string{"stage", "since"}}},
})

func foldMember(row *memberRow, e event.Recorded) *memberRow {
	next := projections.Copy(row)
	switch d := e.Data.(type) {
	case joined:
		next.Stage, next.Since, next.Name, next.Active = d.Stage, &d.On, d.Name.Value(), true
	case moved:
		if d.Stage == "explosive" {
			panic("a fold that fails")
		}
		next.Stage = d.Stage
	case left:
		return nil
	}
	next.SeenAt, next.Last, next.Changed = e.RecordedAt, e.Position, e.Effective
	next.Events++
	next.Stages = append(slices.Clone(next.Stages), next.Stage)
	return next
}

type loanRow struct {
	Book   event.UUID `db:"book,key"`
	Due    event.Day  `db:"due"`
	Times  int        `db:"times"`
	Phrase string     `db:"phrase"`
}

var loans = projections.Define(projections.Spec[loanRow]{
	Name: "loans", Version: 1,
	Types: []string{"sample.lent", "sample.returned"},
	Keys: func(e event.Recorded) []projections.Key {
		switch d := e.Data.(type) {
		case lent:
			return []projections.Key{projections.Keyed(d.Book.String())}
		case returned:
			keys := make([]projections.Key, len(d.Books))
			for i, book := range d.Books {
				keys[i] = projections.Keyed(book.String())
			}
			return keys
		}
		return nil
	},
	Fold: func(row *loanRow, e event.Recorded) *loanRow {
		if d, ok := e.Data.(lent); ok {
			next := projections.Copy(row)
			next.Due, next.Times = d.Due, next.Times+1
			next.Phrase = strings.Repeat(`"\ue000é\`, next.Times%3)
			return next
		}
		return nil
	},
})

// diary shows everything, also what was replaced.
type diaryRow struct {
	Entry   event.UUID `db:"entry,key"`
	Type    string     `db:"type"`
	Struck  bool       `db:"struck"`
	Follows event.UUID `db:"follows"`
}

var diary = projections.Define(projections.Spec[diaryRow]{
	Name: "diary", Version: 1, Raw: true,
	Types: []string{"sample.joined", "sample.moved", "sample.left", "record.corrected", "record.entered-in-error"},
	Keys: func(e event.Recorded) []projections.Key {
		keys := []projections.Key{projections.Keyed(e.ID.String())}
		if e.IsCorrection() && e.Type != "record.corrected" {
			keys = append(keys, projections.Keyed(e.Corrects.String()))
		}
		return keys
	},
	FoldKey: func(row *diaryRow, key projections.Key, e event.Recorded) *diaryRow {
		switch {
		case key == projections.Keyed(e.ID.String()):
			return &diaryRow{Type: e.Type, Follows: e.Corrects.UUID}
		case row == nil:
			return nil // what it corrects is of no type shown
		}
		next := projections.Copy(row)
		next.Struck = true
		return next
	},
})
