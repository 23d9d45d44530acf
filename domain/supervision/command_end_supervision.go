package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// EndSupervision ends an order or licence.
type EndSupervision struct {
	event.Timed
	Supervision event.UUID     `json:"supervision"`
	Reason      SupervisionEnd `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c EndSupervision) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Supervision.IsZero(), "/supervision", "required", "this must be given")
	fault.OneOf(&f, "/reason", c.Reason, SupervisionEnds)
	return f
}

// Check refuses an order that is not there, has ended, or had not begun.
func (c EndSupervision) Check(s State, ctx event.Context) error {
	o, ok := s.Order(c.Supervision)
	switch {
	case !ok || !o.EndedOn.IsZero():
		return fault.Refuse("no-live-supervision", "there is no such order, or it has ended")
	case event.DayOf(ctx.When().Latest()) < o.Terms.Value().From:
		return fault.Refuse("before-start", "an order cannot end before it begins")
	}
	return nil
}

// Events records the end.
func (c EndSupervision) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: SupervisionEnded{Supervision: c.Supervision, Reason: event.Own(c.Reason)}}}
}
