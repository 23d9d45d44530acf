package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// NoteRiskRegistration says which registration about risk the probation case
// system holds: a type and a level, and never a word about a victim.
type NoteRiskRegistration struct {
	event.Timed
	Type  reference.RegistrationType `json:"type"`
	Level reference.RiskLevel        `json:"level"` // "NONE" ends what was registered
}

// Validate names the fields that cannot be accepted. A type that would say
// something of a victim is refused also of an import: such data is never
// taken in.
func (c NoteRiskRegistration) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/type", c.Type, reference.RegistrationTypes.Listed)
	if t, ok := reference.RegistrationTypes.Latest(c.Type); ok {
		f.If(t.Victim, "/type", "victim-data", "nothing about a victim is taken into a case")
		f.If(!t.Victim && !t.Has(c.Level), "/level", "unknown-code", "this is not one of the levels of the type")
	}
	return f
}

// Check refuses a type that is not in force, and the end of what is not
// registered.
func (c NoteRiskRegistration) Check(s State, ctx event.Context) error {
	at := ctx.When().Latest()
	_, registered := s.RegistrationAt(c.Type, at)
	switch {
	case !reference.RegistrationTypes.Known(c.Type, event.DayOf(at)):
		return fault.Refuse("code-not-in-force", "there is no such registration on that day")
	case c.Level == reference.NotRegistered && !registered:
		return fault.Refuse("not-registered", "nothing of this type is registered")
	}
	return nil
}

// Events records it; nothing if it is registered so already.
func (c NoteRiskRegistration) Events(s State, ctx event.Context) []event.Draft {
	if level, ok := s.RegistrationAt(c.Type, ctx.When().Latest()); ok && level == c.Level {
		return nil
	}
	return []event.Draft{{Data: RiskRegistrationNoted{Registration: ctx.NewID("registration"),
		Terms: event.Own(RiskRegistration{c.Type, c.Level})}}}
}
