package lawfulness

import (
	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// Case is the areas of one person's case, folded.
type Case struct {
	Person      person.State
	Supervision supervision.State
	Appointment appointment.State
	Consent     consent.State
	Screening   screening.State
	Referral    referral.State
	Disclosure  disclosure.State
	Rights      rights.State
	BreakGlass  breakglass.State
}

// Evolve folds one standing event into a copy of c.
func (c Case) Evolve(e event.Recorded) Case {
	c.Person = person.Evolve(c.Person, e)
	c.Supervision = supervision.Evolve(c.Supervision, e)
	c.Appointment = appointment.Evolve(c.Appointment, e)
	c.Consent = consent.Evolve(c.Consent, e)
	c.Screening = screening.Evolve(c.Screening, e)
	c.Referral = referral.Evolve(c.Referral, e)
	c.Disclosure = disclosure.Evolve(c.Disclosure, e)
	c.Rights = rights.Evolve(c.Rights, e)
	c.BreakGlass = breakglass.Evolve(c.BreakGlass, e)
	return c
}

// FoldCase folds standing events.
func FoldCase(standing []event.Recorded) Case {
	var c Case
	for _, e := range standing {
		c = c.Evolve(e)
	}
	return c
}
