package casefile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

func london(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		panic(err)
	}
	return t
}

func TestReferForEnforcement(t *testing.T) {
	t.Parallel()
	refer := func(opinion bool, id event.UUID) string {
		return fmt.Sprintf(`{"appointments":[%q],"opinion":%v,"reason":"no excuse given"}`, id, opinion)
	}
	g := supervised(t)
	clinic := g.as("HUB_NURSE", "HUB-CAM").attended("HUB_CLINIC", "2026-02-13 10:00", "3")
	missed := g.as("PP", "PROB-N56").attended("SUPERVISION", "2026-02-14 10:00", "UAAB")
	excused := g.attended("SUPERVISION", "2026-02-14 12:00", "AAME")
	pending := g.attended("CO_LOCATED", "2026-02-14 14:00", "AFTA")
	g.at("2026-02-16 09:00")
	g.when("refer-for-enforcement", refer(false, missed)).refused("no-breach-opinion")
	g.when("refer-for-enforcement", refer(true, clinic)).refused("cites-voluntary-health-appointment")
	g.when("refer-for-enforcement", refer(true, excused)).refused("acceptable-outcome")
	g.when("refer-for-enforcement", refer(true, pending)).refused("outcome-not-decided")
	g.when("refer-for-enforcement", refer(true, person)).refused("no-such-appointment")
	g.when("refer-for-enforcement", fmt.Sprintf(`{"appointments":[%q,%q],"opinion":true,"reason":"x"}`, missed, missed)).invalid("/appointments/1")
	g.when("refer-for-enforcement", fmt.Sprintf(`{"appointments":[%q],"opinion":true,"reason":""}`, missed)).invalid("/reason")
	g.as("HUB_CLIN", "HUB-CAM").when("refer-for-enforcement", refer(true, missed)).refused("role-may-not")
	g.as("PP", "PROB-N56").when("refer-for-enforcement", refer(true, missed)).then("supervision.enforcement-referred") // instead of a warning

	// While a warning stands, it is the only thing left.
	g.given("issue-breach-warning", fmt.Sprintf(`{"appointments":[%q],"circumstances":"did not come"}`, missed))
	again := g.attended("SUPERVISION", "2026-03-02 10:00", "UAAB")
	g.at("2026-03-03 09:00")
	g.when("issue-breach-warning", fmt.Sprintf(`{"appointments":[%q],"circumstances":"did not come"}`, again)).refused("warning-active")
	g.when("refer-for-enforcement", refer(true, again)).then("supervision.enforcement-referred")
	if n := len(g.state().Supervision.Enforcements); n != 2 {
		t.Errorf("got %d referrals, want 2", n)
	}
	free := registered(t)
	cited := free.attended("SUPERVISION", "2026-02-14 10:00", "UAAB")
	free.when("refer-for-enforcement", refer(true, cited)).refused("no-live-supervision")
}

// custody is every move into custody and out of it, by the state it is made in.
func TestCustodyStateMachine(t *testing.T) {
	t.Parallel()
	const release, recall, enter = `{"from":"2026-02-02","to":"2026-08-16"}`, `{"reason":"condition not kept"}`, `{"establishment":"HMP Invented"}`
	moves := map[string]struct{ command, body string }{
		"release": {"release-on-licence", release}, "recall": {"recall-to-custody", recall}, "enter": {"enter-custody", enter},
	}
	for _, c := range []struct {
		given   []string
		is      supervision.Whereabouts
		release string
		recall  string
		enter   string
	}{
		{nil, supervision.InCommunity, "not-in-custody", "no-live-licence", ""},
		{[]string{"enter"}, supervision.InCustody, "", "already-in-custody", "already-in-custody"},
		{[]string{"enter", "release"}, supervision.OnLicence, "not-in-custody", "", ""},
		{[]string{"enter", "release", "recall"}, supervision.RecalledTo, "not-in-custody", "already-recalled", ""},
		{[]string{"enter", "release", "recall", "enter"}, supervision.InCustody, "", "already-in-custody", "already-in-custody"},
		{[]string{"enter", "release", "recall", "enter", "release"}, supervision.OnLicence, "not-in-custody", "", ""},
	} {
		for move, want := range map[string]string{"release": c.release, "recall": c.recall, "enter": c.enter} {
			g := registered(t)
			hour := 9
			for _, m := range c.given {
				hour++
				g.at(fmt.Sprintf("2026-02-02 %02d:00", hour)).when(moves[m].command, moves[m].body).then()
			}
			if got := g.state().Supervision.WhereaboutsAt(g.ctx.Now); got != c.is {
				t.Errorf("after %v: got %s, want %s", c.given, got, c.is)
			}
			r := g.at("2026-02-02 20:00").when(moves[move].command, moves[move].body)
			if want == "" {
				r.then()
			} else {
				r.refused(want)
			}
		}
	}
}

func TestRecallEndsTheLicence(t *testing.T) {
	t.Parallel()
	g := registered(t)
	g.given("enter-custody", `{"establishment":"HMP Invented"}`)
	g.at("2026-02-16 10:00").when("release-on-licence", `{"from":"2026-02-16","to":"2026-08-16"}`).then()
	licence := g.state().Supervision.Orders[0].ID
	d := g.at("2026-03-02 10:00").when("recall-to-custody", `{"reason":"condition not kept"}`).then("supervision.recalled")
	if got := d[0].Data.(supervision.LicenceRecalled).Supervision; got != licence {
		t.Errorf("recalled %s, want the licence that runs", got)
	}
	s := g.state().Supervision
	if _, live := s.LiveOrder(event.MustDay("2026-03-03")); live || !s.Recalled || s.InCustody {
		t.Error("want no licence, recalled and not yet in custody")
	}
	g.at("2026-03-03 10:00").when("release-on-licence", `{"from":"2026-03-03","to":"2026-08-16"}`).refused("not-in-custody")
	g.when("enter-custody", `{"establishment":"HMP Invented"}`).then("supervision.custody-entered")
	s = g.state().Supervision
	for clock, want := range map[string]bool{"2026-02-10 12:00": true, "2026-02-20 12:00": false, "2026-03-02 12:00": false, "2026-03-03 10:00": true} {
		if s.InCustodyAt(london(clock)) != want {
			t.Errorf("in custody at %s: want %v", clock, want)
		}
	}
}

func TestCustodyHoldsUpTheActorsOwnRecord(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	g.given("schedule-appointment", slot("SUPERVISION", "2026-03-02 10:00"))
	g.given("schedule-appointment", slot("SUPERVISION", "2026-02-02 08:00")) // over by then
	g.as("HUB_NURSE", "HUB-CAM").given("schedule-appointment", slot("HUB_CLINIC", "2026-03-03 10:00"))
	clinic := g.last().Data.(appointment.AppointmentScheduled).Appointment
	g.given("schedule-appointment", slot("EXTERNAL_HEALTH", "2026-03-04 10:00")) // the prison arranges that
	trust, _ := orgs.ByCode("ZZT")
	send := func(to string) event.UUID {
		g.given("send-referral", fmt.Sprintf(`{"destination":%q,"priority":"ROUTINE","toOrg":%q}`, to, trust.ID))
		return g.last().Data.(referral.ReferralSent).Referral
	}
	therapy, court := send("TALKING_THERAPIES"), send("MHTR_ASSESSMENT")

	d := g.as("PP", "PROB-N56").when("enter-custody", `{"establishment":"HMP Invented"}`).
		then("supervision.custody-entered", "appointment.cancelled")
	if d[1].Data.(appointment.AppointmentCancelled).Appointment == clinic {
		t.Error("a practitioner cancelled the hub's appointment")
	}
	// Prison healthcare is on the hub's side and not its controller.
	if a, r := g.state().Suspended([]event.UUID{event.DeriveUUID("elsewhere")}, event.At(g.ctx.Now)); len(a)+len(r) != 0 {
		t.Error("somebody else's record would be held up")
	}
	g.when("suspend-for-custody", `{}`).nothing() // the practitioner's own was held up
	d = g.as("HUB_NURSE", "HUB-CAM").when("suspend-for-custody", `{}`).then("appointment.cancelled", "referral.put-on-hold")
	if hold := d[1].Data.(referral.ReferralPutOnHold); hold.Referral != therapy || hold.Reason != "RETURNED_TO_CUSTODY" {
		t.Errorf("held %s for %s", hold.Referral, hold.Reason)
	}
	if r, _ := g.state().Referral.Get(court); r.Stage != referral.Sent {
		t.Errorf("what is asked for a court is %s, want it to go on", r.Stage)
	}
	g.when("suspend-for-custody", `{}`).nothing()
	g.when("reschedule-appointment", fmt.Sprintf(`{"appointment":%q,"slot":{"from":"2026-04-01T10:00:00Z","minutes":30},"by":"PERSON"}`, clinic)).refused("appointment-cancelled")

	// Release re-opens nothing of itself, and says when somebody must look.
	g.as("PP", "PROB-N56").at("2026-02-06 15:00").when("release-on-licence", `{"from":"2026-02-06","to":"2026-08-16"}`).then("supervision.released-on-licence")
	if r, _ := g.state().Referral.Get(therapy); r.Stage != referral.OnHold {
		t.Error("release resumed a referral")
	}
	if due, ok := g.state().Supervision.ReopenBy(g.ctx.Now); !ok || due != event.MustDay("2026-02-09") { // a weekend between
		t.Errorf("to be re-opened by %s, %v, want Monday", due, ok)
	}
	if _, ok := g.state().Supervision.ReopenBy(london("2026-02-05 12:00")); ok {
		t.Error("to be re-opened while in custody")
	}
	g.as("HUB_NURSE", "HUB-CAM").when("suspend-for-custody", `{}`).refused("not-in-custody")
}

func TestNobodyInCustodyIsMovedIntoTheCommunity(t *testing.T) {
	t.Parallel()
	g := supervised(t)
	g.as("HUB_NURSE", "HUB-CAM").given("schedule-appointment", slot("HUB_CLINIC", "2026-03-03 10:00"))
	clinic := g.last().Data.(appointment.AppointmentScheduled).Appointment
	move := fmt.Sprintf(`{"appointment":%q,"slot":{"from":"2026-04-01T10:00:00Z","minutes":30},"by":"PERSON"}`, clinic)
	g.as("PP", "PROB-N56").given("enter-custody", `{"establishment":"HMP Invented"}`)
	g.as("HUB_NURSE", "HUB-CAM").when("reschedule-appointment", move).refused("in-custody")
	g.as("PP", "PROB-N56").given("release-on-licence", `{"from":"2026-02-02","to":"2026-08-16"}`)
	g.as("HUB_NURSE", "HUB-CAM").when("reschedule-appointment", move).then("appointment.rescheduled")
}

func TestNoteRiskRegistration(t *testing.T) {
	t.Parallel()
	g := registered(t)
	g.when("note-risk-registration", `{"type":"ROSH","level":"HIGH"}`).then("supervision.risk-registration-noted")
	g.when("note-risk-registration", `{"type":"ROSH","level":"HIGH"}`).nothing()
	g.when("note-risk-registration", `{"type":"MAPPA","level":"2"}`).then("supervision.risk-registration-noted")
	g.when("note-risk-registration", `{"type":"MAPPA","level":"HIGH"}`).invalid("/level")
	g.when("note-risk-registration", `{"type":"VICTIM_CONTACT","level":"HIGH"}`).invalid("/type")
	g.decide("note-risk-registration", `{"type":"VICTIM_CONTACT","level":"HIGH"}`, event.Imported).invalid("/type")
	g.when("note-risk-registration", `{"type":"RISK_TO_STAFF","level":"NONE"}`).refused("not-registered")
	g.as("HUB_CLIN", "HUB-CAM").when("note-risk-registration", `{"type":"ROSH","level":"HIGH"}`).refused("role-may-not")
	noted := g.ctx.Now
	g.as("PP", "PROB-N56").at("2026-02-05 09:00").when("note-risk-registration", `{"type":"MAPPA","level":"NONE"}`).then("supervision.risk-registration-noted")
	s := g.state().Supervision
	if level, ok := s.RegistrationAt(reference.MAPPA, noted); !ok || level != "2" {
		t.Errorf("got %s, %v, want level 2", level, ok)
	}
	for _, at := range []time.Time{noted.Add(-time.Second), g.ctx.Now} {
		if level, ok := s.RegistrationAt(reference.MAPPA, at); ok {
			t.Errorf("registered %s at %s", level, at)
		}
	}
}

func TestExplainReporting(t *testing.T) {
	t.Parallel()
	g := supervised(t).
		given("impose-requirement", `{"kind":"DTR","from":"2026-01-26","to":"2026-06-01"}`).
		given("impose-requirement", `{"kind":"PROBATION","from":"2026-01-26","to":"2026-06-01"}`)
	requirements := g.state().Supervision.Requirements
	explain := func(id event.UUID) string { return fmt.Sprintf(`{"effectiveAt":"2026-01-20","requirement":%q}`, id) }
	g.when("explain-reporting", explain(person)).refused("requirement-not-live")
	g.when("explain-reporting", explain(requirements[1].ID)).refused("nothing-is-reported")
	g.when("explain-reporting", `{}`).invalid("/requirement")
	g.as("TX_PROV", "ZZT").when("explain-reporting", explain(requirements[0].ID)).then("supervision.reporting-explained")
	g.when("explain-reporting", explain(requirements[0].ID)).nothing()
	s := g.state().Supervision
	if !s.Explained(requirements[0].ID, london("2026-01-20 12:00")) || s.Explained(requirements[0].ID, london("2026-01-19 12:00")) {
		t.Error("want it explained from 20 January on")
	}
	g.as("PP", "PROB-N56").given("end-requirement", fmt.Sprintf(`{"requirement":%q,"reason":"COMPLETED"}`, requirements[0].ID))
	g.when("explain-reporting", explain(requirements[0].ID)).refused("requirement-not-live")
}

// What each kind of requirement must specify (domain reference section 3.2).
func TestWhatEachKindSpecifies(t *testing.T) {
	t.Parallel()
	provider := event.DeriveUUID("org", []byte("trust"))
	for _, c := range []struct {
		kind, extra string
		invalid     string // the field; empty: accepted
		testing     bool
	}{
		{"MHTR", `,"provider":"P","setting":"PRACTITIONER"`, "", false}, {"MHTR", `,"provider":"P"`, "", false}, {"MHTR", ``, "/provider", false},
		{"MHTR", `,"provider":"P","setting":"RESIDENT"`, "/setting", false}, {"MHTR", `,"provider":"P","testing":true`, "/testing", false},
		{"DRR", `,"provider":"P","setting":"NON_RESIDENT"`, "", true}, {"DRR", ``, "/provider", false}, {"DRR", `,"provider":"P","setting":"IN_PATIENT"`, "/setting", false},
		{"ATR", `,"provider":"P","setting":"INSTITUTION"`, "", false}, {"ATR", ``, "/provider", false}, {"ATR", `,"provider":"P","alcohol":"LIMITED"`, "/alcohol", false},
		{"DTR", ``, "", true}, {"DTR", `,"setting":"RESIDENT"`, "/setting", false},
		{"AAMR", `,"alcohol":"ABSTINENCE","monitoring":"TAG"`, "", false}, {"AAMR", `,"monitoring":"TAG"`, "/alcohol", false}, {"AAMR", `,"alcohol":"LIMITED"`, "/monitoring", false},
		{"PROBATION", ``, "", false}, {"PROBATION", `,"monitoring":"TAG"`, "/monitoring", false},
	} {
		g := supervised(t)
		kind, _ := reference.RequirementKinds.Latest(reference.RequirementKind(c.kind))
		extra := c.extra
		if i := slices.Index([]byte(extra), 'P'); i >= 0 && extra[i-1] == '"' {
			extra = extra[:i] + provider.String() + extra[i+1:]
		}
		body := fmt.Sprintf(`{"kind":%q,"from":"2026-01-26","to":"2026-06-01"%s}`, c.kind, extra)
		if c.invalid != "" {
			g.when("impose-requirement", body).invalid(c.invalid)
			continue
		}
		if kind.NeedsWillingness {
			g.when("impose-requirement", body).refused("no-willingness-recorded")
			g.given("record-requirement-willingness", fmt.Sprintf(`{"effectiveAt":"2026-01-26","kind":%q,"toCourt":true}`, c.kind))
		}
		g.when("impose-requirement", body).then("supervision.requirement-imposed")
		if got := g.state().Supervision.Requirements[0].Terms.Value().Testing; got != c.testing {
			t.Errorf("%s%s: samples %v, want %v", c.kind, c.extra, got, c.testing)
		}
	}
}

func TestDeathEndsSupervision(t *testing.T) {
	t.Parallel()
	g := supervised(t).given("start-supervision", `{"type":"LICENCE","from":"2026-01-26","to":"2026-06-01"}`)
	order := g.state().Supervision.Orders[0].ID
	g.when("end-supervision", fmt.Sprintf(`{"supervision":%q,"reason":"DECEASED"}`, order)).then("supervision.ended")
	s := g.state().Supervision
	if s.Died.IsZero() || len(s.LiveOrders(g.ctx.Now.Add(48*time.Hour))) != 0 {
		t.Error("want every order ended by death")
	}
	g.when("start-supervision", `{"type":"COMMUNITY_ORDER","from":"2028-01-26","to":"2029-01-26"}`).refused("person-deceased")
	g.when("impose-requirement", `{"kind":"DTR","from":"2026-01-26","to":"2026-06-01"}`).refused("person-deceased")
	g.when("enter-custody", `{"establishment":"HMP Invented"}`).refused("person-deceased")
	g.when("schedule-appointment", slot("SUPERVISION", "2026-03-02 10:00")).refused("person-deceased")
}
