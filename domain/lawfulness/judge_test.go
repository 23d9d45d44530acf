package lawfulness

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// one of a few things that may happen, in any order.
func happening(rt *rapid.T, s *story) any {
	pick := func(of string) event.UUID { return id(fmt.Sprint(of, rapid.IntRange(1, 3).Draw(rt, of))) }
	flows := []disclosure.Flow{practice, toProbation("H.ATTENDANCE"), toProbation("H.SCREEN_SCORE"),
		flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "H.RISK_SELF"), flow(org("DRUG1"), org("PROB-N56"), "REQ_MGMT", "H.DRUGTEST"),
		flow(org("HUB-CAM"), org("HUB-HAM"), "DIRECT_CARE", "H.NOTE"), flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "J.VICTIM")}
	f := rapid.SampledFrom(flows).Draw(rt, "flow")
	rule := rapid.SampledFrom([]disclosure.Rule{"R01", "R03", "R05"}).Draw(rt, "rule")
	k := permit("", rule, f)
	k.Decision, k.Basis.Consent = pick("decision"), pick("consent")
	k.Outcome = rapid.SampledFrom([]disclosure.Outcome{disclosure.Permit, disclosure.Permit, disclosure.Refuse}).Draw(rt, "outcome")
	k.Basis.ValidUntil = event.On(event.DayOf(s.now) + event.Day(rapid.IntRange(0, 9).Draw(rt, "valid for days")))
	nine := rapid.IntRange(0, 1).Draw(rt, "ninth item")
	return rapid.SampledFrom([]any{
		person.PersonRegistered{Site: "CAMBRIDGE", Region: "N56"}, notice,
		person.IdentifierLinked{Link: pick("link"), Type: person.NHSNumberType, Status: "02"},
		person.IdentifierVerified{Link: pick("link"), Type: person.NHSNumberType, Status: "01"},
		person.IdentifierUnlinked{Link: pick("link"), Type: person.NHSNumberType, Reason: person.WrongPerson},
		person.AccessRestrictionSet{Restriction: pick("lao"), Mode: person.Restricted, Users: []event.UUID{staff("PP of PROB-N56")}},
		consent.ConsentGranted{Consent: pick("consent"), Version: 1, Kind: consent.Disclosure, Scope: probation("H.*"), ExpiresAt: event.At(s.now.Add(100 * time.Hour))},
		consent.ConsentWithdrawn{Consent: pick("consent"), To: "NAVIGATOR"},
		consent.ConsentRefused{Consent: pick("consent"), Kind: consent.Disclosure, Scope: probation("H.*")},
		consent.ConsentInvalidated{Consent: pick("consent"), Reason: "CAPACITY"},
		consent.CapacityAssessed{Assessment: pick("capacity"), Decision: consent.Disclosure, Outcome: event.Own(consent.Lacks)},
		consent.OptOutStatusChecked{Result: consent.OptedOut},
		screening.ScreeningCompleted{Screening: pick("screening"), Status: screening.Complete, Instrument: screened9(nine).Instrument, Items: screened9(nine).Items},
		screening.RiskFlagRaised{Flag: pick("flag"), Level: event.Own(screening.Ideation)},
		screening.RiskFlagClosed{Flag: pick("flag")},
		referral.ReferralSent{Referral: pick("referral"), Details: referral.Details{Destination: "CMHT", ToOrg: org("TRUST")}},
		referral.GPRegistrationRefused{Referral: pick("referral"), Reason: "NO_ADDRESS"},
		referral.GPRefusalLetterRecorded{Referral: pick("referral")},
		referral.EscalationOpened{Referral: pick("referral"), To: referral.ICB},
		k, k, disclosure.DisclosureDecisionClosed{Decision: pick("decision"), Reason: "DONE"},
		disclosure.DisclosureMade{Disclosure: pick("telling"), Decision: pick("decision"), Flow: f, Consent: pick("consent"), Identifier: pick("link")},
		disclosure.DisclosureMade{Disclosure: pick("telling"), Flow: f},
		disclosure.UnplannedDisclosureReported{Disclosure: pick("telling"), Decision: pick("decision"), Flow: f},
		rights.RightsRequestReceived{Request: pick("request"), Kind: rights.Access, IdentityConfirmed: true},
		rights.RightsRequestPaused{Request: pick("request"), Reason: "IDENTITY"},
		rights.RightsRequestClarified{Request: pick("request")},
		rights.RightsRequestResponded{Request: pick("request"), Outcome: "GRANTED"},
		rights.RetentionPeriodSet{Period: pick("period"), KeepUntil: event.DayOf(s.now) + 1, DisposeOn: event.DayOf(s.now) + 2},
		rights.LegalHoldPlaced{Hold: pick("hold")}, rights.LegalHoldLifted{Hold: pick("hold")},
		rights.RecordDisposed{Disposal: pick("disposal"), Period: pick("period")},
		breakglass.BreakGlassInvoked{BreakGlass: pick("glass"), ExpiresAt: event.At(s.now.Add(4 * time.Hour)), Reason: event.Own("an invented reason, long enough")},
		breakglass.BreakGlassReviewed{BreakGlass: pick("glass"), Verdict: "APPROPRIATE"},
		appointment.AppointmentScheduled{Appointment: pick("appointment"), Kind: "HUB_CLINIC", Site: "CAMBRIDGE", Slot: appointment.Slot{From: event.At(s.now), Minutes: 30}},
		supervision.BreachWarningIssued{Warning: pick("warning"), Appointments: []event.UUID{pick("appointment")}},
		supervision.CaseTransferred{From: "N56", To: "N07", HandoverUntil: event.DayOf(s.now) + 5},
	}).Draw(rt, "data")
}

func screened9(ninth int) screening.ScreeningCompleted {
	zero := 0
	return screening.ScreeningCompleted{Instrument: event.Own(reference.Instrument("PHQ-9")), Items: event.Own([]*int{&zero, &zero, &zero, &zero, &zero, &zero, &zero, &zero, &ninth})}
}

// tangled is any history: whoever it was recorded what happened when it
// happened, before or after, and corrected some of it.
func tangled(t *testing.T, rt *rapid.T) *story {
	s := newStory(t)
	for range rapid.IntRange(1, 25).Draw(rt, "steps") {
		s.goOn(rt)
		s.step(rt)
	}
	return s
}

func (s *story) goOn(rt *rapid.T) {
	hours := rapid.IntRange(0, 60).Draw(rt, "hours later")
	s.now = s.now.Add(time.Duration(hours) * time.Hour)
}

func (s *story) step(rt *rapid.T) {
	who := rapid.SampledFrom([]func(){
		func() { s.by("HUB_NURSE", "HUB-CAM") }, func() { s.by("PP", "PROB-N56") }, func() { s.by("NAVIGATOR", "VOL1") }, func() { s.by("TX_PROV", "DRUG1") },
	}).Draw(rt, "who")
	who()
	switch rapid.IntRange(0, 9).Draw(rt, "what") {
	case 0:
		s.look("", "person.timeline")
	case 1:
		s.organisation("HUB-CAM", "", rapid.SampledFrom([]any{
			governance.TrainingRecorded{Training: id("training"), Staff: staff("HUB_NURSE of HUB-CAM"), Course: governance.DataSecurity},
			governance.DPIAApproved{DPIA: id("dpia"), Processing: governance.HealthHub, ReviewDue: event.DayOf(s.now) + 10},
			governance.ProcessingChanged{Processing: governance.HealthHub},
			governance.RopaEntryRecorded{Entry: id("entry"), Purpose: "DIRECT_CARE", RecipientSide: event.NHS},
		}).Draw(rt, "governance"))
	case 2:
		if len(s.events) > 0 {
			s.mend(rt)
		}
	default:
		s.moved(rt).record("", happening(rt, s))
	}
}

// moved gives the next event a time of its own.
func (s *story) moved(rt *rapid.T) *story {
	at := s.now.Add(time.Duration(rapid.IntRange(-90, 40).Draw(rt, "hours off")) * time.Hour)
	switch rapid.IntRange(0, 5).Draw(rt, "effective") {
	case 0:
		s.was(event.At(at))
	case 1:
		s.was(event.On(event.DayOf(at)))
	case 2:
		s.importing("legacy").was(event.At(at))
	}
	return s
}

// mend corrects or voids an earlier event.
func (s *story) mend(rt *rapid.T) {
	target := s.events[rapid.IntRange(0, len(s.events)-1).Draw(rt, "target")]
	if target.IsCorrection() {
		return
	}
	if rapid.Bool().Draw(rt, "void") {
		s.on(event.Case(s.person), "", event.EnteredInError{Reason: event.Own("test")}, target.ID)
		return
	}
	s.on(event.Case(s.person), "", event.EventCorrected{Reason: event.Own("test")}, target.ID)
	s.was(event.At(target.Effective.Earliest().Add(time.Duration(rapid.IntRange(-5, 5).Draw(rt, "hours moved")) * time.Hour)))
	s.on(event.Case(s.person), "", target.Data, target.ID)
}

func asJSON(t *testing.T, of any) string {
	t.Helper()
	b, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// about is what a finding is about: judging again finds it again.
func about(f finding.Judged) string { return fmt.Sprint(f.Monitor, f.Item, f.Key, f.At) }

func TestJudgingTheSameHistoryGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		once, again := Judge(s.history(), s.moment()), Judge(s.history(), s.moment())
		if a, b := asJSON(t, once), asJSON(t, again); a != b {
			rt.Fatalf("judged again:\n%s\n%s", a, b)
		}
	})
}

// What happens to others moves the positions of a person's events, and nothing
// else of theirs.
func TestOtherPeoplesEventsChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		want := asJSON(t, Judge(s.history(), s.moment()))
		all := slices.Concat(s.events, s.looks, s.around)
		slices.SortFunc(all, func(a, b event.Recorded) int { return int(a.Position) - int(b.Position) })
		between, moved := event.Position(0), map[event.ID]event.Position{}
		for _, e := range all {
			between += event.Position(rapid.IntRange(0, 5).Draw(rt, "events of others"))
			moved[e.ID] = e.Position + between
		}
		for _, list := range [][]event.Recorded{s.events, s.looks, s.around} {
			for i := range list {
				list[i].Position = moved[list[i].ID]
			}
		}
		if got := asJSON(t, Judge(s.history(), s.moment())); got != want {
			rt.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestWhatComesLaterNeverChangesWhatWasKnown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		before := map[string]bool{}
		for _, f := range Judge(s.history(), s.moment()).Findings {
			before[about(f)] = f.AsKnown
		}
		s.now = s.now.Add(time.Hour)
		for range rapid.IntRange(1, 4).Draw(rt, "later") {
			if s.step(rt); len(s.events) > 0 && rapid.Bool().Draw(rt, "correct") {
				s.mend(rt)
			}
		}
		for _, f := range Judge(s.history(), s.moment()).Findings {
			if was, ok := before[about(f)]; ok && was != f.AsKnown {
				rt.Fatalf("%s: as known %t, then %t", about(f), was, f.AsKnown)
			}
		}
	})
}

func TestNextIsWhenItIsJudgedDifferently(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		h, at := s.history(), s.moment()
		now := Judge(h, at)
		next := NextDue(h, at)
		if next != now.Next {
			rt.Fatalf("NextDue %v, Next %v", next, now.Next)
		}
		same := func(t time.Time) bool { return slices.EqualFunc(Judge(h, t).Findings, now.Findings, sameFinding) }
		if next.IsZero() {
			if !same(at.AddDate(200, 0, 0)) {
				rt.Fatal("nothing is due, and it is judged differently in two hundred years")
			}
			return
		}
		if !next.After(at) {
			rt.Fatalf("next is %v, at %v", next, at)
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at)/time.Microsecond)-1).Draw(rt, "between")) * time.Microsecond)
		if same(next) || !same(next.Add(-time.Microsecond)) || !same(between) {
			rt.Fatalf("next %v: then as before %t, just before %t, at %v %t", next, same(next), same(next.Add(-time.Microsecond)), between, same(between))
		}
	})
}

// Whoever judges whenever something was recorded, and when something is due,
// knows at every moment what judging everything at once would find.
func TestJudgingOnTheWayMissesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		all := slices.Concat(s.events, s.looks, s.around)
		slices.SortFunc(all, func(a, b event.Recorded) int { return int(a.Position) - int(b.Position) })
		end := s.moment().Add(time.Duration(rapid.IntRange(0, 2000).Draw(rt, "hours to the end")) * time.Hour)
		upTo := func(n int) *History {
			part := map[event.StreamKind][]event.Recorded{}
			for _, e := range all[:n] {
				part[e.Stream.Kind] = append(part[e.Stream.Kind], e)
			}
			return NewHistory(s.person, part[event.CaseStream], part[event.AccessStream], NewShared(register, part[event.OrgStream]))
		}
		var known Judgement
		for n := range len(all) + 1 {
			until := end
			if n < len(all) {
				until = all[n].RecordedAt
			}
			h := upTo(n)
			if n > 0 {
				known = Judge(h, all[n-1].RecordedAt)
			}
			for !known.Next.IsZero() && !known.Next.After(until) {
				known = Judge(h, known.Next)
			}
		}
		if want := Judge(upTo(len(all)), end); !slices.EqualFunc(known.Findings, want.Findings, sameFinding) {
			rt.Fatalf("on the way %s, at once %s", asJSON(t, known.Findings), asJSON(t, want.Findings))
		}
	})
}

func TestFindingsAreInTheOrderOfTheirItems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		positions := map[event.ID]event.Position{}
		for _, e := range slices.Concat(s.events, s.looks) {
			positions[e.ID] = e.Position
		}
		findings := Judge(s.history(), s.moment()).Findings
		if !slices.IsSortedFunc(findings, func(a, b finding.Judged) int {
			if p, q := positions[a.Item], positions[b.Item]; p != q {
				return int(p) - int(q)
			}
			if a.Monitor != b.Monitor {
				return int(a.Monitor[1])*10 + int(a.Monitor[2]) - int(b.Monitor[1])*10 - int(b.Monitor[2])
			}
			return 0
		}) {
			rt.Fatal(asJSON(t, findings))
		}
		for _, f := range findings {
			if len(f.Evidence) == 0 || f.Evidence[0] != f.Item || !f.AsKnown && !f.Hindsight || f.At.IsZero() {
				rt.Fatal(asJSON(t, f))
			}
		}
	})
}

// A view is put together from what is folded already; it must come to what
// folding everything afresh comes to.
func TestAViewIsWhatStoodThen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := tangled(t, rt)
		h := s.history()
		var scratch []event.Recorded
		compare := func(v View, want []event.Recorded) {
			want = slices.DeleteFunc(want, func(e event.Recorded) bool { return !h.begun(e, v.At) })
			if !slices.EqualFunc(v.events, want, func(a, b event.Recorded) bool { return a.ID == b.ID }) {
				rt.Fatalf("at %v known %v: %d events, want %d", v.At, v.Known, len(v.events), len(want))
			}
			if !reflect.DeepEqual(v.Case, FoldCase(want)) {
				rt.Fatalf("at %v known %v: the case is another than its events say", v.At, v.Known)
			}
		}
		by := func(known time.Time) []event.Recorded {
			return slices.DeleteFunc(slices.Clone(s.events), func(e event.Recorded) bool { return e.RecordedAt.After(known) })
		}
		for _, e := range h.standing {
			at := e.Effective.Latest()
			compare(h.view(at, endOfTime, nil), slices.Clone(event.Standing(s.events)))
			compare(h.view(at, e.RecordedAt, nil), slices.Clone(event.Standing(by(e.RecordedAt))))

			known := by(at)
			given := h.cited(e)
			want := slices.DeleteFunc(slices.Clone(event.Standing(known)), func(o event.Recorded) bool { return e.RecordedAt.After(at) && o.ID == e.Corrects })
			recorded := func(id event.ID) bool {
				return slices.ContainsFunc(known, func(o event.Recorded) bool { return o.ID == id })
			}
			for _, o := range h.standing {
				if slices.Contains(given, o.ID) && !recorded(o.ID) && (o.ID == e.ID || !recorded(o.Corrects)) {
					want = append(want, o)
				}
			}
			compare(h.viewIn(at, at, given, &scratch), want)
		}
	})
}

func TestACorrectedItemStandsInThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newStory(t).tellsPractice("telling")
	s.at("2026-03-02 09:00").was(london("2026-02-02 10:00")).correct("corrected", "telling", told("telling", "", practice))
	got := asked(s, func(v View, e event.Recorded) bool { return len(v.Case.Disclosure.Disclosures) == 1 })
	if len(got) != 1 || got[0].Item != s.ev("corrected") || !got[0].AsKnown || !got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
}

func TestAVoidedFactWasKnownUntilItWasVoided(t *testing.T) {
	t.Parallel()
	s := newStory(t).record("notice", notice).at("2026-02-03 09:00").tellsPractice("first")
	s.at("2026-02-04 09:00").void("notice").at("2026-02-05 09:00").tellsPractice("second")
	told := func(v View, e event.Recorded) bool {
		_, discloses := v.disclosure(e)
		return discloses && len(v.Case.Person.Notices) > 0
	}
	got := asked(s, told)
	if len(got) != 1 || got[0].Item != s.ev("first") || !got[0].AsKnown || got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
	s.void("first")
	if got := asked(s, told); len(got) != 0 {
		t.Errorf("a voided act is judged: %v", got)
	}
}

func TestAnImportIsJudgedByWhatWasKnownWhenItHappened(t *testing.T) {
	t.Parallel()
	s := newStory(t).at("2026-02-10 09:00").record("since", notice)
	s.at("2026-03-01 09:00").importing("legacy").was(london("2026-02-05 09:00")).record("import", told("telling", "", practice))
	s.at("2026-03-02 09:00").importing("legacy").was(london("2026-02-01 09:00")).record("late", registered)
	seen := map[event.ID][]string{}
	m := Monitor{ID: "L00", OfDisclosure: func(v View, d Disclosure) []Hit {
		seen[d.Event.ID] = append(seen[d.Event.ID], fmt.Sprint(len(v.Case.Disclosure.Disclosures), len(v.Case.Person.Notices), v.Case.Person.Registered))
		return nil
	}}
	judge([]Monitor{m}, s.history(), s.moment())
	if got, want := seen[s.ev("import")], []string{"1 0 false", "1 0 true"}; !slices.Equal(got, want) {
		t.Errorf("as known and in hindsight %v, want %v", got, want)
	}
}

func TestOnlyWhatIsCitedIsGiven(t *testing.T) {
	t.Parallel()
	s := newStory(t).at("2026-03-01 09:00").importing("legacy").was(london("2026-02-05 09:00")).record("decision", permit("decision", "R01", practice))
	s.importing("legacy").was(london("2026-02-05 09:00")).record("between", notice)
	s.importing("legacy").was(london("2026-02-05 10:00")).record("telling", told("telling", "decision", practice))
	got := asked(s, func(v View, e event.Recorded) bool {
		d, discloses := v.disclosure(e)
		return discloses && d.Decision != nil && len(v.Case.Person.Notices) == 0 && len(v.Case.Disclosure.Disclosures) == 1
	})
	if len(got) != 1 || !got[0].AsKnown || got[0].Hindsight {
		t.Errorf("findings %v", got)
	}
}
