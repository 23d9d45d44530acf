package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	domainperson "caseledger/domain/person"
	"caseledger/domain/reference"
)

// told is a person who has been told how their information is used, at the hub
// in Cambridge on 4 February 2026 at 10:00.
func told(t *testing.T) *story {
	t.Helper()
	return registered(t).as("HUB_NURSE", "HUB-CAM").given("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).at("2026-02-04 10:00")
}

func orgID(t *testing.T, code reference.OrganisationCode) event.UUID {
	t.Helper()
	o, ok := orgs.ByCode(code)
	if !ok {
		t.Fatalf("no organisation %s", code)
	}
	return o.ID
}

// attendanceTo is the JSON of a scope: attendance and referrals, from the NHS
// to an organisation, to support rehabilitation.
func (g *story) attendanceTo(org reference.OrganisationCode) string {
	return fmt.Sprintf(`{"from":"NHS","recipients":[{"org":%q}],"purposes":["REHAB_SUPPORT"],"categories":["H.ATTENDANCE","H.REFERRAL"]}`, orgID(g.t, org))
}

func (g *story) grant(org reference.OrganisationCode) string {
	return `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":` + g.attendanceTo(org) + `,"expiresAt":"2026-08-04"}`
}

// consents gives a disclosure consent and returns its id.
func (g *story) consents(org reference.OrganisationCode) event.UUID {
	g.t.Helper()
	g.given("grant-consent", g.grant(org))
	return g.lastOf("consent.granted").Data.(consent.ConsentGranted).Consent
}

func naming(id event.UUID, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"consent":%q%s}`, id, rest)
}

func TestConsentIsAskedAfterTheNotice(t *testing.T) {
	t.Parallel()
	g := registered(t).as("HUB_NURSE", "HUB-CAM")
	g.when("offer-consent", `{"kind":"SCREENING"}`).refused("privacy-notice-not-given")
	g.when("grant-consent", g.grant("PROB-N56")).refused("privacy-notice-not-given")
	g.when("refuse-consent", `{"kind":"SCREENING","reason":"NOT_GIVEN"}`).then("consent.refused") // a "no" always counts
	g.given("give-privacy-notice", `{"notice":"v1","format":"STANDARD"}`)
	g.when("offer-consent", `{"kind":"SCREENING"}`).then("consent.offered")
	g.when("offer-consent", `{"kind":"SCREENING","effectiveAt":"2026-01-30"}`).refused("privacy-notice-not-given")
}

func TestGrantConsent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, code string }{
		{"screening needs no scope", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`, ""},
		{"twelve months", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2027-02-04"}`, ""},
		{"a day more", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2027-02-05"}`, "expires-too-late"},
		{"ends as it begins", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2026-02-04T10:00:00Z"}`, "expires-before-it-begins"},
		{"no scope", `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL"}`, "empty-scope"},
		{"no purpose", `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"categories":["H.*"]}}`, "empty-scope"},
		{"willingness", `{"kind":"REQ_WILLINGNESS","form":"EXPLICIT_ORAL"}`, "willingness-goes-to-the-court"},
		{"UK GDPR consent", `{"kind":"GDPR_CONSENT","form":"EXPLICIT_WRITTEN","scope":{"purposes":["EVALUATION"],"categories":["H.*"]}}`, "consent-is-not-the-basis"},
		{"with the DPO's override", `{"kind":"GDPR_CONSENT","form":"EXPLICIT_WRITTEN","scope":{"purposes":["EVALUATION"],"categories":["H.*"]},"dpoOverrideRef":"DPO/2026/7"}`, ""},
		{"an attorney without authority", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","givenBy":"ATTORNEY"}`, "authority-not-named"},
		{"an attorney of a person who can decide", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","givenBy":"ATTORNEY","authorityRef":"LPA-12"}`, "person-decides"},
		{"treatment", `{"kind":"TREATMENT","form":"IMPLIED"}`, ""},
		{"nothing offered", naming(person, `"kind":"SCREENING","form":"EXPLICIT_ORAL"`), "no-such-consent"},
	} {
		g := told(t)
		r := g.when("grant-consent", c.body)
		if c.code == "" {
			r.then("consent.granted")
		} else {
			r.refused(c.code)
		}
	}
	g := told(t)
	for pointer, body := range map[string]string{
		"/kind":                    `{"kind":"MARKETING","form":"EXPLICIT_ORAL"}`,
		"/form":                    `{"kind":"SCREENING","form":"NODDED"}`,
		"/scope/categories/1":      `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"categories":["H.*","H.SECRET"]}}`,
		"/scope/purposes/0":        `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"purposes":["CURIOSITY"]}}`,
		"/scope/recipients/0":      `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"recipients":[{}]}}`,
		"/scope/recipients/0/side": `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"recipients":[{"side":"PRESS"}]}}`,
		"/dpoOverrideRef":          `{"kind":"GDPR_CONSENT","form":"EXPLICIT_ORAL","dpoOverrideRef":"a long story"}`,
		"/infoVersion":             `{"kind":"SCREENING","form":"EXPLICIT_ORAL","infoVersion":"v99"}`,
	} {
		g.when("grant-consent", body).invalid(pointer)
	}
	g.as("SPO", "PROB-N56").when("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`).refused("role-may-not")
}

func TestAnOfferIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.when("offer-consent", `{"kind":"DISCLOSURE","scope":`+g.attendanceTo("PROB-N56")+`}`).then("consent.offered")
	id := g.last().Data.(consent.ConsentOffered).Consent
	if got := g.state().Consent.StatusAt(id, g.ctx.Now); got != consent.Proposed {
		t.Errorf("got %s, want PROPOSED", got)
	}
	g.when("grant-consent", naming(id, `"kind":"SCREENING","form":"EXPLICIT_ORAL"`)).refused("consent-of-another-kind")
	g.when("refuse-consent", naming(id, `"kind":"DISCLOSURE"`)).refused("reason-absent")
	g.when("grant-consent", naming(id, `"kind":"DISCLOSURE","form":"EXPLICIT_ORAL"`)).then("consent.granted")
	if got := g.last().Data.(consent.ConsentGranted); len(got.Scope.Categories) != 2 || got.ExpiresAt != when("2027-02-04") {
		t.Errorf("got %+v, want the offered scope for twelve months", got)
	}
	g.when("grant-consent", naming(id, `"kind":"DISCLOSURE","form":"EXPLICIT_ORAL"`)).refused("consent-not-proposed")
	g.when("refuse-consent", naming(id, `"kind":"DISCLOSURE","reason":"PRIVACY"`)).refused("consent-not-proposed")
}

func TestCapacityIsForOneKindOfDecision(t *testing.T) {
	t.Parallel()
	g := told(t)
	screening := `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`
	g.as("HUB_CLIN", "HUB-CAM").when("record-best-interests", `{"kind":"DISCLOSURE","decision":"Tell the GP."}`).refused("capacity-not-lacking")
	g.when("record-capacity", `{"decision":"DISCLOSURE","outcome":"LACKS","supportTried":["EASY_READ"],"reviewOn":"2026-03-18"}`).then("consent.capacity-assessed")
	g.when("grant-consent", g.grant("PROB-N56")).refused("lacks-capacity")
	g.when("grant-consent", screening).then("consent.granted")
	g.when("record-best-interests", `{"kind":"DISCLOSURE","decision":"Tell the GP.","consulted":["A sister"]}`).then("consent.best-interests-decision-recorded")
	g.at("2026-03-25 10:00").when("record-capacity", `{"decision":"DISCLOSURE","outcome":"HAS"}`).then()
	g.at("2026-04-01 10:00").when("grant-consent", g.grant("PROB-N56")).then("consent.granted")
	g.when("grant-consent", `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","effectiveAt":"2026-03-20","scope":`+g.attendanceTo("PROB-N56")+`}`).refused("lacks-capacity")

	g.at("2026-04-02 09:00").when("record-capacity", `{"decision":"DISCLOSURE","outcome":"FLUCTUATING"}`).then()
	g.when("grant-consent", g.grant("PROB-N56")).refused("capacity-not-established")
	g.at("2026-04-02 15:00").when("record-capacity", `{"decision":"DISCLOSURE","outcome":"HAS"}`).then()
	g.at("2026-04-02 16:00").when("grant-consent", g.grant("PROB-N56")).then("consent.granted")
	g.at("2026-04-03 10:00").when("grant-consent", g.grant("PROB-N56")).refused("capacity-not-established")
	g.as("PP", "PROB-N56").when("record-capacity", `{"decision":"DISCLOSURE","outcome":"HAS"}`).refused("role-may-not")
	g.when("record-best-interests", `{"kind":"DISCLOSURE","decision":"Tell the GP."}`).refused("role-may-not")
}

func TestAConsentLivesAndEnds(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	g.at("2026-02-10 10:00")
	g.when("narrow-consent", naming(id, `"scope":`+g.attendanceTo("PROB-N56"))).refused("not-narrower")
	g.when("narrow-consent", naming(id, `"scope":`+g.attendanceTo("PROB-N54"))).refused("not-narrower")
	narrow := fmt.Sprintf(`"scope":{"from":"NHS","recipients":[{"org":%q}],"purposes":["REHAB_SUPPORT"],"categories":["H.REFERRAL"]}`, orgID(t, "PROB-N56"))
	g.when("narrow-consent", naming(id, narrow)).then("consent.narrowed")
	g.when("narrow-consent", naming(person, narrow)).refused("no-such-consent")
	g.when("reconfirm-consent", naming(id, `"expiresAt":"2027-02-11"`)).refused("expires-too-late")
	g.when("reconfirm-consent", naming(id, `"expiresAt":"2026-09-01"`)).then("consent.reconfirmed")
	c, _ := g.state().Consent.Get(id)
	if v, _ := c.Latest(); v.Number != 3 || len(v.Scope.Categories) != 1 || v.Expires != when("2026-09-01") {
		t.Errorf("got %+v, want version 3 of one category until September", v)
	}
	g.as("SYSTEM", "HUB-CAM").when("expire-consent", naming(id, "")).refused("not-yet-expired")
	g.at("2026-09-02 00:10").when("expire-consent", naming(id, "")).then("consent.expired")
	if e := g.last(); e.Effective != when("2026-09-01") {
		t.Errorf("expired as of %s, want its end", e.Effective)
	}
	g.when("expire-consent", naming(id, "")).nothing()
	g.as("HUB_NURSE", "HUB-CAM").when("withdraw-consent", naming(id, "")).refused("consent-not-active")
	g.when("withdraw-consent", naming(id, `"effectiveAt":"2026-08-31"`)).then("consent.withdrawn") // it was said in time
}

func TestAConsentThatNeverWasOne(t *testing.T) {
	t.Parallel()
	g := told(t)
	id, given := g.consents("PROB-N56"), g.ctx.Now
	g.as("HUB_CLIN", "HUB-CAM").at("2026-02-20 09:00").when("invalidate-consent", naming(id, `"reason":"COERCION"`)).then("consent.invalidated")
	for _, at := range []time.Time{given, given.AddDate(0, 0, 1), g.ctx.Now} {
		if got := g.state().Consent.StatusAt(id, at); got != consent.Invalid {
			t.Errorf("at %s: got %s, want INVALID", at, got)
		}
	}
	g.when("invalidate-consent", naming(id, `"reason":"COERCION"`)).refused("consent-not-active")
	g.when("invalidate-consent", naming(id, `"reason":"REGRET"`)).invalid("/reason")
}

// Journey A: what is known on 23 February at noon is that the consent is
// active; in hindsight it had been withdrawn by then.
func TestAConsentIsAnsweredOnBothAxes(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	noon := g.at("2026-02-23 12:00").ctx.Now
	known := g.state().Consent
	g.at("2026-02-23 16:00").as("PP", "PROB-N56").when("withdraw-consent", naming(id, `"effectiveAt":"2026-02-23T09:30:00Z","communicatedTo":"NAVIGATOR"`))
	if d := g.last().Data.(consent.ConsentWithdrawn); d.To != "NAVIGATOR" {
		t.Errorf("communicated to %s", d.To)
	}
	hindsight := g.state().Consent
	if a, b := known.StatusAt(id, noon), hindsight.StatusAt(id, noon); a != consent.Active || b != consent.Withdrawn {
		t.Errorf("got %s as known and %s in hindsight, want ACTIVE and WITHDRAWN", a, b)
	}
	half := time.Date(2026, 2, 23, 9, 30, 0, 0, time.UTC)
	if a, b := hindsight.StatusAt(id, half.Add(-time.Millisecond)), hindsight.StatusAt(id, half); a != consent.Active || b != consent.Withdrawn {
		t.Errorf("got %s just before and %s at the withdrawal", a, b)
	}
	expires := event.MustDay("2026-08-04").Start()
	if a, b := known.StatusAt(id, expires.Add(-time.Millisecond)), known.StatusAt(id, expires); a != consent.Active || b != consent.Expired {
		t.Errorf("got %s just before and %s at its end", a, b)
	}
}

// A withdrawal is part of the record the consent is in, whoever writes it down.
func TestAWithdrawalBelongsToTheRecordOfTheConsent(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	drafts := g.as("PP", "PROB-N56").when("withdraw-consent", naming(id, "")).then("consent.withdrawn")
	if drafts[0].Side != event.NHS {
		t.Errorf("got the record of %q, want that of the NHS", drafts[0].Side)
	}
}

func TestARefusalStandsUntilAGrantCoversIt(t *testing.T) {
	t.Parallel()
	g := told(t)
	cell := func(category event.Category, org reference.OrganisationCode) consent.Cell {
		return consent.Cell{From: event.NHS, Category: category, Purpose: "REHAB_SUPPORT",
			To: consent.Receiver{Side: event.Probation, Org: orgID(t, org), Role: "PP"}}
	}
	rule := func(c consent.Cell) consent.Ruling { return g.state().Consent.Rule(c, g.ctx.Now) }
	g.given("refuse-consent", `{"kind":"DISCLOSURE","scope":{"from":"NHS","recipients":[{"side":"PROBATION"}],"categories":["H.*"]},"reason":"PRIVACY"}`)
	for _, c := range []consent.Cell{cell("H.ATTENDANCE", "PROB-N56"), cell("H.NOTE", "PROB-N54")} {
		if rule(c) != consent.Denied {
			t.Errorf("%v: got %v, want denied", c.Category, rule(c))
		}
	}
	if c := cell("ID.ADDRESS", "PROB-N56"); rule(c) != consent.Silent {
		t.Errorf("address: got %v, want silence", rule(c))
	}
	id := g.at("2026-02-05 10:00").consents("PROB-N56")
	for c, want := range map[consent.Cell]consent.Ruling{
		cell("H.ATTENDANCE", "PROB-N56"): consent.Permitted, cell("H.NOTE", "PROB-N56"): consent.Denied, cell("H.ATTENDANCE", "PROB-N54"): consent.Denied,
	} {
		if rule(c) != want {
			t.Errorf("after a partial grant, %v to %v: got %v, want %v", c.Category, c.To.Org, rule(c), want)
		}
	}
	g.at("2026-02-06 10:00").given("withdraw-consent", naming(id, ""))
	if c := cell("H.ATTENDANCE", "PROB-N56"); rule(c) != consent.Silent {
		t.Errorf("after the withdrawal: got %v, want silence: the refusal was lifted for good", rule(c))
	}
}

func TestAnObjectionStandsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.consents("PROB-N56")
	g.at("2026-02-05 10:00").when("record-objection", `{"scope":`+g.attendanceTo("PROB-N56")+`,"reason":"I would rather not."}`).then("consent.objection-recorded")
	id := g.last().Data.(consent.ObjectionRecorded).Objection
	cell := consent.Cell{From: event.NHS, Category: "H.REFERRAL", Purpose: "REHAB_SUPPORT", To: consent.Receiver{Side: event.Probation, Org: orgID(t, "PROB-N56")}}
	if !g.state().Consent.Denied(cell, g.ctx.Now) {
		t.Error("an objection as specific as the consent does not stand against it")
	}
	lift := fmt.Sprintf(`{"objection":%q}`, id)
	g.at("2026-02-06 10:00").when("lift-objection", fmt.Sprintf(`{"objection":%q}`, person)).refused("no-such-objection")
	g.when("lift-objection", lift).then("consent.objection-lifted")
	if g.state().Consent.Denied(cell, g.ctx.Now) || !g.state().Consent.Denied(cell, g.ctx.Now.AddDate(0, 0, -1)) {
		t.Error("it must have stood yesterday, and not now")
	}
	g.when("lift-objection", lift).refused("objection-not-live")
}

func TestTheOptOutIsAskedByATracedNumber(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.when("record-opt-out-check", `{"result":"OPTED_OUT"}`).refused("nhs-number-not-traced")
	g.given("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`)
	g.when("record-opt-out-check", `{"result":"OPTED_OUT"}`).refused("nhs-number-not-traced")
	link := g.lastOf("person.identifier-linked").Data.(domainperson.IdentifierLinked).Link
	g.given("verify-identifier", fmt.Sprintf(`{"link":%q,"status":"01"}`, link))
	g.when("record-opt-out-check", `{"result":"OPTED_OUT"}`).then("consent.opt-out-status-checked")
}

// An import is recorded whatever the rules say: journey C's paper consent.
func TestAnImportedConsentIsAFact(t *testing.T) {
	t.Parallel()
	g := registered(t).as("HUB_CLIN", "HUB-ILF").given("record-capacity", `{"decision":"DISCLOSURE","outcome":"LACKS"}`)
	id := g.consents("PROB-N58")
	if got := g.state().Consent.StatusAt(id, g.ctx.Now); got != consent.Active {
		t.Errorf("got %s, want ACTIVE: what is wrong with it is for a monitor to find", got)
	}
}

// lacking is a person who lacks the capacity for one kind of decision.
func lacking(t *testing.T, k consent.Kind) *story {
	t.Helper()
	g := told(t)
	g.ctx.Now = g.ctx.Now.Add(-time.Hour)
	g.as("HUB_CLIN", "HUB-CAM").given("record-capacity", fmt.Sprintf(`{"decision":%q,"outcome":"LACKS"}`, k))
	g.ctx.Now = g.ctx.Now.Add(time.Hour)
	return g
}

// Somebody else decides only for a person who cannot, and only under an
// authority that is on the record and extends to the decision on that day.
func TestSomebodyElseDecidesUnderAnAuthority(t *testing.T) {
	t.Parallel()
	grant := `{"kind":"SCREENING","form":"EXPLICIT_WRITTEN","givenBy":"ATTORNEY","authorityRef":"LPA-12"}`
	authority := func(rest string) string {
		return fmt.Sprintf(`{"holder":%q,"reference":"LPA-12"%s}`, sampleStaff, rest)
	}
	for _, c := range []struct{ name, authority, code string }{
		{"none", "", "authority-not-recorded"},
		{"an attorney for everything", authority(`,"kind":"ATTORNEY","from":"2025-01-01"`), ""},
		{"for screening", authority(`,"kind":"ATTORNEY","from":"2025-01-01","decisions":["SCREENING"]`), ""},
		{"for something else", authority(`,"kind":"ATTORNEY","from":"2025-01-01","decisions":["DISCLOSURE"]`), "authority-does-not-extend"},
		{"a deputy", authority(`,"kind":"DEPUTY","from":"2025-01-01"`), "authority-not-recorded"},
		{"until yesterday", authority(`,"kind":"ATTORNEY","from":"2025-01-01","to":"2026-02-03"`), "authority-does-not-extend"},
		{"until today", authority(`,"kind":"ATTORNEY","from":"2025-01-01","to":"2026-02-04"`), ""},
		{"from tomorrow", authority(`,"kind":"ATTORNEY","from":"2026-02-05"`), "authority-does-not-extend"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := lacking(t, consent.Screening)
			if c.authority != "" {
				g.when("record-authority-to-act", c.authority).then("consent.authority-to-act-recorded")
			}
			r := g.when("grant-consent", grant)
			if c.code != "" {
				r.refused(c.code)
				return
			}
			r.then("consent.granted")
			id := g.last().Data.(consent.ConsentGranted).Consent
			g.when("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`).refused("lacks-capacity")
			g.when("reconfirm-consent", naming(id, "")).then("consent.reconfirmed") // by whoever gave it
			g.at("2026-03-01 10:00").given("record-capacity", `{"decision":"SCREENING","outcome":"HAS"}`)
			g.at("2026-03-02 10:00").when("reconfirm-consent", naming(id, "")).refused("person-decides")
		})
	}
	g := told(t)
	for pointer, rest := range map[string]string{"/kind": `,"kind":"SELF","from":"2025-01-01"`, "/from": `,"kind":"DEPUTY"`, "/to": `,"kind":"DEPUTY","from":"2025-01-01","to":"2024-01-01"`,
		"/decisions/0": `,"kind":"DEPUTY","from":"2025-01-01","decisions":["REQ_WILLINGNESS"]`} {
		g.when("record-authority-to-act", authority(rest)).invalid(pointer)
	}
	g.when("record-authority-to-act", fmt.Sprintf(`{"kind":"DEPUTY","holder":%q,"reference":"a long story","from":"2025-01-01"}`, sampleStaff)).invalid("/reference")
	g = lacking(t, consent.Willingness)
	g.when("record-best-interests", `{"kind":"REQ_WILLINGNESS","decision":"Go along."}`).refused("willingness-goes-to-the-court")
}

// Custody, release, transfer and a recipient's change put a mark on a consent
// that stays active, until the person stands by it anew.
func TestAConsentIsMarkedToBeReconfirmed(t *testing.T) {
	t.Parallel()
	practitioner := event.DeriveUUID("test-actor", []byte("PP"), []byte("PROB-N56"))
	for _, c := range []struct {
		name, command, body string
		named, plain        bool // marked: a consent that names the practitioner, and one that names their organisation
	}{
		{"custody", "enter-custody", `{"establishment":"HMP Invented"}`, true, true},
		{"transfer", "transfer-case", `{"to":"N07","handoverUntil":"2026-03-20"}`, true, true},
		{"another practitioner", "allocate-practitioner", fmt.Sprintf(`{"practitioner":%q,"organisation":%q}`, sampleStaff, orgID(t, "PROB-N56")), true, false},
		{"another organisation", "allocate-practitioner", fmt.Sprintf(`{"practitioner":%q,"organisation":%q}`, practitioner, orgID(t, "PROB-N07")), false, true},
		{"nothing", "record-address", `{"variant":"NO_FIXED_ABODE"}`, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := supervised(t).given("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).
				given("allocate-practitioner", fmt.Sprintf(`{"practitioner":%q,"organisation":%q}`, practitioner, orgID(t, "PROB-N56"))).
				at("2026-02-04 10:00").as("HUB_NURSE", "HUB-CAM")
			plain := g.consents("PROB-N56")
			g.given("grant-consent", fmt.Sprintf(`{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":{"from":"NHS","recipients":[{"side":"PROBATION","person":%q}],"purposes":["REHAB_SUPPORT"],"categories":["H.ATTENDANCE"]}}`, practitioner))
			named := g.last().Data.(consent.ConsentGranted).Consent
			g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
			screening := g.last().Data.(consent.ConsentGranted).Consent
			before := g.ctx.Now
			g.at("2026-03-01 10:00").as("PP", "PROB-N56").given(c.command, c.body)
			s := g.state()
			if got := s.NeedsReconfirm(named, g.ctx.Now); got != c.named {
				t.Errorf("naming the practitioner: got %v, want %v", got, c.named)
			}
			if got := s.NeedsReconfirm(plain, g.ctx.Now); got != c.plain {
				t.Errorf("naming the organisation: got %v, want %v", got, c.plain)
			}
			if s.NeedsReconfirm(screening, g.ctx.Now) || s.NeedsReconfirm(named, before) || s.NeedsReconfirm(person, g.ctx.Now) {
				t.Error("marked: a consent to be screened, one before the change, or one that is not there")
			}
			if s.Consent.StatusAt(named, g.ctx.Now) != consent.Active {
				t.Error("a mark ends no consent")
			}
			g.at("2026-03-02 10:00").as("HUB_NURSE", "HUB-CAM").when("reconfirm-consent", naming(named, "")).then()
			g.when("reconfirm-consent", naming(plain, "")).then()
			if s := g.state(); s.NeedsReconfirm(named, g.ctx.Now) || s.NeedsReconfirm(plain, g.ctx.Now) {
				t.Error("marked after it was reconfirmed")
			}
		})
	}
}

// A consent to disclosure ends with supervision, once that is noted; one to
// be screened does not.
func TestAConsentEndsWithSupervision(t *testing.T) {
	t.Parallel()
	g := supervised(t).given("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).at("2026-02-04 10:00").as("HUB_NURSE", "HUB-CAM")
	id := g.consents("PROB-N56")
	g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
	screening := g.last().Data.(consent.ConsentGranted).Consent
	g.as("SYSTEM", "HUB-CAM").at("2026-03-01 10:00").when("expire-consent", naming(id, "")).refused("not-yet-expired")
	order := g.state().Supervision.Orders[0].ID
	g.as("PP", "PROB-N56").given("end-supervision", fmt.Sprintf(`{"supervision":%q,"reason":"COMPLETED"}`, order))
	g.as("SYSTEM", "HUB-CAM").at("2026-03-01 10:05")
	if got := g.state().Consent.StatusAt(id, g.ctx.Now); got != consent.Active {
		t.Errorf("got %s before the end is noted, want ACTIVE", got)
	}
	g.when("expire-consent", naming(screening, "")).refused("not-yet-expired")
	g.when("expire-consent", naming(id, "")).then("consent.expired")
	if e := g.last(); e.Effective != when("2026-03-01T10:00:00Z") {
		t.Errorf("expired as of %s, want the end of supervision", e.Effective)
	}
	for at, want := range map[string]consent.Status{"2026-03-01T09:59:00Z": consent.Active, "2026-03-01T10:00:00Z": consent.Expired} {
		if got := g.state().Consent.StatusAt(id, when(at).Earliest()); got != want {
			t.Errorf("at %s: got %s, want %s", at, got, want)
		}
	}
	g.when("expire-consent", naming(id, "")).nothing()
}

func TestWhatEndedIsNeitherReconfirmedNorNarrowedNorInvalidated(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	g.at("2026-02-05 10:00").given("withdraw-consent", naming(id, ""))
	g.when("reconfirm-consent", naming(id, "")).refused("consent-not-active")
	g.when("narrow-consent", naming(id, `"scope":`+g.attendanceTo("PROB-N56"))).refused("consent-not-active")
	g.when("withdraw-consent", naming(id, "")).refused("consent-not-active")
	g.as("IG_LEAD", "HUB-CAM").when("invalidate-consent", naming(id, `"reason":"WRONG_PERSON"`)).refused("consent-not-active")
	g.as("SYSTEM", "HUB-CAM").when("expire-consent", naming(id, "")).refused("consent-not-active")
}
