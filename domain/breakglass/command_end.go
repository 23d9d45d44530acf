package breakglass

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// EndBreakGlass ends a use: its invoker gives it when the need is over, a
// timer when the use has expired. A use that nobody ends holds no longer than
// until it expires.
type EndBreakGlass struct {
	event.Timed
	BreakGlass event.UUID `json:"breakGlass"`
}

// Validate reports fields that cannot be understood.
func (b EndBreakGlass) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.BreakGlass.IsZero(), "/breakGlass", "required", "say which use")
	return f
}

// Check refuses to end somebody else's use, and a timer before its expiry. One
// that was ended already may be ended again.
func (b EndBreakGlass) Check(s State, c event.Context) error {
	u, err := s.use(b.BreakGlass, c)
	switch {
	case err != nil:
		return err
	case !u.Ended.IsZero():
		return nil
	case !u.At.Begun(c.Asked()):
		return fault.Refuse("ended-before-it-began", "a use ends after it begins")
	case c.Actor.Role == "SYSTEM" && !u.Expires.Begun(c.Now):
		return fault.Refuse("not-yet-expired", "the use has not expired")
	case c.Actor.Role != "SYSTEM" && c.Actor.ID != u.Invoker.ID:
		return fault.Refuse("not-the-invoker", "a use is ended by whoever invoked it")
	}
	return nil
}

// Events records the end once: as of now, or of the expiry if that came first.
func (b EndBreakGlass) Events(s State, c event.Context) []event.Draft {
	u, known := s.Use(b.BreakGlass)
	if !u.Ended.IsZero() {
		return nil
	}
	d := event.Draft{Data: BreakGlassEnded{b.BreakGlass}}
	if known && u.Expires.Begun(c.When().Earliest()) {
		d.Effective = u.Expires
	}
	return []event.Draft{d}
}
