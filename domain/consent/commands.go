package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// longest is how long a consent may last, in calendar months (policy).
const longest = 12

// draft records one thing in a side's record.
func draft(side event.Side, data Event) []event.Draft {
	return []event.Draft{{Data: data, Side: side}}
}

// known refuses a consent that is not there.
func known(s State, id event.UUID) (Consent, error) {
	c, ok := s.Get(id)
	if !ok {
		return Consent{}, fault.Refuse("no-such-consent", "this case holds no such consent")
	}
	return c, nil
}

// active refuses a consent that was not active at the command's time.
func active(s State, id event.UUID, c event.Context) (Consent, error) {
	of, err := known(s, id)
	if err != nil {
		return Consent{}, err
	}
	if status := of.StatusAt(c.Asked()); status != Active {
		return Consent{}, fault.Refuse("consent-not-active", "the consent is not active then")
	}
	return of, nil
}

// ends refuses an end that is not after the beginning, or is more than
// [longest] after it.
func ends(from, expires event.When) error {
	if expires.IsZero() {
		return nil
	}
	switch first := event.DayOf(from.Earliest()); {
	case !expires.Earliest().After(from.Earliest()):
		return fault.Refuse("expires-before-it-begins", "a consent ends after it begins")
	case event.DayOf(expires.Earliest()) > first.AddMonths(longest):
		return fault.Refuse("expires-too-late", "a consent lasts at most %d calendar months", longest)
	}
	return nil
}

// endOf is the end given, or else the latest one allowed.
func endOf(from, given event.When) event.When {
	if given.IsZero() {
		return event.On(event.DayOf(from.Earliest()).AddMonths(longest))
	}
	return given
}

// capable refuses a decision by a person who could not make it then.
func capable(s State, k Kind, c event.Context) error {
	switch {
	case s.CapableAt(k, c.When()):
		return nil
	case s.LatestOutcome(k, c.When().Latest()) == Lacks:
		return fault.Refuse("lacks-capacity", "the latest assessment says that the person lacks capacity for this decision")
	}
	return fault.Refuse("capacity-not-established", "the person's capacity fluctuates: assess it on the day")
}

// decides refuses a decision by somebody who may not make it: the person
// without the capacity, or somebody else without an authority to act that is
// on the record, or for a person who can decide (Mental Capacity Act 2005
// sections 1, 9, 11, 16 and 20; background).
func decides(s State, k Kind, by Giver, under Reference, c event.Context) error {
	if by != Attorney && by != Deputy {
		return capable(s, k, c)
	}
	day := event.DayOf(c.When().Earliest())
	switch {
	case under == "":
		return fault.Refuse("authority-not-named", "name the document that lets somebody else consent")
	case s.CapableAt(k, c.When()):
		return fault.Refuse("person-decides", "the person can make this decision, so nobody makes it for them")
	}
	refused := fault.Refuse("authority-not-recorded", "no such authority to act is on the record")
	for _, a := range s.Authorities {
		switch {
		case a.Kind != by || a.Reference != under || !a.At.Begun(c.Now):
		case a.Extends(k, day):
			return nil
		default:
			refused = fault.Refuse("authority-does-not-extend", "the authority to act does not extend to this decision then")
		}
	}
	return refused
}

// scoped refuses a scope that does not say what is agreed to.
func scoped(k Kind, s Scope) error {
	switch {
	case k == Disclosure && s.Empty():
		return fault.Refuse("empty-scope", "say from whom, to whom, what and what for")
	case k == GDPR && (len(s.Purposes) == 0 || len(s.Categories) == 0):
		return fault.Refuse("empty-scope", "say what and what for")
	}
	return nil
}

// answered refuses an answer to a question that is not open: a consent that
// was already answered, or one offered as something else.
func answered(s State, id event.UUID, k Kind) error {
	if k == Willingness {
		return fault.Refuse("willingness-goes-to-the-court", "willingness to comply with a requirement is expressed to the court, not here")
	}
	if id.IsZero() {
		return nil
	}
	c, err := known(s, id)
	switch {
	case err != nil:
		return err
	case c.Kind != k:
		return fault.Refuse("consent-of-another-kind", "the consent was offered as another kind")
	case len(c.Versions) > 0 || !c.Refusal.At.IsZero() || c.Offered.IsZero():
		return fault.Refuse("consent-not-proposed", "the consent was already answered")
	}
	return nil
}

// scopeOf is the scope of an answer: the one given, or else the one offered.
func scopeOf(s State, id event.UUID, given Scope) Scope {
	if c, ok := s.Get(id); ok && given.Unsaid() {
		return c.Asked
	}
	return given
}
