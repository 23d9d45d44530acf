package disclosure

import (
	"slices"

	"caseledger/domain/event"
)

// Evolve folds one standing event; events of other areas change nothing. Of a
// disclosure whose plain fields cannot be read it keeps what the recipient's
// notice says.
func Evolve(s State, e event.Recorded) State {
	own, ok := e.Data.(Event)
	if !ok {
		return s
	}
	switch d := own.(type) {
	case DisclosureProposed:
		return s.decide(d.Decision, func(k *Decision) {
			k.Flow, k.Side, k.By, k.At = d.Flow, e.Actor.Side, e.Actor.ID, e.Effective
		})
	case DisclosureDecided:
		return s.decide(d.Decision, func(k *Decision) {
			k.Flow, k.Basis, k.Outcome, k.Side, k.By, k.At = d.Flow, d.Basis, d.Outcome, e.Actor.Side, e.Actor.ID, e.Effective
		})
	case DisclosureDecisionClosed:
		return s.decide(d.Decision, func(k *Decision) { k.Closed = true })
	case DisclosureMade:
		made := Made{ID: d.Disclosure, Decision: d.Decision, Flow: d.Flow, By: e.Actor.ID, At: e.Effective}
		if n, state := d.Notice.Get(); made.ID.IsZero() && state == event.Open {
			made = Made{ID: n.Disclosure, Decision: n.Decision, Flow: n.Flow, By: e.Actor.ID, At: e.Effective}
		}
		return s.tell(made)
	case UnplannedDisclosureReported:
		made := Made{ID: d.Disclosure, Decision: d.Decision, Flow: d.Flow, By: e.Actor.ID, At: e.Effective}
		if n, state := d.Notice.Get(); made.ID.IsZero() && state == event.Open {
			made = Made{ID: n.Disclosure, Decision: n.Decision, Flow: n.Flow, By: e.Actor.ID, At: e.Effective}
		}
		return s.tell(made)
	case DisclosureReceived:
		s.Disclosures = slices.Clone(s.Disclosures)
		for i := range s.Disclosures {
			if s.Disclosures[i].ID == d.Disclosure {
				s.Disclosures[i].Received = true
			}
		}
	case PublicInterestDecisionRecorded:
		if !d.Decision.IsZero() {
			s.PublicInterest = append(slices.Clip(s.PublicInterest), d.Decision)
		}
	case CourtOrderRecorded:
		if !d.CourtOrder.IsZero() {
			s.CourtOrders = append(slices.Clip(s.CourtOrders), CourtOrder{ID: d.CourtOrder, Org: e.Actor.Org, Categories: d.Categories,
				ToOrg: d.ToOrg, From: d.From, To: d.To, At: e.Effective, Source: e.ID})
		}
	case MappaRequestRecorded:
		if !d.MappaRequest.IsZero() {
			s.MappaRequests = append(slices.Clip(s.MappaRequests), MappaRequest{ID: d.MappaRequest, Org: e.Actor.Org, Categories: d.Categories,
				At: e.Effective, Source: e.ID})
		}
	case EmergencyDisclosureReviewed:
		if !d.Disclosure.IsZero() {
			s.Reviews = append(slices.Clip(s.Reviews), EmergencyReview{d.Disclosure, d.Justified, e.Effective, e.ID})
		}
	case OnwardDisclosed:
	}
	return s
}

// decide changes a copy of one decision, which comes into being if it is not
// there yet.
func (s State) decide(id event.UUID, change func(*Decision)) State {
	if id.IsZero() {
		return s
	}
	s.Decisions = slices.Clone(s.Decisions)
	i := slices.IndexFunc(s.Decisions, func(d Decision) bool { return d.ID == id })
	if i < 0 {
		i = len(s.Decisions)
		s.Decisions = append(s.Decisions, Decision{ID: id})
	}
	change(&s.Decisions[i])
	return s
}

func (s State) tell(made Made) State {
	if !made.ID.IsZero() {
		s.Disclosures = append(slices.Clip(s.Disclosures), made)
	}
	return s
}
