package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReceiveDisclosure says that the recipient has what it was told.
type ReceiveDisclosure struct {
	event.Timed
	Disclosure event.UUID `json:"disclosure"`
}

// Validate names what cannot be understood.
func (b ReceiveDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Disclosure.IsZero(), "/disclosure", "required", "say which disclosure")
	return f
}

// Check refuses what was not told, or not to this side.
func (b ReceiveDisclosure) Check(s State, c event.Context) error {
	d, ok := s.Disclosure(b.Disclosure)
	if !ok || d.Flow.Direction.To != c.Actor.Side {
		return fault.Refuse("unknown-source", "nothing of that id was told to this side")
	}
	return nil
}

// Events records it once.
func (b ReceiveDisclosure) Events(s State, _ event.Context) []event.Draft {
	if d, ok := s.Disclosure(b.Disclosure); ok && d.Received {
		return nil
	}
	return []event.Draft{{Data: DisclosureReceived{b.Disclosure}}}
}
