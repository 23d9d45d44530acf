package recording_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/surroundings"
	"caseledger/eventstore/vault"
)

var (
	register = reference.NewRegister()
	noon     = time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
)

// index is the vault's blind index, as the program wires it.
type index struct{ *vault.Vault }

func of(kind, value string) vault.Identifier { return vault.Identifier{Kind: kind, Value: value} }

func (i index) Reserve(ctx context.Context, kind, value string, who event.UUID) (func(context.Context) error, error) {
	attempt, err := i.Attempt()
	if err != nil {
		return nil, err
	}
	release := func(ctx context.Context) error { return i.Release(ctx, of(kind, value), who, attempt) }
	return release, i.Vault.Reserve(ctx, of(kind, value), who, attempt)
}

func (i index) Confirm(ctx context.Context, kind, value string, who event.UUID) error {
	return i.Vault.Confirm(ctx, of(kind, value), who)
}

func (i index) Unlink(ctx context.Context, kind, value string, who event.UUID) error {
	return i.Vault.Unlink(ctx, of(kind, value), who)
}

// desk is a recorder over a store and a keystore that live as long as the test.
type desk struct {
	*recording.Recorder
	t      *testing.T
	keys   *vault.Vault
	store  *memory.Store
	around *surroundings.Follower
	serial byte
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	clock := func() time.Time { return noon }
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	store := memory.New(clock)
	peers := func(org event.UUID) []event.UUID {
		var same []event.UUID
		for _, o := range register.All() {
			if o.Controller == register.Controller(org) {
				same = append(same, o.ID)
			}
		}
		return same
	}
	seals := codec.New(catalogue.Events, keys, rand.Reader)
	around := surroundings.New(store, seals, register, surroundings.Note{})
	return &desk{t: t, keys: keys, store: store, around: around, Recorder: &recording.Recorder{Store: store, Codec: seals,
		Identifiers: index{keys}, Peers: peers, Surroundings: around.Shared, Clock: clock, Synthetic: true}}
}

// staff is a member of staff of an organisation.
func staff(role event.Role, org reference.OrganisationCode) event.Actor {
	o, ok := register.ByCode(org)
	if !ok {
		panic("no organisation " + string(org))
	}
	return event.Actor{ID: event.DeriveUUID("test-staff", []byte(role), []byte(org)), Role: role, Side: o.Side, Org: o.ID}
}

var (
	nurse        = staff("HUB_NURSE", "HUB-CAM")
	colleague    = staff("HUB_CLIN", "HUB-MID")
	practitioner = staff("PP", "PROB-N56")
	senior       = staff("SPO", "PROB-N56")
)

func (d *desk) request(command string, body any, actor event.Actor, who event.UUID) recording.Request {
	d.serial++
	return recording.Request{Command: command, Body: body, Person: who, Actor: actor, Purpose: "DIRECT_CARE", Origin: event.Live,
		ID: event.DeriveUUID("test-command", []byte{d.serial}), IfAny: true}
}

// opened is an entry as a side may read it.
func (d *desk) opened(side event.Side, s eventstore.Stored) event.Recorded {
	d.t.Helper()
	e, err := codec.NewReader(catalogue.Events, d.keys.View(side), codec.Options{}).Decode(d.t.Context(), s)
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

func (d *desk) do(q recording.Request) recording.Outcome {
	d.t.Helper()
	out, err := d.Record(d.t.Context(), q)
	if err != nil {
		d.t.Fatalf("%s: %v", q.Command, err)
	}
	return out
}

func (d *desk) refused(q recording.Request, code string) {
	d.t.Helper()
	before, _ := d.store.Head(d.t.Context())
	if _, err := d.Record(d.t.Context(), q); !fault.Is(err, code) {
		d.t.Errorf("%s: got %v, want %s", q.Command, err, code)
	}
	if after, _ := d.store.Head(d.t.Context()); after != before {
		d.t.Errorf("%s: refused, and %d events were recorded", q.Command, after-before)
	}
}

func born(day string) *event.Day {
	d := event.MustDay(day)
	return &d
}

func alpha() person.RegisterPerson {
	return person.RegisterPerson{Name: person.Name{Given: "TEST", Family: "ALPHA"}, DateOfBirth: born("1991-05-17"), Sex: "F", Site: "CAMBRIDGE", Region: "N56"}
}

func (d *desk) registered(by event.Actor) event.UUID {
	d.t.Helper()
	return d.do(d.request("register-person", alpha(), by, event.UUID{})).Person
}

func number(value string) person.LinkIdentifier {
	return person.LinkIdentifier{Type: person.NHSNumberType, Value: value, Source: "SYSTEM", Confidence: person.Certain, Status: "01"}
}

func (d *desk) find(value string) event.UUID {
	d.t.Helper()
	who, err := d.keys.Find(d.t.Context(), of("NHS_NUMBER", value))
	if err != nil {
		d.t.Fatal(err)
	}
	return who
}

func TestARetriedRegistrationIsTheSamePerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.request("register-person", alpha(), nurse, event.UUID{})
	first, again := d.do(q), d.do(q)
	if first.Person != again.Person || !again.Repeated || first.Repeated || again.Revision != first.Revision {
		t.Errorf("first %+v, again %+v", first.Result, again.Result)
	}
	q.Body = person.RegisterPerson{Name: person.Name{Family: "BRAVO"}, DateOfBirth: born("1983-08-22"), Sex: "M", Site: "CAMBRIDGE", Region: "N56"}
	d.refused(q, "idempotency-key-reused")
	if other := d.registered(nurse); other == first.Person {
		t.Error("another command got the same person")
	}
}

func TestOnlyARoleOfTheCommandMayGiveIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(d.request("register-person", alpha(), staff("HOUSING", "HOUSE-MID"), event.UUID{}), "role-may-not")
}

func TestAPersonIsAbsentForOtherControllers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := d.registered(nurse)
	notice := person.GivePrivacyNotice{Notice: "v1", Format: "EASY_READ", Language: "en", Method: "IN_PERSON"}
	d.refused(d.request("link-identifier", person.LinkIdentifier{Type: person.CRNType, Value: "X990101", Source: "SYSTEM", Confidence: person.Certain}, practitioner, who), "no-such-person")
	d.refused(d.request("link-identifier", person.LinkIdentifier{Type: person.CRNType, Value: "X990101", Source: "SYSTEM", Confidence: person.Certain}, practitioner, event.DeriveUUID("nobody")), "no-such-person")
	stale := d.request("give-privacy-notice", notice, staff("GP", "GP1"), who)
	stale.IfAny, stale.If = false, 99
	if _, err := d.Record(t.Context(), stale); fault.Is(err, "stale-precondition") {
		t.Error("a precondition told somebody who may not know that the person is there")
	}
	if _, _, err := d.Load(t.Context(), who, practitioner.Org); !fault.Is(err, "no-such-person") {
		t.Errorf("load: %v", err)
	}
	if s, at, err := d.Load(t.Context(), who, colleague.Org); err != nil || !s.Exists() || at == 0 {
		t.Errorf("another hub of the controller: %v", err)
	}
}

func TestLimitedAccessKeepsStaffOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := d.registered(practitioner)
	d.do(d.request("set-access-restriction", person.SetAccessRestriction{Mode: person.Excluded, Users: []event.UUID{practitioner.ID}, Reason: "knows the family"}, senior, who))
	crn := person.LinkIdentifier{Type: person.CRNType, Value: "X990101", Source: "SYSTEM", Confidence: person.Certain}
	d.refused(d.request("link-identifier", crn, practitioner, who), "no-such-person")
	d.do(d.request("link-identifier", crn, senior, who))
}

func TestAnIdentifierBelongsToOnePerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.registered(nurse), d.registered(nurse)
	d.do(d.request("link-identifier", number("9990001014"), nurse, first))
	if got := d.find("9990001014"); got != first {
		t.Errorf("found %s, want the first person", got)
	}
	d.refused(d.request("link-identifier", number("9990001014"), nurse, second), "identifier-in-use")

	s, _, err := d.Load(t.Context(), first, nurse.Org)
	if err != nil {
		t.Fatal(err)
	}
	link, ok := s.Person.LiveLink(person.NHSNumberType)
	if !ok {
		t.Fatal("the link is not in the state")
	}
	d.do(d.request("unlink-identifier", casefile.UnlinkIdentifier{UnlinkIdentifier: person.UnlinkIdentifier{Type: person.NHSNumberType, Link: link.ID, Reason: person.WrongPerson}}, nurse, first))
	if got := d.find("9990001014"); !got.IsZero() {
		t.Errorf("found %s after it was unlinked", got)
	}
	d.do(d.request("link-identifier", number("9990001014"), nurse, second))
	if got := d.find("9990001014"); got != second {
		t.Errorf("found %s, want the second person", got)
	}
}

func TestARefusedLinkLeavesNoReservation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.registered(nurse), d.registered(nurse)
	stale := d.request("link-identifier", number("9990001014"), nurse, first)
	stale.IfAny, stale.If = false, 0
	d.refused(stale, "stale-precondition")
	d.do(d.request("link-identifier", number("9990001014"), nurse, second))
}

func TestAnImportedFactIsNotRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := d.registered(nurse)
	body := consent.WithdrawConsent{Consent: event.DeriveUUID("a consent from elsewhere")}
	live := d.request("withdraw-consent", body, nurse, who)
	if _, err := d.Record(t.Context(), live); fault.Of(err) == nil {
		t.Fatalf("live: %v, want a refusal", err)
	}
	imported := d.request("withdraw-consent", body, nurse, who)
	imported.Origin = event.Imported
	if out := d.do(imported); len(out.Events) != 1 {
		t.Errorf("%d events, want the fact", len(out.Events))
	}
}

func TestAnOutcomeNamesWhatItIsAbout(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	who := d.registered(nurse)
	d.do(d.request("give-privacy-notice", person.GivePrivacyNotice{Notice: "v1", Format: "EASY_READ", Language: "en", Method: "IN_PERSON"}, nurse, who))
	q := d.request("grant-consent", casefile.GrantConsent{GrantConsent: consent.GrantConsent{Kind: consent.Screening, Form: "EXPLICIT_ORAL", GivenBy: "SELF"}}, nurse, who)
	first := d.do(q)
	s, _, err := d.Load(t.Context(), who, nurse.Org)
	if err != nil || len(s.Consent.Consents) != 1 {
		t.Fatalf("%d consents, %v", len(s.Consent.Consents), err)
	}
	if got := first.About["consent"]; got != s.Consent.Consents[0].ID || len(first.About) != 1 {
		t.Errorf("about %v, want the consent", first.About)
	}
	if again := d.do(q); !again.Repeated || again.About["consent"] != first.About["consent"] {
		t.Errorf("repeated %t, about %v", again.Repeated, again.About)
	}
}

// Two processes that are sent the same command at the same moment record it once
// and answer alike, and the identifier leads to its person.
func TestACommandSentToTwoProcessesIsRecordedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, value := range []string{"9990004013", "9990004021", "9990004048", "9990004056", "9990004064", "9990004072", "9990004080", "9990004099", "9990004102", "9990004110"} {
		who := d.registered(nurse)
		q := d.request("link-identifier", number(value), nurse, who)
		outcomes := make([]recording.Outcome, 6)
		var group sync.WaitGroup
		for i := range outcomes {
			group.Go(func() {
				process := *d.Recorder
				process.Surroundings = surroundings.New(d.store, d.Codec.(*codec.Codec), register, surroundings.Note{}).Shared
				var err error
				if outcomes[i], err = process.Record(context.Background(), q); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		recorded := 0
		for _, out := range outcomes {
			if !out.Repeated {
				recorded++
			}
			if !slices.Equal(out.Events, outcomes[0].Events) || len(out.Events) == 0 || out.Position != outcomes[0].Position || out.About["link"] != outcomes[0].About["link"] {
				t.Errorf("one answers %+v, another %+v", out, outcomes[0])
			}
		}
		if recorded != 1 || d.find(value) != who {
			t.Errorf("recorded %d times; the number leads to %s, want %s", recorded, d.find(value), who)
		}
	}
}

// A try that fails gives up its own claim and not that of the same command, sent
// again to another process, which is about to record it.
func TestATryThatFailsLeavesTheClaimOfTheNext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.registered(nurse), d.registered(nurse)
	q := d.request("link-identifier", number("9990001014"), nurse, first)
	claimed, failed := make(chan struct{}), make(chan struct{})
	next := *d.Recorder
	next.Store = hooked{d.store, func() error {
		close(claimed)
		<-failed
		// Nothing is recorded yet, and nobody else may have the number.
		d.refused(d.request("link-identifier", number("9990001014"), nurse, second), "identifier-in-use")
		return nil
	}}
	done := make(chan error, 1)
	try := *d.Recorder
	try.Store = hooked{d.store, func() error {
		go func() {
			_, err := next.Record(context.Background(), q)
			done <- err
		}()
		<-claimed
		return eventstore.ErrUnavailable
	}}
	if _, err := try.Record(t.Context(), q); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("the first try: %v, want a failure", err)
	}
	close(failed)
	if err := <-done; err != nil || d.find("9990001014") != first {
		t.Errorf("the second try: %v; the number leads to %s, want %s", err, d.find("9990001014"), first)
	}
}

// hooked is a store that does something before an append, which it may refuse.
type hooked struct {
	eventstore.Store
	before func() error
}

func (h hooked) Append(ctx context.Context, stream event.StreamID, expected event.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if err := h.before(); err != nil {
		return eventstore.Appended{}, err
	}
	return h.Store.Append(ctx, stream, expected, events)
}

func TestUnknownCommandsAndForeignBodies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(d.request("no-such", alpha(), nurse, event.UUID{}), "no-such-command")
	if _, err := d.Record(t.Context(), d.request("withdraw-consent", alpha(), nurse, event.UUID{})); err == nil || fault.Of(err) != nil {
		t.Errorf("a body of another command: %v, want a programmer's error", err)
	}
}
