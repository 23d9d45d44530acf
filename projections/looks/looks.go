// Package looks is the read model of who looked at whom: one row for each
// person and each answer that showed something of them. It never holds what was
// shown.
package looks

import (
	"slices"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Class says how a look is counted: a class of package access, or one of these.
type Class string

// The classes of reading what was recorded itself.
const (
	LedgerRead     Class = "LEDGER_READ"     // the ledger, or the log of who looked
	ReplayExported Class = "REPLAY_EXPORTED" // a person's history left the system
)

// Row is one look at one person.
type Row struct {
	Session    event.StreamID `db:"stream"` // of the reader
	Event      event.UUID     `db:"event,key"`
	Subject    event.UUID     `db:"subject,key"` // the person
	Controller event.UUID     `db:"controller"`  // of whoever looked
	At         time.Time      `db:"at"`          // the earliest that its time may mean
	Actor      event.Actor    `db:"actor,json"`  // as they were then
	By         event.UUID     `db:"looked_by"`
	Client     event.UUID     `db:"client"` // the app that they looked through
	Purpose    event.Purpose  `db:"purpose"`
	// Use is what a log kept under section 62 of the Data Protection Act 2018
	// was read for; empty of other looks.
	Use      access.Purpose `db:"log_use"`
	View     access.View    `db:"view"`
	Class    Class          `db:"class"`
	Items    int            `db:"items"` // of everybody whom the answer showed
	TrueOn   event.When     `db:"true_on"`
	KnownOn  event.When     `db:"known_on"`
	Reason   Text           `db:"reason"` // as the reader gave it
	Position event.Position `db:"position"`
}

// Text is text of a row.
type Text string

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "looks", Version: 1,
		Types:   []string{"record.accessed", "record.ledger-read", "record.replay-exported"},
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		Fold:    func(_ *Row, e event.Recorded) *Row { return fold(v, e) },
		Indexes: []projections.Index{{Columns: []string{"subject", "at"}}},
	})
}

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if _, own := v.Owner(e); own {
		for _, who := range subjects(e) {
			if k := projections.Keyed(e.ID.String(), who.String()); !slices.Contains(touched, k) {
				touched = append(touched, k)
			}
		}
	}
	return touched
}

func subjects(e event.Recorded) []event.UUID {
	switch d := e.Data.(type) {
	case access.RecordAccessed:
		return d.Subjects
	case access.LedgerRead:
		return d.Subjects
	case access.ReplayExported:
		return d.Subjects
	}
	return nil
}

func fold(v boundary.Viewer, e event.Recorded) *Row {
	r := &Row{At: e.Effective.Earliest(), Actor: e.Actor, By: e.Actor.ID, Client: e.Actor.Client, Purpose: e.Purpose, Position: e.Position}
	r.Controller, _ = v.Owner(e)
	switch d := e.Data.(type) {
	case access.RecordAccessed:
		r.View, r.Class, r.Items, r.TrueOn, r.KnownOn, r.Reason = d.View, Class(d.Class), d.Items, d.TrueOn, d.KnownOn, Text(d.Reason.Value())
	case access.LedgerRead:
		r.View, r.Class, r.Items, r.TrueOn, r.KnownOn, r.Reason = d.View, LedgerRead, d.Items, d.TrueOn, d.KnownOn, Text(d.Reason.Value())
		r.Use = d.Purpose
	case access.ReplayExported:
		r.Class, r.Items, r.TrueOn, r.KnownOn, r.Reason = ReplayExported, d.Items, d.TrueOn, d.KnownOn, Text(d.Reason.Value())
		r.Use = d.Purpose
	}
	return r
}
