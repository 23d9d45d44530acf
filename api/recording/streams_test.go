package recording_test

import (
	"bytes"
	"context"
	"testing"

	"caseledger/api/recording"
	"caseledger/domain/agreement"
	"caseledger/domain/breakglass"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/policy"
	"caseledger/eventstore"
)

var (
	leadNHS       = staff("IG_LEAD", "HUB-MID")
	leadProbation = staff("IG_LEAD", "PROB-N56")
	leadHousing   = staff("IG_LEAD", "HOUSE-MID")
	leadGP        = staff("IG_LEAD", "GP1")
)

// given is a request on a stream that is not a case.
func (d *desk) given(command string, body any, actor event.Actor, stream event.StreamID) recording.Request {
	q := d.request(command, body, actor, event.UUID{})
	q.Stream, q.Purpose = stream, ""
	return q
}

func draft(parties ...event.Actor) agreement.DraftAgreement {
	t := agreement.Terms{Label: "DSA-T", Purposes: []event.Purpose{"DIRECT_CARE"}, From: event.MustDay("2026-01-01"), To: event.MustDay("2027-01-01"),
		Flows: []agreement.Flow{{From: parties[0].Side, To: parties[1].Side, Categories: []event.Category{"H.ATTENDANCE"}}}}
	for _, p := range parties {
		t.Parties = append(t.Parties, agreement.Party{Org: p.Org, Side: p.Side, Role: "JOINT"})
	}
	return agreement.DraftAgreement{Terms: t, Title: "Invented agreement"}
}

// An agreement is there for its parties' controllers alone, and its identifier
// comes from the command.
func TestAnAgreementIsThereForItsParties(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.given("draft-agreement", draft(leadNHS, leadProbation), leadNHS, event.StreamID{})
	first, again := d.do(q), d.do(q)
	stream := first.Stream
	if stream.Kind != event.AgreementStream || stream != again.Stream || !again.Repeated || first.About["agreement"] != stream.Of || !first.Person.IsZero() {
		t.Fatalf("drafted as %+v, again %+v", first, again)
	}
	sign := func(by event.Actor) any { return agreement.SignAgreement{Version: 1, Org: by.Org, Role: "IAO"} }
	d.refused(d.given("sign-agreement", sign(leadHousing), leadHousing, stream), "no-such-agreement")
	d.refused(d.given("sign-agreement", sign(leadProbation), leadProbation, event.Agreement(event.DeriveUUID("none"))), "no-such-agreement")
	stale := d.given("sign-agreement", sign(leadHousing), leadHousing, stream)
	stale.IfAny, stale.If = false, 99
	d.refused(stale, "no-such-agreement")
	d.do(d.given("sign-agreement", sign(leadProbation), leadProbation, stream))
	d.do(d.given("sign-agreement", sign(leadNHS), staff("IG_LEAD", "HUB-CAM"), stream)) // another hub of the controller
	s, err := d.around.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := s.Now().Agreement(stream.Of)
	if status, _ := a.StatusAt(noon); status != agreement.InForce {
		t.Errorf("signed by all, it is %s", status)
	}
	for _, side := range []event.Side{event.NHS, event.Probation, event.VCSE} {
		for s, err := range d.store.ReadStream(t.Context(), stream, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if state := d.opened(side, s).Operational; state != event.Open {
				t.Errorf("for %s an entry of the agreement is %s", side, state)
			}
		}
	}
	for _, c := range []struct {
		who event.Actor
		ok  bool
	}{{leadNHS, true}, {leadProbation, true}, {leadHousing, false}} {
		if err := d.Visible(t.Context(), stream, c.who); (err == nil) != c.ok || err != nil && !fault.Is(err, "no-such-agreement") {
			t.Errorf("for %s of %s: %v", c.who.Role, c.who.Side, err)
		}
	}
}

// An organisation's governance is its controller's.
func TestGovernanceIsItsControllers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hub := event.Organisation(leadNHS.Org)
	assign := governance.AssignStaffRole{Staff: nurse.ID, Role: "HUB_NURSE"}
	d.refused(d.given("assign-staff-role", assign, leadProbation, hub), "no-such-organisation")
	d.refused(d.given("assign-staff-role", assign, leadGP, event.Organisation(event.DeriveUUID("none"))), "no-such-organisation")
	d.refused(d.given("assign-staff-role", assign, staff("HOUSING", "HOUSE-MID"), hub), "role-may-not")
	d.do(d.given("assign-staff-role", assign, leadNHS, hub))
	s, err := d.around.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Now().Staff(nurse.ID).HeldAt("HUB_NURSE", leadNHS.Org, noon) {
		t.Error("the role is not known of")
	}
}

// raise puts findings on the record as the monitors do.
func (d *desk) raise(about event.UUID, by ...event.Actor) []event.UUID {
	d.t.Helper()
	var drafts []event.Draft
	var ids []event.UUID
	for i, a := range by {
		j := finding.Judged{Monitor: "L01", Version: 1, Severity: finding.Low, Item: event.ID{UUID: event.DeriveUUID("item", []byte{byte(i)})},
			At: event.At(noon), Hindsight: true, By: a.ID, Org: a.Org, Side: a.Side}
		ids = append(ids, j.ID(about))
		drafts = append(drafts, event.Draft{Data: finding.FindingRaised{Finding: j.ID(about), Judged: j}, Side: a.Side})
	}
	cmd := eventstore.Command{ID: event.DeriveUUID("raise"), Stream: event.Findings(about), Subject: about, Effective: event.At(noon),
		Actor: event.Actor{ID: event.DeriveUUID("system"), Role: "SYSTEM", Side: event.Shared}, Origin: event.Live, IfAny: true}
	_, err := eventstore.Execute(d.t.Context(), d.store, d.Codec, cmd, func([]event.Recorded, event.Revision) ([]event.Draft, error) { return drafts, nil })
	if err != nil {
		d.t.Fatal(err)
	}
	return ids
}

// Findings about a person are there for the controllers whose acts they are
// about, and what others do about theirs does not make a precondition stale.
func TestFindingsAreThereForThoseTheyAreAbout(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := event.DeriveUUID("somebody")
	ids := d.raise(who, nurse, practitioner)
	stream := event.Findings(who)
	d.refused(d.given("acknowledge-finding", finding.AcknowledgeFinding{Finding: ids[0]}, leadGP, stream), "no-such-finding")
	d.refused(d.given("acknowledge-finding", finding.AcknowledgeFinding{Finding: ids[0]}, leadNHS, event.Findings(event.DeriveUUID("nobody"))), "no-such-finding")
	read := event.Revision(0)
	for s, err := range d.store.ReadStream(t.Context(), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		read = s.Revision
	}
	d.do(d.given("acknowledge-finding", finding.AcknowledgeFinding{Finding: ids[1]}, leadProbation, stream))
	own := d.given("acknowledge-finding", finding.AcknowledgeFinding{Finding: ids[0]}, leadNHS, stream)
	own.IfAny, own.If = false, read
	d.do(own)
	late := d.given("resolve-finding", finding.ResolveFinding{Finding: ids[0], Outcome: "REMEDIED"}, leadNHS, stream)
	late.IfAny, late.If = false, read
	d.refused(late, "stale-precondition")
}

// Every live command is decided by the rules in force, and says which; from
// when others are published, those.
func TestADecisionNamesTheRulesInForce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	policyOf := func(out recording.Outcome) [32]byte {
		t.Helper()
		for s, err := range d.store.ReadStream(t.Context(), out.Stream, out.Revision) {
			if err != nil {
				t.Fatal(err)
			}
			return d.opened(event.NHS, s).Policy
		}
		return [32]byte{}
	}
	if got := policyOf(d.do(d.request("register-person", alpha(), nurse, event.UUID{}))); got != lawfulness.Default().Hash() {
		t.Errorf("decided by %x, want the default", got)
	}
	rules, gates := lawfulness.DefaultDocuments()
	version := string(lawfulness.Default().Version())
	changed := bytes.Replace(rules, []byte(`"`+version+`"`), []byte(`"test-2"`), 1)
	d.do(d.given("publish-rule-set", policy.PublishRuleSet{Version: "test-2", Rules: string(changed), Gates: string(gates), Reason: "a test"},
		staff("DPO", "HUB-CAM"), event.StreamID{}))
	set, err := lawfulness.Parse(changed, gates)
	if err != nil {
		t.Fatal(err)
	}
	if got := policyOf(d.do(d.request("register-person", alpha(), nurse, event.UUID{}))); got != set.Hash() {
		t.Errorf("decided by %x, want what was published", got)
	}
	fact := d.request("register-person", alpha(), nurse, event.UUID{})
	fact.Origin, fact.Import = event.Imported, event.Provenance{Reason: "kept on paper", System: "OLD"}
	if got := policyOf(d.do(fact)); got != [32]byte{} {
		t.Errorf("an imported fact was decided by %x", got)
	}
}

// A live break-glass lets its invoker give commands, and nobody else.
func TestBreakGlassLetsItsInvokerIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := d.registered(nurse)
	set := d.request("set-access-restriction", person.SetAccessRestriction{Mode: person.Excluded, Users: []event.UUID{nurse.ID, colleague.ID}, Reason: "related"}, senior, who)
	set.Origin = event.Imported // it was set where the case came from
	d.do(set)
	notice := person.GivePrivacyNotice{Notice: "v1", Format: "EASY_READ", Language: "en", Method: "IN_PERSON"}
	d.refused(d.request("give-privacy-notice", notice, nurse, who), "no-such-person")
	d.do(d.request("invoke-break-glass", breakglass.InvokeBreakGlass{ReasonCode: "RISK_TO_LIFE", Reason: "Found unconscious, an invented emergency."}, nurse, who))
	d.do(d.request("give-privacy-notice", notice, nurse, who))
	d.refused(d.request("give-privacy-notice", notice, colleague, who), "no-such-person")
}

func TestACommandGoesOnAStreamOfItsKind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.given("sign-agreement", agreement.SignAgreement{Version: 1, Org: leadNHS.Org}, leadNHS, event.Organisation(leadNHS.Org))
	if _, err := d.Record(t.Context(), q); err == nil || fault.Of(err) != nil {
		t.Errorf("on an organisation: %v, want a programmer's error", err)
	}
	d.refused(d.given("sign-agreement", agreement.SignAgreement{Version: 1, Org: leadNHS.Org}, leadNHS, event.StreamID{}), "no-such-agreement")
	notice := person.GivePrivacyNotice{Notice: "v1", Format: "EASY_READ", Language: "en", Method: "IN_PERSON"}
	d.refused(d.request("give-privacy-notice", notice, nurse, event.UUID{}), "no-such-person")
}

// Without what stands around a case nothing is decided.
func TestNothingIsDecidedWithoutItsSurroundings(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Surroundings = func(context.Context) (*lawfulness.Shared, error) { return nil, eventstore.ErrUnavailable }
	if _, err := d.Record(t.Context(), d.request("register-person", alpha(), nurse, event.UUID{})); err == nil {
		t.Error("a case was opened")
	}
	if head, err := d.store.Head(t.Context()); err != nil || head != 0 {
		t.Errorf("%d events were recorded, %v", head, err)
	}
}
