package reactor

import (
	"reflect"
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// findings is what is on the record about somebody, in the order in which it
// was first found.
type findings []known

type known struct {
	id         event.UUID
	judged     finding.Judged
	superseded bool
}

// fold reads the findings of a stream.
func fold(standing []event.Recorded) (state findings) {
	for _, e := range standing {
		switch d := e.Data.(type) {
		case finding.FindingRaised:
			if i := state.of(d.Finding); i >= 0 {
				state[i].judged, state[i].superseded = d.Judged, false
			} else {
				state = append(state, known{id: d.Finding, judged: d.Judged})
			}
		case finding.FindingSuperseded:
			if i := state.of(d.Finding); i >= 0 {
				state[i].superseded = true
			}
		}
	}
	return state
}

func (s findings) of(id event.UUID) int {
	return slices.IndexFunc(s, func(k known) bool { return k.id == id })
}

// reconcile says what to record so that what stands about somebody is what was
// judged.
func reconcile(about event.UUID, state findings, judged []finding.Judged, to event.Position) (drafts []event.Draft) {
	now := map[event.UUID]bool{}
	for _, j := range judged {
		id := j.ID(about)
		if now[id] {
			continue
		}
		now[id] = true
		i := state.of(id)
		if i >= 0 && !state[i].superseded && reflect.DeepEqual(state[i].judged, j) {
			continue
		}
		drafts = append(drafts, event.Draft{Data: finding.FindingRaised{Finding: id, Judged: j, To: to, Again: i >= 0}})
	}
	for _, k := range state {
		if !k.superseded && !now[k.id] {
			drafts = append(drafts, event.Draft{Data: finding.FindingSuperseded{Finding: k.id, Cause: finding.Disproved, To: to}})
		}
	}
	return drafts
}
