// Package consent is the consent area of a person's case: what they agreed
// to, refused and objected to, whether they could decide, and for how long it
// holds. It never decides whether something may be told: package casefile
// does, from what this area answers.
package consent

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// Event is an event of this area.
type Event interface{ isEvent() }

// State is what decisions need to know of this area. It is a value: evolving
// it leaves the one before as it was.
type State struct {
	Consents    []Consent // in the order they were first mentioned
	Assessments []Assessment
	// BestInterests are the decisions made for the person, by what they were about.
	BestInterests []BestInterests
	Objections    []Objection
	Authorities   []Authority
	seq           int // of the next thing said
}

// Consent is one consent with everything that happened to it.
type Consent struct {
	ID   event.UUID
	Kind Kind
	// Side is the side whose record it belongs to.
	Side     event.Side
	Offered  event.When // zero: not offered apart from its grant or refusal
	Asked    Scope      // as offered
	Versions []Version  // from the grant on, numbered from 1
	// GivenBy is who granted it, and Authority the document that let an attorney
	// or deputy do so.
	GivenBy   Giver
	Authority Reference
	Refusal   Refusal
	// Withdrawn is when the person said so; zero if they did not.
	Withdrawn event.When
	// Merged is when the record it belongs to was merged into this one; zero if
	// it is of this one.
	Merged  event.When
	Invalid bool
	expired bool // the end is on the record
	seq     int  // of the grant
}

// Version is a consent's scope and end, from a time on.
type Version struct {
	Number  int
	Scope   Scope
	From    event.When
	Expires event.When // zero only where the record could not say
}

// Refusal is a "no".
type Refusal struct {
	At    event.When // zero: there was none
	Scope Scope
	seq   int
}

// Objection denies its scope from At until Lifted.
type Objection struct {
	ID     event.UUID
	Side   event.Side
	Scope  Scope
	At     event.When
	Lifted event.When // zero: it stands
}

// Assessment is an assessment of capacity whose outcome could be read.
type Assessment struct {
	Decision Kind
	Outcome  CapacityOutcome
	At       event.When
}

// BestInterests is a decision made for the person.
type BestInterests struct {
	Kind Kind
	At   event.When
}

// Authority lets an attorney or a deputy decide for the person.
type Authority struct {
	ID        event.UUID
	Kind      Giver
	Reference Reference
	Holder    event.UUID
	Decisions []Kind    // none means all
	From, To  event.Day // the first and the last day; To is zero where there is no end
	At        event.When
	Source    event.ID
}

// Extends reports whether the authority extends to a kind of decision on a
// day.
func (a Authority) Extends(k Kind, day event.Day) bool {
	return day >= a.From && (a.To == 0 || day <= a.To) && (len(a.Decisions) == 0 || slices.Contains(a.Decisions, k))
}

// Get returns a consent; false if there is none of that id.
func (s State) Get(id event.UUID) (Consent, bool) {
	i := slices.IndexFunc(s.Consents, func(c Consent) bool { return c.ID == id })
	if i < 0 {
		return Consent{}, false
	}
	return s.Consents[i], true
}

// Given is when the consent was given; zero if it never was.
func (c Consent) Given() event.When {
	if len(c.Versions) == 0 {
		return event.When{}
	}
	return c.Versions[0].From
}

// VersionAt returns the version that was current at t; false before the first.
func (c Consent) VersionAt(t time.Time) (Version, bool) {
	for _, v := range slices.Backward(c.Versions) {
		if v.From.Begun(t) {
			return v, true
		}
	}
	return Version{}, false
}

// Latest returns the last version; false if the consent was never given.
func (c Consent) Latest() (Version, bool) {
	if len(c.Versions) == 0 {
		return Version{}, false
	}
	return c.Versions[len(c.Versions)-1], true
}

// StatusAt says what the consent was at t. Intervals are half-open: at the
// very instant of its end a consent no longer holds. An invalid consent was
// invalid from when it was given.
func (c Consent) StatusAt(t time.Time) Status {
	v, given := c.VersionAt(t)
	switch {
	case given && c.Invalid:
		return Invalid
	case !c.Withdrawn.IsZero() && c.Withdrawn.Begun(t):
		return Withdrawn
	case given && v.ended(t):
		return Expired
	case given && c.unconfirmed(v, t):
		return Unconfirmed
	case given:
		return Active
	case !c.Refusal.At.IsZero() && c.Refusal.At.Begun(t):
		return Refused
	case !c.Offered.IsZero() && c.Offered.Begun(t):
		return Proposed
	}
	return None
}

func (v Version) ended(t time.Time) bool { return !v.Expires.IsZero() && v.Expires.Begun(t) }

// StatusAt says what a consent was at t; [None] for one that was not there.
func (s State) StatusAt(id event.UUID, t time.Time) Status {
	c, _ := s.Get(id)
	return c.StatusAt(t)
}

// Participates reports whether the person had agreed at t to take part in
// what the kind is about, and had not refused it since.
func (s State) Participates(k Kind, t time.Time) bool {
	var agreed, refused event.When
	var agreedSeq, refusedSeq int
	for _, c := range s.Consents {
		if c.Kind != k {
			continue
		}
		if c.StatusAt(t) == Active && (agreedSeq == 0 || !before(c.Given(), c.seq, agreed, agreedSeq)) {
			agreed, agreedSeq = c.Given(), c.seq
		}
		if r := c.Refusal; !r.At.IsZero() && r.At.Begun(t) && (refusedSeq == 0 || !before(r.At, r.seq, refused, refusedSeq)) {
			refused, refusedSeq = r.At, r.seq
		}
	}
	return agreedSeq > 0 && (refusedSeq == 0 || before(refused, refusedSeq, agreed, agreedSeq))
}

// before orders two things said, by when and then by which was recorded first.
func before(a event.When, aSeq int, b event.When, bSeq int) bool {
	if c := a.Earliest().Compare(b.Earliest()); c != 0 {
		return c < 0
	}
	return aSeq < bSeq
}

// Ruling is what the person's own words say about telling something.
type Ruling int

// The rulings.
const (
	Silent    Ruling = iota // nothing said covers it
	Permitted               // the most specific thing said is a consent to it
	Denied                  // the most specific thing said, or one as specific, is a "no"
)

// Rule says what the person's disclosure consents, refusals and objections
// say at t about a cell. The most specific wins; a "no" beats a "yes" that is
// as specific.
func (s State) Rule(cell Cell, t time.Time) Ruling {
	ruling, strongest := Silent, specificity{-1, -1, -1}
	weigh := func(r Ruling, of specificity) {
		switch order := of.compare(strongest); {
		case order > 0:
			ruling, strongest = r, of
		case order == 0 && r == Denied:
			ruling = Denied
		}
	}
	for _, c := range s.Consents {
		if c.Kind != Disclosure {
			continue
		}
		if of, ok := c.permits(cell, t); ok {
			weigh(Permitted, of)
		}
		if of, ok := c.Refusal.Scope.specificity(cell); ok && !c.Refusal.At.IsZero() && c.Refusal.At.Begun(t) && !s.lifted(c.Refusal, cell, t) {
			weigh(Denied, of)
		}
	}
	for _, o := range s.Objections {
		if of, ok := o.Scope.specificity(cell); ok && o.live(t) {
			weigh(Denied, of)
		}
	}
	return ruling
}

// Denied reports whether a refusal or an objection stands at t against
// telling the cell.
func (s State) Denied(cell Cell, t time.Time) bool { return s.Rule(cell, t) == Denied }

// permits reports whether the consent covers the cell at t, and how
// specifically. Narrowing makes no consent more specific than its grant was,
// so it can never overrule a refusal.
func (c Consent) permits(cell Cell, t time.Time) (specificity, bool) {
	v, given := c.VersionAt(t)
	if !given || c.StatusAt(t) != Active {
		return specificity{}, false
	}
	of, covers := v.Scope.specificity(cell)
	if granted, did := c.Versions[0].Scope.specificity(cell); covers && did && granted.compare(of) < 0 {
		of = granted
	}
	return of, covers
}

// lifted reports whether a grant after the refusal covers the cell: a refusal
// stands until then, and stays lifted when that grant ends.
func (s State) lifted(r Refusal, cell Cell, t time.Time) bool {
	return slices.ContainsFunc(s.Consents, func(c Consent) bool {
		if c.Kind != Disclosure || c.Invalid || len(c.Versions) == 0 {
			return false
		}
		granted := c.Versions[0]
		return granted.From.Begun(t) && before(r.At, r.seq, granted.From, c.seq) && granted.Scope.Covers(cell)
	})
}

func (o Objection) live(t time.Time) bool {
	return !o.At.IsZero() && o.At.Begun(t) && (o.Lifted.IsZero() || !o.Lifted.Begun(t))
}

// CapableAt says whether the person may make a kind of decision at w: nobody
// assessed it, or the latest assessment by then is HAS, on the same day if
// the capacity fluctuates (domain reference section 8.8).
func (s State) CapableAt(k Kind, w event.When) bool {
	t := w.Latest()
	var latest Assessment
	fluctuates := false
	for _, a := range s.sortedAssessments() {
		if a.Decision != k || !a.At.Begun(t) {
			continue
		}
		latest = a
		if a.Outcome != Has {
			fluctuates = a.Outcome == Fluctuating
		}
	}
	switch {
	case latest == Assessment{}:
		return true
	case latest.Outcome != Has:
		return false
	}
	return !fluctuates || event.DayOf(latest.At.Earliest()) == event.DayOf(w.Earliest())
}

// LatestOutcome returns the latest assessment of a kind of decision by t;
// empty if there is none.
func (s State) LatestOutcome(k Kind, t time.Time) CapacityOutcome {
	var latest CapacityOutcome
	for _, a := range s.sortedAssessments() {
		if a.Decision == k && a.At.Begun(t) {
			latest = a.Outcome
		}
	}
	return latest
}

func (s State) sortedAssessments() []Assessment {
	return slices.SortedStableFunc(slices.Values(s.Assessments), func(a, b Assessment) int {
		return a.At.Earliest().Compare(b.At.Earliest())
	})
}

// DecidedFor reports whether a best-interests decision of a kind had been made
// by t.
func (s State) DecidedFor(k Kind, t time.Time) bool {
	return slices.ContainsFunc(s.BestInterests, func(b BestInterests) bool { return b.Kind == k && b.At.Begun(t) })
}
