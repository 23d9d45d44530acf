package lawfulness

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

// Shared is what judging needs beside a person's case: the organisations,
// their agreements and their governance. It grows with the organisations, not
// with the people. It is safe for concurrent use, and not changed once it is
// made.
type Shared struct {
	register *reference.Register
	streams  map[event.StreamID][]event.Recorded // in stream order, nothing left out
	ids      []event.StreamID                    // sorted
	workAt   map[event.UUID][]event.UUID         // the organisations whose streams name a member of staff, sorted
	last     time.Time                           // when the last of it was recorded

	mu    sync.Mutex
	folds map[fold]any
}

// fold names what a stream came to after some of its events.
type fold struct {
	stream event.StreamID
	events int
}

// around are the kinds of stream that are about nobody in particular.
var around = []event.StreamKind{event.AgreementStream, event.OrgStream, event.PolicyStream}

// NewShared returns what the given events of agreement, organisation and
// policy streams say; events of other streams are passed over. The events of a
// stream must be in its order.
func NewShared(register *reference.Register, events []event.Recorded) *Shared {
	s := &Shared{register: register, streams: map[event.StreamID][]event.Recorded{}, workAt: map[event.UUID][]event.UUID{}, folds: map[fold]any{}}
	for _, e := range events {
		if !slices.Contains(around, e.Stream.Kind) {
			continue
		}
		s.streams[e.Stream] = append(s.streams[e.Stream], e)
		s.staff(e)
		if e.RecordedAt.After(s.last) {
			s.last = e.RecordedAt
		}
	}
	for id := range s.streams {
		s.ids = append(s.ids, id)
	}
	slices.SortFunc(s.ids, func(a, b event.StreamID) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Of.String(), b.Of.String()))
	})
	for _, at := range s.workAt {
		slices.SortFunc(at, func(a, b event.UUID) int { return bytes.Compare(a[:], b[:]) })
	}
	return s
}

// staff notes whom an event of an organisation names.
func (s *Shared) staff(e event.Recorded) {
	var who event.UUID
	switch d := e.Data.(type) {
	case governance.StaffRoleAssigned:
		who = d.Staff
	case governance.TrainingRecorded:
		who = d.Staff
	case governance.UndertakingSigned:
		who = d.Staff
	default:
		return
	}
	if at := s.workAt[who]; !slices.Contains(at, e.Stream.Of) {
		s.workAt[who] = append(at, e.Stream.Of)
	}
}

// Known is the surroundings as they were known at a time. The zero Known knows
// no organisation and nothing of any.
type Known struct {
	shared *Shared
	by     time.Time
}

// KnownAt is what had been recorded by t.
func (s *Shared) KnownAt(t time.Time) Known { return Known{s, t} }

// Now is everything that has been recorded.
func (s *Shared) Now() Known { return Known{s, time.Unix(1<<40, 0)} }

// stream returns the standing events of a stream as known, folded once.
func folded[S any](k Known, id event.StreamID, f func([]event.Recorded) S) (state S, ok bool) {
	if k.shared == nil {
		return state, false
	}
	all := k.shared.streams[id]
	n := sort.Search(len(all), func(i int) bool { return all[i].RecordedAt.After(k.by) })
	if n == 0 {
		return state, false
	}
	key := fold{id, n}
	k.shared.mu.Lock()
	defer k.shared.mu.Unlock()
	if known, ok := k.shared.folds[key]; ok {
		return known.(S), true
	}
	state = f(event.Standing(all[:n]))
	k.shared.folds[key] = state
	return state, true
}

// Agreement returns an agreement; false if it is not known.
func (k Known) Agreement(id event.UUID) (agreement.State, bool) {
	return folded(k, event.StreamID{Kind: event.AgreementStream, Of: id}, agreement.Fold)
}

// Agreements returns every agreement that is known, in a fixed order.
func (k Known) Agreements() []agreement.State {
	var all []agreement.State
	for _, id := range k.streams(event.AgreementStream) {
		if a, ok := k.Agreement(id.Of); ok {
			all = append(all, a)
		}
	}
	return all
}

// Governance returns an organisation's governance; empty if nothing is known
// of it.
func (k Known) Governance(org event.UUID) governance.State {
	s, _ := folded(k, event.StreamID{Kind: event.OrgStream, Of: org}, governance.Fold)
	return s
}

// Governances returns the governance of every organisation of which something
// is known, in a fixed order.
func (k Known) Governances() []governance.State {
	var all []governance.State
	for _, id := range k.streams(event.OrgStream) {
		if g, ok := folded(k, id, governance.Fold); ok {
			all = append(all, g)
		}
	}
	return all
}

// streams returns those of a kind, in a fixed order.
func (k Known) streams(kind event.StreamKind) []event.StreamID {
	if k.shared == nil {
		return nil
	}
	first, _ := slices.BinarySearchFunc(k.shared.ids, kind, func(id event.StreamID, kind event.StreamKind) int { return cmp.Compare(id.Kind, kind) })
	after, _ := slices.BinarySearchFunc(k.shared.ids, kind+1, func(id event.StreamID, kind event.StreamKind) int { return cmp.Compare(id.Kind, kind) })
	return k.shared.ids[first:after]
}

// Organisation returns an organisation of the register; false if it is not
// known.
func (k Known) Organisation(org event.UUID) (reference.Organisation, bool) {
	if k.shared == nil {
		return reference.Organisation{}, false
	}
	return k.shared.register.ByID(org)
}

// Controller returns an organisation's controller; zero if it is not known.
func (k Known) Controller(org event.UUID) event.UUID {
	o, _ := k.Organisation(org)
	return o.Controller
}

// SameController reports whether two organisations have the same controller:
// what one of them holds is no disclosure to the other. An organisation that
// is not known has nobody's but its own.
func (k Known) SameController(a, b event.UUID) bool {
	if a == b {
		return true
	}
	c := k.Controller(a)
	return !c.IsZero() && c == k.Controller(b)
}

// Side returns an organisation's side; empty if it is not known.
func (k Known) Side(org event.UUID) event.Side {
	o, _ := k.Organisation(org)
	return o.Side
}

// Staff is what is known of one member of staff, at every organisation.
type Staff struct {
	Roles     []governance.Assignment
	Training  []governance.Training
	Undertook []governance.Undertaking
}

// Staff returns what is known of a member of staff.
func (k Known) Staff(id event.UUID) Staff {
	var s Staff
	if k.shared == nil {
		return s
	}
	for _, org := range k.shared.workAt[id] {
		g := k.Governance(org)
		for _, a := range g.Staff {
			if a.Staff == id {
				s.Roles = append(s.Roles, a)
			}
		}
		for _, t := range g.Training {
			if t.Staff == id {
				s.Training = append(s.Training, t)
			}
		}
		for _, u := range g.Undertook {
			if u.Staff == id {
				s.Undertook = append(s.Undertook, u)
			}
		}
	}
	return s
}

// HeldAt reports whether the member of staff held a role at t, at an
// organisation.
func (s Staff) HeldAt(role event.Role, org event.UUID, t time.Time) bool {
	return slices.ContainsFunc(s.Roles, func(a governance.Assignment) bool {
		return a.Role == role && a.Org == org && a.HoldsAt(t)
	})
}

// Reads is the streams that a judgement by k may have read, and how far each
// had come.
func (k Known) Reads() []disclosure.Read {
	if k.shared == nil {
		return nil
	}
	var reads []disclosure.Read
	for _, id := range k.shared.ids {
		all := k.shared.streams[id]
		if n := sort.Search(len(all), func(i int) bool { return all[i].RecordedAt.After(k.by) }); n > 0 {
			reads = append(reads, disclosure.Read{Stream: id, Revision: all[n-1].Revision})
		}
	}
	return reads
}

// sameAt reports whether everything had been recorded by t: what was known
// then is what is known now.
func (s *Shared) sameAt(t time.Time) bool { return !s.last.After(t) }
