package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// Reach is what rests on a consent that is withdrawn, expired or invalid: what
// was told under it, and what must stop.
type Reach struct {
	Consent event.UUID     `json:"consent"`
	Status  consent.Status `json:"status"` // at the moment asked about
	Ended   event.When     `json:"ended,omitzero"`
	Told    []Reached      `json:"told"`
	// Decisions are the permits that are not used up and rest on it.
	Decisions []Reliance `json:"decisions"`
}

// Reached is a disclosure made under a consent.
type Reached struct {
	Disclosure event.UUID      `json:"disclosure"`
	Event      event.ID        `json:"event"`
	At         event.When      `json:"at"`
	Flow       disclosure.Flow `json:"flow"`
	// After: it was told when the consent had ended.
	After bool `json:"after"`
	// Other says whether it would stand without the consent.
	Other
}

// Reliance is a permit that rests on a consent.
type Reliance struct {
	Decision event.UUID      `json:"decision"`
	Flow     disclosure.Flow `json:"flow"`
	// Stop: nothing more may be told under it.
	Stop bool `json:"stop"`
	Other
}

// Other is another basis than the consent.
type Other struct {
	Stands bool `json:"stands"`
	// Rule is the one it stands under, or the nearest; Why what speaks against
	// it under that rule.
	Rule disclosure.Rule `json:"rule,omitempty"`
	Text string          `json:"text,omitempty"`
	Why  []Failure       `json:"why"`
}

// ReachOf says what a consent's end reaches, at a moment, as known now; false if
// the case holds no such consent. While the consent holds, nothing has to stop.
func ReachOf(h *History, id event.UUID, at time.Time) (Reach, bool) {
	v := h.view(at, endOfTime, nil)
	c, ok := v.Case.Consent.Get(id)
	if !ok {
		return Reach{}, false
	}
	out := Reach{Consent: id, Status: c.StatusAt(at), Ended: ended(c, at), Told: []Reached{}, Decisions: []Reliance{}}
	for d := range v.Disclosures() {
		if d.Consent != id && (d.Decision == nil || d.Decision.Basis.Consent != id) {
			continue
		}
		told := d.Event.Effective
		out.Told = append(out.Told, Reached{Disclosure: d.ID, Event: d.Event.ID, At: told, Flow: d.Flow,
			After: c.StatusAt(told.Latest()) != consent.Active, Other: h.without(id, d, told.Latest())})
	}
	for _, k := range v.Case.Disclosure.Decisions {
		if k.Basis.Consent == id && k.PermitsAt(at) {
			e, _ := v.Decision(k.ID)
			out.Decisions = append(out.Decisions, Reliance{Decision: k.ID, Flow: k.Flow, Stop: out.Status != consent.Active,
				Other: other(v, id, e.proposal(), e.Event.Actor)})
		}
	}
	return out, true
}

// ended is when the consent ceased to hold; zero while it holds.
func ended(c consent.Consent, at time.Time) event.When {
	switch status := c.StatusAt(at); {
	case status == consent.Withdrawn:
		return c.Withdrawn
	case status == consent.Invalid:
		return c.Given()
	case status == consent.Expired:
		version, _ := c.VersionAt(at)
		return version.Expires
	}
	return event.When{}
}

// without says whether something that was told would have stood then without
// the consent.
func (h *History) without(id event.UUID, d Disclosure, at time.Time) Other {
	p, by := disclosure.Proposal{Flow: d.Flow}, d.Event.Actor
	if d.Decision != nil {
		p, by = d.Decision.proposal(), d.Decision.Event.Actor
		p.Flow = d.Flow
	}
	return other(h.view(at, endOfTime, nil), id, p, by)
}

// other judges a proposal without a consent, under each rule that is about its
// flow and on what each usually rests, by whoever decided.
func other(v View, id event.UUID, p disclosure.Proposal, by event.Actor) Other {
	p.Basis = disclosure.Basis{Informed: p.Informed}
	v.Case.Consent.Consents = slices.DeleteFunc(slices.Clone(v.Case.Consent.Consents), func(c consent.Consent) bool { return c.ID == id })
	verdict := Ask(v, p, by)
	c := verdict.Judged()
	return Other{Stands: verdict.Permit, Rule: verdict.Rule, Text: c.Text, Why: c.Failed}
}
