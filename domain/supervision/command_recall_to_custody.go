package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecallToCustody says that the person was recalled: their licence no longer
// runs. That they are in custody is said when they are.
type RecallToCustody struct {
	event.Timed
	Supervision event.UUID `json:"supervision,omitzero"` // the licence; left out: the one that runs
	Reason      string     `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c RecallToCustody) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/reason", c.Reason, longestText, false)
	return f
}

func (c RecallToCustody) licence(s State, at event.When) (Order, bool) {
	for i := len(s.Orders) - 1; i >= 0; i-- {
		o := s.Orders[i]
		named := c.Supervision.IsZero() || o.ID == c.Supervision
		if named && o.Terms.Value().Type == licence && o.EndedOn.IsZero() && o.LiveOn(event.DayOf(at.Latest())) {
			return o, true
		}
	}
	return Order{}, false
}

// Check refuses somebody who is in custody or recalled already, or whose
// licence does not run.
func (c RecallToCustody) Check(s State, ctx event.Context) error {
	switch _, runs := c.licence(s, ctx.When()); {
	case s.InCustody:
		return fault.Refuse("already-in-custody", "the person is in custody")
	case s.Recalled:
		return fault.Refuse("already-recalled", "the person is recalled already")
	case !runs:
		return fault.Refuse("no-live-licence", "the person is not on licence")
	}
	return nil
}

// Events records the recall.
func (c RecallToCustody) Events(s State, ctx event.Context) []event.Draft {
	supervision := c.Supervision
	if o, ok := c.licence(s, ctx.When()); ok {
		supervision = o.ID
	}
	return []event.Draft{{Data: LicenceRecalled{Supervision: supervision, Reason: event.Own(c.Reason)}}}
}
