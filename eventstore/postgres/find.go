package postgres

import (
	"context"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// recorded is the place of an event.
type recorded struct {
	stream   event.StreamID
	revision eventstore.Revision
	position eventstore.Position
	at       int64 // µs
}

// find looks up which ids of the requests are recorded, and where.
func (w *writer) find(ctx context.Context, group []*request) (map[event.ID]recorded, error) {
	n := 0
	for _, r := range group {
		n += len(r.events)
	}
	ids := newArray(oidUUID, n, 16*n)
	for _, r := range group {
		for i := range r.events {
			ids.add(r.events[i].ID.UUID[:])
		}
	}
	rows, err := w.run(ctx, "find", ids.encoded())
	if err != nil {
		return nil, err
	}
	found := make(map[event.ID]recorded, len(rows))
	for _, row := range rows {
		var numbers [3]int64
		for i := range numbers {
			if numbers[i], err = int8From(row[2+i]); err != nil {
				return nil, err
			}
		}
		id, err := idFrom(row[0])
		if err != nil {
			return nil, err
		}
		stream, err := streamFrom(row[1])
		if err != nil {
			return nil, err
		}
		found[id] = recorded{stream, eventstore.Revision(numbers[0]), eventstore.Position(numbers[1]), numbers[2]}
	}
	return found, nil
}

// answer gives the misfits of a plan that was committed their outcomes: that of
// a retry, a duplicate or a conflict.
func (w *writer) answer(ctx context.Context, p *plan) error {
	found, err := w.find(ctx, p.misfits)
	if err != nil {
		return err
	}
	for _, r := range p.misfits {
		r.appended, r.err = verdict(r, found, p.before(r))
		w.signal.raise(r.appended.Last) // another process may have been first
	}
	return nil
}

func verdict(r *request, found map[event.ID]recorded, before eventstore.Position) (eventstore.Appended, error) {
	var first, last recorded
	matched := 0 // ids that are recorded one after the other from the first on
	for i, e := range r.events {
		at, ok := found[e.ID]
		switch {
		case !ok || at.position > before:
			continue
		case i == 0:
			first = at
		case matched == 0 || at.stream != first.stream || at.revision != first.revision+eventstore.Revision(i):
			return eventstore.Appended{}, eventstore.ErrDuplicate
		}
		last = at
		matched++
	}
	switch {
	case matched == 0:
		return eventstore.Appended{}, eventstore.ErrConflict
	case matched < len(r.events) || first.stream != r.stream || r.expected != eventstore.AtEnd && r.expected != first.revision-1:
		return eventstore.Appended{}, eventstore.ErrDuplicate
	}
	return eventstore.Appended{Last: last.position, Revision: last.revision,
		RecordedAt: time.UnixMicro(last.at).UTC(), Repeated: true}, nil
}
