// Package retention is the read model of how long records are kept: one row for
// each retention period and one for each legal hold. Whether a record is held
// at a time is asked of its person's holds. It never disposes of anything.
package retention

import (
	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Kind says what a row is.
type Kind string

// The kinds.
const (
	Period Kind = "PERIOD"
	Hold   Kind = "HOLD"
)

// Row is one retention period or one legal hold.
type Row struct {
	Person     event.StreamID `db:"stream"`
	Kind       Kind           `db:"kind,key"`
	ID         event.UUID     `db:"id,key"`
	Controller event.UUID     `db:"controller"` // [boundary.WholeSide] for any of the side's
	Org        event.UUID     `db:"org"`

	Class      rights.RetentionClass  `db:"class"`
	From       *event.Day             `db:"from_day"`
	KeepUntil  *event.Day             `db:"keep_until"`
	DisposeOn  *event.Day             `db:"dispose_on"` // nil where the schedule does not dispose
	Reviewed   event.When             `db:"reviewed"`   // the latest review
	LastReview rights.RetentionReview `db:"last_review"`
	Disposed   event.When             `db:"disposed"` // zero: not yet
	Data       []event.Class          `db:"data,json"`

	Placed event.When `db:"placed"`
	Lifted event.When `db:"lifted"` // zero while it stands

	Position event.Position `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "retention", Version: 1,
		Types: []string{"rights.retention-period-set", "rights.retention-reviewed", "rights.record-disposed",
			"rights.legal-hold-placed", "rights.legal-hold-lifted"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own && e.Operational == event.Open {
				if kind, id := about(e); !id.IsZero() {
					return []projections.Key{projections.Keyed(string(kind), id.String())}
				}
			}
			return []projections.Key{}
		},
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "kind", "dispose_on"}}, {Columns: []string{"kind", "dispose_on"}}},
	})
}

func about(e event.Recorded) (Kind, event.UUID) {
	switch d := e.Data.(type) {
	case rights.RetentionPeriodSet:
		return Period, d.Period
	case rights.RetentionReviewed:
		return Period, d.Period
	case rights.RecordDisposed:
		return Period, d.Period
	case rights.LegalHoldPlaced:
		return Hold, d.Hold
	case rights.LegalHoldLifted:
		return Hold, d.Hold
	}
	return "", event.UUID{}
}

// fold lets the domain evolve one period or hold. What is recorded of one that
// was never set or placed is nothing.
func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	var s rights.State
	next := projections.Copy(row)
	kind, _ := about(e)
	switch {
	case row == nil:
		next.Controller, _ = v.Owner(e)
	case kind == Period:
		s.Periods = []rights.Period{{ID: row.ID, Class: row.Class, Org: row.Org, From: dayOf(row.From), KeepUntil: dayOf(row.KeepUntil), DisposeOn: dayOf(row.DisposeOn),
			Reviewed: row.Reviewed, LastReview: row.LastReview}}
	default:
		s.Holds = []rights.Hold{row.value()}
	}
	s = rights.Evolve(s, e)
	switch {
	case len(s.Periods) > 0:
		p := s.Periods[0]
		next.Class, next.Org, next.From, next.KeepUntil, next.DisposeOn = p.Class, p.Org, day(p.From), day(p.KeepUntil), day(p.DisposeOn)
		next.Reviewed, next.LastReview = p.Reviewed, p.LastReview
		if d, ok := e.Data.(rights.RecordDisposed); ok {
			next.Disposed, next.Data = e.Effective, d.Data
		}
	case len(s.Holds) > 0:
		h := s.Holds[0]
		next.Org, next.Placed, next.Lifted = h.Org, h.Placed, h.Lifted
	default:
		return nil
	}
	next.Position = e.Position
	return next
}

func (r Row) value() rights.Hold {
	return rights.Hold{ID: r.ID, Org: r.Org, Placed: r.Placed, Lifted: r.Lifted}
}

// Holds are the legal holds among some rows, as the domain sees them.
func Holds(rows []Row) rights.State {
	var s rights.State
	for _, r := range rows {
		if r.Kind == Hold {
			s.Holds = append(s.Holds, r.value())
		}
	}
	return s
}

func day(d event.Day) *event.Day {
	if d == 0 {
		return nil
	}
	return &d
}

func dayOf(d *event.Day) event.Day {
	if d == nil {
		return 0
	}
	return *d
}
