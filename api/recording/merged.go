package recording

import (
	"context"

	"caseledger/domain/casefile"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
)

// fold folds a case, as it stood at a revision, as decisions see it: with the
// records that are merged into it, as they are now.
func (r *Recorder) fold(ctx context.Context, person event.UUID, standing []event.Recorded, at event.Revision) (casefile.State, error) {
	state := casefile.Fold(standing)
	if len(state.MergedInto()) == 0 {
		return state, nil
	}
	own, err := r.history(ctx, event.Case(person))
	if err != nil {
		return state, err
	}
	var read []disclosure.Read
	all, err := lawfulness.WithMerged(own[:at:at], func(of event.UUID) ([]event.Recorded, error) {
		theirs, err := r.history(ctx, event.Case(of))
		read = append(read, disclosure.Read{Stream: event.Case(of), Revision: event.Revision(len(theirs))})
		return theirs, err
	})
	if err != nil {
		return state, err
	}
	state = casefile.FoldMerged(person, event.Standing(all))
	state.Merged = read
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
	last := event.Revision(len(history))
	other, err := r.fold(ctx, of, event.Standing(history), last)
	return state.With(casefile.Other{Person: of, Revision: last, State: other}), err
}
