package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ReleaseOnLicence says that the person left custody under a licence.
type ReleaseOnLicence struct {
	event.Timed
	From event.Day `json:"from"`
	To   event.Day `json:"to"` // the last day
}

// Validate names the fields that cannot be accepted.
func (c ReleaseOnLicence) Validate() []fault.Field {
	var f fault.Fields
	period(&f, c.From, c.To)
	return f
}

// Check refuses a person who is not in custody: also one who was recalled and
// has not come back yet.
func (c ReleaseOnLicence) Check(s State, _ event.Context) error {
	if !s.InCustody {
		return fault.Refuse("not-in-custody", "the person is not in custody")
	}
	return nil
}

// Events records the release and the licence it is under.
func (c ReleaseOnLicence) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: ReleasedOnLicence{Supervision: ctx.NewID("supervision"),
		Terms: event.Own(Terms{Type: licence, From: c.From, To: c.To})}}}
}
