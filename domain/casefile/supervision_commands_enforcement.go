package casefile

import (
	"fmt"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// mostEvidence is how many appointments one act of enforcement may rest on.
const mostEvidence = 50

// evidence names what cannot be accepted of the appointments that an act of
// enforcement rests on.
func evidence(f *fault.Fields, appointments []event.UUID) {
	f.If(len(appointments) == 0, "/appointments", "required", "name at least one appointment that it rests on")
	f.If(len(appointments) > mostEvidence, "/appointments", "too-long", "it rests on at most 50 appointments")
	seen := map[event.UUID]bool{}
	for i, a := range appointments {
		pointer := fmt.Sprintf("/appointments/%d", i)
		f.If(a.IsZero(), pointer, "required", "this must be given")
		f.If(seen[a], pointer, "duplicate", "this is named before")
		seen[a] = true
	}
}

// breach refuses appointments that cannot be a breach: one nobody had to keep,
// and one whose outcome is acceptable or not decided.
func (s State) breach(appointments []event.UUID) error {
	for _, id := range appointments {
		a, ok := s.Appointment.Find(id)
		if !ok {
			return fault.Refuse("no-such-appointment", "there is no such appointment")
		}
		kind, _ := reference.AppointmentKinds.Latest(a.Kind)
		outcome, _ := reference.DeliusOutcomes.Latest(a.Delius)
		switch {
		case !kind.Enforceable:
			return fault.Refuse("cites-voluntary-health-appointment", "a voluntary health appointment is no ground for enforcement")
		case a.Delius == "" || outcome.Enforceable == reference.Pending:
			return fault.Refuse("outcome-not-decided", "nothing is decided yet about the appointment")
		case outcome.Enforceable != reference.Yes:
			return fault.Refuse("acceptable-outcome", "what came of the appointment is acceptable")
		}
	}
	return nil
}

// ReferForEnforcement refers a breach to an enforcement officer (Sentencing Act
// 2020 Schedule 10 paragraph 6). While a warning of the last twelve months
// stands it is the only thing that may be done about a breach; without one, the
// officer may warn instead.
type ReferForEnforcement struct {
	event.Timed
	Appointments []event.UUID `json:"appointments"`
	// Opinion: the officer is of opinion that the person breached a requirement
	// without reasonable excuse.
	Opinion bool   `json:"opinion"`
	Reason  string `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c ReferForEnforcement) Validate() []fault.Field {
	var f fault.Fields
	evidence(&f, c.Appointments)
	f.Text("/reason", c.Reason, longestText, false)
	return f
}

// Check refuses a referral without the officer's opinion, of somebody who is
// not under supervision, and on evidence that a warning could not rest on.
func (c ReferForEnforcement) Check(s State, ctx event.Context) error {
	if !c.Opinion {
		return fault.Refuse("no-breach-opinion", "nobody is of opinion that there was a breach without reasonable excuse")
	}
	if _, live := s.Supervision.LiveOrder(event.DayOf(ctx.When().Latest())); !live {
		return fault.Refuse("no-live-supervision", "nobody who is not under supervision can breach it")
	}
	return s.breach(c.Appointments)
}

// Events records the referral.
func (c ReferForEnforcement) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Side: event.Probation, Data: supervision.EnforcementReferred{
		Referral: ctx.NewID("enforcement"), Appointments: c.Appointments, Reason: event.Own(c.Reason)}}}
}
