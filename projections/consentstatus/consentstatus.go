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
			id := subject(e)
			if _, own := v.Owner(e); !own || id.IsZero() {
				return nil
			}
			return []projections.Key{projections.Keyed(id.String())}
		},
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "position"}}},
	})
}

// subject is the consent that an event is about; zero for any other event.
func subject(e event.Recorded) event.UUID {
	switch d := e.Data.(type) {
	case consent.ConsentOffered:
		return d.Consent
	case consent.ConsentGranted:
		return d.Consent
	case consent.ConsentRefused:
		return d.Consent
	case consent.ConsentNarrowed:
		return d.Consent
	case consent.ConsentWithdrawn:
		return d.Consent
	case consent.ConsentReconfirmed:
		return d.Consent
	case consent.ConsentExpired:
		return d.Consent
	case consent.ConsentInvalidated:
		return d.Consent
	}
	return event.UUID{}
}

// fold lets the area evolve the one consent, so that what a status means is
// said in one place.
func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	if row == nil {
		next.Consent = subject(e)
		next.Controller, _ = v.Owner(e)
	}
	evolved := consent.Evolve(consent.State{Consents: []consent.Consent{next.Value()}}, e)
	c, _ := evolved.Get(next.Consent)
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
