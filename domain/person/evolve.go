package person

import (
	"slices"
	"strings"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// State is what decisions and disclosures need to know of who the person is.
// Values that could not be opened are zero.
type State struct {
	Registered   bool
	Site         reference.Site
	Region       reference.Region
	Name         Name
	DateOfBirth  event.Personal[event.Day] // a day has no zero value that means "none"
	Sex          Sex
	Links        []Link // in the order they were made
	Address      Address
	Needs        Needs
	Notices      []Notice // in the order they were given
	Restrictions []Restriction
	// Fence says that decisions about the person are made in another record.
	Fence  Fence
	Merges []Merge // of other records into this one, in the order they were made

	registration event.ID
	address      event.ID
	// What was taken over from a merged record, because this one had none.
	lentAddress, lentNeeds event.ID
	// unreadable: a restriction could not be opened. Nobody can say whom it
	// bars, so it bars everyone.
	unreadable bool
}

// Link is one identifier of another system, linked to the person.
type Link struct {
	ID     event.UUID
	Type   IdentifierType
	Value  string // canonical; empty if it could not be opened
	Status reference.NHSNumberStatus
	Source event.ID // the event that made the link
	// Ended is why the link was taken back, and EndedAt when; empty while it
	// stands. What was disclosed through it is found by its ID, and what it came
	// from by its Source, also then.
	Ended   UnlinkReason
	EndedAt event.When
	// Elsewhere: the link is on a record merged into this one, and is taken back
	// there.
	Elsewhere bool
}

// Fence is where decisions about the person are made instead.
type Fence struct {
	// Standing: nothing is decided in this record. The rest may be unknown, where
	// it could not be opened.
	Standing        bool
	Merge, Survivor event.UUID
	At              event.When
}

// Merge is another record that was found to be about the same person.
type Merge struct {
	ID, Person event.UUID
	Revision   event.Revision // of the other record, when it was merged
	At         event.When
	Ended      event.When // zero while it stands
}

// Live reports whether the link stands.
func (l Link) Live() bool { return l.Ended == "" }

// Notice is a privacy notice that was given.
type Notice struct {
	Version reference.PrivacyNotice
	Format  reference.NoticeFormat
	At      event.When
}

// Restriction is a limit on who may look.
type Restriction struct {
	ID     event.UUID
	Mode   RestrictionMode
	Users  []event.UUID
	Lifted bool
}

// Needs are the adjustments the person needs.
type Needs struct {
	Adjustments []reference.CommunicationNeed
	Language    Language
	source      event.ID
}

// Evolve folds one standing event; events of other areas change nothing. Of
// an event whose plain fields could not be opened it keeps what is left.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok {
		return s
	}
	readable := e.Operational == event.Open
	switch d := d.(type) {
	case PersonRegistered:
		s.Registered, s.registration = true, e.ID
		s.Site, s.Region = d.Site, d.Region
		s.Name, s.DateOfBirth, s.Sex = d.Name.Value(), d.DateOfBirth, d.Sex.Value()
	case IdentifierLinked:
		if readable {
			s.Links = append(slices.Clip(s.Links), Link{ID: d.Link, Type: d.Type, Value: d.Value.Value(), Status: d.Status, Source: e.ID})
		}
	case IdentifierVerified:
		s.Links = changed(s.Links, d.Link, func(l *Link) { l.Status = d.Status })
	case IdentifierUnlinked:
		s.Links = changed(s.Links, d.Link, func(l *Link) { l.Ended, l.EndedAt = d.Reason, e.Effective })
	case AddressRecorded:
		s.Address, s.address = d.Address.Value(), e.ID
	case AccessRestrictionSet:
		if !readable {
			s.unreadable = true
			break
		}
		s.Restrictions = append(slices.Clip(s.Restrictions), Restriction{ID: d.Restriction, Mode: d.Mode, Users: d.Users})
	case AccessRestrictionLifted:
		s.Restrictions = slices.Clone(s.Restrictions)
		for i := range s.Restrictions {
			if s.Restrictions[i].ID == d.Restriction {
				s.Restrictions[i].Lifted = true
			}
		}
	case CommunicationNeedRecorded:
		s.Needs = Needs{d.Adjustments.Value(), d.Language.Value(), e.ID}
	case MergeFenced:
		s.Fence = Fence{true, d.Merge, d.Survivor, e.Effective}
	case PersonsMerged:
		if readable {
			s.Merges = append(slices.Clip(s.Merges), Merge{ID: d.Merge, Person: d.Merged, Revision: d.Revision, At: e.Effective})
		}
	case PersonsUnmerged:
		if readable && s.Fence.Merge == d.Merge {
			s.Fence = Fence{}
		}
		s.Merges = slices.Clone(s.Merges)
		for i := range s.Merges {
			if readable && s.Merges[i].ID == d.Merge {
				s.Merges[i].Ended = e.Effective
			}
		}
	case PrivacyNoticeGiven:
		s.Notices = append(slices.Clip(s.Notices), Notice{d.Notice, d.Format, e.Effective})
	}
	return s
}

// Fold folds the standing events of a record.
func Fold(standing []event.Recorded) State {
	var s State
	for _, e := range standing {
		s = Evolve(s, e)
	}
	return s
}

func changed(links []Link, id event.UUID, change func(*Link)) []Link {
	links = slices.Clone(links)
	for i := range links {
		if links[i].ID == id {
			change(&links[i])
		}
	}
	return links
}

// Merged returns the records that are merged into this one.
func (s State) Merged() []Merge {
	return slices.DeleteFunc(slices.Clone(s.Merges), func(m Merge) bool { return !m.Ended.IsZero() })
}

// WrongLinks returns the links that turned out to be another person's: what
// was disclosed through them is in question.
func (s State) WrongLinks() []Link {
	return slices.DeleteFunc(slices.Clone(s.Links), func(l Link) bool { return l.Ended != WrongPerson })
}

// Holds reports whether another record is merged into this one: both say so,
// this one that it was merged and the other that it is fenced. A fence that
// cannot be opened counts for every survivor.
func (s State) Holds(other event.UUID, of State) bool {
	return of.Fence.Standing && slices.ContainsFunc(s.Merged(), func(m Merge) bool {
		return m.Person == other && (of.Fence.Merge == m.ID || of.Fence.Merge.IsZero())
	})
}

// EvolveMerged folds one standing event of a record that is merged into this
// one: its identifiers, the notices given and who may not look are there too.
// Who the person is, where they live and what they need stays as s has it; the
// last two are as the other says where s has none.
func EvolveMerged(s State, e event.Recorded) State {
	switch e.Data.(type) {
	case IdentifierLinked:
		n := len(s.Links)
		s = Evolve(s, e)
		for i := n; i < len(s.Links); i++ {
			s.Links[i].Elsewhere = true
		}
	case IdentifierVerified, IdentifierUnlinked, PrivacyNoticeGiven, AccessRestrictionSet, AccessRestrictionLifted:
		s = Evolve(s, e)
	case AddressRecorded:
		if s.address == s.lentAddress {
			s = Evolve(s, e)
			s.lentAddress = s.address
		}
	case CommunicationNeedRecorded:
		if s.Needs.source == s.lentNeeds {
			s = Evolve(s, e)
			s.lentNeeds = s.Needs.source
		}
	}
	return s
}

// SameRestrictions reports whether the live restrictions of two records keep
// out the same members of staff.
func (s State) SameRestrictions(other State) bool {
	if s.unreadable || other.unreadable {
		return false
	}
	return slices.Equal(s.restrictions(), other.restrictions())
}

// restrictions lists the live restrictions, each as text that another of the
// same effect has too.
func (s State) restrictions() []string {
	var all []string
	for _, r := range s.Restrictions {
		if r.Lifted {
			continue
		}
		users := make([]string, 0, len(r.Users))
		for _, u := range r.Users {
			users = append(users, u.String())
		}
		slices.Sort(users)
		all = append(all, string(r.Mode)+" "+strings.Join(users, " "))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Link returns the link with an id; false if there is none.
func (s State) Link(id event.UUID) (Link, bool) {
	for _, l := range s.Links {
		if l.ID == id {
			return l, true
		}
	}
	return Link{}, false
}

// LiveLink returns the latest live link of a type; false if there is none.
func (s State) LiveLink(t IdentifierType) (Link, bool) {
	for _, l := range slices.Backward(s.Links) {
		if l.Type == t && l.Live() {
			return l, true
		}
	}
	return Link{}, false
}

// Traced is the trace status of an NHS number that is present and verified:
// only on such a one may a disclosure be keyed.
const Traced reference.NHSNumberStatus = "01"

// Told reports whether a privacy notice had been given by a time.
func (s State) Told(by event.When) bool {
	return slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.At.Begun(by.Latest()) })
}

// Bars reports whether a live restriction keeps a member of staff out.
func (s State) Bars(user event.UUID) bool {
	return s.unreadable || slices.ContainsFunc(s.Restrictions, func(r Restriction) bool {
		return !r.Lifted && slices.Contains(r.Users, user) == (r.Mode == Excluded)
	})
}
