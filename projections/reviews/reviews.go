// Package reviews is the queue of uses of break-glass that somebody else
// reviews: one row for each use. It never holds why in words, nor what was
// seen.
package reviews

import (
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one use.
type Row struct {
	Person     event.StreamID        `db:"stream"`
	Use        event.UUID            `db:"use,key"`
	Controller event.UUID            `db:"controller"` // [boundary.WholeSide] for any of the side's
	Invoker    event.Actor           `db:"invoker,json"`
	Reason     breakglass.ReasonCode `db:"reason"`
	Invoked    event.When            `db:"invoked"`
	Expires    event.When            `db:"expires"`
	Ended      event.When            `db:"ended"` // zero while nobody ended it
	// Due is the last instant at which a review is in time.
	Due      time.Time          `db:"due"`
	Verdict  breakglass.Verdict `db:"verdict"` // the last; empty: none yet
	Reviewer event.UUID         `db:"reviewer"`
	Reviewed event.When         `db:"reviewed"` // by a review that settled it
	Settled  bool               `db:"settled"`
	Position event.Position     `db:"position"`
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "reviews", Version: 1,
		Types: []string{"break-glass.invoked", "break-glass.ended", "break-glass.reviewed"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own && e.Operational == event.Open {
				if id := about(e); !id.IsZero() {
					return []projections.Key{projections.Keyed(id.String())}
				}
			}
			return []projections.Key{}
		},
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"settled", "due"}}, {Columns: []string{"use"}}},
	})
}

func about(e event.Recorded) event.UUID {
	switch d := e.Data.(type) {
	case breakglass.BreakGlassInvoked:
		return d.BreakGlass
	case breakglass.BreakGlassEnded:
		return d.BreakGlass
	case breakglass.BreakGlassReviewed:
		return d.BreakGlass
	}
	return event.UUID{}
}

func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	var s breakglass.State
	if row != nil {
		s.Uses = []breakglass.Use{{ID: row.Use, Invoker: row.Invoker, At: row.Invoked, Expires: row.Expires, Ended: row.Ended, Reviewed: row.Reviewed}}
	}
	if s = breakglass.Evolve(s, e); len(s.Uses) == 0 {
		return nil // it is not on the record that it was invoked
	}
	next, u := projections.Copy(row), s.Uses[0]
	switch d := e.Data.(type) {
	case breakglass.BreakGlassInvoked:
		if row != nil {
			return row
		}
		next.Controller, _ = v.Owner(e)
		next.Reason = d.ReasonCode
	case breakglass.BreakGlassReviewed:
		if next.Reviewed.IsZero() {
			next.Verdict, next.Reviewer = d.Verdict, e.Actor.ID
		}
	}
	next.Invoker, next.Invoked, next.Expires, next.Ended, next.Reviewed = u.Invoker, u.At, u.Expires, u.Ended, u.Reviewed
	next.Due, next.Settled = u.ReviewBy(), !u.Reviewed.IsZero()
	next.Position = e.Position
	return next
}
