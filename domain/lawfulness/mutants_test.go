package lawfulness

import (
	"caseledger/domain/access"
	"caseledger/domain/agreement"
	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/person"
	"caseledger/domain/policy"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

var allEvents = [][]*event.Definition{person.Events, supervision.Events, appointment.Events, consent.Events, screening.Events,
	referral.Events, disclosure.Events, rights.Events, breakglass.Events, agreement.Events, governance.Events, finding.Events,
	policy.Events, access.Events}

// mutated is the monitor with its predicate replaced by one that finds
// everything it is asked about, or nothing.
func mutated(m Monitor, always bool) Monitor {
	everything := func() []Hit {
		if always {
			return []Hit{{}}
		}
		return nil
	}
	switch {
	case m.OfDisclosure != nil:
		m.OfDisclosure = func(View, Disclosure) []Hit { return everything() }
	case m.OfDecision != nil:
		m.OfDecision = func(View, Decision) []Hit { return everything() }
	case m.OfLook != nil:
		m.OfLook = func(View, Look) []Hit { return everything() }
	case m.OfEvent != nil:
		m.OfEvent = func(View, event.Recorded) []Hit { return everything() }
	case m.OfCase != nil:
		m.OfCase = func(v View) []Hit {
			var hits []Hit
			if always {
				for _, e := range v.Events() {
					hits = append(hits, Hit{Item: e.ID, Due: e.Effective.Earliest()})
				}
			}
			return hits
		}
	case m.OfOrganisation != nil:
		m.OfOrganisation = func(k Known, g governance.State) []Hit {
			var hits []Hit
			if always {
				for _, b := range g.Breaches {
					hits = append(hits, Hit{Item: b.Source, Due: b.At.Earliest()})
				}
				for _, d := range g.DPIAs {
					hits = append(hits, Hit{Item: d.Source, Due: d.At.Earliest()})
				}
			}
			return hits
		}
	}
	return m
}
