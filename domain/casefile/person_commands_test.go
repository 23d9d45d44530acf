package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
)

const alpha = `{"name":{"given":"TEST","family":"ALPHA"},"dateOfBirth":"1991-05-17","sex":"F","site":"CAMBRIDGE","region":"N56"}`

// registered is a story in which the person is registered.
func registered(t *testing.T) *story {
	t.Helper()
	return newStory(t).given("register-person", alpha)
}

func TestRegisterPerson(t *testing.T) {
	t.Parallel()
	g := newStory(t)
	g.when("register-person", alpha).then("person.registered")
	s := g.state().Person
	if s.Name.Full() != "TEST ALPHA" || s.DateOfBirth.Value() != event.MustDay("1991-05-17") || s.Region != "N56" {
		t.Error("the state does not say what was registered")
	}
	g.when("register-person", alpha).refused("case-already-open")
	newStory(t).when("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).refused("no-such-person")
	newStory(t).as("GP", "GP1").when("register-person", alpha).refused("role-may-not")

	for pointer, body := range map[string]string{
		"/dateOfBirth": `{"name":{"family":"X"},"dateOfBirth":"2026-02-03","sex":"F","region":"N56"}`,
		"/name/family": `{"name":{"given":"X"},"dateOfBirth":"1991-05-17","sex":"F","region":"N56"}`,
		"/name/given":  `{"name":{"given":"X\u0000","family":"X"},"dateOfBirth":"1991-05-17","sex":"F","region":"N56"}`,
		"/sex":         `{"name":{"family":"X"},"dateOfBirth":"1991-05-17","sex":"f","region":"N56"}`,
		"/region":      `{"name":{"family":"X"},"dateOfBirth":"1991-05-17","sex":"F","region":"N99"}`,
		"/site":        `{"name":{"family":"X"},"dateOfBirth":"1991-05-17","sex":"F","region":"N56","site":"OXFORD"}`,
	} {
		newStory(t).when("register-person", body).invalid(pointer)
	}
	newStory(t).when("register-person", `{"name":{"family":"X"},"sex":"F","region":"N56"}`).invalid("/dateOfBirth")
	newStory(t).when("register-person", `{"name":{"family":"X"},"dateOfBirth":"1899-12-31","sex":"F","region":"N56"}`).invalid("/dateOfBirth")
	newStory(t).when("register-person", `{"name":{"family":"X"},"dateOfBirth":"1970-01-01","sex":"F","region":"N56"}`).then("person.registered")
}

func TestLinkIdentifier(t *testing.T) {
	t.Parallel()
	const nhs = `{"type":"NHS_NUMBER","value":"999 000 1014","source":"PERSON","status":"02"}`
	g := registered(t)
	d := g.when("link-identifier", nhs).then("person.identifier-linked")
	if got := d[0].Data.(domainperson.IdentifierLinked).Value.Value(); got != "9990001014" {
		t.Errorf("stored as %q, want ten digits", got)
	}
	g.when("link-identifier", nhs).nothing()
	g.when("link-identifier", `{"type":"PNC","value":"19/1234E","source":"DOCUMENT"}`).then("person.identifier-linked")
	if l, ok := g.state().Person.LiveLink(domainperson.PNCType); !ok || l.Value != "2019/0001234E" {
		t.Error("the PNC identifier is not stored with its century")
	}
	g.when("link-identifier", `{"type":"CRN","value":"x990101","source":"SYSTEM"}`).then("person.identifier-linked")

	for pointer, body := range map[string]string{
		"/value":  `{"type":"NHS_NUMBER","value":"9990001015","source":"PERSON","status":"02"}`,
		"/type":   `{"type":"PASSPORT","value":"1","source":"PERSON"}`,
		"/source": `{"type":"CRN","value":"X990101","source":"GUESS"}`,
		"/status": `{"type":"CRN","value":"X990101","source":"PERSON","status":"01"}`,
	} {
		g.when("link-identifier", body).invalid(pointer)
	}
	g.when("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON"}`).invalid("/status")
}

func TestRealAndTestNumbersDoNotMix(t *testing.T) {
	t.Parallel()
	link := func(number string) string {
		return fmt.Sprintf(`{"type":"NHS_NUMBER","value":%q,"source":"PERSON","status":"02"}`, number)
	}
	for _, origin := range []event.Origin{event.Live, event.Imported} {
		for number, synthetic := range map[string]bool{"9990001014": true, "4000000632": false} {
			for _, record := range []bool{true, false} {
				g := registered(t)
				g.ctx.Synthetic = record
				r := g.decide("link-identifier", link(number), origin)
				if record == synthetic {
					r.then("person.identifier-linked")
				} else {
					r.invalid("/value")
				}
			}
		}
		g := registered(t)
		g.decide("link-identifier", link("9000000009"), origin).invalid("/value") // never issued, and not of the guaranteed block
		g.ctx.Synthetic = false
		g.decide("link-identifier", link("9000000009"), origin).invalid("/value")
	}
}

func TestVerifyAndUnlinkIdentifier(t *testing.T) {
	t.Parallel()
	g := registered(t).given("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`).
		given("link-identifier", `{"type":"CRN","value":"X990101","source":"SYSTEM"}`)
	nhs, _ := g.state().Person.LiveLink(domainperson.NHSNumberType)
	crn, _ := g.state().Person.LiveLink(domainperson.CRNType)

	verify := fmt.Sprintf(`{"link":%q,"status":"01"}`, nhs.ID)
	g.at("2026-02-03 10:00").when("verify-identifier", verify).then("person.identifier-verified")
	g.when("verify-identifier", verify).nothing()
	if l, _ := g.state().Person.Link(nhs.ID); l.Status != domainperson.Traced {
		t.Errorf("status %s, want %s", l.Status, domainperson.Traced)
	}
	g.when("verify-identifier", fmt.Sprintf(`{"link":%q,"status":"01"}`, crn.ID)).refused("identifier-not-traceable")
	g.when("verify-identifier", fmt.Sprintf(`{"link":%q,"status":"01"}`, person)).refused("identifier-not-linked")
	g.when("verify-identifier", fmt.Sprintf(`{"link":%q,"status":"09"}`, nhs.ID)).invalid("/status")

	unlink := fmt.Sprintf(`{"type":"NHS_NUMBER","link":%q,"reason":"WRONG_PERSON"}`, nhs.ID)
	g.when("unlink-identifier", fmt.Sprintf(`{"type":"NHS_NUMBER","link":%q}`, nhs.ID)).invalid("/reason")
	g.when("unlink-identifier", fmt.Sprintf(`{"type":"CRN","link":%q,"reason":"WRONG_PERSON"}`, nhs.ID)).refused("identifier-not-linked")
	body := casefile.UnlinkIdentifier{UnlinkIdentifier: domainperson.UnlinkIdentifier{Link: nhs.ID}}
	if kind, value, ok := body.Freed(g.state()); !ok || kind != "NHS_NUMBER" || value != "9990001014" {
		t.Error("unlinking does not free the identifier for others")
	}
	d := g.when("unlink-identifier", unlink).then("person.identifier-unlinked")
	if d[0].Data.(domainperson.IdentifierUnlinked).Value.Value() != "9990001014" {
		t.Error("the event does not say which value was unlinked")
	}
	if _, _, ok := body.Freed(g.state()); ok {
		t.Error("an identifier that is unlinked is freed again")
	}
	g.when("unlink-identifier", unlink).refused("identifier-not-linked")
	g.when("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`).then("person.identifier-linked")
}

func TestRecordAddress(t *testing.T) {
	t.Parallel()
	g := registered(t)
	g.when("record-address", `{"variant":"NO_FIXED_ABODE","postcode":"zz993vz"}`).then("person.address-recorded")
	if p := g.state().Person.Address.Postcode; p != domainperson.NoFixedAbodePostcode {
		t.Errorf("postcode %q, want its canonical form", p)
	}
	g.when("record-address", `{"variant":"FIXED","uprn":"00012","lines":["1 Invented Street"]}`).then("person.address-recorded")
	g.when("record-address", `{"variant":"WITHHELD"}`).then("person.address-recorded")
	for body, pointer := range map[string]string{
		`{"variant":"NO_FIXED_ABODE","uprn":"12"}`:                       "/uprn",
		`{"variant":"NO_FIXED_ABODE","postcode":"M1 1AE"}`:               "/postcode",
		`{"variant":"FIXED","postcode":"ZZ99 3VZ"}`:                      "/postcode",
		`{"variant":"FIXED"}`:                                            "/postcode",
		`{"variant":"FIXED","postcode":"nowhere"}`:                       "/postcode",
		`{"variant":"WITHHELD","postcode":"ZZ99 3WZ"}`:                   "/postcode",
		`{"variant":"UNKNOWN","lines":["somewhere"]}`:                    "/lines",
		`{"variant":"FIXED","lines":["1","2","3","4","5","6"]}`:          "/lines",
		`{"variant":"TENT"}`:                                             "/variant",
		`{"variant":"CARE_OF","lines":["a friend"],"uprn":"not digits"}`: "/uprn",
	} {
		g.when("record-address", body).invalid(pointer)
	}
}

func TestAccessRestriction(t *testing.T) {
	t.Parallel()
	listed, other := event.DeriveUUID("staff", []byte("a")), event.DeriveUUID("staff", []byte("b"))
	set := fmt.Sprintf(`{"mode":"RESTRICTED","users":[%q],"reason":"invented"}`, listed)
	g := registered(t)
	g.when("set-access-restriction", set).refused("role-may-not")
	g.as("SPO", "PROB-N54").when("set-access-restriction", set).then("person.access-restriction-set")
	if s := g.state().Person; s.Bars(listed) || !s.Bars(other) {
		t.Error("RESTRICTED: want only the listed to look")
	}
	lift := fmt.Sprintf(`{"restriction":%q,"reason":"invented"}`, g.state().Person.Restrictions[0].ID)
	g.when("lift-access-restriction", lift).then("person.access-restriction-lifted")
	g.when("lift-access-restriction", lift).nothing()
	if g.state().Person.Bars(other) {
		t.Error("a lifted restriction still bars")
	}
	g.when("lift-access-restriction", fmt.Sprintf(`{"restriction":%q,"reason":"invented"}`, person)).refused("no-such-restriction")
	g.when("set-access-restriction", fmt.Sprintf(`{"mode":"EXCLUDED","users":[%q],"reason":"invented"}`, listed)).then()
	if s := g.state().Person; !s.Bars(listed) || s.Bars(other) {
		t.Error("EXCLUDED: want the listed kept out, and nobody else")
	}
	g.when("set-access-restriction", fmt.Sprintf(`{"mode":"EXCLUDED","users":[%q,%q],"reason":"x"}`, listed, listed)).invalid("/users/1")
	g.when("set-access-restriction", `{"mode":"EXCLUDED","users":[],"reason":"x"}`).invalid("/users")
	g.when("set-access-restriction", fmt.Sprintf(`{"mode":"EXCLUDED","users":[%q],"reason":" "}`, listed)).invalid("/reason")
}

func TestNeedsAndNotices(t *testing.T) {
	t.Parallel()
	g := registered(t).as("NAVIGATOR", "HUB-CAM")
	g.when("record-communication-need", `{"adjustments":["EASY_READ","EXTRA_TIME"],"language":"pl"}`).then("person.communication-need-recorded")
	g.when("record-communication-need", `{"adjustments":[]}`).invalid("/adjustments")
	g.when("record-communication-need", `{"adjustments":["EASY_READ","EASY_READ"]}`).invalid("/adjustments/1")
	g.when("record-communication-need", `{"adjustments":["AUTISM"]}`).invalid("/adjustments/0")
	g.when("record-communication-need", `{"adjustments":[],"language":"polish please"}`).invalid("/language")

	g.when("give-privacy-notice", `{"effectiveAt":"2026-02-01","notice":"v1","format":"EASY_READ"}`).then("person.privacy-notice-given")
	g.when("give-privacy-notice", `{"notice":"v0","format":"EASY_READ"}`).invalid("/notice")
	g.when("give-privacy-notice", `{"notice":"v1","format":"SONG"}`).invalid("/format")
	g.when("give-privacy-notice", `{"effectiveAt":"2025-12-31","notice":"v1","format":"STANDARD"}`).refused("unknown-notice-version")
	g.when("give-privacy-notice", `{"effectiveAt":"2026-02-03","notice":"v1","format":"STANDARD"}`).refused("in-the-future")
	s := g.state().Person
	if !s.Told(event.At(g.ctx.Now)) || s.Told(event.On(event.MustDay("2026-01-31"))) {
		t.Error("want the person told from 1 February on")
	}
}

func TestWhatCouldBeToldOfThePerson(t *testing.T) {
	t.Parallel()
	g := registered(t).
		given("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"01"}`).
		given("link-identifier", `{"type":"CRN","value":"X990101","source":"SYSTEM"}`).
		given("record-address", `{"variant":"NO_FIXED_ABODE"}`)
	crn, _ := g.state().Person.LiveLink(domainperson.CRNType)
	g.given("unlink-identifier", fmt.Sprintf(`{"type":"CRN","link":%q,"reason":"MISTYPED"}`, crn.ID))
	got := map[event.Category]string{}
	for _, i := range domainperson.Tellable(g.state().Person) {
		for _, f := range i.Facts {
			got[i.Category] += f.Name + "=" + f.Value + ";"
		}
		if i.Source.IsZero() {
			t.Errorf("%s: no source event", i.Category)
		}
	}
	want := map[event.Category]string{
		"ID.DEMOG":   "familyName=ALPHA;givenName=TEST;dateOfBirth=1991-05-17;sex=F;",
		"ID.ADDRESS": "variant=NO_FIXED_ABODE;",
		"ID.NHSNO":   "type=NHS_NUMBER;value=9990001014;status=01;",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if p := fmt.Sprintf("%v %+v %#v", event.Fact{Name: "name", Value: "TEST"}, event.Fact{Name: "name", Value: "TEST"}, event.Fact{Name: "name", Value: "TEST"}); p != "name=[personal] name=[personal] name=[personal]" {
		t.Errorf("a fact prints as %s", p)
	}
}

func TestTheClockMayRunAMinuteAhead(t *testing.T) {
	t.Parallel()
	g := registered(t)
	at := func(d time.Duration) string {
		return fmt.Sprintf(`{"effectiveAt":%q,"variant":"UNKNOWN"}`, g.ctx.Now.Add(d).Format(time.RFC3339))
	}
	g.when("record-address", at(time.Minute)).then("person.address-recorded")
	g.when("record-address", at(time.Minute+time.Second)).refused("in-the-future")
}
