package rights

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// erasable are the data classes whose keys may be destroyed. What was decided
// and by which codes stays, because that is what accounts for the destruction.
var erasable = []event.Class{event.Identity, event.Health, event.Offence}

// disposable adds the fields of a list of data classes that may not be disposed
// of, or that is none.
func disposable(f *fault.Fields, data []event.Class) {
	f.If(len(data) == 0, "/data", "required", "say which data")
	f.If(len(data) > len(erasable), "/data", "too-many", "a data class is named once")
	for i, d := range data {
		fault.OneOf(f, "/data/"+strconv.Itoa(i), d, erasable)
		f.If(slices.Contains(data[:i], d), "/data/"+strconv.Itoa(i), "twice", "a data class is named once")
	}
}

// keeps refuses to destroy anything of the actor's record while any legal hold
// stands, whoever placed it, and within the minimum of any of the schedules that
// the actor's controller put it under. It says which.
func (s State) keeps(c event.Context) error {
	for _, h := range s.Holds {
		if h.LiveAt(c.Asked()) || h.LiveAt(c.Now) {
			return fault.Refuse("hold-active", "the legal hold %s keeps the whole record", h.ID)
		}
	}
	for _, p := range s.Periods {
		switch {
		case !ours(c, p.Org) || p.overOn(event.DayOf(c.Asked())):
		case p.KeepUntil == 0:
			return fault.Refuse("before-minimum", "the schedule %s, of the period %s, has no end", p.Class, p.ID)
		default:
			return fault.Refuse("before-minimum", "the schedule %s, of the period %s, keeps the record until the end of %s", p.Class, p.ID, p.KeepUntil)
		}
	}
	return nil
}

// decided reports whether one of some data classes of a side was decided to be
// destroyed before, by a decision that counts.
func (s State) decided(side event.Side, data []event.Class, counts func(Disposal) bool) bool {
	return slices.ContainsFunc(s.Disposed, func(d Disposal) bool {
		return d.Side == side && counts(d) && slices.ContainsFunc(d.Data, func(c event.Class) bool { return slices.Contains(data, c) })
	})
}

// Releases reports whether an organisation's controller has nothing that it
// wants to keep at the command's time: it reviewed every schedule it put the
// record under, to be disposed of, and all of them are over; or it granted the
// person's request to erase, and no schedule of its own is within its minimum.
// same tells which organisations have one controller.
func (s State) Releases(org event.UUID, c event.Context, same func(a, b event.UUID) bool) bool {
	released := slices.ContainsFunc(s.Requests, func(r Request) bool {
		return r.Kind == Erasure && r.granted() && r.Responded.Begun(c.Asked()) && same(r.Org, org)
	})
	reviewed := 0
	for _, p := range s.Periods {
		if !same(p.Org, org) {
			continue
		}
		if !p.overOn(event.DayOf(c.Asked())) {
			return false
		}
		if p.LastReview == Dispose && p.Reviewed.Begun(c.Asked()) {
			reviewed++
		} else if !released {
			return false
		}
	}
	return released || reviewed > 0
}

func (r Request) granted() bool { return r.Outcome == Granted || r.Outcome == PartlyGranted }

// EraseRecord decides that the controller's record of some data classes of the
// person is erased, because they asked for it and it was granted, wholly or in
// part (UK GDPR Article 17). It records [ErasureDecided] and nothing more: the
// keys are destroyed by whoever follows the ledger, and until then what it names
// can be read.
type EraseRecord struct {
	event.Timed
	Request event.UUID    `json:"request"`
	Data    []event.Class `json:"data"`
	Reason  string        `json:"reason,omitempty"`
}

// Validate reports fields that cannot be understood.
func (b EraseRecord) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Request.IsZero(), "/request", "required", "say which request")
	disposable(&f, b.Data)
	f.Text("/reason", b.Reason, longestText, true)
	return f
}

// Check refuses erasure that nobody asked for or that was not granted, while any
// hold stands, and within any minimum of the controller's record.
func (b EraseRecord) Check(s State, c event.Context) error {
	r, err := s.request(b.Request, c)
	switch {
	case err != nil:
		return err
	case r.Kind != Erasure:
		return fault.Refuse("request-of-another-right", "the person did not ask for erasure in it")
	case r.Responded.IsZero() || !r.Responded.Begun(c.Asked()):
		return fault.Refuse("request-not-answered", "answer the request first")
	case !r.granted():
		return fault.Refuse("erasure-not-granted", "the request was refused")
	}
	if err := s.keeps(c); err != nil {
		return err
	}
	if s.decided(c.Actor.Side, b.Data, func(d Disposal) bool { return d.Request == b.Request }) {
		return fault.Refuse("erased-already", "it was decided to erase that on this request")
	}
	return nil
}

// Events records the decision.
func (b EraseRecord) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: ErasureDecided{Erasure: c.NewID("erasure"), Request: b.Request, Data: b.Data, Reason: text(b.Reason)}}}
}
