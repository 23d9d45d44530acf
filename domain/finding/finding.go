// Package finding is what the monitors found about one person or one
// organisation, and what information governance did about it. A finding is
// never rewritten: judging again adds to it.
package finding

import (
	"caseledger/domain/event"
)

// Event is an event of a finding stream.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of findings.
type (
	Monitor  string // "L01" to "L49"
	Severity string
	Note     string // kebab-case: what the finding says beside its monitor
	Cause    string // why a finding was superseded
	Status   string // how a finding stands
	Outcome  string // how it was resolved
)

// The severities.
const (
	Critical Severity = "CRITICAL"
	High     Severity = "HIGH"
	Medium   Severity = "MEDIUM"
	Low      Severity = "LOW"
)

// Severities lists them, the gravest first.
var Severities = []Severity{Critical, High, Medium, Low}

// The causes for which a finding no longer stands.
const (
	Disproved Cause = "DISPROVED" // a fact recorded since shows that it was not so
	Corrected Cause = "CORRECTED" // what it was about was corrected or voided
)

// The statuses.
const (
	Open         Status = "OPEN"
	Acknowledged Status = "ACKNOWLEDGED"
	Resolved     Status = "RESOLVED"
	Waived       Status = "WAIVED"
	Superseded   Status = "SUPERSEDED"
)

// Outcomes lists how a finding may be resolved.
var Outcomes = []Outcome{"REMEDIED", "NOT_A_BREACH", "INCIDENT_RAISED"}

// Judged is one thing that a monitor found, before it is on the record. It is
// the same for the same history and the same monitors, byte for byte.
type Judged struct {
	Monitor  Monitor  `json:"monitor"`
	Version  int      `json:"monitorVersion"` // of the monitor
	Severity Severity `json:"severity"`
	// Item is the event that the finding is about.
	Item event.ID `json:"item"`
	// Key tells apart what one monitor finds about one item.
	Key Note `json:"key,omitzero"`
	// Organisation is set for what is found once about an organisation, and
	// not about a person.
	Organisation event.UUID `json:"organisation,omitzero"`
	// Evidence are the events that show it, the item first.
	Evidence []event.ID `json:"evidence"`
	// At is the instant at which it became so.
	At event.When `json:"at"`
	// AsKnown: it was so as known at the time. Hindsight: it was so as known
	// now. At least one holds.
	AsKnown   bool `json:"asKnown"`
	Hindsight bool `json:"hindsight"`
	// Indeterminate: the record says the day only, and the order in it decides.
	Indeterminate bool             `json:"indeterminate"`
	Notes         []Note           `json:"notes,omitempty"`
	Categories    []event.Category `json:"categories,omitempty"` // those it is about
	// By is whose act it is about, and Side the side whose record it belongs to.
	By   event.UUID `json:"by,omitzero"`
	Org  event.UUID `json:"org,omitzero"` // By's organisation
	Side event.Side `json:"side,omitzero"`
}

// ID names a finding about a subject, a person or an organisation: judging
// again finds it again.
func (j Judged) ID(subject event.UUID) event.UUID {
	if !j.Organisation.IsZero() {
		return event.DeriveUUID("finding", subject[:], []byte(j.Monitor), []byte(j.Key))
	}
	return event.DeriveUUID("finding", subject[:], []byte(j.Monitor), j.Item.UUID[:], []byte(j.Key))
}

// FindingRaised says that a monitor found something. Raised again for the same
// finding, it is what judging again came to.
type FindingRaised struct {
	Finding event.UUID `json:"finding"`
	Judged  Judged     `json:"judged"`
	// To is the last position of the ledger that was judged.
	To event.Position `json:"judgedTo"`
	// Again: the finding was raised before, and is now found differently.
	Again bool `json:"reEvaluation"`
}

func (FindingRaised) isEvent() {}

// FindingSuperseded says that a finding no longer stands, because of what was
// recorded since.
type FindingSuperseded struct {
	Finding event.UUID     `json:"finding"`
	Cause   Cause          `json:"cause"`
	To      event.Position `json:"judgedTo"`
}

func (FindingSuperseded) isEvent() {}

// FindingAcknowledged says that somebody has seen a finding and looks into it.
type FindingAcknowledged struct {
	Finding event.UUID `json:"finding"`
}

func (FindingAcknowledged) isEvent() {}

// FindingResolved says what was done about a finding, by somebody other than
// whose act it is about.
type FindingResolved struct {
	Finding event.UUID             `json:"finding"`
	Outcome Outcome                `json:"outcome"`
	Breach  event.UUID             `json:"breach,omitzero"` // the incident raised for it
	Reason  event.Personal[string] `json:"reason" personal:"operational"`
}

func (FindingResolved) isEvent() {}

// FindingWaived says that the risk of a finding is accepted. Only a senior
// information risk owner waives a critical one.
type FindingWaived struct {
	Finding event.UUID             `json:"finding"`
	Reason  event.Personal[string] `json:"reason" personal:"operational"`
}

func (FindingWaived) isEvent() {}

// FindingRecheckLost says that what a finding rests on was erased: it stays as it
// was found, and can no longer be checked again.
type FindingRecheckLost struct {
	Finding event.UUID     `json:"finding"`
	To      event.Position `json:"judgedTo"`
}

func (FindingRecheckLost) isEvent() {}

// Events lists the event definitions of finding streams.
var Events = []*event.Definition{
	event.Define[FindingRaised]("finding.raised", 1),
	event.Define[FindingSuperseded]("finding.superseded", 1),
	event.Define[FindingRecheckLost]("finding.recheck-lost", 1),
	event.Define[FindingAcknowledged]("finding.acknowledged", 1),
	event.Define[FindingResolved]("finding.resolved", 1),
	event.Define[FindingWaived]("finding.waived", 1),
}
