package lawfulness

import (
	"slices"
	"sort"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
)

// History is everything that judging one person reads. What it is made of is
// not changed.
type History struct {
	Person event.UUID
	Shared *Shared

	events   []event.Recorded // of the case, in ledger order, nothing left out
	looks    []event.Recorded // at the person's record, in ledger order
	standing []event.Recorded // as known now
	corrects int              // index of the first correction in events; len(events) if there is none
	reach    map[event.ID]event.When
	cases    []Case // cases[i] is the case after the first i events, for i up to corrects
}

// NewHistory returns the history of a person: the events of the case and the
// looks at it, each in ledger order.
func NewHistory(person event.UUID, events, looks []event.Recorded, shared *Shared) *History {
	h := &History{Person: person, Shared: shared, events: events, looks: looks, standing: event.Standing(events)}
	h.reach = reach(events)
	h.corrects = slices.IndexFunc(events, func(e event.Recorded) bool { return e.IsCorrection() })
	if h.corrects < 0 {
		h.corrects = len(events)
	}
	h.cases = make([]Case, 1, h.corrects+1)
	for _, e := range events[:h.corrects] {
		h.cases = append(h.cases, h.cases[len(h.cases)-1].Evolve(e))
	}
	return h
}

// reach says since when the events count that count from before they came
// about: an invalidated consent never was one (domain reference section 7.3),
// and an identifier of the wrong person never was this person's (section 8.8).
func reach(events []event.Recorded) map[event.ID]event.When {
	began, since := map[event.UUID]event.When{}, map[event.ID]event.When{}
	back := func(e event.Recorded, to event.UUID) {
		if w, ok := began[to]; ok && w.Earliest().Before(e.Effective.Earliest()) {
			since[e.ID] = w
		}
	}
	for _, e := range events {
		switch d := e.Data.(type) {
		case consent.ConsentGranted:
			began[d.Consent] = e.Effective
		case consent.ConsentInvalidated:
			back(e, d.Consent)
		case person.IdentifierLinked:
			began[d.Link] = e.Effective
		case person.IdentifierUnlinked:
			if d.Reason == person.WrongPerson {
				back(e, d.Link)
			}
		}
	}
	return since
}

// begun reports whether an event counts at t.
func (h *History) begun(e event.Recorded, t time.Time) bool {
	if since, ok := h.reach[e.ID]; ok {
		return since.Begun(t)
	}
	return e.Effective.Begun(t)
}

// Hindsight is the view of t as known now.
func (h *History) Hindsight(t time.Time) View { return h.view(t, time.Unix(1<<40, 0), nil) }

// AsKnown is the view of t as known at t.
func (h *History) AsKnown(t time.Time) View { return h.view(t, t, nil) }

// At is the view of t as known by known.
func (h *History) At(t, known time.Time) View { return h.view(t, known, nil) }

// view returns what stood at t and had been recorded by known. What is in
// given counts as recorded, whenever it was: an item that is judged first, and
// the decision and the consent that it cites (domain reference section 8.8).
func (h *History) view(t, known time.Time, given []event.ID) View {
	v := View{Person: h.Person, At: t, Known: known, looks: h.looksAt(t, known)}
	if h.Shared != nil {
		v.Shared = h.Shared.KnownAt(known)
	}
	n := sort.Search(len(h.events), func(i int) bool { return h.events[i].RecordedAt.After(known) })
	prefix, standing := h.events[:n], h.standing
	v.recorded = prefix
	if n < len(h.events) {
		standing = prefix
		if n > h.corrects {
			standing = event.Standing(prefix)
		}
		if late := h.late(n, given); len(late) > 0 {
			standing = append(slices.Clone(standing), late...)
		}
	}
	if len(given) > 1 {
		for _, e := range standing {
			if slices.Contains(given, e.ID) {
				v.given = append(v.given, e)
			}
		}
	}
	begun := func(e event.Recorded) bool { return h.begun(e, t) }
	if i := slices.IndexFunc(standing, func(e event.Recorded) bool { return !begun(e) }); i >= 0 {
		// What begins later is left out; it is most often a tail.
		v.events = standing[:i:i]
		for _, e := range standing[i:] {
			if begun(e) {
				v.events = append(v.events, e)
			}
		}
	} else {
		v.events = standing
	}
	if k := len(v.events); k <= h.corrects && (k == 0 || v.events[k-1].ID == h.events[k-1].ID) && sameHead(v.events, h.events[:k]) {
		v.Case = h.cases[k]
	} else {
		v.Case = FoldCase(v.events)
	}
	return v
}

func sameHead(a, b []event.Recorded) bool {
	return len(a) == 0 || &a[0] == &b[0] || slices.EqualFunc(a, b, func(x, y event.Recorded) bool { return x.ID == y.ID })
}

// late returns the events after the first n that are taken as given. What
// corrects one of the first n is not: it is known from when it was recorded.
func (h *History) late(n int, given []event.ID) []event.Recorded {
	var late []event.Recorded
	for _, e := range h.standing {
		if i := slices.Index(given, e.ID); i < 0 || i > 0 && e.IsCorrection() && h.among(n, e.Corrects) || h.among(n, e.ID) {
			continue
		}
		late = append(late, e)
	}
	return late
}

func (h *History) among(n int, id event.ID) bool {
	return slices.ContainsFunc(h.events[:n], func(e event.Recorded) bool { return e.ID == id })
}

func (h *History) looksAt(t, known time.Time) []event.Recorded {
	n := sort.Search(len(h.looks), func(i int) bool { return h.looks[i].RecordedAt.After(known) })
	for i, e := range h.looks[:n] {
		if !e.Effective.Begun(t) {
			return h.looks[:i]
		}
	}
	return h.looks[:n]
}

// cited lists what an item is taken to rest on, itself first: the decision it
// cites, with the reasoning and the word to the originator that are part of
// it, and the consent relied on.
func (h *History) cited(item event.Recorded) []event.ID {
	given := []event.ID{item.ID}
	var told, decision, relied event.UUID
	switch d := item.Data.(type) {
	case disclosure.DisclosureMade:
		told, decision, relied = d.Disclosure, d.Decision, d.Consent
	case disclosure.UnplannedDisclosureReported:
		told, decision, relied = d.Disclosure, d.Decision, d.Consent
	case disclosure.DisclosureDecided:
		decision, relied = d.Decision, d.Basis.Consent
	default:
		return given
	}
	cites := func(e event.Recorded, is bool) {
		if is && !slices.Contains(given, e.ID) {
			given = append(given, e.ID)
		}
	}
	for _, e := range h.standing {
		switch d := e.Data.(type) {
		case disclosure.DisclosureDecided:
			if told.IsZero() || decision.IsZero() || d.Decision != decision {
				continue
			}
			cites(e, true)
			if relied.IsZero() {
				relied = d.Basis.Consent
			}
		case disclosure.PublicInterestDecisionRecorded:
			cites(e, !decision.IsZero() && d.Decision == decision)
		case disclosure.OnwardDisclosed:
			cites(e, !told.IsZero() && d.Onward == told)
		}
	}
	for _, e := range h.standing {
		if d, ok := e.Data.(consent.ConsentGranted); ok {
			cites(e, !relied.IsZero() && d.Consent == relied)
		}
	}
	return given
}
