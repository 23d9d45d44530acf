package consent

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// OfMerged returns s with those consents that theirs knows as of a record that
// was merged into this one at a time: from then on they are there and not in
// force, until the person stands by them anew (domain reference section 8.8).
// What was refused or objected to goes on being so.
func (s State) OfMerged(theirs func(event.UUID) bool, at event.When) State {
	s.Consents = slices.Clone(s.Consents)
	for i := range s.Consents {
		if theirs(s.Consents[i].ID) {
			s.Consents[i].Merged = at
		}
	}
	return s
}

// unconfirmed reports whether a consent of a merged record is not in force at
// t: its current version is from before the merge.
func (c Consent) unconfirmed(v Version, t time.Time) bool {
	return !c.Merged.IsZero() && c.Merged.Begun(t) && v.From.Earliest().Before(c.Merged.Earliest())
}
