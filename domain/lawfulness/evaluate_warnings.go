package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// warners are the monitors whose findings do not stop anything (domain
// reference section 8.8): what they would find is said beforehand.
var warners []Monitor

func init() { // not in the declaration: some monitors evaluate
	warners = []Monitor{l15, l23, l24, l30, l37, l38, l40}
}

// warnings asks the monitors what they would find, were the proposal decided
// and told at the view's moment.
func warnings(v View, p disclosure.Proposal, by event.Actor) []Warning {
	meta := event.Meta{Type: "disclosure.decided", Subject: v.Person, Effective: event.At(v.At), Actor: by, Purpose: p.Purpose, Origin: event.Live}
	e := event.Recorded{RecordedAt: v.At, Stream: event.Case(v.Person), Meta: meta, Operational: event.Open}
	decided := disclosure.DisclosureDecided{Decision: p.Decision, Flow: p.Flow, Basis: p.Basis, Outcome: disclosure.Permit}
	k := Decision{e, decided}
	k.Event.Data = decided
	told := disclosure.DisclosureMade{Decision: p.Decision, Flow: p.Flow}
	if p.Confidence == disclosure.ExplicitConsent {
		told.Consent, told.ConsentVersion = p.Consent, p.ConsentVersion
	}
	e.Type, e.Data = "disclosure.made", told
	d := Disclosure{Event: e, Flow: p.Flow, Decision: &k, Decided: p.Decision, Consent: told.Consent, ConsentVersion: told.ConsentVersion}
	granted, _, given := Last(v, func(_ event.Recorded, g consent.ConsentGranted) bool {
		return !told.Consent.IsZero() && g.Consent == told.Consent
	})
	all := []Warning{}
	for _, m := range warners {
		warns := false
		switch {
		case m.OfDisclosure != nil:
			warns = len(m.OfDisclosure(v, d)) > 0
		case m.OfDecision != nil:
			warns = len(m.OfDecision(v, k)) > 0
		case m.OfEvent != nil:
			warns = len(m.OfEvent(v, k.Event)) > 0 || len(m.OfEvent(v, e)) > 0 || given && len(m.OfEvent(v, granted)) > 0
		case m.OfCase != nil:
			for _, hit := range m.OfCase(v) {
				warns = warns || !hit.Due.After(v.At)
			}
		}
		if warns {
			all = append(all, Warning{m.ID, m.Title})
		}
	}
	return all
}
