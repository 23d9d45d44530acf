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
	cases    []Case           // cases[i] is the case after the first i events, for i up to corrects
	asStands []Case           // the same of standing; empty where nothing was corrected
	places   map[event.ID]int // in events
	index    map[event.ID]int // in standing
	begins   *timeline        // of standing
	looked   *timeline
	merging  *merging // nil where all events are the person's own
}

// NewHistory returns the history of a person: the events of the case and the
// looks at it, each in ledger order. The events and looks of records that are
// merged into the person's are among them. They count from when they were
// recorded, in hindsight; as known, for what is in another record, from when the
// merge was.
func NewHistory(person event.UUID, events, looks []event.Recorded, shared *Shared) *History {
	h := &History{Person: person, Shared: shared, events: events, looks: looks, standing: event.Standing(events)}
	h.merging = newMerging(person, events)
	h.reach = reach(events)
	h.corrects = slices.IndexFunc(events, func(e event.Recorded) bool { return e.IsCorrection() })
	if h.corrects < 0 {
		h.corrects = len(events)
	} else {
		h.asStands = h.folds(h.standing)
	}
	h.cases = h.folds(events[:h.corrects])
	h.places, h.index = places(events), places(h.standing)
	h.begins = newTimeline(h.standing, func(e event.Recorded) time.Time { return h.since(e).Earliest() })
	h.looked = newTimeline(looks, func(e event.Recorded) time.Time { return e.Effective.Earliest() })
	return h
}

// folds returns the case after the first i events, for each i.
func (h *History) folds(events []event.Recorded) []Case {
	cases := make([]Case, 1, len(events)+1)
	for _, e := range events {
		cases = append(cases, h.merging.evolve(cases[len(cases)-1], e))
	}
	return cases
}

func places(events []event.Recorded) map[event.ID]int {
	at := make(map[event.ID]int, len(events))
	for i, e := range events {
		at[e.ID] = i
	}
	return at
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

// Standing returns what stands of the case as known now, in ledger order.
func (h *History) Standing() []event.Recorded { return h.standing }

// since is when an event began to count.
func (h *History) since(e event.Recorded) event.When {
	if since, ok := h.reach[e.ID]; ok {
		return since
	}
	return e.Effective
}

// begun reports whether an event counts at t.
func (h *History) begun(e event.Recorded, t time.Time) bool { return h.since(e).Begun(t) }

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
	return h.viewIn(t, known, given, nil)
}

// viewIn is view, with a list that it may put together in scratch, where the
// view is done with before scratch is used again.
func (h *History) viewIn(t, known time.Time, given []event.ID, scratch *[]event.Recorded) View {
	v := View{Person: h.Person, At: t, Known: known, looks: h.looksAt(t, known)}
	if h.Shared != nil {
		v.Shared = h.Shared.KnownAt(known)
	}
	n := sort.Search(len(h.events), func(i int) bool { return h.events[i].RecordedAt.After(known) })
	v.recorded = h.events[:n]
	standing, begins := h.standing, h.begins
	if n < len(h.events) {
		standing, begins = h.knownBy(n, given, scratch)
		if h.merging != nil {
			item := event.UUID{}
			if len(given) > 0 {
				item = h.recordOf(given[0])
			}
			standing, begins = h.merging.known(standing, item, known), nil
		}
	}
	if len(given) > 1 {
		for i := range standing {
			if slices.Contains(given, standing[i].ID) {
				v.given = append(v.given, standing[i])
			}
		}
	}
	v.events = h.begunAt(t, standing, begins)
	v.Case = h.fold(v.events)
	return v
}

// knownBy returns what stood after the first n events, with what is given, in
// ledger order. begins is how it begins, where that is known.
func (h *History) knownBy(n int, given []event.ID, scratch *[]event.Recorded) (standing []event.Recorded, begins *timeline) {
	standing = h.events[:n:n]
	if n > h.corrects {
		standing = event.Standing(standing)
	} else {
		begins = h.begins
		if h.corrects < len(h.events) {
			begins = nil
		}
	}
	var late []int // in h.standing
	for i, id := range given {
		at, stands := h.index[id]
		if !stands || h.places[id] < n {
			continue
		}
		if e := h.standing[at]; e.IsCorrection() && h.among(n, e.Corrects) {
			if i > 0 {
				continue // what corrects something known is known from when it was recorded
			}
			standing = slices.DeleteFunc(slices.Clone(standing), func(o event.Recorded) bool { return o.ID == e.Corrects })
			begins = nil
		}
		late = append(late, at)
	}
	slices.Sort(late)
	if m := len(late); m > 0 && n+m <= h.corrects && begins != nil && late[0] == n && late[m-1] == n+m-1 {
		return h.events[: n+m : n+m], begins // they come next
	}
	if len(late) == 0 {
		return standing, begins
	}
	var list []event.Recorded
	if scratch != nil {
		list = (*scratch)[:0]
	}
	list = append(list, standing...)
	for _, at := range late {
		list = append(list, h.standing[at])
	}
	if scratch != nil {
		*scratch = list
	}
	return list, nil
}

func (h *History) among(n int, id event.ID) bool {
	at, ok := h.places[id]
	return ok && at < n
}

// begunAt leaves out what begins after t. Most often that is a tail.
func (h *History) begunAt(t time.Time, standing []event.Recorded, begins *timeline) []event.Recorded {
	first, rest := 0, len(standing)
	if begins != nil {
		first, rest = begins.parts(t, len(standing))
	}
	for first < len(standing) && h.begun(standing[first], t) {
		first++
	}
	begun := standing[:first:first]
	for i := first; i < rest; i++ {
		if h.begun(standing[i], t) {
			begun = append(begun, standing[i])
		}
	}
	return begun
}

// fold folds events of the case, from as far as they are the first of what is
// folded already.
func (h *History) fold(events []event.Recorded) Case {
	folded, as := h.events[:h.corrects], h.cases
	if len(h.asStands) > 0 && len(events) > 0 && len(h.standing) > 0 && &events[0] == &h.standing[0] {
		folded, as = h.standing, h.asStands
	}
	k := 0
	if len(events) > 0 && len(folded) > 0 && &events[0] == &folded[0] { // the same list, and so its first ones
		k = min(len(events), len(folded))
	}
	for k < len(events) && k < len(folded) && events[k].ID == folded[k].ID {
		k++
	}
	c := as[k]
	for _, e := range events[k:] {
		c = h.merging.evolve(c, e)
	}
	return c
}

func sameHead(a, b []event.Recorded) bool {
	return len(a) == 0 || &a[0] == &b[0] || slices.EqualFunc(a, b, func(x, y event.Recorded) bool { return x.ID == y.ID })
}

// looksAt returns the looks until the first that begins after t.
func (h *History) looksAt(t, known time.Time) []event.Recorded {
	n := sort.Search(len(h.looks), func(i int) bool { return h.looks[i].RecordedAt.After(known) })
	begun, _ := h.looked.parts(t, n)
	return h.looks[:begun]
}

// timeline says when the members of a list begin.
type timeline struct {
	latest   []int64 // of the first i+1, the one that begins last
	earliest []int64 // of those from i on, the one that begins first
}

func newTimeline(events []event.Recorded, begins func(event.Recorded) time.Time) *timeline {
	t := &timeline{make([]int64, len(events)), make([]int64, len(events))}
	for i, e := range events {
		t.latest[i] = begins(e).UnixMicro()
		t.earliest[i] = t.latest[i]
		if i > 0 {
			t.latest[i] = max(t.latest[i], t.latest[i-1])
		}
	}
	for i := len(events) - 2; i >= 0; i-- {
		t.earliest[i] = min(t.earliest[i], t.earliest[i+1])
	}
	return t
}

// parts says, of the first n members, how many have all begun by t, and from
// which on none has.
func (l *timeline) parts(t time.Time, n int) (begun, rest int) {
	at := t.UnixMicro()
	begun = sort.Search(n, func(i int) bool { return l.latest[i] > at })
	rest = begun + sort.Search(n-begun, func(i int) bool { return l.earliest[begun+i] > at })
	return begun, rest
}

// cited lists what an item is taken to rest on, itself first: the decision it
// cites, with the reasoning and the word to the originator that are part of
// it, and the consent relied on.
func (h *History) cited(item event.Recorded) []event.ID {
	given := []event.ID{item.ID}
	var told, decision, relied event.UUID // told is zero where the item tells nothing
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
			cites(e, !told.IsZero() && !decision.IsZero() && d.Decision == decision)
		}
	}
	for _, e := range h.standing {
		if d, ok := e.Data.(consent.ConsentGranted); ok {
			cites(e, !relied.IsZero() && d.Consent == relied)
		}
	}
	return given
}
