// Package governance is the registers of an organisation's information
// governance: impact assessments, policy documents, the record of processing,
// staff roles, training, undertakings and personal data breaches, one row for
// each. It names staff by opaque identifiers, counts the people whom a breach
// is about, and never holds what was written in words.
package governance

import (
	"time"

	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// Register says which register a row is in.
type Register string

// The registers.
const (
	DPIA        Register = "DPIA"
	Change      Register = "PROCESSING_CHANGE"
	Document    Register = "POLICY_DOCUMENT"
	Ropa        Register = "ROPA"
	StaffRole   Register = "STAFF_ROLE"
	Training    Register = "TRAINING"
	Undertaking Register = "UNDERTAKING"
	Breach      Register = "BREACH"
)

// Registers lists them.
var Registers = []Register{DPIA, Change, Document, Ropa, StaffRole, Training, Undertaking, Breach}

// Row is one entry of one register. Fields that its register lacks are zero.
type Row struct {
	Org        event.StreamID   `db:"stream"`
	Register   Register         `db:"register,key"`
	ID         event.UUID       `db:"id,key"`
	Version    int              `db:"version"`
	Controller event.UUID       `db:"controller"`
	Staff      event.UUID       `db:"staff"`
	Code       string           `db:"code"` // what it is about: a processing, a condition, a purpose, a role, a course, a kind of breach
	At         event.When       `db:"at"`
	Since      time.Time        `db:"since"` // the earliest that At may mean
	From       *event.Day       `db:"from_day"`
	Recipient  event.Side       `db:"recipient"`
	Categories []event.Category `db:"categories,json"`

	Residual  governance.Residual `db:"residual"`
	Consulted bool                `db:"consulted"`
	Senior    bool                `db:"senior"`
	Ended     event.When          `db:"ended"`

	Incident Incident `db:"incident,json"` // what became of a breach

	// Due is the first instant at which the row is overdue: a review, a
	// training or an undertaking past its time, or a regulator not told; zero
	// where there is none.
	Due time.Time `db:"due"`
	// Settled: nothing can become overdue any more.
	Settled  bool           `db:"settled"`
	Position event.Position `db:"position"`
}

// Incident is a personal data breach as far as is shown of it.
type Incident struct {
	AwareAt    event.When            `json:"awareAt"`
	Notifiable bool                  `json:"notifiable"`
	Assessed   event.When            `json:"assessed"` // zero: not yet
	Likelihood governance.Likelihood `json:"likelihood"`
	Notified   event.When            `json:"notified"` // zero: not yet
	Delay      governance.Delay      `json:"delay"`
	Subjects   []event.UUID          `json:"subjects"`
	Told       []event.UUID          `json:"told"`
	Informed   event.When            `json:"informed"` // when all had been told
}

// OverdueAt reports whether the row is overdue at t.
func (r Row) OverdueAt(t time.Time) bool { return !r.Settled && !r.Due.IsZero() && !r.Due.After(t) }

// Model declares the read model for one viewer. An organisation's registers
// are its controller's.
func Model(v boundary.Viewer) projections.Model[Row] {
	return projections.Define(projections.Spec[Row]{
		Name: "governance", Version: 1,
		Types: []string{"governance.dpia-approved", "governance.processing-changed", "governance.policy-document-published",
			"governance.ropa-entry-recorded", "governance.staff-role-assigned", "governance.staff-role-ended", "governance.training-recorded",
			"governance.undertaking-signed", "governance.breach-detected", "governance.breach-assessed", "governance.regulator-notified",
			"governance.subjects-informed"},
		Keys:    keys,
		Fold:    func(row *Row, e event.Recorded) *Row { return fold(v, row, e) },
		Indexes: []projections.Index{{Columns: []string{"controller", "register", "since"}}, {Columns: []string{"register", "since"}}},
	})
}

// keys is the entry that an event is about. A document, an assessment or an
// entry of the record of processing is one row, as it was last recorded.
func keys(e event.Recorded) []projections.Key {
	register, id := about(e)
	if id.IsZero() || e.Operational != event.Open {
		return []projections.Key{}
	}
	return []projections.Key{projections.Keyed(string(register), id.String())}
}

func about(e event.Recorded) (Register, event.UUID) {
	switch d := e.Data.(type) {
	case governance.DPIAApproved:
		return DPIA, d.DPIA
	case governance.ProcessingChanged:
		return Change, e.ID.UUID
	case governance.PolicyDocumentPublished:
		return Document, d.Document
	case governance.RopaEntryRecorded:
		return Ropa, d.Entry
	case governance.StaffRoleAssigned:
		return StaffRole, d.Assignment
	case governance.StaffRoleEnded:
		return StaffRole, d.Assignment
	case governance.TrainingRecorded:
		return Training, d.Training
	case governance.UndertakingSigned:
		return Undertaking, d.Undertaking
	case governance.BreachDetected:
		return Breach, d.Breach
	case governance.BreachAssessed:
		return Breach, d.Breach
	case governance.RegulatorNotified:
		return Breach, d.Breach
	case governance.SubjectsInformed:
		return Breach, d.Breach
	}
	return "", event.UUID{}
}

// fold lets the domain evolve one entry. What is recorded of a role or a breach
// that is not on the record is nothing.
func fold(v boundary.Viewer, row *Row, e event.Recorded) *Row {
	next := projections.Copy(row)
	var before governance.State
	if row != nil {
		switch row.Register {
		case StaffRole:
			before.Staff = []governance.Assignment{{StaffRoleAssigned: governance.StaffRoleAssigned{Assignment: row.ID}, Ended: row.Ended}}
		case Breach:
			before.Breaches = []governance.Breach{row.Value()}
		case DPIA, Change, Document, Ropa, Training, Undertaking: // recorded whole each time
		}
	}
	s := governance.Evolve(before, e)
	switch d := e.Data.(type) {
	case governance.DPIAApproved:
		next.Version, next.Code, next.Residual, next.Consulted = d.Version, string(d.Processing), d.Residual, d.Consulted
		next.Due = d.ReviewDue.Start()
	case governance.ProcessingChanged:
		next.Code = string(d.Processing)
	case governance.PolicyDocumentPublished:
		next.Version, next.Code, next.From, next.Due = d.Version, string(d.Condition), &d.From, d.ReviewDue.Start()
	case governance.RopaEntryRecorded:
		next.Code, next.Recipient, next.Categories, next.From = string(d.Purpose), d.RecipientSide, d.Categories, &d.From
	case governance.StaffRoleAssigned:
		next.Staff, next.Code, next.Senior = d.Staff, string(d.Role), d.Senior
	case governance.TrainingRecorded:
		next.Staff, next.Code, next.Due = d.Staff, string(d.Course), s.Training[0].Lapses().Start()
	case governance.UndertakingSigned:
		if next.Staff = d.Staff; d.Until != 0 {
			next.Due = d.Until.End()
		}
	case governance.BreachDetected:
		next.Code = string(d.Kind)
	case governance.StaffRoleEnded, governance.BreachAssessed, governance.RegulatorNotified, governance.SubjectsInformed:
		if row == nil {
			return nil
		}
	}
	if row == nil || recorded(e) {
		next.At, next.Since = e.Effective, e.Effective.Earliest()
	}
	if len(s.Staff) > 0 {
		next.Ended = s.Staff[0].Ended
	}
	if len(s.Breaches) > 0 {
		next.became(s.Breaches[0])
	}
	next.Controller, next.Position = v.Controller(e.Stream.Of), e.Position
	return next
}

// recorded reports whether an event records an entry, rather than what became
// of it.
func recorded(e event.Recorded) bool {
	switch e.Data.(type) {
	case governance.StaffRoleEnded, governance.BreachAssessed, governance.RegulatorNotified, governance.SubjectsInformed:
		return false
	}
	return true
}

// Value is the row of a breach as the domain sees it.
func (r Row) Value() governance.Breach {
	i := r.Incident
	return governance.Breach{BreachDetected: governance.BreachDetected{Breach: r.ID, Kind: governance.BreachKind(r.Code), AwareAt: i.AwareAt, Subjects: i.Subjects, Notifiable: i.Notifiable},
		At: r.At, Assessed: i.Assessed, Likelihood: i.Likelihood, Notified: i.Notified, Delay: i.Delay, Told: i.Told, Informed: i.Informed}
}

// became takes over what the domain says of a breach. A notifiable one is
// overdue from the first moment after which the regulator is told late.
func (r *Row) became(b governance.Breach) {
	r.Incident = Incident{AwareAt: b.AwareAt, Notifiable: b.Notifiable, Assessed: b.Assessed, Likelihood: b.Likelihood, Notified: b.Notified,
		Delay: b.Delay, Subjects: b.Subjects, Told: b.Told, Informed: b.Informed}
	r.Due, r.Settled = b.NotifyBy().Add(time.Microsecond), !b.Notifiable || !b.Notified.IsZero()
}
