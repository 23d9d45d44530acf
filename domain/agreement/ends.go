package agreement

import (
	"slices"
	"time"
)

// End is the end of a version that came, and was not noted.
type End struct {
	Version Version
	// At is the first instant at which the agreement was over by it: every party
	// may have signed only after the end.
	At time.Time
}

// Ends lists the ends that had come by t without being noted, in time; each can
// be noted by [ExpireAgreement], asked as of its instant. next is the first
// instant after t at which, if nothing happens until then, there is another;
// zero if there is none.
func (s State) Ends(t time.Time) (due []End, next time.Time) {
	noted := s.Expired
	for _, at := range s.turns() {
		is, v := s.StatusAt(at)
		switch {
		case is != Expired || v.Number <= noted:
		case at.After(t):
			return due, at
		default:
			due, noted = append(due, End{v, at}), v.Number
		}
	}
	return due, time.Time{}
}

// turns lists the instants at which an agreement may come to be over, in time.
func (s State) turns() []time.Time {
	var all []time.Time
	for _, v := range s.Versions {
		all = append(all, v.Terms.From.Start(), v.Terms.To.Start())
		for _, signed := range v.Signed {
			all = append(all, signed.At.Earliest())
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}
