package consent

import (
	"slices"

	"caseledger/domain/event"
)

// Evolve folds one standing event; events of other areas, and events whose
// content cannot be read, change nothing.
func Evolve(s State, e event.Recorded) State {
	own, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	s.seq++
	switch d := own.(type) {
	case CapacityAssessed:
		if outcome, state := d.Outcome.Get(); state == event.Open {
			s.Assessments = append(slices.Clip(s.Assessments), Assessment{d.Decision, outcome, e.Effective})
		}
	case BestInterestsDecisionRecorded:
		s.BestInterests = append(slices.Clip(s.BestInterests), BestInterests{d.Kind, e.Effective})
	case ConsentOffered:
		return s.with(d.Consent, func(c *Consent) {
			c.Kind, c.Offered, c.Asked = d.Kind, e.Effective, d.Scope
			c.Side = recordOf(d.Kind, d.Scope, e.Actor.Side)
		})
	case ConsentGranted:
		return s.with(d.Consent, func(c *Consent) {
			c.Kind, c.Side = d.Kind, recordOf(d.Kind, d.Scope, e.Actor.Side)
			c.seq, c.expired, c.GivenBy, c.Authority = s.seq, false, d.GivenBy, d.Authority
			c.Versions = []Version{{max(d.Version, 1), d.Scope, e.Effective, d.ExpiresAt}}
		})
	case ConsentRefused:
		return s.with(d.Consent, func(c *Consent) {
			c.Kind, c.Side = d.Kind, recordOf(d.Kind, d.Scope, e.Actor.Side)
			c.Refusal = Refusal{e.Effective, d.Scope, s.seq}
		})
	case ConsentNarrowed:
		return s.with(d.Consent, func(c *Consent) {
			was, _ := c.Latest()
			c.add(Version{d.Version, d.Scope, e.Effective, was.Expires})
		})
	case ConsentReconfirmed:
		return s.with(d.Consent, func(c *Consent) {
			// Of one that was given in another record nothing is known to go on.
			if was, given := c.Latest(); given {
				c.add(Version{d.Version, was.Scope, e.Effective, d.ExpiresAt})
				c.expired = false
			}
		})
	case ConsentWithdrawn:
		return s.with(d.Consent, func(c *Consent) {
			if c.Withdrawn.IsZero() || e.Effective.Earliest().Before(c.Withdrawn.Earliest()) {
				c.Withdrawn = e.Effective
			}
		})
	case ConsentExpired:
		return s.with(d.Consent, func(c *Consent) {
			c.expired = true
			if n := len(c.Versions); n > 0 && (c.Versions[n-1].Expires.IsZero() || e.Effective.Earliest().Before(c.Versions[n-1].Expires.Earliest())) {
				c.Versions = slices.Clone(c.Versions)
				c.Versions[n-1].Expires = e.Effective
			}
		})
	case ConsentInvalidated:
		return s.with(d.Consent, func(c *Consent) { c.Invalid = true })
	case ObjectionRecorded:
		if !d.Objection.IsZero() {
			s.Objections = append(slices.Clip(s.Objections), Objection{ID: d.Objection, Side: e.Actor.Side, Scope: d.Scope, At: e.Effective})
		}
	case ObjectionLifted:
		s.Objections = slices.Clone(s.Objections)
		for i := range s.Objections {
			if s.Objections[i].ID == d.Objection && s.Objections[i].Lifted.IsZero() {
				s.Objections[i].Lifted = e.Effective
			}
		}
	case AuthorityToActRecorded:
		if !d.Authority.IsZero() {
			s.Authorities = append(slices.Clip(s.Authorities), Authority{ID: d.Authority, Kind: d.Kind, Reference: d.Reference, Holder: d.Holder,
				Decisions: d.Decisions, From: d.From, To: d.To, At: e.Effective, Source: e.ID})
		}
	case OptOutStatusChecked:
	}
	return s
}

// with changes a copy of one consent, which comes into being if it is not
// there yet.
func (s State) with(id event.UUID, change func(*Consent)) State {
	if id.IsZero() {
		return s
	}
	s.Consents = slices.Clone(s.Consents)
	i := slices.IndexFunc(s.Consents, func(c Consent) bool { return c.ID == id })
	if i < 0 {
		i = len(s.Consents)
		s.Consents = append(s.Consents, Consent{ID: id})
	}
	change(&s.Consents[i])
	return s
}

func (c *Consent) add(v Version) {
	if v.Number == 0 {
		v.Number = len(c.Versions) + 1
	}
	c.Versions = append(slices.Clip(c.Versions), v)
}

// recordOf is the side whose record a consent belongs to: of what may be told,
// the side that holds it; of care, the NHS; otherwise whoever asked.
func recordOf(k Kind, s Scope, asked event.Side) event.Side {
	switch {
	case k == Disclosure && s.From != "":
		return s.From
	case k == Treatment || k == Screening:
		return event.NHS
	}
	return asked
}
