package finding

import (
	"cmp"

	"caseledger/domain/event"
)

// Judging is what judging came to, of what it decides about one subject.
type Judging struct {
	// Subject is the person or the organisation whose finding stream it is.
	Subject event.UUID
	// Judged is all that was found; what belongs to another subject's stream is
	// passed over, see [Judged.Subject].
	Judged []Judged
	// To is the last position of the ledger that was judged.
	To event.Position
	// Stands reports whether an event still stands: it was neither voided nor
	// replaced. Nil: all do.
	Stands func(event.ID) bool
	// Decides reports whether this judging would have found it again, if it were
	// still so: a case does not decide what is found in an organisation's
	// governance, nor the reverse. Nil: it decides all.
	Decides func(Judged) bool
	// Erased: something of what was judged has been erased, and Before is what
	// judging finds, of what was recorded and at the time when it was, now that it
	// cannot be read. What differs from it came about since.
	Erased bool
	Before []Judged
}

// Subject is on whose finding stream it belongs, if it was found in judging
// somebody: the organisation's for what is found once about an organisation.
func (j Judged) Subject(judged event.UUID) event.UUID {
	if !j.Organisation.IsZero() {
		return j.Organisation
	}
	return judged
}

// Reconcile says what is to be recorded, so that the findings on a subject's
// stream are those of a judging: what is found for the first time, or again
// after it was withdrawn, is raised; what is found differently is raised again;
// what stands and is no longer found is superseded, whatever was done about
// it. It is nothing where they are the same already.
//
// What only an erasure changed is left as it was: a finding that it made vanish,
// or look different, stands as it was found, and says that it can no longer be
// checked; what it made appear is not raised. What was corrected or voided is
// superseded all the same.
//
// What is found once about an organisation is raised by whichever item came
// first. That one person's case no longer shows it does not withdraw it: it is
// superseded only by a judging of the organisation itself, where Decides says
// so; with a nil Decides it never is.
func Reconcile(s State, j Judging) []event.Draft {
	found, order := j.of(j.Judged)
	var drafts []event.Draft
	if j.Erased {
		drafts = j.keep(s, found)
	}
	for _, id := range order {
		f, still := found[id]
		if !still {
			continue
		}
		stood, known := s.Finding(id)
		if known && stood.Stands() {
			if stood.Judged.same(f) || !f.Organisation.IsZero() && earlier(stood.Judged, f) {
				continue
			}
		}
		drafts = append(drafts, event.Draft{Effective: f.At, Side: f.Side,
			Data: FindingRaised{Finding: id, Judged: f, To: j.To, Again: known}})
	}
	for _, f := range s.Findings {
		if _, still := found[f.ID]; still || !f.Stands() || !j.decides(f.Judged) {
			continue
		}
		cause := Disproved
		if !j.stands(f.Judged.Item) {
			cause = Corrected
		}
		drafts = append(drafts, event.Draft{Side: f.Judged.Side, Data: FindingSuperseded{Finding: f.ID, Cause: cause, To: j.To}})
	}
	return drafts
}

// of are some findings of the subject's by their identifiers, and in which order
// they came.
func (j Judging) of(judged []Judged) (found map[event.UUID]Judged, order []event.UUID) {
	found = map[event.UUID]Judged{}
	for _, f := range judged {
		if f.Subject(j.Subject) != j.Subject {
			continue
		}
		id := f.ID(j.Subject)
		first, known := found[id]
		if !known {
			order = append(order, id)
		}
		if !known || !f.Organisation.IsZero() && earlier(f, first) {
			found[id] = f
		}
	}
	return found, order
}

// keep makes what was found what it would be without the erasure, as far as that
// can be told, and says which findings can no longer be checked.
func (j Judging) keep(s State, found map[event.UUID]Judged) (lost []event.Draft) {
	before, _ := j.of(j.Before)
	for id := range before {
		if stood, known := s.Finding(id); !known || !stood.Stands() {
			delete(found, id) // it was not found while everything could be read
		}
	}
	for _, stood := range s.Findings {
		was, then := before[stood.ID]
		_, still := found[stood.ID]
		switch {
		case !stood.Stands() || !j.decides(stood.Judged) || !j.stands(stood.Judged.Item):
			continue
		case then && was.same(stood.Judged), !then && still:
			continue // the erasure changed nothing about it, or it is found anew since
		}
		found[stood.ID] = stood.Judged
		if !stood.Unchecked {
			lost = append(lost, event.Draft{Side: stood.Judged.Side, Data: FindingRecheckLost{Finding: stood.ID, To: j.To}})
		}
	}
	return lost
}

// stands reports whether an event was neither voided nor replaced.
func (j Judging) stands(item event.ID) bool { return j.Stands == nil || j.Stands(item) }

func (j Judging) decides(f Judged) bool {
	if j.Decides == nil {
		return f.Organisation.IsZero()
	}
	return j.Decides(f)
}

// earlier reports whether a came about before b; of two at one time, the one
// whose item's identifier is the lower counts as earlier.
func earlier(a, b Judged) bool {
	if c := a.At.Earliest().Compare(b.At.Earliest()); c != 0 {
		return c < 0
	}
	return cmp.Less(a.Item.String(), b.Item.String())
}
