package event

import "time"

// Side is a side of the boundary (domain reference section 0.2). Keys, read
// models and visibility are kept per side.
type Side string

// The sides. Every organisation has exactly one.
const (
	NHS            Side = "NHS"
	Probation      Side = "PROBATION"
	Prison         Side = "PRISON"
	LocalAuthority Side = "LOCAL_AUTHORITY"
	VCSE           Side = "VCSE"
	Court          Side = "COURT"
	Police         Side = "POLICE"
	Regulator      Side = "REGULATOR"
	Research       Side = "RESEARCH"
	PersonSide     Side = "PERSON"
)

// Shared stands in the place of a side for what is nobody's personal record and
// open to every side: agreements, and the rules that decisions are judged by.
// No organisation has it.
const Shared Side = "SHARED"

// Sides lists every side that an organisation can have, in the order of the
// domain reference.
var Sides = []Side{NHS, Probation, Prison, LocalAuthority, VCSE, Court, Police, Regulator, Research, PersonSide}

// Role is a role code of domain reference section 1, held at the time of the
// act; package reference has the list.
type Role string

// Purpose is a purpose code of domain reference section 0.4; package
// reference has the list.
type Purpose string

// Origin says how an event entered the ledger.
type Origin string

// Live events were decided here; imported ones are facts recorded past
// command validation, because what happened must be recordable.
const (
	Live     Origin = "LIVE"
	Imported Origin = "IMPORTED"
)

// Actor is who acted, as opaque identifiers and the role and side held then.
type Actor struct {
	ID     UUID `json:"id"`
	Role   Role `json:"role"`
	Side   Side `json:"side"`
	Org    UUID `json:"org"`
	Client UUID `json:"client,omitzero"` // the application that acted for them
}

// Meta is the clear part of an event that the application freezes before the
// append. It is readable after erasure: it holds opaque identifiers, codes
// and times only.
type Meta struct {
	Type    string `json:"type"`    // stored name, "<area>.<past>"
	Version int    `json:"version"` // schema version as stored
	// Subject is the person (or organisation) the event is about and whose
	// keys seal it.
	Subject UUID `json:"subject"`
	// Effective is when it was true.
	Effective   When     `json:"effectiveAt"`
	Actor       Actor    `json:"actor"`
	Purpose     Purpose  `json:"purpose,omitempty"`
	Command     UUID     `json:"command"`
	Index       int      `json:"index"` // of the event within its command, from 0
	Correlation UUID     `json:"correlation,omitzero"`
	Causation   UUID     `json:"causation,omitzero"`
	Corrects    ID       `json:"corrects,omitzero"` // the event this one replaces, corrects or voids
	Origin      Origin   `json:"origin"`
	Policy      [32]byte `json:"-"` // SHA-256 of the rule set in force when it was decided; zero for what was not decided here
}

// Recorded is a stored event, decoded and at today's version, as far as the
// reader may open it.
type Recorded struct {
	Position   Position
	RecordedAt time.Time // UTC, to the microsecond; never decreases with Position
	ID         ID
	Stream     StreamID
	Revision   Revision
	Meta
	// Data is the event's struct, at the current version. Fields whose box is
	// not open are zero, and Personal fields say which.
	Data any
	// Import says why an imported event was recorded past validation, and where
	// it came from; absent of a live one.
	Import Personal[Provenance]
	// Operational says whether the operational box, which holds everything
	// that is not Personal, could be read: Open, Withheld or Erased. It is
	// Open for an event that has none.
	Operational State
	// Erased are its boxes, of those that are this reader's to open, whose keys were
	// destroyed.
	Erased []Gap
}

// Gap is a box that cannot be opened any more.
type Gap struct {
	Class Class
	Key   UUID // that was destroyed
}

// Provenance is why a fact was recorded past validation, and from which system
// it came. It is stored beside the event's own fields, under a reserved name.
type Provenance struct {
	Reason string `json:"reason"`
	System string `json:"sourceSystem"`
}

// Draft is an event that has been decided and not yet sealed.
type Draft struct {
	Data      any
	Effective When // zero: the command's own
	Corrects  ID
	Causation UUID
	// Side is the side whose keys seal the event and whose record it is part of;
	// zero means the actor's. It differs where one side's staff record something
	// that belongs to another's record, such as the withdrawal of a consent that
	// the other side holds.
	Side Side
}
