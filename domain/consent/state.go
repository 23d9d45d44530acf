// Package consent is the consent area of a person's case: its events, its state and
// the commands that need nothing from other areas.
package consent

import "caseledger/domain/event"

// Event is an event of this area.
type Event interface{ isEvent() }

// State is what decisions need to know of this area.
type State struct{}

// Evolve folds one standing event; events of other areas change nothing.
func Evolve(s State, e event.Recorded) State { return s }

// Events lists the area's event definitions.
var Events = []*event.Definition{}
