// Package caseload is the read model of the people an organisation's
// controller holds something about: who they are, where they stand and what
// comes next, one row for each person and controller. It never holds what was
// found in a screening.
package caseload

import (
	"slices"
	"strings"
	"time"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one person as one controller knows them.
type Row struct {
	Person     event.StreamID `db:"stream"`
	Controller event.UUID     `db:"controller,key"`
	FamilyName Text           `db:"family_name"`
	GivenName  Text           `db:"given_name"`
	// Sought is the family name as it is looked for: see [Sought].
	Sought       Text             `db:"sought"`
	BirthDate    Text             `db:"birth_date"` // ISO 8601; empty where it is not known
	Identifiers  []Identifier     `db:"identifiers,json"`
	Site         reference.Site   `db:"site"`
	Region       reference.Region `db:"region"`
	Practitioner event.UUID       `db:"practitioner"`
	Contacts     []Contact        `db:"contacts,json"`   // booked and neither kept, missed nor cancelled
	Referrals    []event.UUID     `db:"referrals,json"`  // open
	Notice       bool             `db:"notice"`          // a privacy notice was given
	ScreenedAt   event.When       `db:"screened_at"`     // last
	RiskFlags    []event.UUID     `db:"risk_flags,json"` // open
	ConsentAt    event.When       `db:"consent_at"`      // last change
	Registered   bool             `db:"registered"`      // by this controller
	Erased       bool             `db:"erased"`
	ChangedAt    time.Time        `db:"changed_at"`
	Position     event.Position   `db:"position"`
	Revision     event.Revision   `db:"revision"`
}

// Text is text of a row.
type Text string

// Identifier is one identifier of the person.
type Identifier struct {
	Link   event.UUID                `json:"link"`
	Type   person.IdentifierType     `json:"type"`
	Value  string                    `json:"value"`
	Status reference.NHSNumberStatus `json:"status,omitempty"`
}

// Contact is one appointment to come.
type Contact struct {
	Appointment event.UUID `json:"appointment"`
	From        event.When `json:"from"`
}

// Next is the first contact that begins at or after t; zero if none is booked.
func (r Row) Next(t time.Time) event.When {
	for _, c := range r.Contacts {
		if !c.From.Earliest().Before(t) {
			return c.From
		}
	}
	return event.When{}
}

// Sought is a name in the form it is looked for: letters of one case, single
// spaces.
func Sought(name string) Text { return Text(strings.Join(strings.Fields(strings.ToLower(name)), " ")) }

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "caseload", Version: 1,
		Types: casefile.EventTypes(), // so that Revision is that of the last entry shown
		Keys:  func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, k projections.Key, e event.Recorded) *Row {
			return fold(v, row, k, e)
		},
		Indexes: []projections.Index{
			{Columns: []string{"controller", "sought", "birth_date"}},
			{Columns: []string{"controller", "site"}},
			{Columns: []string{"controller", "practitioner"}},
		},
	})
}

func key(controller event.UUID) projections.Key { return projections.Keyed(controller.String()) }

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if controller, own := v.Owner(e); own && controller != boundary.WholeSide {
		touched = append(touched, key(controller))
	}
	if controller, told := v.Told(e); told && !slices.Contains(touched, key(controller)) {
		touched = append(touched, key(controller))
	}
	return touched
}

func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	next := projections.Copy(row)
	if e.RecordedAt.After(next.ChangedAt) {
		next.ChangedAt = e.RecordedAt
	}
	next.Position, next.Revision = max(next.Position, e.Position), max(next.Revision, e.Revision)
	if to, told := v.Told(e); told && k == key(to) {
		next.told(e)
	}
	if controller, own := v.Owner(e); own && k == key(controller) {
		next.own(e)
	}
	return next
}
