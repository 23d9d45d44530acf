package appointment

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// EndCoPresence says that those who were agreed to have left.
type EndCoPresence struct {
	event.Timed
	Presence event.UUID `json:"presence"`
}

// Validate names the fields that cannot be accepted.
func (c EndCoPresence) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Presence.IsZero(), "/presence", "required", "this must be given")
	return f
}

// Check refuses an agreement that is not there.
func (c EndCoPresence) Check(s State, _ event.Context) error {
	if !slices.ContainsFunc(s.Presences, func(p Presence) bool { return p.ID == c.Presence }) {
		return fault.Refuse("no-such-presence", "there is no such agreement")
	}
	return nil
}

// Events records the end; nothing if it has ended.
func (c EndCoPresence) Events(s State, _ event.Context) []event.Draft {
	if slices.ContainsFunc(s.Presences, func(p Presence) bool { return p.ID == c.Presence && !p.EndedAt.IsZero() }) {
		return nil
	}
	return []event.Draft{{Data: CoPresenceEnded{Presence: c.Presence}}}
}

func share[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}
