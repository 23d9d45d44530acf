package reactor_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
	"caseledger/eventstore/keep"
)

var theMerge = event.DeriveUUID("test-merge")

// says records something about a merge in a person's case.
func (w *world) says(who int, data any) event.ID {
	w.Helper()
	return w.record(event.Case(person(who)), officer, event.Draft{Data: data})
}

func (w *world) fence(loser, survivor int) {
	w.says(loser, domainperson.MergeFenced{Merge: theMerge, Survivor: person(survivor)})
}

func (w *world) merge(survivor, loser int) {
	w.says(survivor, domainperson.PersonsMerged{Merge: theMerge, Merged: person(loser), Revision: 1, Evidence: event.Own("the same number")})
}

func (w *world) unmerge(of, other int) {
	w.says(of, domainperson.PersonsUnmerged{Merge: theMerge, Other: person(other), Reason: event.Own("two sisters")})
}

func raised(id event.ID, monitor string) string { return fmt.Sprintf("%s of %s", monitor, id) }

// What one record promises and the other keeps is kept, once they are one; and
// it is not, once they are two again.
func TestMergedRecordsAreJudgedTogether(t *testing.T) {
	t.Parallel()
	const survivor, loser = 1, 2
	w := newWorld(t)
	bad := w.does(survivor, "BAD")
	promise := w.does(loser, "PROMISE")
	w.later(30*time.Minute).does(survivor, "KEPT")
	w.later(time.Hour).catchUp()
	broken := raised(promise, "L20")
	w.tells(person(survivor), raised(bad, "L01"))
	w.tells(person(loser), broken)

	w.fence(loser, survivor) // and we stop here: by itself it is judged as before
	w.catchUp()
	w.tells(person(loser), broken)

	w.merge(survivor, loser)
	w.catchUp()
	w.tells(person(survivor), raised(bad, "L01"))
	w.tells(person(loser), broken, "superseded")

	w.unmerge(survivor, loser) // and we stop here
	w.catchUp()
	w.tells(person(loser), broken, "superseded", broken+" again")
	w.unmerge(loser, survivor)
	w.catchUp()
	w.tells(person(loser), broken, "superseded", broken+" again")
	w.tells(person(survivor), raised(bad, "L01"))
	w.keep = &keep.Memory{} // from scratch it is the same
	w.again()
	w.tells(person(loser), broken, "superseded", broken+" again")
}

// Whatever the ledger says of a merged record has the survivor judged again, and
// the reverse.
func TestATouchOfAMergedRecordIsJudgedWithTheSurvivor(t *testing.T) {
	t.Parallel()
	const survivor, loser = 1, 2
	w := newWorld(t)
	promise := w.does(survivor, "PROMISE")
	w.does(loser, "NOTED")
	w.fence(loser, survivor)
	w.merge(survivor, loser)
	w.later(2 * time.Hour).catchUp()
	w.tells(person(survivor), raised(promise, "L20"))
	w.tells(person(loser))

	// The loser's stream alone is touched: it was kept in time.
	w.record(event.Case(person(loser)), nurse, event.Draft{Data: act{Kind: "KEPT"}, Effective: event.At(start)})
	w.catchUp()
	w.tells(person(survivor), raised(promise, "L20"), "superseded")

	// What is found in the loser's record stays there.
	bad := w.does(loser, "BAD")
	w.catchUp()
	w.tells(person(loser), raised(bad, "L01"))

	// A look at either is one at that record; at both, at the survivor's.
	one := w.look(1, access.RecordAccessed{View: "person", Class: access.ReadOne, Subjects: subjects(loser)})
	both := w.look(1, access.RecordAccessed{View: "person", Class: access.ReadOne, Subjects: subjects(loser, survivor)})
	w.catchUp()
	w.tells(person(loser), raised(bad, "L01"), raised(one, "L46"))
	w.tells(person(survivor), raised(promise, "L20"), "superseded", raised(both, "L46"))
	before := w.head()
	w.again()
	if after := w.head(); after != before {
		t.Errorf("judging everybody again recorded %d events", after-before)
	}
}

// What falls due in a merged record does so there, though the ledger says no
// more of either.
func TestWhatFallsDueInAMergedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	promise := w.does(2, "PROMISE")
	w.fence(2, 1)
	w.catchUp()
	w.does(1, "NOTED")
	w.merge(1, 2)
	w.catchUp()
	w.tells(person(2))
	w.later(2 * time.Hour).catchUp()
	w.tells(person(2), raised(promise, "L20"))
	w.tells(person(1))
}

// A merge that the fenced record does not know of joins nothing.
func TestAMergeWithoutItsFenceJoinsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	promise := w.does(2, "PROMISE")
	w.does(1, "KEPT")
	w.merge(1, 2)
	w.later(2 * time.Hour).catchUp()
	w.tells(person(2), raised(promise, "L20"))
	w.tells(person(1))
}

// A survivor is not judged on half of the record.
func TestAMergedRecordThatCannotBeReadParksTheSurvivor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.does(2, "NOTED")
	w.fence(2, 1)
	w.merge(1, 2)
	bad := w.does(1, "BAD")
	w.mu.Lock()
	w.broken[event.Case(person(2))] = true
	w.mu.Unlock()
	w.catchUp()
	w.tells(person(1))
	if parked, err := w.keep.Parked(t.Context(), 10); err != nil || len(parked) != 2 {
		t.Errorf("parked %v, %v: want both", parked, err)
	}
	w.mu.Lock()
	clear(w.broken)
	w.mu.Unlock()
	w.again()
	w.tells(person(1), raised(bad, "L01"))
}
