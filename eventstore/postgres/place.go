package postgres

import (
	"math"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// plan is what a group of requests comes to: the rows to insert, and the
// requests that have none.
type plan struct {
	fits    []*request
	misfits []*request // answered once the rows are committed, by what is recorded then
	stale   []event.StreamID

	heads map[event.StreamID]eventstore.Revision // after the plan
	rows  int
	bytes int                 // of the bodies
	last  eventstore.Position // of the rows, once they are inserted; 0 if there are none
}

// knowledge is what a plan rests on. read holds how many events streams held
// a moment ago; remembered gives how many others hold at least. ids are those that are recorded; without them the database finds
// out, as an error of the whole group.
type knowledge struct {
	read       map[event.StreamID]eventstore.Revision
	remembered func(event.StreamID) (eventstore.Revision, bool)
	ids        map[event.ID]bool
}

// before is the position that a misfit comes after: what its group records
// later is not there yet for it.
func (p *plan) before(misfit *request) eventstore.Position {
	if p.rows == 0 {
		return math.MaxInt64
	}
	return p.last - eventstore.Position(p.rows-misfit.row)
}

// place sorts the requests of a group, in order of arrival. stale are the
// streams of requests that what is known does not place.
func place(group []*request, k knowledge) plan {
	p := plan{heads: map[event.StreamID]eventstore.Revision{}}
	for _, r := range group {
		head, certain := p.heads[r.stream]
		if !certain {
			head, certain = k.read[r.stream]
		}
		if !certain {
			var known bool
			head, known = k.remembered(r.stream)
			if r.expected == eventstore.AtEnd && !known || r.expected != eventstore.AtEnd && r.expected > head {
				p.stale = append(p.stale, r.stream)
				continue
			}
		}
		if r.expected != head && r.expected != eventstore.AtEnd || k.ids != nil && k.takes(r) {
			r.row = p.rows
			p.misfits = append(p.misfits, r)
			continue
		}
		p.fits = append(p.fits, r)
		p.rows += len(r.events)
		p.bytes += r.size
		r.first, r.row = head+1, p.rows
		p.heads[r.stream] = head + eventstore.Revision(len(r.events))
	}
	return p
}

// takes reports whether an id of r is recorded or taken by a request before
// it, and takes them if not.
func (k knowledge) takes(r *request) bool {
	for _, e := range r.events {
		if k.ids[e.ID] {
			return true
		}
	}
	for _, e := range r.events {
		k.ids[e.ID] = true
	}
	return false
}
