// Package findings is the board of what the monitors found: one row for each
// finding, with how it stands and what was done about it. It names people and
// staff by opaque identifiers only, and never says what an entry says.
package findings

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Row is one finding. It belongs to the controller whose act it is about, on
// the side whose record shows it.
type Row struct {
	Stream  event.StreamID `db:"stream"` // of the findings about one person or organisation
	Finding event.UUID     `db:"finding,key"`
	// Controller is that of whose act it is; [boundary.WholeSide] where nobody's
	// of the register is.
	Controller event.UUID       `db:"controller"`
	Person     event.UUID       `db:"person"` // zero for what is found about an organisation
	Org        event.UUID       `db:"org"`    // whose act it is, or about which it is found
	Side       event.Side       `db:"side"`
	Monitor    finding.Monitor  `db:"monitor"`
	Severity   finding.Severity `db:"severity"`
	Gravity    int              `db:"gravity"` // 0 is the gravest severity
	Status     finding.Status   `db:"status"`
	Item       event.UUID       `db:"item"`
	At         time.Time        `db:"at"` // the earliest that it may have become so
	Judged     finding.Judged   `db:"judged,json"`
	JudgedTo   event.Position   `db:"judged_to"`
	Cause      finding.Cause    `db:"cause"`     // set if it is superseded
	Outcome    finding.Outcome  `db:"outcome"`   // set if it is resolved
	Breach     event.UUID       `db:"breach"`    // the incident that was raised for it
	Unchecked  bool             `db:"unchecked"` // what it rests on was erased: it stays as it was found
	Steps      []Step           `db:"steps,json"`
	Position   event.Position   `db:"position"` // of the last step
	Revision   event.Revision   `db:"revision"` // the same, in its stream
}

// Step is one thing that was recorded of a finding, in the order in which it
// was.
type Step struct {
	Status     finding.Status `json:"status"` // how it stood after it
	By         event.UUID     `json:"by"`
	Role       event.Role     `json:"role"`
	At         event.When     `json:"at"`
	RecordedAt time.Time      `json:"recordedAt"`
	Event      event.ID       `json:"event"`
	Position   event.Position `json:"position"`
}

// RaisedAt is when it was first on the record.
func (r Row) RaisedAt() time.Time { return r.Steps[0].RecordedAt }

// Model declares the read model for one viewer.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "findings", Version: 2,
		Types: []string{"finding.raised", "finding.superseded", "finding.recheck-lost", "finding.acknowledged", "finding.resolved", "finding.waived"},
		Keys:  keys,
		Fold:  func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "at"}}, {Columns: []string{"at"}},
			{Columns: []string{"finding"}}, {Columns: []string{"item"}}},
	})
}

// keys is the finding that an event is about; none where the side cannot read
// it.
func keys(e event.Recorded) []projections.Key {
	var id event.UUID
	switch d := e.Data.(type) {
	case finding.FindingRaised:
		id = d.Finding
	case finding.FindingSuperseded:
		id = d.Finding
	case finding.FindingRecheckLost:
		id = d.Finding
	case finding.FindingAcknowledged:
		id = d.Finding
	case finding.FindingResolved:
		id = d.Finding
	case finding.FindingWaived:
		id = d.Finding
	}
	if id.IsZero() || e.Operational != event.Open {
		return []projections.Key{}
	}
	return []projections.Key{projections.Keyed(id.String())}
}

// fold lets the domain evolve one finding, so that what stands is said in one
// place. What is recorded of a finding that this side was never shown is
// nothing to it.
func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	var s finding.State
	if row != nil {
		s.Findings = []finding.Finding{row.value()}
	}
	s = finding.Evolve(s, e)
	if len(s.Findings) == 0 {
		return nil
	}
	f, next := s.Findings[0], projections.Copy(row)
	j := f.Judged
	next.Org, next.Person = j.Org, e.Stream.Of
	if !j.Organisation.IsZero() {
		next.Org, next.Person = j.Organisation, event.UUID{}
	}
	next.Controller = v.Controller(next.Org)
	next.Side, next.Monitor, next.Severity, next.Item = j.Side, j.Monitor, j.Severity, j.Item.UUID
	next.Gravity, next.At, next.Judged = slices.Index(finding.Severities, j.Severity), j.At.Earliest(), j
	next.Status, next.Cause, next.Outcome, next.Breach, next.Unchecked = f.Status, f.Cause, f.Outcome, f.Breach, f.Unchecked
	switch d := e.Data.(type) {
	case finding.FindingRaised:
		next.JudgedTo = d.To
	case finding.FindingSuperseded:
		next.JudgedTo = d.To
	case finding.FindingRecheckLost:
		next.JudgedTo = d.To
	}
	next.Steps = append(slices.Clone(next.Steps), Step{Status: f.Status, By: e.Actor.ID, Role: e.Actor.Role, At: e.Effective,
		RecordedAt: e.RecordedAt, Event: e.ID, Position: e.Position})
	next.Position, next.Revision = e.Position, e.Revision
	return next
}

// value is the row as the domain sees it.
func (r Row) value() finding.Finding {
	return finding.Finding{ID: r.Finding, Judged: r.Judged, Status: r.Status, Cause: r.Cause, Outcome: r.Outcome, Breach: r.Breach, Unchecked: r.Unchecked}
}

// Stands reports whether the finding is a fact about the record: whatever was
// done about it, it was not withdrawn.
func (r Row) Stands() bool { return r.value().Stands() }
