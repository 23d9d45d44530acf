package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// DeclineScreening records that the person would not be screened, offered
// before or at once.
type DeclineScreening struct {
	event.Timed
	Screening  event.UUID           `json:"screening,omitzero"`
	Instrument reference.Instrument `json:"instrument"`
	Reason     DeclineReason        `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b DeclineScreening) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/instrument", b.Instrument, reference.Instruments.Listed)
	fault.OneOf(&f, "/reason", b.Reason, DeclineReasons)
	return f
}

// Check refuses an answer to an offer that is not open.
func (b DeclineScreening) Check(s State, _ event.Context) error {
	return open(s, b.Screening, b.Instrument)
}

// open refuses an offer that is not there, was answered, or is of another
// instrument. No offer at all is no fault.
func open(s State, id event.UUID, i reference.Instrument) error {
	if id.IsZero() {
		return nil
	}
	switch o, ok := s.offer(id); {
	case !ok:
		return fault.Refuse("no-such-screening", "this case holds no such offer of a screening")
	case o.Answered:
		return fault.Refuse("screening-already-answered", "the offer was already taken up or declined")
	case o.Instrument != "" && o.Instrument != i:
		return fault.Refuse("another-instrument", "the offer was of another instrument")
	}
	return nil
}

// Events records the answer.
func (b DeclineScreening) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: ScreeningDeclined{idOr(b.Screening, c, "screening"), event.Own(b.Instrument), b.Reason}}}
}

func idOr(given event.UUID, c event.Context, label string) event.UUID {
	if given.IsZero() {
		return c.NewID(label)
	}
	return given
}
