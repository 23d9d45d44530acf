package access

import (
	"regexp"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Purpose is what the ledger or its log is read for.
type Purpose string

// The purposes for which a log kept under section 62 of the Data Protection
// Act 2018 may be used (section 62(4); domain reference sections 8.8 and 9.6).
var Purposes = []Purpose{"AUDIT", "SELF_MONITORING", "INTEGRITY_SECURITY", "CRIMINAL_PROCEEDINGS"}

// Allowed reports whether the purpose is one of [Purposes]. A use for another
// is a fact like any other, and finding L47.
func (p Purpose) Allowed() bool { return slices.Contains(Purposes, p) }

var purposeForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,39}$`)

// Ask refuses a purpose for which nobody may begin to read the ledger. What was
// read for such a purpose all the same is recorded, not asked about.
func Ask(p Purpose) error {
	if p.Allowed() {
		return nil
	}
	return fault.Bad("/purpose", "purpose-not-allowed", "say for which of the purposes of section 62(4) the ledger is read: %v", Purposes)
}

// Validate names what cannot be recorded. Any purpose in the form of a code
// can: one that is not allowed is found.
func (r LedgerRead) Validate() []fault.Field {
	f := use(r.Purpose, r.Subjects, r.Items)
	f.If(r.View == "", "/view", "required", "say what was read")
	return f
}

// Validate names what cannot be recorded; see [LedgerRead.Validate].
func (r ReplayExported) Validate() []fault.Field {
	f := use(r.Purpose, r.Subjects, r.Items)
	f.If(len(r.Subjects) == 0, "/subjects", "required", "say whose history it was")
	return f
}

func use(p Purpose, subjects []event.UUID, items int) fault.Fields {
	var f fault.Fields
	f.If(p == "", "/purpose", "required", "say for which purpose")
	f.If(p != "" && !purposeForm.MatchString(string(p)), "/purpose", "malformed-code", "this is not the form of a code")
	f.If(slices.Contains(subjects, event.UUID{}), "/subjects", "required", "a subject without an identifier")
	f.If(items < 0, "/items", "out-of-range", "this is not a number of entries")
	return f
}

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
