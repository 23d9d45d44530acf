package governance_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/governance"
)

var (
	org    = event.DeriveUUID("test-org")
	one    = event.DeriveUUID("test", []byte("one"))
	other  = event.DeriveUUID("test", []byte("other"))
	stream = event.Organisation(org)
)

// london is an instant of Europe/London, "2006-01-02 15:04" and more.
func london(t testing.TB, clock string) time.Time {
	t.Helper()
	layout := "2006-01-02 15:04:05.999999"
	at, err := time.ParseInLocation(layout[:min(len(clock), len(layout))], clock, event.London)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// was is one thing that happened at a time.
func was(t testing.TB, when string, data any) event.Recorded {
	t.Helper()
	var effective event.When
	switch len(when) {
	case len(time.DateOnly):
		effective = event.On(event.MustDay(when))
	default:
		effective = event.At(london(t, when))
	}
	return event.Recorded{Stream: stream, Data: data, Operational: event.Open, Meta: event.Meta{Effective: effective}}
}

func day(text string) event.Day { return event.MustDay(text) }

func TestWhenAnAssessmentCoversAProcessing(t *testing.T) {
	t.Parallel()
	s := governance.Fold([]event.Recorded{
		was(t, "2026-01-05 09:00", governance.DPIAApproved{DPIA: one, Version: 1, Processing: governance.HealthHub, ReviewDue: day("2026-06-01")}),
		was(t, "2026-02-01 09:00", governance.ProcessingChanged{Processing: governance.HealthHub}),
		was(t, "2026-02-10 09:00", governance.DPIAApproved{DPIA: one, Version: 2, Processing: governance.HealthHub, ReviewDue: day("2026-06-01")}),
		was(t, "2026-03-01", governance.ProcessingChanged{Processing: "TREATMENT"}),
		was(t, "2026-07-01", governance.DPIAApproved{DPIA: one, Version: 3, Processing: governance.HealthHub, ReviewDue: day("2027-01-01")}),
		was(t, "2026-07-01", governance.ProcessingChanged{Processing: governance.HealthHub}),
	})
	for clock, want := range map[string]int{
		"2026-01-05 08:59": 0, "2026-01-05 09:00": 1, "2026-02-01 08:59": 1, "2026-02-01 09:00": 0,
		"2026-02-10 08:59": 0, "2026-02-10 09:00": 2, "2026-03-02 09:00": 2,
		"2026-05-31 23:59": 2, "2026-06-01 00:00": 0, // review day, in summer time
		"2026-07-02 09:00": 0, // changed on the day of the approval: in which order is not known
	} {
		d, ok := s.DPIACovers(governance.HealthHub, london(t, clock))
		if ok != (want > 0) || d.Version != want {
			t.Errorf("at %s: version %d, %v, want version %d", clock, d.Version, ok, want)
		}
	}
	if _, ok := s.DPIACovers("EVALUATION", london(t, "2026-03-01 09:00")); ok {
		t.Error("a processing that was never assessed is covered")
	}
	same := governance.Fold([]event.Recorded{
		was(t, "2026-01-05 09:00", governance.ProcessingChanged{Processing: governance.HealthHub}),
		was(t, "2026-01-05 09:00", governance.DPIAApproved{DPIA: one, Version: 1, Processing: governance.HealthHub, ReviewDue: day("2026-06-01")}),
	})
	if _, ok := same.DPIACovers(governance.HealthHub, london(t, "2026-01-05 09:00")); !ok {
		t.Error("a change at the instant of the approval was not assessed")
	}
}

func TestWhenAPolicyDocumentIsInForce(t *testing.T) {
	t.Parallel()
	document := func(id event.UUID, version int, c governance.Condition, from, review string) governance.PolicyDocumentPublished {
		return governance.PolicyDocumentPublished{Document: id, Version: version, Condition: c, From: day(from), ReviewDue: day(review)}
	}
	s := governance.Fold([]event.Recorded{
		was(t, "2026-01-02 12:00", document(one, 1, "A9G", "2026-01-05", "2026-12-01")),
		was(t, "2026-02-02 12:00", document(one, 2, "A9G", "2026-04-01", "2026-05-01")),
		was(t, "2026-02-02 12:00", document(other, 1, "A9G", "2026-08-01", "2026-09-01")),
		was(t, "2026-03-02 12:00", document(org, 1, "S42", "2026-01-01", "2027-01-01")),
	})
	for clock, want := range map[string]int{
		"2026-01-04 23:59": 0, "2026-01-05 00:00": 1, "2026-03-31 23:59": 1, "2026-04-01 00:00": 2,
		"2026-04-30 23:59": 2, "2026-05-01 00:00": 0, "2026-08-01 00:00": 1, "2026-09-01 00:00": 0,
	} {
		if d, ok := s.PolicyDocument("A9G", london(t, clock)); ok != (want > 0) || d.Version != want {
			t.Errorf("at %s: version %d, %v, want version %d", clock, d.Version, ok, want)
		}
	}
	if _, ok := s.PolicyDocument("S42", london(t, "2026-03-02 11:59")); ok {
		t.Error("in force before it was published")
	}
	if _, ok := s.PolicyDocument("SCH1_PART2", london(t, "2026-04-01 00:00")); ok {
		t.Error("in force for another condition")
	}
}

func TestWhatTheRecordOfProcessingCovers(t *testing.T) {
	t.Parallel()
	entry := func(id event.UUID, p event.Purpose, side event.Side, from string) governance.RopaEntryRecorded {
		return governance.RopaEntryRecorded{Entry: id, Purpose: p, RecipientSide: side, From: day(from)}
	}
	s := governance.Fold([]event.Recorded{
		was(t, "2026-01-05", entry(one, "REHAB_SUPPORT", event.Probation, "2026-01-05")),
		was(t, "2026-02-01", entry(one, "REQ_MGMT", event.Probation, "2026-03-01")),
	})
	for _, tc := range []struct {
		clock   string
		purpose event.Purpose
		side    event.Side
		want    bool
	}{
		{"2026-01-04 23:59", "REHAB_SUPPORT", event.Probation, false},
		{"2026-01-05 00:00", "REHAB_SUPPORT", event.Probation, true},
		{"2026-01-05 00:00", "REHAB_SUPPORT", event.Police, false},
		{"2026-02-28 23:59", "REHAB_SUPPORT", event.Probation, true},
		{"2026-02-28 23:59", "REQ_MGMT", event.Probation, false},
		{"2026-03-01 00:00", "REHAB_SUPPORT", event.Probation, false},
		{"2026-03-01 00:00", "REQ_MGMT", event.Probation, true},
	} {
		if _, ok := s.RopaCovers(tc.purpose, tc.side, london(t, tc.clock)); ok != tc.want {
			t.Errorf("%s to %s at %s: got %v", tc.purpose, tc.side, tc.clock, ok)
		}
	}
}

func TestWhoHoldsWhatWhen(t *testing.T) {
	t.Parallel()
	s := governance.Fold([]event.Recorded{
		was(t, "2026-01-05 09:00", governance.StaffRoleAssigned{Assignment: one, Staff: one, Role: "HUB_CLIN", Senior: true}),
		was(t, "2026-02-05 09:00", governance.StaffRoleAssigned{Assignment: other, Staff: one, Role: "CALDICOTT"}),
		was(t, "2026-03-05 09:00", governance.StaffRoleEnded{Assignment: one}),
		was(t, "2025-03-10 09:00", governance.TrainingRecorded{Training: one, Staff: one, Course: governance.DataSecurity}),
		was(t, "2024-02-29 09:00", governance.TrainingRecorded{Training: other, Staff: other, Course: governance.DataSecurity}),
		was(t, "2026-01-05 09:00", governance.UndertakingSigned{Undertaking: one, Staff: one, Until: day("2026-06-30")}),
		was(t, "2026-01-05 09:00", governance.UndertakingSigned{Undertaking: other, Staff: other}),
	})
	for _, tc := range []struct {
		name, clock string
		ask         func(time.Time) bool
		want        bool
	}{
		{"senior before", "2026-01-05 08:59", func(at time.Time) bool { return s.SeniorAt(one, at) }, false},
		{"senior", "2026-01-05 09:00", func(at time.Time) bool { return s.SeniorAt(one, at) }, true},
		{"both roles", "2026-02-05 09:00", func(at time.Time) bool { return len(s.RolesAt(one, at)) == 2 }, true},
		{"one role ended", "2026-03-05 09:00", func(at time.Time) bool {
			held := s.RolesAt(one, at)
			return len(held) == 1 && held[0].Role == "CALDICOTT" && held[0].Org == org
		}, true},
		{"senior no longer", "2026-03-05 09:00", func(at time.Time) bool { return s.SeniorAt(one, at) }, false},
		{"another's role", "2026-02-05 09:00", func(at time.Time) bool { return len(s.RolesAt(other, at)) == 0 }, true},
		{"untrained before", "2025-03-10 08:59", func(at time.Time) bool { return s.TrainedAt(one, governance.DataSecurity, at) }, false},
		{"trained", "2026-03-10 23:59", func(at time.Time) bool { return s.TrainedAt(one, governance.DataSecurity, at) }, true},
		{"lapsed", "2026-03-11 00:00", func(at time.Time) bool { return s.TrainedAt(one, governance.DataSecurity, at) }, false},
		{"another course", "2026-03-10 12:00", func(at time.Time) bool { return s.TrainedAt(one, "BREAK_GLASS", at) }, false},
		{"leap day", "2025-02-28 23:59", func(at time.Time) bool { return s.TrainedAt(other, governance.DataSecurity, at) }, true},
		{"leap day lapsed", "2025-03-01 00:00", func(at time.Time) bool { return s.TrainedAt(other, governance.DataSecurity, at) }, false},
		{"unbound", "2026-01-05 08:59", func(at time.Time) bool { return s.UndertakenAt(one, at) }, false},
		{"bound", "2026-06-30 23:59", func(at time.Time) bool { return s.UndertakenAt(one, at) }, true},
		{"bound no longer", "2026-07-01 00:00", func(at time.Time) bool { return s.UndertakenAt(one, at) }, false},
		{"bound without end", "2036-07-01 00:00", func(at time.Time) bool { return s.UndertakenAt(other, at) }, true},
	} {
		if got := tc.ask(london(t, tc.clock)); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

func TestHowLongARegulatorMayWait(t *testing.T) {
	t.Parallel()
	detected := was(t, "2026-03-27 10:00", governance.BreachDetected{Breach: one, AwareAt: event.At(london(t, "2026-03-27 10:00")), Notifiable: true})
	s := governance.Fold([]event.Recorded{detected})
	// The clocks go forward on 29 March: 72 elapsed hours end at eleven.
	if want := london(t, "2026-03-30 11:00"); !s.Breaches[0].NotifyBy().Equal(want) {
		t.Errorf("to be told by %s, want %s", s.Breaches[0].NotifyBy(), want)
	}
	told := func(at string) governance.Breach {
		return governance.Fold([]event.Recorded{detected, was(t, at, governance.RegulatorNotified{Breach: one})}).Breaches[0]
	}
	unlikely := governance.Fold([]event.Recorded{detected, was(t, "2026-03-28 10:00", governance.BreachAssessed{Breach: one, Likelihood: "UNLIKELY"})})
	dayOnly := governance.Breach{BreachDetected: governance.BreachDetected{AwareAt: event.On(day("2026-03-02")), Notifiable: true}}
	for _, tc := range []struct {
		name  string
		b     governance.Breach
		clock string
		want  bool
	}{
		{"not told, in time", s.Breaches[0], "2026-03-30 11:00", false},
		{"not told", s.Breaches[0], "2026-03-30 11:00:00.000001", true},
		{"told in time", told("2026-03-30 11:00"), "2026-04-30 11:00", false},
		{"told late", told("2026-03-30 11:00:00.000001"), "2026-04-30 11:00", true},
		{"to be told late", told("2026-04-01 11:00"), "2026-03-31 11:00", true},
		{"unlikely", unlikely.Breaches[0], "2026-04-30 11:00", false},
		{"a day, in time", dayOnly, "2026-03-05 23:59", false},
		{"a day, late", dayOnly, "2026-03-06 00:00", true},
	} {
		if got := tc.b.LateAt(london(t, tc.clock)); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

func TestPeopleAreInformedOnceAllWereTold(t *testing.T) {
	t.Parallel()
	events := []event.Recorded{
		was(t, "2026-03-02 10:00", governance.BreachDetected{Breach: one, Subjects: []event.UUID{one, other}}),
		was(t, "2026-03-03 10:00", governance.SubjectsInformed{Breach: one, Subjects: []event.UUID{one}}),
		was(t, "2026-03-04 10:00", governance.SubjectsInformed{Breach: one, Subjects: []event.UUID{other}}),
		was(t, "2026-03-05 10:00", governance.SubjectsInformed{Breach: one}),
	}
	if b := governance.Fold(events[:2]).Breaches[0]; !b.Informed.IsZero() {
		t.Error("informed after one of two")
	}
	for _, n := range []int{3, 4} {
		if b := governance.Fold(events[:n]).Breaches[0]; b.Informed != events[2].Effective {
			t.Errorf("informed at %s, want %s", b.Informed, events[2].Effective)
		}
	}
	if b := governance.Fold([]event.Recorded{events[0], events[3]}).Breaches[0]; b.Informed != events[3].Effective {
		t.Error("telling all is not telling all")
	}
}

// Folding one event at a time never changes a state that somebody holds, and
// what was not opened changes nothing.
func TestEvolveLeavesTheStateItWasGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var events, open []event.Recorded
		for range rapid.IntRange(0, 12).Draw(r, "events") {
			id := rapid.SampledFrom([]event.UUID{one, other}).Draw(r, "id")
			e := was(t, "2026-03-02", rapid.SampledFrom([]any{
				governance.DPIAApproved{DPIA: id}, governance.ProcessingChanged{}, governance.PolicyDocumentPublished{Document: id},
				governance.RopaEntryRecorded{Entry: id}, governance.StaffRoleAssigned{Assignment: id}, governance.StaffRoleEnded{Assignment: id},
				governance.TrainingRecorded{Training: id}, governance.UndertakingSigned{Undertaking: id},
				governance.BreachDetected{Breach: id, Subjects: []event.UUID{one, other}}, governance.BreachAssessed{Breach: id},
				governance.RegulatorNotified{Breach: id}, governance.SubjectsInformed{Breach: id, Subjects: []event.UUID{id}},
			}).Draw(r, "event"))
			if e.Operational = rapid.SampledFrom([]event.State{event.Open, event.Open, event.Open, event.Erased}).Draw(r, "state"); e.Operational == event.Open {
				open = append(open, e)
			}
			events = append(events, e)
		}
		states := []governance.State{{}}
		for _, e := range events {
			states = append(states, governance.Evolve(states[len(states)-1], e))
		}
		for _, s := range states {
			for _, e := range events {
				governance.Evolve(s, e)
			}
		}
		for i, got := range states {
			if want := governance.Fold(events[:i]); !reflect.DeepEqual(got, want) {
				r.Fatalf("after %d events the state kept is not the state folded", i)
			}
		}
		if !reflect.DeepEqual(governance.Fold(events), governance.Fold(open)) {
			r.Fatal("what could not be opened changed something")
		}
	})
}
