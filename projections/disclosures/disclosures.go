// Package disclosures is the register of what was decided about telling
// something, what was told, and what was told without a decision: one row for
// each decision, for each telling that nobody decided, and for each telling
// that was received. It never holds what was told, only of which categories.
// What the monitors found about a row is on another stream; it is joined to
// the row when it is read, by the row's entries.
package disclosures

import (
	"slices"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Part says in which way a row is part of a side's record.
type Part string

// The parts.
const (
	Own      Part = "own"      // decided or told by it
	Received Part = "received" // told to it
)

// Status says how far a row has come.
type Status string

// The statuses.
const (
	Proposed  Status = "PROPOSED"
	Decided   Status = "DECIDED"
	Made      Status = "MADE"
	Unplanned Status = "UNPLANNED" // told, and nobody had decided so
	Closed    Status = "CLOSED"    // nothing more will be told under it
)

// Row is one row of the register.
type Row struct {
	Person event.StreamID `db:"stream"`
	// ID is the decision's, or that of a telling where there is none of it here.
	ID         event.UUID            `db:"id,key"`
	Part       Part                  `db:"part,key"`
	Controller event.UUID            `db:"controller"`
	Status     Status                `db:"status"`
	Outcome    disclosure.Outcome    `db:"outcome"`
	Flow       disclosure.Flow       `db:"flow,json"`
	Purpose    event.Purpose         `db:"purpose"`
	Rule       disclosure.Rule       `db:"rule"`
	Confidence disclosure.Confidence `db:"confidence"`
	Consent    event.UUID            `db:"consent"`
	Reason     disclosure.Reason     `db:"reason"`
	// RuleSet are the rules it was judged by when it was decided, and Failed and
	// Warnings what spoke against it then.
	RuleSet          disclosure.RuleSet   `db:"rule_set"`
	Failed           []disclosure.Gate    `db:"failed_gates,json"`
	Warnings         []disclosure.Warning `db:"warnings,json"`
	Agreement        event.UUID           `db:"agreement"` // under which it is told; zero for none
	AgreementVersion int                  `db:"agreement_version"`
	DecidedAt        event.When           `db:"decided_at"`
	Tellings         []Telling            `db:"tellings,json"` // in the order they were recorded
	Entries          []event.ID           `db:"entries,json"`  // of the telling side's record that made the row
	At               time.Time            `db:"at"`            // the earliest that the last of them, or the decision, may mean
	Position         event.Position       `db:"position"`
}

// Telling is one time something was told under a decision.
type Telling struct {
	Disclosure event.UUID       `json:"disclosure"`
	At         event.When       `json:"at"`
	Categories []event.Category `json:"categories"`
}

// Last is the last telling; the zero value where nothing was told.
func (r Row) Last() Telling {
	if len(r.Tellings) == 0 {
		return Telling{}
	}
	return r.Tellings[len(r.Tellings)-1]
}

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "disclosures", Version: 2,
		Types: []string{"disclosure.proposed", "disclosure.decided", "disclosure.made",
			"disclosure.unplanned-reported", "disclosure.decision-closed"},
		Keys:    func(e event.Recorded) []projections.Key { return keys(v, e) },
		FoldKey: func(row *Row, k projections.Key, e event.Recorded) *Row { return fold(v, row, k, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "at"}}, {Columns: []string{"controller", "purpose", "at"}}, {Columns: []string{"agreement"}}},
	})
}

func key(id event.UUID, part Part) projections.Key {
	return projections.Keyed(id.String(), string(part))
}

func keys(v boundary.Viewer, e event.Recorded) []projections.Key {
	touched := []projections.Key{}
	if id, known := about(e); known {
		if _, own := v.Owner(e); own {
			touched = append(touched, key(id, Own))
		}
	}
	if _, told := v.Told(e); told {
		touched = append(touched, key(notice(e).Disclosure, Received))
	}
	return touched
}

// about is the decision, or the telling without one, that an event of the
// telling side's record is about; false where that cannot be read.
func about(e event.Recorded) (event.UUID, bool) {
	var id event.UUID
	switch d := e.Data.(type) {
	case disclosure.DisclosureProposed:
		id = d.Decision
	case disclosure.DisclosureDecided:
		id = d.Decision
	case disclosure.DisclosureDecisionClosed:
		id = d.Decision
	case disclosure.DisclosureMade:
		if id = d.Decision; id.IsZero() {
			id = d.Disclosure
		}
	case disclosure.UnplannedDisclosureReported:
		id = d.Disclosure
	}
	return id, !id.IsZero()
}

// notice is what the recipient's box says of a telling.
func notice(e event.Recorded) disclosure.Notice {
	switch d := e.Data.(type) {
	case disclosure.DisclosureMade:
		return d.Notice.Value()
	case disclosure.UnplannedDisclosureReported:
		return d.Notice.Value()
	}
	return disclosure.Notice{}
}

func fold(v boundary.Viewer, row *Row, k projections.Key, e event.Recorded) *Row {
	next := projections.Copy(row)
	if k.Parts()[1] == string(Received) {
		next.Controller, _ = v.Told(e)
		n := notice(e)
		next.Status, next.Flow = Made, n.Flow
		next.told(n.Disclosure, n.Flow, e.Effective)
	} else {
		if row == nil {
			next.Controller, _ = v.Owner(e)
		}
		next.own(e)
	}
	next.Purpose, next.Position = next.Flow.Purpose, e.Position
	return next
}

// own folds an event of the telling side's record into r, a copy.
func (r *Row) own(e event.Recorded) {
	r.Entries = append(slices.Clone(r.Entries), e.ID)
	switch d := e.Data.(type) {
	case disclosure.DisclosureProposed:
		r.Status, r.Flow, r.At = Proposed, d.Flow, e.Effective.Earliest()
	case disclosure.DisclosureDecided:
		if len(r.Tellings) == 0 {
			r.Status, r.At = Decided, e.Effective.Earliest()
		}
		r.Flow, r.Outcome, r.Reason, r.DecidedAt = d.Flow, d.Outcome, d.Reason, e.Effective
		r.Rule, r.Confidence, r.Consent = d.Basis.Rule, d.Basis.Confidence, d.Basis.Consent
		r.Agreement, r.AgreementVersion = d.Basis.Agreement, d.Basis.AgreementVersion
		r.RuleSet, r.Failed, r.Warnings = d.RuleSet, d.FailedGates, d.Warnings
	case disclosure.DisclosureMade:
		if r.Status == "" {
			r.Flow = d.Flow // told before anybody decided
		}
		r.Status = Made
		if r.Consent.IsZero() {
			r.Consent = d.Consent
		}
		r.told(d.Disclosure, d.Flow, e.Effective)
	case disclosure.UnplannedDisclosureReported:
		r.Status, r.Flow, r.Consent = Unplanned, d.Flow, d.Consent
		r.told(d.Disclosure, d.Flow, e.Effective)
	case disclosure.DisclosureDecisionClosed:
		r.Status = Closed
	}
}

func (r *Row) told(id event.UUID, f disclosure.Flow, at event.When) {
	r.Tellings = append(slices.Clone(r.Tellings), Telling{id, at, f.Categories})
	r.At = at.Earliest()
}
