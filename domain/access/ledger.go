package access

import "caseledger/domain/event"

// Purpose is what the ledger or its log is read for.
type Purpose string

// The purposes for which a log kept under section 62 of the Data Protection
// Act 2018 may be used (section 62(4); domain reference sections 8.8 and 9.6).
var Purposes = []Purpose{"AUDIT", "SELF_MONITORING", "INTEGRITY_SECURITY", "CRIMINAL_PROCEEDINGS"}

// LedgerRead says that entries of the ledger, or the log of who looked, were
// read, and for which purpose.
type LedgerRead struct {
	View     View         `json:"view"`
	Purpose  Purpose      `json:"purpose"`
	Subjects []event.UUID `json:"subjects,omitempty"`
	Items    int          `json:"items"`
	TrueOn   event.When   `json:"trueOn,omitzero"`
	KnownOn  event.When   `json:"knownOn,omitzero"`

	Reason event.Personal[string] `json:"reason,omitzero" personal:"operational"`
}

// ReplayExported says that a replay of one person's history left the system.
type ReplayExported struct {
	Purpose  Purpose      `json:"purpose"`
	Subjects []event.UUID `json:"subjects"`
	Items    int          `json:"items"`
	TrueOn   event.When   `json:"trueOn,omitzero"`
	KnownOn  event.When   `json:"knownOn,omitzero"`

	Reason event.Personal[string] `json:"reason,omitzero" personal:"operational"`
}

var (
	ledgerRead     = event.Define[LedgerRead]("record.ledger-read", 1)
	replayExported = event.Define[ReplayExported]("record.replay-exported", 1)
)
