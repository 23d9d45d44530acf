// Package retention is the read model of how long records are kept: one row for
// each retention period, one for each legal hold, and one for each decision that
// something is erased, a disposal or an erasure. Whether a record is held at a time
// is asked of its person's holds. It never disposes of anything.
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
	Period  Kind = "PERIOD"
	Hold    Kind = "HOLD"
	Erasure Kind = "ERASURE"
)

// Row is one retention period, one legal hold, or one disposal or erasure.
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
	Disposed   event.When             `db:"disposed"`  // decided; zero: not yet
	Data       []event.Class          `db:"data,json"` // of a period, those of its last disposal

	// Of an erasure or a disposal. Period or Request is what it rests on, and
	// CarriedOut when its keys were destroyed; zero while it waits.
	Period      event.UUID `db:"period"`
	Request     event.UUID `db:"request"`
	CarriedOut  event.When `db:"carried_out"`
	Keys        int        `db:"keys"`
	CopiesUntil *event.Day `db:"copies_until"` // backups may hold a key until then

	Placed event.When `db:"placed"`
	Lifted event.When `db:"lifted"` // zero while it stands

	Position event.Position `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "retention", Version: 2,
		Types: []string{"rights.retention-period-set", "rights.retention-reviewed", "rights.record-disposed",
			"rights.erasure-decided", "rights.erasure-completed", "rights.legal-hold-placed", "rights.legal-hold-lifted"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own && e.Operational == event.Open {
				return keys(e)
			}
			return []projections.Key{}
		},
		FoldKey: func(row *Row, key projections.Key, e event.Recorded) *Row {
			if key.Parts()[0] == string(Erasure) {
				return foldErasure(v, row, e)
			}
			return fold(v, row, e)
		},
		Indexes: []projections.Index{{Columns: []string{"controller", "kind", "dispose_on"}}, {Columns: []string{"kind", "dispose_on"}}},
	})
}

// keys are the rows that an event touches: a disposal, that of its period and its
// own.
func keys(e event.Recorded) []projections.Key {
	all := []projections.Key{}
	put := func(kind Kind, id event.UUID) {
		if !id.IsZero() {
			all = append(all, projections.Keyed(string(kind), id.String()))
		}
	}
	put(about(e))
	switch d := e.Data.(type) {
	case rights.RecordDisposed:
		put(Erasure, d.Disposal)
	case rights.ErasureDecided:
		put(Erasure, d.Erasure)
	case rights.ErasureCompleted:
		put(Erasure, d.Erasure)
	}
	return all
}

// foldErasure folds what was decided to be erased, and its receipt. A receipt of
// what was never decided is nothing.
func foldErasure(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	switch d := e.Data.(type) {
	case rights.RecordDisposed:
		next.Period, next.Class, next.Data, next.Disposed = d.Period, d.Class, d.Data, e.Effective
	case rights.ErasureDecided:
		next.Request, next.Data, next.Disposed = d.Request, d.Data, e.Effective
	case rights.ErasureCompleted:
		if row == nil {
			return nil
		}
		next.CarriedOut, next.Keys, next.CopiesUntil = e.Effective, d.Keys, day(d.CopiesUntil)
	}
	if row == nil {
		next.Controller, _ = v.Owner(e)
		next.Org = e.Actor.Org
	}
	next.Position = e.Position
	return next
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
