// Package governance is one organisation's information governance: impact
// assessments, policy documents, the record of processing, who works there in
// which role, what they were taught and signed, and personal data breaches.
// It never holds anything clinical; the people a breach touches are opaque
// identifiers.
package governance

// Event is an event of an organisation's stream.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of this package.
type (
	Processing string // what is done with personal data, such as "HEALTH_HUB"
	Condition  string // what an appropriate policy document is for, such as "A9G"
	Course     string
	Residual   string // how much risk is left
	BreachKind string
	Likelihood string
	Delay      string // why a regulator was told late
	Reference  string // names a document kept elsewhere
)

// The processing that a DPIA must cover: large-scale special-category and
// criminal data of vulnerable people.
const HealthHub Processing = "HEALTH_HUB"

// Processings lists what is done.
var Processings = []Processing{HealthHub, "SUPERVISION", "HOUSING_SUPPORT", "TREATMENT", "EVALUATION"}

// The conditions that need an appropriate policy document (DPA 2018 Schedule 1
// paragraph 39, section 42).
const (
	SubstantialPublicInterest Condition = "A9G"        // UK GDPR Article 9(2)(g) with Schedule 1 Part 2
	ScheduleOne               Condition = "SCH1_PART2" // criminal offence data under Schedule 1 Part 2
	PartThree                 Condition = "S42"        // sensitive processing for law enforcement
)

// Conditions lists them.
var Conditions = []Condition{SubstantialPublicInterest, ScheduleOne, PartThree}

// DataSecurity is the course that every actor needs each year (policy).
const DataSecurity Course = "DATA_SECURITY"

// Courses lists the courses.
var Courses = []Course{DataSecurity, "CONFIDENTIALITY", "BREAK_GLASS"}

// Residuals lists how much risk a DPIA leaves.
var Residuals = []Residual{"LOW", "MEDIUM", "HIGH"}

// BreachKinds lists what a personal data breach may be.
var BreachKinds = []BreachKind{"CONFIDENTIALITY", "INTEGRITY", "AVAILABILITY"}

// Likelihoods lists how likely a breach is to touch people's rights.
var Likelihoods = []Likelihood{"UNLIKELY", "LIKELY", "HIGH"}

// Delays lists why a regulator may be told late.
var Delays = []Delay{"INVESTIGATION", "LAW_ENFORCEMENT_REQUEST", "NOT_KNOWN_NOTIFIABLE", "OTHER"}
