package lawfulness

import (
	"maps"
	"slices"
	"testing"

	"caseledger/domain/agreement"
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
	"caseledger/domain/supervision"
)

// permit is a complete record of a decision to tell by a rule: of each basis
// the rule names, the usual one.
func permit(name string, by disclosure.Rule, f disclosure.Flow) disclosure.DisclosureDecided {
	r, ok := Default().Rule(by)
	if !ok {
		panic("no rule " + string(by))
	}
	f.ToRole, f.Detail = "PP", "SUMMARY"
	return disclosure.DisclosureDecided{Decision: id(name), Flow: f, Outcome: disclosure.Permit, Reason: "NECESSARY",
		Basis: disclosure.Basis{Rule: by, RuleVersion: r.Version, Article6: usual(r.Article6), Article9: usual(r.Article9),
			Schedule1: usual(r.Schedule1), Confidence: usual(r.Confidence), Gateway: usual(r.Gateways),
			ValidUntil: day("2027-12-31"), Informed: disclosure.WasInformed},
		Necessity: event.Own("an invented reason")}
}

func usual[C any](of []C) (first C) {
	if len(of) > 0 {
		first = of[0]
	}
	return first
}

// decides records a permit by a rule under a name, and tells records that what
// was decided was told.
func (s *story) decides(name string, by disclosure.Rule, f disclosure.Flow) *story {
	return s.record(name, permit(name, by, f))
}

func (s *story) tells(name, decision string, f disclosure.Flow) *story {
	return s.record(name, told(name, decision, f))
}

func told(name, decision string, f disclosure.Flow) disclosure.DisclosureMade {
	d := disclosure.DisclosureMade{Disclosure: id(name), Flow: f, Method: "SYSTEM"}
	if decision != "" {
		d.Decision = id(decision)
	}
	return d
}

// prepared is what every lawful story rests on: staff who hold their roles,
// are trained and bound; assessments, policy documents and records of
// processing; agreements; and a person who was told, and whose NHS number is
// traced.
func (s *story) prepared() *story {
	keyboard := s.actor
	at := day("2026-01-05")
	staffed := map[reference.OrganisationCode][]event.Role{
		"HUB-CAM": {"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "CALDICOTT", "IG_LEAD"}, "HUB-HAM": {"HUB_CLIN", "HUB_NURSE"}, "PROB-N56": {"PP", "SPO"},
		"PROB-N07": {"PP"}, "DRUG1": {"TX_PROV"}, "TRUST": {"TX_PROV"}, "PRISON-HC": {"PRISON_HC"},
	}
	for _, code := range slices.Sorted(maps.Keys(staffed)) {
		for _, role := range staffed[code] {
			who := s.by(role, code).actor.ID
			name := string(role) + " of " + string(code)
			s.was(at).organisation(code, "", governance.StaffRoleAssigned{Assignment: id(name), Staff: who, Role: role})
			s.was(at).organisation(code, "", governance.TrainingRecorded{Training: id(name), Staff: who, Course: governance.DataSecurity})
			s.was(at).organisation(code, "", governance.UndertakingSigned{Undertaking: id(name), Staff: who})
		}
		s.was(at).impactAssessed(code, "dpia "+string(code), "2028-01-05")
		for _, c := range governance.Conditions {
			s.was(at).organisation(code, "", governance.PolicyDocumentPublished{Document: id(string(c)), Version: 1, Condition: c, From: event.MustDay("2026-01-05"), ReviewDue: event.MustDay("2028-01-05")})
		}
		for _, p := range []event.Purpose{"DIRECT_CARE", "REHAB_SUPPORT", "REQ_MGMT", "PUBLIC_PROTECTION", "HOUSING_SUPPORT", "EMERGENCY"} {
			for _, to := range []event.Side{event.NHS, event.Probation, event.VCSE, event.LocalAuthority} {
				s.was(at).entered(code, p, to, "2026-01-05")
			}
		}
	}
	s.shared("DSA-1", []event.Purpose{"REHAB_SUPPORT", "REQ_MGMT", "DIRECT_CARE"}, event.Probation,
		[]event.Category{"H.ATTENDANCE", "H.REFERRAL", "H.DRUGTEST", "J.REQUIREMENT", "J.SUPERVISION", "ID.*"}, "HUB-CAM", "TRUST", "DRUG1", "PROB-N56")
	s.shared("DSA-4", []event.Purpose{"HOUSING_SUPPORT"}, event.LocalAuthority, []event.Category{"ID.*", "W.HOUSING"}, "HUB-CAM", "HOUSE-HAM")
	s.actor = keyboard
	s.record("", person.PersonRegistered{Site: "CAMBRIDGE", Region: "N56"}).record("", notice)
	return s.record("", person.IdentifierLinked{Link: id("link"), Type: person.NHSNumberType, Status: person.Traced})
}

// shared is an agreement of 2026 by which the others tell a side.
func (s *story) shared(name string, purposes []event.Purpose, to event.Side, categories []event.Category, parties ...reference.OrganisationCode) {
	terms := agreement.Terms{Label: agreement.Reference(name), Purposes: purposes, From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05"),
		Flows: []agreement.Flow{{From: event.NHS, To: to, Categories: categories}, {From: event.VCSE, To: to, Categories: categories}}}
	for _, p := range parties {
		o, _ := register.ByCode(p)
		terms.Parties = append(terms.Parties, agreement.Party{Org: o.ID, Side: o.Side, Role: "SOLE"})
	}
	s.was(day("2026-01-05")).agreement(name, name, agreement.AgreementDrafted{Agreement: id(name), Terms: terms})
	for _, p := range terms.Parties {
		s.was(day("2026-01-05")).agreement(name, "", agreement.AgreementSigned{Version: 1, Org: p.Org, Role: "SIRO"})
	}
}

// supervisedBy is a community order of 2026 with a requirement, under which
// an organisation treats.
func (s *story) supervisedBy(kind reference.RequirementKind, testing bool, provider reference.OrganisationCode) *story {
	keyboard := s.actor
	s.by("PP", "PROB-N56").record("", supervision.SupervisionStarted{Supervision: id("order"), Practitioner: s.actor.ID,
		Terms: event.Own(supervision.Terms{Type: "COMMUNITY_ORDER", From: event.MustDay("2026-01-26"), To: event.MustDay("2027-01-26")})})
	s.record("", supervision.RequirementImposed{Requirement: id("requirement"), Supervision: id("order"), Terms: event.Own(supervision.RequirementTerms{
		Kind: kind, From: event.MustDay("2026-01-26"), To: event.MustDay("2027-01-26"), Provider: org(provider), Testing: testing})})
	s.actor = keyboard
	return s.record("", supervision.ReportingExplained{Requirement: id("requirement")})
}

// mustNotFire are the false positives that domain reference section 8.7 lists,
// and the lawful controls of section 12.4. Each is at an edge: a step further,
// one monitor finds it.
var mustNotFire = []struct {
	name  string
	fires finding.Monitor // a step further; empty where there is none
	story func(s *story, further bool)
}{
	{"a drug test result is reported after the consent to tell was withdrawn (B4)", "L01", func(s *story, further bool) {
		s.supervisedBy("DRR", true, "DRUG1").agrees("consent", probation("H.ATTENDANCE")).record("", takenBack)
		f := flow(org("DRUG1"), org("PROB-N56"), "REQ_MGMT", "H.DRUGTEST")
		s.at("2026-03-02 09:00").by("TX_PROV", "DRUG1").tested().decides("decision", "R05", f)
		d := told("report", "decision", f)
		if further {
			d.Consent, d.ConsentVersion = id("consent"), 1
		}
		s.record("report", d)
	}},
	{"attendance is reported despite the withdrawal (A15)", "L29", func(s *story, further bool) {
		s.supervisedBy("MHTR", false, "TRUST").agrees("consent", probation("H.ATTENDANCE")).record("", takenBack)
		f := flow(org("TRUST"), org("PROB-N56"), "REQ_MGMT", "H.ATTENDANCE")
		if further {
			f.Categories = append(f.Categories, "H.NOTE")
		}
		s.at("2026-02-25 09:00").by("TX_PROV", "TRUST").decides("decision", "R05", f).tells("report", "decision", f)
	}},
	{"in the public interest, with the full record, despite a refusal (B7)", "L16", func(s *story, further bool) {
		s.record("", consent.ConsentRefused{Consent: id("refused"), Kind: consent.Disclosure, Scope: probation("H.RISK_SELF"), Reason: "PRIVACY"})
		f := flow(org("HUB-CAM"), org("PROB-N56"), "PUBLIC_PROTECTION", "H.RISK_SELF")
		s.at("2026-03-10 09:00").by("CALDICOTT", "HUB-CAM")
		reasons := disclosure.PublicInterestDecisionRecorded{PublicInterest: id("reasons"), Decision: id("decision"), Seriousness: "DEATH_OR_SERIOUS_HARM",
			Likelihood: "LIKELY", Informed: disclosure.WasInformed, ReviewOn: event.MustDay("2026-04-10"), Harm: event.Own("invented"),
			Consent: event.Own("invented"), Proportionality: event.Own("invented"), Alternatives: event.Own("invented"), WhyNot: event.Own("invented")}
		if further {
			reasons.Alternatives = event.Own("")
		}
		s.record("", reasons).decides("decision", "R04", f).tells("telling", "decision", f)
	}},
	{"a practice is told although the person opted out of research", "L41", func(s *story, further bool) {
		f := toPractice("ID.DEMOG", "H.MEDICATION")
		if further {
			f.Purpose = "RESEARCH"
		}
		s.record("", consent.OptOutStatusChecked{Result: consent.OptedOut}).decides("decision", "R01", f).tells("telling", "decision", f)
	}},
	{"break-glass is reviewed after exactly 72 hours", "L20", func(s *story, further bool) {
		s.by("SPO", "PROB-N56").record("", person.AccessRestrictionSet{Restriction: id("lao"), Mode: person.Restricted, Users: []event.UUID{s.actor.ID}})
		s.at("2026-03-27 22:10").by("HUB_CLIN", "HUB-CAM").record("", breakglass.BreakGlassInvoked{BreakGlass: id("glass"), ReasonCode: "RISK_TO_LIFE",
			ExpiresAt: london("2026-03-28 02:10"), Reason: event.Own("an invented reason, long enough")})
		s.at("2026-03-27 22:20").look("", "person.timeline").at("2026-03-27 23:40").record("", breakglass.BreakGlassEnded{BreakGlass: id("glass")})
		s.at("2026-03-30 23:10") // summer time began on the 29th
		if further {
			s.at("2026-03-30 23:10:00.000001")
		}
		s.by("IG_LEAD", "HUB-CAM").record("", breakglass.BreakGlassReviewed{BreakGlass: id("glass"), Verdict: "APPROPRIATE", Reason: event.Own("invented")})
	}},
	{"told a millisecond before the consent ends", "L06", func(s *story, further bool) {
		s.record("", consent.ConsentGranted{Consent: id("consent"), Version: 1, Kind: consent.Disclosure, Scope: probation("H.ATTENDANCE"), Form: consent.Oral,
			GivenBy: consent.Self, ExpiresAt: london("2026-05-01 12:00"), Voluntary: consent.Voluntariness{NoEffect: true, AskedFreely: true}})
		k := permit("decision", "R03", toProbation("H.ATTENDANCE"))
		k.Basis.Consent, k.Basis.ConsentVersion, k.Basis.Agreement, k.Basis.AgreementVersion = id("consent"), 1, id("DSA-1"), 1
		s.record("decision", k)
		d := told("telling", "decision", toProbation("H.ATTENDANCE"))
		d.Consent, d.ConsentVersion = id("consent"), 1
		s.at("2026-05-01 11:59:59.999")
		if further {
			s.at("2026-05-01 12:00")
		}
		s.record("telling", d)
	}},
	{"the person's own attorney is told", "L04", func(s *story, further bool) {
		a := consent.AuthorityToActRecorded{Authority: id("lpa"), Kind: consent.Attorney, Holder: id("attorney"), From: event.MustDay("2026-01-01"), To: event.MustDay("2026-03-31")}
		f := flow(org("HUB-CAM"), event.UUID{}, "DIRECT_CARE", "H.DIAGNOSIS")
		f.ToPerson = id("attorney")
		s.record("", a).at("2026-03-31 23:59")
		if further {
			s.at("2026-04-01 00:00")
		}
		s.tells("telling", "", f)
	}},
	{"it is refused to tell, with a reason (B11)", "L18", func(s *story, further bool) {
		k := permit("decision", "R08", flow(org("HUB-CAM"), org("HOUSE-MID"), "HOUSING_SUPPORT", "H.DIAGNOSIS"))
		k.Outcome, k.Reason = disclosure.Refuse, "EXCESS"
		if further {
			k.Reason = ""
		}
		s.record("decision", k)
	}},
	{"the receiving team looks on the day of the transfer", "L21", func(s *story, further bool) {
		s.supervisedBy("PROBATION", false, "PROB-N56").at("2026-03-19 23:59")
		if !further {
			s.at("2026-03-20 00:00")
		}
		s.by("PP", "PROB-N56").was(day("2026-03-20")).record("", supervision.CaseTransferred{From: "N56", To: "N07", HandoverUntil: event.MustDay("2026-04-03")})
		s.by("PP", "PROB-N07").look("", "person.timeline").by("HUB_NURSE", "HUB-HAM").look("", "person.timeline")
	}},
	{"a request is answered on the last lawful day", "L34", func(s *story, further bool) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-04-02 23:59:59.999999")
		if further {
			s.at("2026-04-03 00:00")
		}
		s.answers().judged("2026-06-01 00:00")
	}},
	{"a referral, after the number was traced (A8)", "L32", func(s *story, further bool) {
		if further {
			s.record("", person.IdentifierVerified{Link: id("link"), Type: person.NHSNumberType, Status: "02"})
		}
		s.at("2026-02-04 10:45").decides("decision", "R01", toPractice("ID.DEMOG", "ID.NHSNO", "H.REFERRAL"))
		s.record("", referral.ReferralSent{Referral: id("referral"), Decision: id("decision"),
			Details: referral.Details{Destination: "GP_REGISTRATION", Priority: "ROUTINE", ToOrg: org("GP1")}})
		d := told("telling", "decision", toPractice("ID.DEMOG", "ID.NHSNO", "H.REFERRAL"))
		d.Identifier = id("link")
		s.record("telling", d)
	}},
	{"somebody waited longer than a standard allows (A17)", "", func(s *story, _ bool) {
		s.referred("TALKING_THERAPIES", "TRUST").at("2026-03-18 09:00").by("SYSTEM", "HUB-CAM").
			record("", referral.WaitThresholdCrossed{Referral: id("referral"), Timer: "TT_6W", Day: 42})
		s.at("2026-03-20 09:00").by("TX_PROV", "TRUST").record("", referral.FirstContactMade{Referral: id("referral")})
	}},
	{"prison healthcare hands over to the hub (C1)", "L04", func(s *story, further bool) {
		f := flow(org("PRISON-HC"), org("HUB-CAM"), "DIRECT_CARE", "ID.DEMOG", "H.DIAGNOSIS", "H.MEDICATION")
		s.at("2026-02-11 09:00").by("PRISON_HC", "PRISON-HC")
		if further {
			s.tells("telling", "decision", f).at("2026-02-11 09:00:00.000001")
		}
		s.decides("decision", "R01", f)
		if !further {
			s.tells("telling", "decision", f)
		}
	}},
	{"in the best interests of somebody who lacks capacity (C5)", "L14", func(s *story, further bool) {
		s.at("2026-02-18 11:00").record("", consent.CapacityAssessed{Assessment: id("capacity"), Decision: consent.Disclosure, Outcome: event.Own(consent.Lacks)})
		s.at("2026-02-19 09:00").record("", consent.BestInterestsDecisionRecorded{BestInterests: id("best"), Kind: consent.Disclosure, Decision: event.Own("invented")})
		f := flow(org("HUB-CAM"), org("GP2"), "DIRECT_CARE", "ID.DEMOG", "H.NEURO")
		k := permit("decision", "R01", f)
		if k.Basis.Confidence = disclosure.BestInterests; further {
			k.Basis.Confidence = ""
		}
		s.record("decision", k).tells("telling", "decision", f)
	}},
	{"a homelessness referral with the person's agreement (C12)", "L11", func(s *story, further bool) {
		scope := consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Org: org("HOUSE-HAM")}}, Purposes: []event.Purpose{"HOUSING_SUPPORT"}, Categories: []event.Category{"ID.*", "W.HOUSING"}}
		s.at("2026-03-25 09:00").agrees("consent", scope).at("2026-04-20 09:00")
		if further {
			s.agreement("DSA-4", "", agreement.AgreementSuspended{})
		}
		f := flow(org("HUB-CAM"), org("HOUSE-HAM"), "HOUSING_SUPPORT", "ID.DEMOG", "W.HOUSING")
		k := permit("decision", "R08", f)
		k.Basis.Consent, k.Basis.ConsentVersion, k.Basis.Agreement, k.Basis.AgreementVersion = id("consent"), 1, id("DSA-4"), 1
		d := told("telling", "decision", f)
		d.Consent, d.ConsentVersion = id("consent"), 1
		s.at("2026-04-20 09:01").record("decision", k).record("telling", d)
	}},
	{"erasure is refused on statutory grounds (C13)", "", func(s *story, _ bool) {
		s.at("2026-05-05 09:00").asks("ERASURE").record("", rights.RightsRequestResponded{Request: id("request"), Outcome: "REFUSED",
			Grounds: []rights.Ground{"17(3)(b)", "17(3)(c)"}}).judged("2026-12-01 00:00")
	}},
}

func TestWhatMustNotFireDoesNot(t *testing.T) {
	t.Parallel()
	for _, c := range mustNotFire {
		for _, further := range []bool{false, true} {
			if further && c.fires == "" {
				continue
			}
			s := newStory(t).prepared()
			c.story(s, further)
			var found []finding.Monitor
			for _, f := range Judge(s.history(), s.moment()).Findings {
				found = append(found, f.Monitor)
			}
			switch {
			case !further && len(found) > 0:
				t.Errorf("%s: %v", c.name, found)
			case further && !slices.Contains(found, c.fires):
				t.Errorf("a step further than %s: %v, not %s", c.name, found, c.fires)
			}
		}
	}
}
