package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// Rejudged is a past decision, judged three ways, beside what was stored of it.
// The stored verdict is never changed.
type Rejudged struct {
	Decision event.UUID         `json:"decision"`
	Event    event.ID           `json:"event"`
	At       event.When         `json:"at"`
	Outcome  disclosure.Outcome `json:"outcome"` // as it was decided
	// Failed are the gates that were stored with it.
	Failed []disclosure.Gate `json:"failedGates"`

	AsKnown   Verdict `json:"asKnown"`   // facts and rules as known then
	Hindsight Verdict `json:"hindsight"` // facts as later corrected, rules of then
	Now       Verdict `json:"now"`       // asked again: facts and rules of now
	// Corrected is what became of the first verdict by what was learnt since,
	// Changed what became of the second by what came about since.
	Corrected []Shift `json:"corrected"`
	Changed   []Shift `json:"changed"`
}

// Shift is one reason for which a gate fails, that came or went between two
// verdicts.
type Shift struct {
	Gate    disclosure.Gate `json:"gate"`
	Failure Failure         `json:"failure"`
	// Fails: it came; otherwise it went.
	Fails bool `json:"fails"`
	// Events are those whose recording, or coming about, made the difference;
	// none: it was time that passed.
	Events []event.ID `json:"events,omitempty"`
	// RuleSet: it was a rule set that came into force.
	RuleSet bool `json:"ruleSet,omitempty"`
}

// Rejudge judges a past decision three ways; false if the history holds none of
// that id, as known now. Its now is the moment asked from.
func Rejudge(h *History, decision event.UUID, now time.Time) (Rejudged, bool) {
	k, ok := h.Hindsight(endOfTime).Decision(decision)
	if !ok {
		return Rejudged{}, false
	}
	at := k.Event.Effective.Latest()
	out := Rejudged{Decision: decision, Event: k.Event.ID, At: k.Event.Effective, Outcome: k.Outcome, Failed: k.FailedGates}
	p, by, given := k.proposal(), k.Event.Actor, h.cited(k.Event)
	then := h.rules(at, at)
	judge := func(known time.Time) Verdict { return EvaluateBy(then, h.view(at, known, given), p, by) }
	out.AsKnown, out.Hindsight = judge(at), judge(endOfTime)
	out.Corrected = shifts(out.AsKnown, out.Hindsight, h.learnt(at), func(m moment) Verdict { return judge(m.at) })

	again := func(t time.Time, set *RuleSet) Verdict {
		v := h.view(t, endOfTime, given)
		return EvaluateBy(set, v, anew(v, set, p), by)
	}
	set := h.rules(now, endOfTime)
	out.Now = again(now, set)
	steps := h.cameAbout(at, now)
	out.Changed = shifts(out.Hindsight, again(now, then), steps, func(m moment) Verdict { return again(m.at, then) })
	for _, s := range shifts(again(now, then), out.Now, nil, nil) {
		s.RuleSet = true
		s.Events = h.publishing(set)
		out.Changed = append(out.Changed, s)
	}
	return out, true
}

// rules is the rule set in force at t, as far as it was known.
func (h *History) rules(t, known time.Time) *RuleSet {
	if h.Shared == nil {
		return Default()
	}
	return h.Shared.KnownAt(known).Rules(t)
}

// proposal is what was decided. A note that cannot be opened was there.
func (k Decision) proposal() disclosure.Proposal {
	text := func(p event.Personal[string]) string {
		if p.State() != event.Absent && p.Value() == "" {
			return standIn
		}
		return p.Value()
	}
	return disclosure.Proposal{Flow: k.Flow, Basis: k.Basis, Necessity: text(k.Necessity), WhyNot: text(k.WhyNot),
		Decision: k.DisclosureDecided.Decision}
}

// anew is a proposal as it would be made again: under the versions that are
// current at the view's moment, and to hold for a while from then.
func anew(v View, set *RuleSet, p disclosure.Proposal) disclosure.Proposal {
	if r, ok := set.RuleAt(p.Rule, event.DayOf(v.At)); ok && p.RuleVersion != 0 {
		p.RuleVersion = r.Version
	}
	if c, ok := v.Case.Consent.Get(p.Consent); ok && p.ConsentVersion != 0 {
		if version, given := c.VersionAt(v.At); given {
			p.ConsentVersion = version.Number
		}
	}
	if a, ok := v.Shared.Agreement(p.Agreement); ok && p.AgreementVersion != 0 {
		if _, version := a.StatusAt(v.At); version.Number > 0 {
			p.AgreementVersion = version.Number
		}
	}
	if !p.ValidUntil.IsZero() && !p.ValidUntil.Latest().After(v.At) {
		p.ValidUntil = event.On(event.DayOf(v.At) + 1)
	}
	return p
}

// moment is when something was recorded or came about.
type moment struct {
	at     time.Time
	events []event.ID
}

// learnt lists when something was recorded after t, of the case or around it.
func (h *History) learnt(t time.Time) []moment {
	return h.moments(func(e event.Recorded) (time.Time, bool) { return e.RecordedAt, e.RecordedAt.After(t) })
}

// cameAbout lists when something came about after t and until now.
func (h *History) cameAbout(t, now time.Time) []moment {
	return h.moments(func(e event.Recorded) (time.Time, bool) {
		at := e.Effective.Earliest()
		return at, at.After(t) && !at.After(now)
	})
}

func (h *History) moments(when func(event.Recorded) (time.Time, bool)) []moment {
	var all []moment
	add := func(events []event.Recorded) {
		for _, e := range events {
			if at, ok := when(e); ok {
				i, there := slices.BinarySearchFunc(all, at, func(m moment, t time.Time) int { return m.at.Compare(t) })
				if !there {
					all = slices.Insert(all, i, moment{at: at})
				}
				all[i].events = append(all[i].events, e.ID)
			}
		}
	}
	add(h.events)
	if h.Shared != nil {
		for _, id := range h.Shared.ids {
			add(h.Shared.streams[id])
		}
	}
	return all
}

// publishing is the event that put a rule set into force.
func (h *History) publishing(set *RuleSet) []event.ID {
	if h.Shared == nil {
		return nil
	}
	p, _ := folded(h.Shared.Now(), event.Policy, foldPolicy)
	if r, ok := p.policy.RuleSet(set.Hash()); ok {
		return []event.ID{r.Source}
	}
	return nil
}

// shifts explains the difference between two verdicts on one rule: which
// reasons came and went, and at which of the moments.
func shifts(before, after Verdict, moments []moment, judge func(moment) Verdict) []Shift {
	was, is := before.Judged(), after.Judged()
	if c, ok := after.Candidate(before.Rule); ok {
		is = c
	}
	all := []Shift{}
	for _, f := range is.Failed {
		if !slices.Contains(was.Failed, f) {
			all = append(all, Shift{Gate: f.Gate, Failure: f, Fails: true})
		}
	}
	for _, f := range was.Failed {
		if !slices.Contains(is.Failed, f) {
			all = append(all, Shift{Gate: f.Gate, Failure: f})
		}
	}
	if len(all) == 0 || judge == nil {
		return all
	}
	failing := func(m moment) []Failure {
		v := judge(m)
		if c, ok := v.Candidate(before.Rule); ok {
			return c.Failed
		}
		return v.Judged().Failed
	}
	// A reason is explained by the last moment at which it came or went; if it
	// did so in between two, by time.
	last := was.Failed
	for _, m := range moments {
		just := failing(moment{at: m.at.Add(-time.Microsecond)})
		is := failing(m)
		for i, s := range all {
			switch came := slices.Contains(is, s.Failure); {
			case came != s.Fails:
			case slices.Contains(just, s.Failure) != came:
				all[i].Events = m.events
			case slices.Contains(last, s.Failure) != came:
				all[i].Events = nil
			}
		}
		last = is
	}
	return all
}
