// Package appointment is when and with whom the person was to meet, whether
// they came, who else was in the room, and what kept them away. What became of
// a voluntary clinic is health information and never feeds enforcement.
package appointment

// Event is an event of this area.
//
//sumtype:decl
type Event interface{ isEvent() }

// Code lists of this area that no outside authority publishes.
type (
	Party string // whose wish a change was
	Topic string // what is spoken of in a shared appointment
)

// Whose wish a change may be.
const (
	ThePerson  Party = "PERSON"
	TheService Party = "SERVICE"
)

// Parties lists them.
var Parties = []Party{ThePerson, TheService}

// The topics of a shared appointment. All but the introduction are clinical.
const (
	Intro     Topic = "INTRO"
	Screening Topic = "SCREENING"
	Results   Topic = "RESULTS"
	Plan      Topic = "PLAN"
)

// Topics lists them.
var Topics = []Topic{Intro, Screening, Results, Plan}
