// Package access says what is kept of every look at a record: who was looked
// at, through which view, how much was shown and why. It never holds what was
// shown.
package access

import "caseledger/domain/event"

// View is the code of what was looked at, such as "person.timeline"; the
// route table of package api gives each read operation one.
type View string

// Class says how a look is counted.
type Class string

// The classes. The values are stored and never change.
const (
	ReadOne   Class = "READ_ONE"   // one person's record was opened
	ReadList  Class = "READ_LIST"  // people appeared in a list
	Search    Class = "SEARCH"     // people were looked for
	ReadEvent Class = "READ_EVENT" // single entries of the ledger were opened
	Evaluate  Class = "EVALUATE"   // a decision was tried without being recorded
)

// Classes lists the classes.
var Classes = []Class{ReadOne, ReadList, Search, ReadEvent, Evaluate}

// RecordAccessed says that one response showed something of the people it
// names. There is one for each response; it is on the stream of the reader's
// session and durable before the response leaves.
type RecordAccessed struct {
	View  View  `json:"view"`
	Class Class `json:"class"`
	// Subjects are the people shown, each once. Empty where a list or a search
	// found nobody: that it was asked is on the record too.
	Subjects []event.UUID `json:"subjects,omitempty"`
	// Items counts what was shown: rows, entries or verdicts.
	Items int `json:"items"`
	// Bytes is the length of the response's body.
	Bytes int `json:"bytes"`
	// TrueOn and KnownOn are the times the reader asked about; zero is the
	// moment of reading.
	TrueOn  event.When `json:"trueOn,omitzero"`
	KnownOn event.When `json:"knownOn,omitzero"`
	// Reason is what the reader gave as the reason, where one is asked for.
	Reason event.Personal[string] `json:"reason,omitzero" personal:"operational"`
}

var recordAccessed = event.Define[RecordAccessed]("record.accessed", 1)

// Events lists the area's event definitions.
var Events = []*event.Definition{recordAccessed, ledgerRead, replayExported}

// Catalogue holds every event type of an access stream, the kernel's included.
var Catalogue = event.NewCatalogue(Events)
