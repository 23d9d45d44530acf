// Package supervision is the court's order and what comes of it: requirements,
// practitioners, warnings, custody, release and transfer. It is the probation
// side's record; nothing clinical belongs in it.
package supervision

// Event is an event of this area.
//
//sumtype:decl
type Event interface{ isEvent() }

// Code lists of this area that no outside authority publishes.
type (
	RequirementEnd string // why a requirement ended
	SupervisionEnd string // why an order or licence ended
	AlcoholLevel   string // what the court allows of alcohol
	Monitoring     string // how alcohol is monitored
)

// What an alcohol abstinence and monitoring requirement may specify (Sentencing
// Act 2020 Schedule 9 paragraph 25).
const (
	Abstinence AlcoholLevel = "ABSTINENCE"
	Limited    AlcoholLevel = "LIMITED"

	Tag           Monitoring = "TAG"
	RemoteBreath  Monitoring = "REMOTE_BREATH_TEST"
	InPersonTests Monitoring = "IN_PERSON_TEST"
)

// Lists of them.
var (
	AlcoholLevels = []AlcoholLevel{Abstinence, Limited}
	Monitorings   = []Monitoring{Tag, RemoteBreath, InPersonTests}
)

// Why a requirement may end.
const (
	RequirementCompleted  RequirementEnd = "COMPLETED"
	RequirementExpired    RequirementEnd = "EXPIRED"
	RequirementCancelled  RequirementEnd = "CANCELLED" // by the court
	RequirementReplaced   RequirementEnd = "REPLACED"
	RequirementWithOrder  RequirementEnd = "ORDER_ENDED"
	RequirementUnworkable RequirementEnd = "UNWORKABLE"
)

// RequirementEnds lists them.
var RequirementEnds = []RequirementEnd{RequirementCompleted, RequirementExpired, RequirementCancelled,
	RequirementReplaced, RequirementWithOrder, RequirementUnworkable}

// Why an order or licence may end.
const (
	Completed       SupervisionEnd = "COMPLETED"
	TerminatedEarly SupervisionEnd = "TERMINATED_EARLY"
	Revoked         SupervisionEnd = "REVOKED"
	Expired         SupervisionEnd = "EXPIRED"
	Recalled        SupervisionEnd = "RECALLED"
	Deceased        SupervisionEnd = "DECEASED"
)

// SupervisionEnds lists them.
var SupervisionEnds = []SupervisionEnd{Completed, TerminatedEarly, Revoked, Expired, Recalled, Deceased}
