package main

import (
	"context"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
)

// gap is a part of an entry that was erased.
type gap struct {
	Class event.Class `json:"class"`
	// On is when the ledger said that its key was destroyed, and Under the event that
	// decided so. Absent where the reader's ledger does not say: it is of an earlier
	// moment than the keystore.
	On    time.Time `json:"erasedAt,omitzero"`
	Under event.ID  `json:"under,omitzero"`
	Why   string    `json:"why,omitempty"` // the type of that event
}

// destructionsOf are, by key, what a person's stream says of what was destroyed. It
// opens nothing.
func (r *record) destructionsOf(ctx context.Context, of event.UUID) (map[event.UUID]gap, error) {
	gone, why := map[event.UUID]gap{}, map[event.UUID]string{}
	for s, err := range r.store.ReadStream(ctx, event.Case(of), 0) {
		if err != nil {
			return nil, err
		}
		m, err := codec.Peek(s.Body)
		if err != nil {
			continue
		}
		switch m.Type {
		case "rights.erasure-decided", "rights.record-disposed":
			why[s.ID.UUID] = m.Type
		case "key.destroyed":
			data, err := r.keyEvent(ctx, s)
			if err != nil {
				return nil, err
			}
			g := gap{On: s.RecordedAt, Under: event.ID{UUID: m.Causation}, Why: why[m.Causation]}
			gone[data.(event.KeyDestroyed).Key] = g
		}
	}
	return gone, nil
}

// gapsOf are the gaps of one entry.
func gapsOf(e event.Recorded, gone map[event.UUID]gap) (all []gap) {
	for _, one := range e.Erased {
		g := gone[one.Key]
		g.Class = one.Class
		all = append(all, g)
	}
	return all
}

// gaps are the gaps of every entry of some history, by entry.
func (r *record) gaps(ctx context.Context, history []event.Recorded) (map[event.ID][]gap, error) {
	known, all := map[event.UUID]map[event.UUID]gap{}, map[event.ID][]gap{}
	for _, e := range history {
		if len(e.Erased) == 0 {
			continue
		}
		if known[e.Stream.Of] == nil {
			gone, err := r.destructionsOf(ctx, e.Stream.Of)
			if err != nil {
				return nil, err
			}
			known[e.Stream.Of] = gone
		}
		all[e.ID] = gapsOf(e, known[e.Stream.Of])
	}
	return all, nil
}

// words say a gap in plain English.
func (g gap) words() string {
	if g.On.IsZero() {
		return string(g.Class) + ": unreadable, key destroyed"
	}
	under := map[string]string{"rights.erasure-decided": "the request to erase decided in ", "rights.record-disposed": "the disposal decided in "}[g.Why]
	return string(g.Class) + ": erased on " + event.DayOf(g.On).String() + " under " + under + g.Under.String()
}
