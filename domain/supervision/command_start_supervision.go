package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// StartSupervision says that a court placed the person under supervision.
type StartSupervision struct {
	event.Timed
	Type         reference.SupervisionType `json:"type"`
	Court        string                    `json:"court,omitempty"`
	From         event.Day                 `json:"from"`
	To           event.Day                 `json:"to"` // the last day
	Practitioner event.UUID                `json:"practitioner,omitzero"`
}

const (
	// longestName, of a court or an establishment, is in characters.
	longestName = 200
	// longestText, of what people write, is in characters.
	longestText = 4000
)

// Validate names the fields that cannot be accepted.
func (c StartSupervision) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/type", c.Type, reference.SupervisionTypes.Listed)
	f.Text("/court", c.Court, longestName, true)
	period(&f, c.From, c.To)
	return f
}

// period names the days of a period that were not given or end before they
// begin.
func period(f *fault.Fields, from, to event.Day) {
	f.If(from == 0, "/from", "required", "this must be given")
	f.If(to == 0, "/to", "required", "this must be given")
	f.If(from != 0 && to != 0 && to < from, "/to", "before-start", "it cannot end before it begins")
}

// Check refuses a type that is closed on the first day, an order that
// overlaps one of its type, and a person who has died.
func (c StartSupervision) Check(s State, _ event.Context) error {
	if err := s.alive(); err != nil {
		return err
	}
	if !reference.SupervisionTypes.Known(c.Type, c.From) {
		return fault.Refuse("supervision-type-closed", "this type of supervision is not in force on its first day")
	}
	for _, o := range s.Orders {
		t, state := o.Terms.Get()
		last := min(t.To, t.closed())
		if !o.EndedOn.IsZero() {
			last = min(last, event.DayOf(o.EndedOn.Earliest()))
		}
		if state == event.Open && t.Type == c.Type && c.From <= last && t.From <= c.To {
			return fault.Refuse("overlaps-same-order", "there is supervision of this type in that time already")
		}
	}
	return nil
}

// Events records the order.
func (c StartSupervision) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: SupervisionStarted{Supervision: ctx.NewID("supervision"),
		Terms: event.Own(Terms{c.Type, c.Court, c.From, c.To}), Practitioner: c.Practitioner}}}
}
