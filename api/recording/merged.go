package recording

import (
	"context"

	"caseledger/domain/casefile"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// fold folds a case as decisions see it: with the records that are merged into
// it, as they are now.
func (r *Recorder) fold(ctx context.Context, standing []event.Recorded) (casefile.State, error) {
	state := casefile.Fold(standing)
	var merged [][]event.Recorded
	var read []disclosure.Read
	for _, who := range state.MergedInto() {
		history, err := r.history(ctx, event.Case(who))
		if err != nil {
			return state, err
		}
		merged = append(merged, event.Standing(history))
		read = append(read, disclosure.Read{Stream: event.Case(who), Revision: event.Revision(len(history))})
	}
	if len(merged) > 0 {
		state = casefile.FoldMerged(standing, merged...)
		state.Merged = read
	}
	return state, nil
}

// beside puts the record at hand that a command must be decided with.
func (r *Recorder) beside(ctx context.Context, state casefile.State, body any) (casefile.State, error) {
	of := casefile.Beside(state, body)
	if of.IsZero() {
		return state, nil
	}
	history, err := r.history(ctx, event.Case(of))
	if err != nil {
		return state, err
	}
	other, err := r.fold(ctx, event.Standing(history))
	return state.With(casefile.Other{Person: of, Revision: event.Revision(len(history)), State: other}), err
}

// apart is the case of a person, folded from its standing events and those of
// the records merged into it.
func apart(person event.UUID, standing []event.Recorded) casefile.State {
	var own []event.Recorded
	others := map[event.UUID][]event.Recorded{}
	for _, e := range standing {
		if e.Stream.Of == person {
			own = append(own, e)
		} else {
			others[e.Stream.Of] = append(others[e.Stream.Of], e)
		}
	}
	var merged [][]event.Recorded
	for _, events := range others {
		merged = append(merged, events)
	}
	return casefile.FoldMerged(own, merged...)
}
