// Package agreement is one data sharing agreement: its terms by version, who
// signed, and while it is in force. An agreement never creates a power to
// share; it is asked beside one (domain reference section 9.1).
package agreement

import "caseledger/domain/event"

// Event is an event of an agreement stream.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of agreements.
type (
	ControllerRole string // how a party controls what is shared
	SignatoryRole  string // who signed for a party
	Reference      string // names a document kept elsewhere
	Status         string
	Frequency      string
	Return         string // what becomes of what was shared when it ends
	Method         string // how it is shared
	// Basis is a legal basis, a confidentiality basis or a gateway (domain
	// reference section 8.2), as decisions to disclose name them.
	Basis string
)

// ControllerRoles lists them.
var ControllerRoles = []ControllerRole{"SOLE", "JOINT", "PROCESSOR"}

// SignatoryRoles lists who may sign for a party.
var SignatoryRoles = []SignatoryRole{"CALDICOTT", "SIRO", "IAO"}

// Frequencies lists how often is shared.
var Frequencies = []Frequency{"AS_NEEDED", "DAILY", "WEEKLY", "MONTHLY"}

// Methods lists how is shared.
var Methods = []Method{"SYSTEM", "SECURE_EMAIL", "LETTER", "CALL", "IN_PERSON"}

// Returns lists what becomes of what was shared.
var Returns = []Return{"RETURN", "DESTROY", "KEEP"}

// The statuses.
const (
	None       Status = ""
	Draft      Status = "DRAFT"
	InForce    Status = "IN_FORCE"
	Suspended  Status = "SUSPENDED"
	Expired    Status = "EXPIRED"
	Terminated Status = "TERMINATED"
)

// Terms are what one version of an agreement says.
type Terms struct {
	Label    Reference       `json:"label"` // such as "DSA-1"
	Parties  []Party         `json:"parties"`
	Purposes []event.Purpose `json:"purposes"`
	// Flows are the categories, or groups, by direction.
	Flows     []Flow     `json:"flows"`
	From      event.Day  `json:"from"`
	To        event.Day  `json:"to"` // the first day on which it is no longer in force
	ReviewDue event.Day  `json:"reviewDue,omitzero"`
	DPIA      event.UUID `json:"dpia,omitzero"`
	// Confidence and Gateways are what sharing under it is to rest on. They lend
	// it no power: each decision names its own.
	Confidence []Basis  `json:"confidence,omitempty"`
	Gateways   []Basis  `json:"gateways,omitempty"`
	Methods    []Method `json:"methods,omitempty"`
	// KeepMonths is for how many calendar months a recipient keeps what it was
	// told; 0: as its own schedule says.
	KeepMonths int       `json:"keepMonths,omitzero"`
	Frequency  Frequency `json:"frequency,omitzero"`
	AtEnd      Return    `json:"atEnd,omitzero"`
	// BreachHours is within how many hours the parties tell each other of a
	// personal data breach; 0: not said.
	BreachHours int `json:"breachHours,omitzero"`
	// Onward: a party may tell on what it was told, by a decision of its own.
	Onward bool `json:"onward"`
}

// Party is one organisation that has to sign.
type Party struct {
	Org  event.UUID     `json:"org"`
	Side event.Side     `json:"side"`
	Role ControllerRole `json:"controllerRole"`
	// Article6, Article9 and Schedule1 are the bases on which it processes what
	// is shared (UK GDPR Articles 6, 9 and 10; DPA 2018 Schedule 1).
	Article6  []Basis `json:"art6,omitempty"`
	Article9  []Basis `json:"art9,omitempty"`
	Schedule1 []Basis `json:"sch1,omitempty"`
}

// Contacts are whom to turn to about what is shared.
type Contacts struct {
	Rights string `json:"rights"` // for the people it is about
	Breach string `json:"breach"` // for a personal data breach
}

// Flow is what may go from which side to which.
type Flow struct {
	From       event.Side       `json:"from"`
	To         event.Side       `json:"to"`
	Categories []event.Category `json:"categories"`
}
