// Package timeline is the read model of everything that was recorded about a
// person: one row for each entry, also for those that were replaced or entered
// in error. It holds both times of each entry, so any pair of "true on" and
// "known on" is a selection of its rows. It never says what an entry means.
package timeline

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Part says in which way an entry is part of a side's record.
type Part string

// The parts.
const (
	Own      Part = "own"      // recorded in it
	Received Part = "received" // told to it by a disclosure
)

// Row is one entry of one person's timeline.
type Row struct {
	Person     event.StreamID `db:"stream"`
	Event      event.UUID     `db:"event,key"`
	Part       Part           `db:"part,key"`
	Controller event.UUID     `db:"controller"` // [boundary.WholeSide] for any of the side's
	Position   event.Position `db:"position"`
	Revision   event.Revision `db:"revision"`
	RecordedAt time.Time      `db:"recorded_at"`
	Type       Name           `db:"type"`
	Effective  event.When     `db:"effective_at"`
	Begun      time.Time      `db:"begun_at"` // the earliest that Effective may mean
	Actor      event.Actor    `db:"actor,json"`
	Purpose    event.Purpose  `db:"purpose"`
	Origin     event.Origin   `db:"origin"`
	Data       jsontext.Value `db:"data,json"` // the fields, as far as the side may read them
	Corrects   event.UUID     `db:"corrects"`
	// CorrectedBy is the entry that replaced or voided this one, and
	// CorrectedAt its position; zero while this one stands.
	CorrectedBy event.UUID     `db:"corrected_by"`
	CorrectedAt event.Position `db:"corrected_at"`
}

// Name is the stored name of an event type.
type Name string

// StandsAt reports whether the entry had neither been replaced nor voided as
// far as was known at a position; 0 is now.
func (r Row) StandsAt(known event.Position) bool {
	return r.CorrectedAt == 0 || known != 0 && r.CorrectedAt > known
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "timeline", Version: 1, Raw: true,
		Types:   casefile.EventTypes(),
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, key projections.Key, e event.Recorded) *Row { return fold(v, row, key, e) },
		Indexes: []projections.Index{{Columns: []string{"stream", "position"}}, {Columns: []string{"event"}}},
	})
}

func key(id event.ID, part Part) projections.Key { return projections.Keyed(id.String(), string(part)) }

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{} // none, rather than the stream's only row
	if _, own := v.Owner(e); own {
		touched = append(touched, key(e.ID, Own))
		if e.IsCorrection() && e.Type != "record.corrected" {
			touched = append(touched, key(e.Corrects, Own))
		}
	}
	if _, told := v.Told(e); told {
		touched = append(touched, key(e.ID, Received))
	}
	return touched
}

// fold writes the entry's own row or rows, and marks the entry that a
// correction is about.
func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	if k == key(e.Corrects, Own) {
		if row == nil {
			return nil // it was another side's
		}
		next := projections.Copy(row)
		next.CorrectedBy, next.CorrectedAt = e.ID.UUID, e.Position
		return next
	}
	next := &Row{Position: e.Position, Revision: e.Revision, RecordedAt: e.RecordedAt, Type: Name(e.Type),
		Effective: e.Effective, Begun: e.Effective.Earliest(), Actor: e.Actor, Purpose: e.Purpose, Origin: e.Origin,
		Corrects: e.Corrects.UUID}
	shown := e.Reveal()
	if k == key(e.ID, Received) {
		next.Controller, _ = v.Told(e)
		shown = e.RevealTold()
	} else {
		next.Controller, _ = v.Owner(e)
	}
	data, err := json.Marshal(shown, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("timeline: a %s cannot be written", e.Type)) // parks the person, names the position
	}
	next.Data = data
	return next
}

// Person asks for a person's entries, newest first, as known at a position (0
// for now) to one controller; no controllers means all of them.
func Person(person event.UUID, known event.Position, controllers ...any) projections.Query {
	where := []projections.Condition{projections.Stream(event.Case(person))}
	if known != 0 {
		where = append(where, projections.AtMost("position", int64(known)))
	}
	if len(controllers) > 0 {
		where = append(where, projections.In("controller", controllers...))
	}
	return projections.Query{Where: where, Order: []projections.Order{projections.Descending("position")}, Limit: projections.MaxLimit}
}
