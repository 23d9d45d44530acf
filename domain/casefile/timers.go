package casefile

import (
	"slices"
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

// DueCommand is a command that falls due by the clock alone. The system gives
// it, on the record of those it is about.
type DueCommand struct {
	Name string
	Body any // a comparable value of the command's Body type
	// At is the first instant at which it was due: what it records was so from
	// then on, however late it is given.
	At time.Time
	// Side and Org are those on whose record the system acts.
	Side event.Side
	Org  event.UUID
}

// Due lists the commands that had fallen due by at and were not given, in a
// fixed order: the end of a consent, a wait that is longer than a standard
// allows, the end of a use of break-glass (domain reference sections 5.3, 6.3
// and 7.3, rule R20). Each of them, given by the system at at, records something. next is
// the first instant after at at which, if nothing happens until then, there
// will be one that is not there yet; zero if there is none.
func Due(s State, at time.Time) (due []DueCommand, next time.Time) {
	due = s.dueAt(at)
	for next = s.turnAfter(at); !next.IsZero(); next = s.turnAfter(next) {
		if slices.ContainsFunc(s.dueAt(next), func(c DueCommand) bool { return !slices.Contains(due, c) }) {
			break
		}
	}
	return due, next
}

// dueAt lists what is due at t. The commands themselves say whether they are.
func (s State) dueAt(t time.Time) (due []DueCommand) {
	ask := func(name string, body any, side event.Side, org event.UUID) {
		command, _ := Named(name)
		drafts, err := command.Decide(s, body, event.Context{Now: t, Actor: event.Actor{Role: "SYSTEM", Side: side, Org: org}, Origin: event.Live})
		if err == nil && len(drafts) > 0 {
			due = append(due, DueCommand{name, body, drafts[0].Effective.Earliest(), side, org})
		}
	}
	for _, c := range s.Consent.Consents {
		if by, given := s.giver(c.ID); given {
			ask("expire-consent", ExpireConsent{consent.ExpireConsent{Consent: c.ID}}, by.Side, by.Org)
		}
	}
	for _, m := range s.Referral.ToNote(t) {
		r, _ := s.Referral.Get(m.Referral)
		ask("cross-wait-threshold", referral.CrossWaitThreshold{Referral: m.Referral, Timer: m.Code}, r.Side, r.Org)
	}
	for _, u := range s.BreakGlass.Uses {
		ask("end-break-glass", breakglass.EndBreakGlass{BreakGlass: u.ID}, u.Invoker.Side, u.Invoker.Org)
	}
	return due
}

// giver is who recorded that a consent was given.
func (s State) giver(id event.UUID) (event.Actor, bool) {
	standing := s.standing
	if s.all != nil {
		standing = s.all
	}
	for _, e := range slices.Backward(standing) {
		if d, ok := e.Data.(consent.ConsentGranted); ok && d.Consent == id {
			return e.Actor, true
		}
	}
	return event.Actor{}, false
}

// turnAfter is the first instant after t at which the clock alone may make a
// command due; zero if there is none.
func (s State) turnAfter(t time.Time) (first time.Time) {
	may := func(at time.Time) {
		if at.After(t) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, c := range s.Consent.Consents {
		for _, v := range c.Versions {
			may(v.Expires.Earliest())
		}
	}
	for _, o := range s.Supervision.Orders { // each alone: one may end while another is still to come
		if over, ends := (supervision.State{Orders: []supervision.Order{o}}).OverAt(endOfTime); ends {
			may(over)
		}
	}
	may(s.Referral.NextDue(t))
	for _, u := range s.BreakGlass.Uses {
		may(u.Expires.Earliest())
	}
	return first
}

// endOfTime is later than every instant of a record.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
