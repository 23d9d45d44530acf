package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// EnterCustody says that the person is in custody.
type EnterCustody struct {
	event.Timed
	Establishment string `json:"establishment"`
}

// Validate names the fields that cannot be accepted.
func (c EnterCustody) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/establishment", c.Establishment, longestName, false)
	return f
}

// Check refuses a person who is in custody already, or has died. One who was
// recalled enters custody again.
func (c EnterCustody) Check(s State, _ event.Context) error {
	if err := s.alive(); err != nil {
		return err
	}
	if s.InCustody {
		return fault.Refuse("already-in-custody", "the person is in custody already")
	}
	return nil
}

// Events records it.
func (c EnterCustody) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: CustodyEntered{Establishment: event.Own(c.Establishment)}}}
}
