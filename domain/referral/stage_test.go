package referral

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// diagram is the life of a referral as domain reference section 6.2 draws it,
// with what follows from its text: a recipient may skip a message, somebody
// may be seen at any time after sending, and a registration is its own
// outcome.
var diagram = map[Stage][]Stage{
	NoStage:      {Draft, Sent},
	Draft:        {Sent, Withdrawn, Cancelled, ClosedNotEngaged},
	Sent:         {Acknowledged, Accepted, Rejected, Returned, FirstContact, Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	Acknowledged: {Accepted, Rejected, Returned, FirstContact, Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	Accepted:     {Waiting, FirstContact, Rejected, Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	Waiting:      {FirstContact, Rejected, Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	FirstContact: {InTreatment, Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	InTreatment:  {Completed, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	Returned:     {Sent, OnHold, Withdrawn, Cancelled, ClosedNotEngaged},
	OnHold:       {Sent, Acknowledged, Accepted, Waiting, FirstContact, InTreatment, Returned, Withdrawn, Cancelled, ClosedNotEngaged},
	Completed:    {}, Rejected: {}, Withdrawn: {}, Cancelled: {}, ClosedNotEngaged: {},
}

type command interface {
	Check(State, event.Context) error
	Events(State, event.Context) []event.Draft
}

var (
	id   = event.DeriveUUID("referral", []byte("1"))
	org  = event.DeriveUUID("org", []byte("1"))
	gp   = Details{"GP_REGISTRATION", "ROUTINE", org}
	tt   = Details{"TALKING_THERAPIES", "ROUTINE", org}
	noon = time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
	ctx  = event.Context{Now: noon, Actor: event.Actor{Role: "HUB_NURSE", Side: event.NHS}}
)

// commands is every command that moves a referral, by its move.
func commands(of event.UUID) map[move]command {
	step := Step{Referral: of}
	halt := Halt{Step: step, Reason: "OTHER"}
	return map[move]command{
		send: SendReferral{Referral: of}, acknowledge: AcknowledgeReferral{step}, accept: AcceptReferral{step},
		reject: RejectReferral{halt}, giveBack: ReturnReferral{halt}, hold: HoldReferral{halt}, resume: ResumeReferral{step},
		wait: StartReferralWait{step}, firstContact: RecordFirstContact{step}, treat: StartReferralTreatment{step},
		complete: RecordReferralOutcome{Step: step, Outcome: "OTHER"}, withdraw: WithdrawReferral{Halt: halt, By: "PERSON"},
		cancel: CancelReferral{halt}, closeNotEngaged: CloseReferralNotEngaged{halt},
		registerRefused: RefuseGPRegistration{Step: step, Reason: "NO_ADDRESS"}, register: AcceptGPRegistration{step}, letter: RecordGPRefusalLetter{step},
	}
}

func at(stage Stage, d Details) State {
	r := Referral{ID: id, Side: event.NHS, Details: d, Stage: stage, SentAt: event.At(noon)}
	if stage == OnHold {
		r.Held = Waiting
	}
	return State{[]Referral{r}}
}

func carry(s State, c command, now event.Context) State {
	for _, d := range c.Events(s, now) {
		s = Evolve(s, event.Recorded{Meta: event.Meta{Effective: now.When(), Actor: now.Actor}, Data: d.Data, Operational: event.Open})
	}
	return s
}

// From every stage, every command either leads along the diagram or is
// refused, and each arrow can be taken by some command.
func TestCommandsAndDiagramAgree(t *testing.T) {
	t.Parallel()
	for _, from := range Stages {
		taken := map[Stage]bool{}
		for _, d := range []Details{gp, tt} {
			for m, c := range commands(id) {
				s := at(from, d)
				err := c.Check(s, ctx)
				after, _ := carry(s, c, ctx).Get(id)
				switch {
				case err == nil && m == letter && after.Stage == from:
				case err == nil && !slices.Contains(diagram[from], after.Stage):
					t.Errorf("%s of a %s that is %s leads to %s", m, d.Destination, from, after.Stage)
				case err == nil:
					taken[after.Stage] = true
				case !slices.Contains(moves[m].from, from) && !fault.Is(err, "referral-not-at-that-stage") && !fault.Is(err, "use-refuse-gp-registration"):
					t.Errorf("%s from %s: refused as %v", m, from, err)
				}
			}
		}
		for _, to := range diagram[from] {
			if from == OnHold && slices.Contains([]Stage{Sent, Acknowledged, Accepted, FirstContact, InTreatment, Returned}, to) {
				continue // it goes back where it came from, which here is WAITING
			}
			if !taken[to] {
				t.Errorf("no command leads from %s to %s", from, to)
			}
		}
	}
}

// No sequence of commands, refused ones left out, leaves the diagram; a
// referral that has ended stays so; and a hold goes back where it began.
func TestNoCommandLeadsOutsideTheDiagram(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		details := rapid.SampledFrom([]Details{gp, tt}).Draw(t, "details")
		s := carry(State{}, SendReferral{Details: details}, ctx)
		of := s.Referrals[0].ID
		all := commands(of)
		names := make([]move, 0, len(all))
		for m := range all {
			names = append(names, m)
		}
		slices.Sort(names)
		for i := range rapid.IntRange(0, 20).Draw(t, "steps") {
			m := rapid.SampledFrom(names).Draw(t, "move")
			now := ctx
			now.Now = noon.Add(time.Duration(i) * time.Hour)
			before, _ := s.Get(of)
			if all[m].Check(s, now) != nil {
				continue
			}
			s = carry(s, all[m], now)
			after, _ := s.Get(of)
			if m != letter && !slices.Contains(diagram[before.Stage], after.Stage) {
				t.Fatalf("%s took it from %s to %s", m, before.Stage, after.Stage)
			}
			if before.Stage.Ended() && after.Stage != before.Stage {
				t.Fatalf("it had ended, %s, and became %s", before.Stage, after.Stage)
			}
			if m == resume && after.Stage != before.Held {
				t.Fatalf("resumed at %s, held at %s", after.Stage, before.Held)
			}
		}
	})
}

func TestStepsNeedWhatTheyNeed(t *testing.T) {
	t.Parallel()
	step := Step{Referral: id}
	for name, c := range map[string]struct {
		command command
		state   State
		as      event.Role
		code    string
	}{
		"reject without a reason":         {RejectReferral{Halt{Step: step}}, at(Sent, tt), "GP", "reason-absent"},
		"hold without a reason":           {HoldReferral{Halt{Step: step}}, at(Sent, tt), "GP", "reason-absent"},
		"a practice that rejects":         {RejectReferral{Halt{Step: step, Reason: "OTHER"}}, at(Sent, gp), "GP", "use-refuse-gp-registration"},
		"a clinic that registers":         {AcceptGPRegistration{step}, at(Sent, tt), "GP", "not-a-gp-registration"},
		"a refusal without a reason":      {RefuseGPRegistration{Step: step}, at(Sent, gp), "GP", "reason-absent"},
		"a letter from tomorrow":          {RefuseGPRegistration{Step: step, Reason: "OUT_OF_AREA", LetterAt: event.On(event.MustDay("2026-02-05"))}, at(Sent, gp), "GP", "letter-not-yet-written"},
		"closed by a navigator":           {CloseReferralNotEngaged{Halt{Step: step, Reason: "NOT_ENGAGED"}}, at(Waiting, tt), "NAVIGATOR", "clinician-must-decide"},
		"seen before it was sent":         {RecordFirstContact{Step{Timed: event.Timed{}, Referral: id}}, at(Sent, tt), "EARLY", "before-sent"},
		"a referral that is not there":    {AcceptReferral{Step{Referral: org}}, at(Sent, tt), "GP", "no-such-referral"},
		"sending what is sent":            {SendReferral{Referral: id}, at(Sent, tt), "HUB_NURSE", "referral-not-at-that-stage"},
		"a wait that nobody measures":     {CrossWaitThreshold{id, "DA_3W"}, at(Waiting, tt), "SYSTEM", "timer-does-not-run"},
		"a wait that is over":             {CrossWaitThreshold{id, "TT_6W"}, at(FirstContact, tt), "SYSTEM", "timer-stopped"},
		"a wait with time left":           {CrossWaitThreshold{id, "TT_6W"}, at(Waiting, tt), "SYSTEM", "timer-not-due"},
		"a wait on no referral":           {CrossWaitThreshold{org, "TT_6W"}, at(Waiting, tt), "SYSTEM", "no-such-referral"},
		"an outcome before first contact": {RecordReferralOutcome{Step: step, Outcome: "OTHER"}, at(Waiting, tt), "GP", "referral-not-at-that-stage"},
	} {
		now := ctx
		if now.Actor.Role = c.as; c.as == "EARLY" {
			now.Effective = event.At(noon.Add(-time.Hour))
		}
		if err := c.command.Check(c.state, now); !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// Journey A: sent on 4 February, day 42 is 18 March.
func TestAWaitIsCrossedOnItsDayAndOnce(t *testing.T) {
	t.Parallel()
	s := at(Waiting, tt)
	c := CrossWaitThreshold{id, "TT_6W"}
	now := ctx
	now.Now = event.MustDay("2026-03-18").Start().Add(-time.Second)
	if err := c.Check(s, now); !fault.Is(err, "timer-not-due") {
		t.Fatalf("a second early: got %v", err)
	}
	now.Now = event.MustDay("2026-03-18").Start()
	if err := c.Check(s, now); err != nil {
		t.Fatal(err)
	}
	drafts := c.Events(s, now)
	if d := drafts[0].Data.(WaitThresholdCrossed); d.Day != 42 || drafts[0].Effective != event.On(event.MustDay("2026-03-18")) {
		t.Errorf("got day %d as of %s, want 42 as of 2026-03-18", d.Day, drafts[0].Effective)
	}
	if again := c.Events(carry(s, c, now), now); len(again) != 0 {
		t.Errorf("crossed twice: %d events", len(again))
	}
	held := s
	held.Referrals = []Referral{{ID: id, Details: tt, Stage: OnHold, Held: FirstContact, SentAt: event.At(noon)}}
	if err := c.Check(held, now); !fault.Is(err, "timer-stopped") {
		t.Errorf("held after first contact: got %v", err)
	}
}

func TestARefusalThatNoPracticeMayGiveIsEscalated(t *testing.T) {
	t.Parallel()
	for reason, compliant := range map[reference.GPRefusalReason]bool{
		"NO_ADDRESS": false, "NO_ID": false, "LIST_CLOSED": true, "OUT_OF_AREA": true, "OTHER_REASONABLE": true,
	} {
		b := RefuseGPRegistration{Step: Step{Referral: id}, Reason: reason}
		if err := b.Check(at(Sent, gp), ctx); err != nil {
			t.Errorf("%s: %v: what a practice did is recorded whatever its reason", reason, err)
		}
		drafts := b.Events(at(Sent, gp), ctx)
		if d := drafts[0].Data.(GPRegistrationRefused); d.Compliant != compliant || len(drafts) == 1 != compliant {
			t.Errorf("%s: compliant %v, %d events, want %v", reason, d.Compliant, len(drafts), compliant)
		}
		s := carry(at(Sent, gp), b, ctx)
		letters := RecordGPRefusalLetter{Step{Referral: id}}
		if err := letters.Check(s, ctx); err != nil {
			t.Errorf("%s: letter: %v", reason, err)
		}
		if n := len(letters.Events(carry(s, letters, ctx), ctx)); n != 0 {
			t.Errorf("%s: a letter is recorded twice", reason)
		}
	}
}

// Whoever takes a step, it is part of the record of the side that referred.
func TestStepsBelongToTheReferrersRecord(t *testing.T) {
	t.Parallel()
	now := ctx
	now.Actor = event.Actor{Role: "TX_PROV", Side: event.VCSE}
	for m, c := range commands(id) {
		for _, d := range c.Events(at(Sent, gp), now) {
			if d.Side != event.NHS {
				t.Errorf("%s: recorded in the record of %q", m, d.Side)
			}
		}
	}
}
