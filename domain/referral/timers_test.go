package referral

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

func london(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		panic(err)
	}
	return t
}

// done is a referral that took steps, each at its time.
func done(d Details, steps ...any) State {
	s := carry(State{}, SendReferral{Details: d}, event.Context{Now: london("2026-02-04 10:45"), Actor: ctx.Actor})
	of := s.Referrals[0].ID
	all := commands(of)
	for i := 0; i < len(steps); i += 2 {
		s = carry(s, all[steps[i].(move)], event.Context{Now: london(steps[i+1].(string)), Actor: ctx.Actor})
	}
	return s
}

func to(destination reference.ReferralDestination) Details {
	return Details{destination, "ROUTINE", org}
}

// Every timer of the domain reference's section 6.3 that starts with a
// referral: its last instant in time, and what stops it. Journey A is in it:
// day 42 of 4 February is 18 March, and a refusal of 11 February is answered in
// writing by the end of the 25th.
func TestTimersAreDueWhenTheyShouldBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code reference.Timer
		s    State
		due  string
		stop move
	}{
		{"ACK", done(to("DENTAL")), "2026-02-07 00:00", acknowledge}, // Wednesday: Thursday, Friday
		{"TT_6W", done(tt), "2026-03-18 00:00", firstContact},
		{"TT_18W", done(tt), "2026-06-10 00:00", firstContact},
		{"RTT_18W", done(to("SECONDARY_CARE"), firstContact, "2026-02-05 09:00"), "2026-06-10 00:00", treat},
		{"DA_3W", done(to("DRUG_ALCOHOL")), "2026-02-25 00:00", firstContact},
		{"MH_CRISIS", done(to("CRISIS")), "2026-02-05 10:45", firstContact},
		{"GP_REFUSAL_LETTER", done(gp, registerRefused, "2026-02-11 12:00"), "2026-02-26 00:00", letter},
		{"GP_IMMEDIATE", done(gp, registerRefused, "2026-02-11 12:00"), "2026-02-26 00:00", ""},
	} {
		find := func(s State, at time.Time) (Timer, bool) {
			all := s.Timers(at)
			i := slices.IndexFunc(all, func(m Timer) bool { return m.Code == c.code })
			if i < 0 {
				return Timer{}, false
			}
			return all[i], true
		}
		due := london(c.due)
		m, ok := find(c.s, due)
		if !ok || !m.Due.Equal(due) || !m.Over(due) || m.Over(due.Add(-time.Microsecond)) || m.Start.IsZero() {
			t.Errorf("%s: got %+v, %v, want it due at %s", c.code, m, ok, c.due)
			continue
		}
		if _, early := find(c.s, london("2026-02-04 10:44")); early {
			t.Errorf("%s: runs before the referral was sent", c.code)
		}
		if c.stop == "" {
			continue
		}
		before, after := carryAt(c.s, c.stop, due.Add(-time.Hour)), carryAt(c.s, c.stop, due.Add(time.Hour))
		if m, _ := find(before, due); m.Over(due) {
			t.Errorf("%s: %s in time does not stop it", c.code, c.stop)
		}
		if m, _ := find(after, due); !m.Over(due) {
			t.Errorf("%s: %s came late, and it was not over before", c.code, c.stop)
		}
	}
}

func carryAt(s State, m move, now time.Time) State {
	return carry(s, commands(s.Referrals[0].ID)[m], event.Context{Now: now, Actor: ctx.Actor})
}

func TestAHoldStopsNoTimer(t *testing.T) {
	t.Parallel()
	s := done(tt, hold, "2026-02-10 09:00")
	if n := s.ToNote(london("2026-03-18 00:00")); len(n) != 1 || n[0].Code != "TT_6W" {
		t.Errorf("on hold: got %v, want TT_6W to note", n)
	}
	if got := s.Referrals[0].StageAt(london("2026-02-11 00:00")); got != OnHold {
		t.Errorf("got %s", got)
	}
}

// A timer that does nothing but sleep until NextDue and note what is to be
// noted notes each wait once, in order, as of its due instant.
func TestNextDueFindsEveryWait(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		destination := rapid.SampledFrom(reference.ReferralDestinations.Codes()).Draw(t, "destination")
		s := done(to(destination))
		at := london("2026-02-04 10:45")
		seen := at.Add(time.Duration(rapid.IntRange(1, 24*200).Draw(t, "seen after hours")) * time.Hour)
		entry, _ := reference.ReferralDestinations.Latest(destination)
		var noted []reference.Timer
		for next := s.NextDue(at); !next.IsZero(); next = s.NextDue(at) {
			if !next.After(at) {
				t.Fatalf("next due at %s is not after %s", next, at)
			}
			if at = next; !at.Before(seen) {
				s = carryAt(s, firstContact, seen)
			}
			for _, m := range s.ToNote(at) {
				c := CrossWaitThreshold{m.Referral, m.Code}
				if err := c.Check(s, event.Context{Now: at}); err != nil {
					t.Fatalf("%s cannot be noted: %v", m.Code, err)
				}
				drafts := c.Events(s, event.Context{Now: at})
				if !drafts[0].Effective.Earliest().Equal(at) {
					t.Fatalf("%s noted as of %s, due %s", m.Code, drafts[0].Effective, at)
				}
				s = carry(s, c, event.Context{Now: at, Effective: drafts[0].Effective})
				noted = append(noted, m.Code)
			}
			if !at.Before(seen) {
				break
			}
		}
		if len(s.ToNote(at)) > 0 {
			t.Fatalf("something is left to note")
		}
		for i, code := range noted {
			if slices.Contains(noted[:i], code) || !slices.Contains(entry.Timers, code) {
				t.Fatalf("noted %v of %s", noted, destination)
			}
		}
	})
}

// Every stage has its name in FHIR and, as far as there is one, in Refer and
// Monitor; every destination of the domain reference is there.
func TestStagesAndDestinationsAreListed(t *testing.T) {
	t.Parallel()
	for _, stage := range Stages {
		if !reference.ReferralStages.Listed(reference.ReferralStage(stage)) {
			t.Errorf("%s is not mapped", stage)
		}
	}
	if n := len(reference.ReferralStages.All()); n != len(Stages) {
		t.Errorf("%d stages are mapped, and there are %d", n, len(Stages))
	}
	for stage, want := range map[reference.ReferralStage][2]string{
		"DRAFT": {"draft", "draft"}, "SENT": {"active", "requested"}, "ACKNOWLEDGED": {"active", "received"}, "ACCEPTED": {"active", "accepted"},
		"WAITING": {"active", "accepted"}, "FIRST_CONTACT": {"active", "in-progress"}, "IN_TREATMENT": {"active", "in-progress"},
		"ON_HOLD": {"on-hold", "on-hold"}, "REJECTED": {"revoked", "rejected"}, "WITHDRAWN": {"revoked", "cancelled"},
		"CANCELLED": {"entered-in-error", "cancelled"}, "COMPLETED": {"completed", "completed"},
	} {
		e, _ := reference.ReferralStages.Latest(stage)
		if string(e.ServiceRequest) != want[0] || string(e.Task) != want[1] {
			t.Errorf("%s: got %s and %s, want %v", stage, e.ServiceRequest, e.Task, want)
		}
	}
	if n := len(reference.ReferralDestinations.Codes()); n != 20 {
		t.Errorf("got %d destinations, want 20", n)
	}
}
