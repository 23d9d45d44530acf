package lawfulness

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// register is the organisations of the test stories.
var register = reference.NewRegister()

// story is an invented history: who recorded what, when, about one person and
// the organisations around them. It begins empty, on 2 February 2026 at 09:00
// in London, with a nurse of HUB-CAM at the keyboard. Nothing is validated:
// whatever happened is recorded.
type story struct {
	t         testing.TB
	person    event.UUID
	now       time.Time
	actor     event.Actor
	effective event.When // of the next event; zero: now
	imported  event.Provenance
	events    []event.Recorded // of the case
	looks     []event.Recorded
	around    []event.Recorded // of other streams
	revisions map[event.StreamID]event.Revision
	position  event.Position
	refs      map[string]event.ID
	judgedAt  time.Time // zero: the story's last moment
}

func newStory(t testing.TB) *story {
	t.Helper()
	s := &story{t: t, person: event.DeriveUUID("test-person", []byte("A")), revisions: map[event.StreamID]event.Revision{}, refs: map[string]event.ID{}}
	return s.at("2026-02-02 09:00").by("HUB_NURSE", "HUB-CAM")
}

// at moves the clock to a Europe/London time, "2006-01-02 15:04" with seconds
// or fractions of them if need be.
func (s *story) at(clock string) *story {
	s.t.Helper()
	layout := "2006-01-02 15:04"
	if strings.Count(clock, ":") == 2 {
		layout += ":05"
	}
	now, err := time.ParseInLocation(layout, clock, event.London)
	if err != nil {
		s.t.Fatal(err)
	}
	if now.Before(s.now) {
		s.t.Fatalf("the clock runs backwards to %s", clock)
	}
	s.now = now.UTC()
	return s
}

// by sits somebody at the keyboard: the one of a role at an organisation.
func (s *story) by(role event.Role, org reference.OrganisationCode) *story {
	s.t.Helper()
	return s.named(string(role)+" of "+string(org), role, org)
}

// named is by, where several hold the role.
func (s *story) named(name string, role event.Role, org reference.OrganisationCode) *story {
	s.t.Helper()
	o, ok := register.ByCode(org)
	if !ok {
		s.t.Fatalf("there is no organisation %s", org)
	}
	s.actor = event.Actor{ID: staff(name), Role: role, Side: o.Side, Org: o.ID}
	return s
}

// staff is the member of staff with a name; "HUB_NURSE of HUB-CAM" is who [story.by]
// sits down.
func staff(name string) event.UUID { return event.DeriveUUID("test-staff", []byte(name)) }

// org is the identifier of an organisation by code or label.
func org(code reference.OrganisationCode) event.UUID {
	o, ok := register.ByCode(code)
	if !ok {
		panic("no organisation " + string(code))
	}
	return o.ID
}

// id is an identifier that a story gives to something by name.
func id(name string) event.UUID { return event.DeriveUUID("test-id", []byte(name)) }

// london is an instant of Europe/London, "2006-01-02 15:04".
func london(clock string) event.When {
	t, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		panic(err)
	}
	return event.At(t)
}

// day is a whole Europe/London day.
func day(text string) event.When { return event.On(event.MustDay(text)) }

// was gives the next event another effective time than the clock's.
func (s *story) was(effective event.When) *story { s.effective = effective; return s }

// importing makes the next event an imported one.
func (s *story) importing(reason string) *story {
	s.imported = event.Provenance{Reason: reason, System: "TEST"}
	return s
}

// record records an event of the case under a name, by which [story.ev] finds
// it; "" for none.
func (s *story) record(ref string, data any) *story {
	return s.on(event.Case(s.person), ref, data, event.ID{})
}

// correct records what stands in the place of an earlier event.
func (s *story) correct(ref, of string, data any) *story {
	target := s.ev(of)
	s.on(event.Case(s.person), "", event.EventCorrected{Reason: event.Own("test")}, target)
	return s.on(event.Case(s.person), ref, data, target)
}

// void enters an earlier event in error.
func (s *story) void(of string) *story {
	return s.on(event.Case(s.person), "", event.EnteredInError{Reason: event.Own("test")}, s.ev(of))
}

// agreement records an event of the agreement with a name.
func (s *story) agreement(name, ref string, data any) *story {
	return s.on(event.StreamID{Kind: event.AgreementStream, Of: id(name)}, ref, data, event.ID{})
}

// organisation records an event of an organisation's stream.
func (s *story) organisation(code reference.OrganisationCode, ref string, data any) *story {
	return s.on(event.StreamID{Kind: event.OrgStream, Of: org(code)}, ref, data, event.ID{})
}

// looks records a look at the person's record by whoever is at the keyboard.
func (s *story) look(ref string, view access.View) *story {
	return s.on(event.Access(s.actor.ID), ref, access.RecordAccessed{View: view, Class: access.ReadOne, Subjects: []event.UUID{s.person}, Items: 1}, event.ID{})
}

// reads records a read of the ledger about the person.
func (s *story) reads(ref string, purpose access.Purpose) *story {
	return s.on(event.Access(s.actor.ID), ref, access.LedgerRead{View: "event", Purpose: purpose, Subjects: []event.UUID{s.person}, Items: 1}, event.ID{})
}

var everyEvent = event.NewCatalogue(allEvents...)

func (s *story) on(stream event.StreamID, ref string, data any, corrects event.ID) *story {
	s.t.Helper()
	d, ok := everyEvent.Of(data)
	if !ok {
		s.t.Fatalf("%T is no event", data)
	}
	s.position++
	s.revisions[stream]++
	e := event.Recorded{Position: s.position, RecordedAt: s.now.Truncate(time.Microsecond), Stream: stream, Revision: s.revisions[stream],
		ID: event.ID{UUID: event.DeriveUUID("test-event", []byte(fmt.Sprint(s.position)))}, Data: data, Operational: event.Open,
		Meta: event.Meta{Type: d.Name(), Version: d.Current().Number, Subject: s.person, Effective: s.effective, Actor: s.actor,
			Purpose: "DIRECT_CARE", Command: event.DeriveUUID("test-command", []byte(fmt.Sprint(s.position))), Corrects: corrects, Origin: event.Live}}
	if e.Effective.IsZero() {
		e.Effective = event.At(s.now)
	}
	if s.imported.Reason != "" {
		e.Origin, e.Import = event.Imported, event.Own(s.imported)
	}
	s.effective, s.imported = event.When{}, event.Provenance{}
	if ref != "" {
		if _, taken := s.refs[ref]; taken {
			s.t.Fatalf("%s is recorded twice", ref)
		}
		s.refs[ref] = e.ID
	}
	switch stream.Kind {
	case event.CaseStream:
		s.events = append(s.events, e)
	case event.AccessStream:
		s.looks = append(s.looks, e)
	default:
		s.around = append(s.around, e)
	}
	return s
}

// ev is the id of an event by its name.
func (s *story) ev(ref string) event.ID {
	s.t.Helper()
	e, ok := s.refs[ref]
	if !ok {
		s.t.Fatalf("nothing is recorded as %s", ref)
	}
	return e
}

// judged sets the moment at which the story is judged.
func (s *story) judged(clock string) *story {
	s.at(clock)
	s.judgedAt = s.now
	return s
}

func (s *story) history() *History {
	return NewHistory(s.person, s.events, s.looks, NewShared(register, s.around))
}

func (s *story) moment() time.Time {
	if s.judgedAt.IsZero() {
		return s.now
	}
	return s.judgedAt
}

// want is one finding that a case expects.
type want struct {
	item     string   // the name of the event it is about
	evidence []string // beside the item; nil: not asked
	key      finding.Note
	known    bool             // as known then
	now      bool             // in hindsight
	perhaps  bool             // the order within a day decides
	notes    []finding.Note   // nil: not asked
	of       []event.Category // nil: not asked
}

var (
	both = func(item string, evidence ...string) want {
		return want{item: item, evidence: evidence, known: true, now: true}
	}
	thenOnly  = func(item string, evidence ...string) want { return want{item: item, evidence: evidence, known: true} }
	hindsight = func(item string, evidence ...string) want { return want{item: item, evidence: evidence, now: true} }
)

// monitorCase is a story, and what one monitor finds in it: nothing, if it
// wants nothing.
type monitorCase struct {
	name  string
	story func(*story)
	wants []want
}

// monitorCases are the cases of every monitor: at least one in which it fires
// and one in which it must not. Each monitor's test file adds its own.
var monitorCases = map[finding.Monitor][]monitorCase{}

// check adds the cases of a monitor.
func check(m finding.Monitor, cases ...monitorCase) bool {
	monitorCases[m] = append(monitorCases[m], cases...)
	return true
}

// outcome says how what a monitor finds differs from what a case wants; empty
// if it does not.
func (c monitorCase) outcome(t testing.TB, m Monitor) string {
	s := newStory(t)
	c.story(s)
	var got []finding.Judged
	got = append(got, judge([]Monitor{m}, s.history(), s.moment()).Findings...)
	if m.OfOrganisation != nil {
		shared := NewShared(register, s.around)
		for _, g := range shared.Now().Governances() {
			by, _ := judgeOrganisation([]Monitor{m}, shared, g.Org, s.moment())
			for _, who := range []event.UUID{s.person, g.Org} {
				got = append(got, by[who]...)
			}
		}
	}
	var differences []string
	matched := make([]bool, len(got))
	for _, w := range c.wants {
		i := slices.IndexFunc(got, func(f finding.Judged) bool { return f.Item == s.ev(w.item) && (w.key == "" || f.Key == w.key) })
		if i < 0 || matched[i] {
			differences = append(differences, "does not find "+w.item)
			continue
		}
		matched[i] = true
		if f := got[i]; f.AsKnown != w.known || f.Hindsight != w.now {
			differences = append(differences, fmt.Sprintf("%s: as known %t, hindsight %t", w.item, f.AsKnown, f.Hindsight))
		}
		if f := got[i]; f.Indeterminate != w.perhaps || w.notes != nil && !slices.Equal(f.Notes, w.notes) || w.of != nil && !slices.Equal(f.Categories, w.of) {
			differences = append(differences, fmt.Sprintf("%s: indeterminate %t, notes %q, categories %q", w.item, f.Indeterminate, f.Notes, f.Categories))
		}
		for _, ref := range w.evidence {
			if !slices.Contains(got[i].Evidence, s.ev(ref)) {
				differences = append(differences, w.item+": no evidence "+ref)
			}
		}
	}
	for i, f := range got {
		if !matched[i] {
			differences = append(differences, fmt.Sprintf("finds what is not there: event %s, key %q", s.name(f.Item), f.Key))
		}
	}
	return strings.Join(differences, "; ")
}

func (s *story) name(id event.ID) string {
	for ref, e := range s.refs {
		if e == id {
			return ref
		}
	}
	return id.String()
}

func TestEveryMonitorFindsWhatItMustAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, m := range Monitors() {
		for _, c := range monitorCases[m.ID] {
			t.Run(string(m.ID)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				if d := c.outcome(t, m); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

// A monitor that finds nothing, or everything, must not pass its cases.
func TestEveryMonitorCanFail(t *testing.T) {
	t.Parallel()
	for _, m := range Monitors() {
		for _, always := range []bool{false, true} {
			mutant := mutated(m, always)
			if !slices.ContainsFunc(monitorCases[m.ID], func(c monitorCase) bool { return c.outcome(t, mutant) != "" }) {
				t.Errorf("%s: no case fails when it always says %t", m.ID, always)
			}
		}
	}
}

// TestMonitorsAreComplete checks that every monitor has its predicate, its
// source, and both kinds of case.
func TestMonitorsAreComplete(t *testing.T) {
	t.Parallel()
	for i, m := range Monitors() {
		if want := finding.Monitor(fmt.Sprintf("L%02d", i+1)); m.ID != want || m.Version < 1 || m.Title == "" || m.Source == "" || !slices.Contains(finding.Severities, m.Severity) {
			t.Errorf("monitor %d: %s is incomplete", i+1, m.ID)
		}
		predicates := 0
		for _, is := range []bool{m.OfDisclosure != nil, m.OfDecision != nil, m.OfLook != nil, m.OfEvent != nil, m.OfCase != nil, m.OfOrganisation != nil} {
			if is {
				predicates++
			}
		}
		if predicates != 1 {
			t.Errorf("%s has %d predicates", m.ID, predicates)
		}
		fires := slices.ContainsFunc(monitorCases[m.ID], func(c monitorCase) bool { return len(c.wants) > 0 })
		silent := slices.ContainsFunc(monitorCases[m.ID], func(c monitorCase) bool { return len(c.wants) == 0 })
		if !fires || !silent {
			t.Errorf("%s lacks a case that fires or one that must not", m.ID)
		}
	}
}
