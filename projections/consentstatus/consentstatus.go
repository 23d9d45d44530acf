// Package consentstatus is the read model of what a person agreed to, refused
// and withdrew: one row for each consent, from which its status at any time
// can be asked. It never says whether something may be told.
package consentstatus

import (
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one consent of one person.
type Row struct {
	Person       event.StreamID    `db:"stream"`
	Consent      event.UUID        `db:"consent,key"`
	Controller   event.UUID        `db:"controller"` // whose record it is in; [boundary.WholeSide] for any of the side's
	Kind         consent.Kind      `db:"kind"`
	Form         consent.Form      `db:"form"`
	OfferedAt    event.When        `db:"offered_at"`
	Asked        consent.Scope     `db:"asked,json"`    // as offered
	Versions     []consent.Version `db:"versions,json"` // from the grant on
	RefusedAt    event.When        `db:"refused_at"`
	RefusedScope consent.Scope     `db:"refused_scope,json"`
	WithdrawnAt  event.When        `db:"withdrawn_at"`
	Invalid      bool              `db:"invalid"`
	Position     event.Position    `db:"position"` // of the event that last changed it
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "consent_status", Version: 1,
		Types: []string{"consent.offered", "consent.granted", "consent.refused", "consent.narrowed",
			"consent.withdrawn", "consent.reconfirmed", "consent.expired", "consent.invalidated"},
		Keys: func(e event.Recorded) []projections.Key {
			if _, own := v.Owner(e); own {
				if c, about := evolved(consent.State{}, e); about {
					return []projections.Key{projections.Keyed(c.ID.String())}
				}
			}
			return []projections.Key{}
		},
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "position"}}},
	})
}

// evolved lets the area evolve one consent, so that what a status means is
// said in one place; false if the event is about none.
func evolved(s consent.State, e event.Recorded) (consent.Consent, bool) {
	s = consent.Evolve(s, e)
	if len(s.Consents) != 1 {
		return consent.Consent{}, false
	}
	return s.Consents[0], true
}

func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	var s consent.State
	if row == nil {
		next.Controller, _ = v.Owner(e)
	} else {
		s.Consents = []consent.Consent{row.Value()}
	}
	c, _ := evolved(s, e)
	next.Kind, next.OfferedAt, next.Asked, next.Versions = c.Kind, c.Offered, c.Asked, c.Versions
	next.RefusedAt, next.RefusedScope = c.Refusal.At, c.Refusal.Scope
	next.WithdrawnAt, next.Invalid = c.Withdrawn, c.Invalid
	if d, ok := e.Data.(consent.ConsentGranted); ok {
		next.Form = d.Form
	}
	next.Position = e.Position
	return next
}

// Value is the row as the consent area sees it: ask it for the status at a
// time.
func (r Row) Value() consent.Consent {
	return consent.Consent{ID: r.Consent, Kind: r.Kind, Offered: r.OfferedAt, Asked: r.Asked, Versions: r.Versions,
		Refusal: consent.Refusal{At: r.RefusedAt, Scope: r.RefusedScope}, Withdrawn: r.WithdrawnAt, Invalid: r.Invalid}
}

// Scope is the scope last in force, or the one refused.
func (r Row) Scope() consent.Scope {
	if v, given := r.Value().Latest(); given {
		return v.Scope
	}
	return r.RefusedScope
}

// Person asks for a person's consents, as one controller may see them, in the
// order they last changed.
func Person(person event.UUID, controllers ...any) projections.Query {
	where := []projections.Condition{projections.Stream(event.Case(person))}
	if len(controllers) > 0 {
		where = append(where, projections.In("controller", controllers...))
	}
	return projections.Query{Where: where, Order: []projections.Order{projections.Ascending("position")}, Limit: projections.MaxLimit}
}
