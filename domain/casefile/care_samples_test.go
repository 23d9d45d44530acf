package casefile_test

import (
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
)

// careSamples has one event of each type of the areas consent, screening,
// referral, disclosure, rights and break-glass, about an invented person.
func careSamples() map[string]any {
	scope := consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Side: event.Probation, Org: sampleOrg, Role: "PP", Person: sampleStaff}},
		Purposes: []event.Purpose{"REHAB_SUPPORT"}, Categories: []event.Category{"H.ATTENDANCE", "ID.*"}}
	two, zero := 2, 0
	details := referral.Details{Destination: "TALKING_THERAPIES", Priority: "ROUTINE", ToOrg: sampleOrg}
	flow := disclosure.Flow{FromOrg: sampleOrg, ToOrg: sampleOrg, ToPerson: sampleStaff, ToRole: "PP",
		Direction: disclosure.Direction{From: event.NHS, To: event.Probation}, Purpose: "REHAB_SUPPORT",
		Categories: []event.Category{"H.ATTENDANCE", "ID.CRN"}, Detail: "SUMMARY"}
	basis := disclosure.Basis{Rule: "R03", RuleVersion: 1, Article6: "A6E", Article9: "A9G", Schedule1: "p6", Confidence: disclosure.ExplicitConsent,
		Consent: sampleID, ConsentVersion: 2, Gateway: "G-GENFUNC", Agreement: sampleID, AgreementVersion: 1, ValidUntil: when("2026-08-04"), Informed: disclosure.WasNotInformed}
	item := func(category event.Category, name, value string) []event.Item {
		return []event.Item{{Category: category, Source: event.ID{UUID: sampleID}, Facts: []event.Fact{{Name: name, Value: value}}}}
	}
	note := event.Own("An invented note.")
	const reason reference.ReferralReason = "OTHER"
	return map[string]any{
		"consent.capacity-assessed": consent.CapacityAssessed{Assessment: sampleID, Decision: consent.Disclosure, Outcome: event.Own(consent.Lacks),
			Support: event.Own([]consent.Support{"EASY_READ"}), ReviewOn: event.MustDay("2026-03-18")},
		"consent.best-interests-decision-recorded": consent.BestInterestsDecisionRecorded{BestInterests: sampleID, Kind: consent.Disclosure,
			Decision: note, Consulted: event.Own([]string{"TEST SISTER"})},
		"consent.offered": consent.ConsentOffered{Consent: sampleID, Kind: consent.Disclosure, Scope: scope},
		"consent.granted": consent.ConsentGranted{Consent: sampleID, Version: 1, Kind: consent.Disclosure, Scope: scope, Form: consent.Oral,
			GivenBy: consent.Attorney, Authority: "LPA-12", ExpiresAt: when("2026-08-04"), Information: "v1", Language: "en", Interpreter: true,
			Voluntary: consent.Voluntariness{NoEffect: true, AskedFreely: true}, Appointment: sampleID, DPOOverride: "DPO/7"},
		"consent.refused":                consent.ConsentRefused{Consent: sampleID, Kind: consent.Disclosure, Scope: scope, Reason: "PRIVACY"},
		"consent.narrowed":               consent.ConsentNarrowed{Consent: sampleID, Version: 2, Scope: scope},
		"consent.withdrawn":              consent.ConsentWithdrawn{Consent: sampleID, To: "NAVIGATOR"},
		"consent.reconfirmed":            consent.ConsentReconfirmed{Consent: sampleID, Version: 3, ExpiresAt: when("2026-09-01T10:00:00Z")},
		"consent.expired":                consent.ConsentExpired{Consent: sampleID, Version: 3},
		"consent.invalidated":            consent.ConsentInvalidated{Consent: sampleID, Reason: "CAPACITY"},
		"consent.objection-recorded":     consent.ObjectionRecorded{Objection: sampleID, Scope: scope, Reason: note},
		"consent.objection-lifted":       consent.ObjectionLifted{Objection: sampleID},
		"consent.opt-out-status-checked": consent.OptOutStatusChecked{Result: consent.OptedOut},

		"consent.authority-to-act-recorded": consent.AuthorityToActRecorded{Authority: sampleID, Kind: consent.Attorney, Reference: "LPA-12",
			Holder: sampleStaff, Decisions: []consent.Kind{consent.Disclosure}, From: event.MustDay("2025-01-01"), To: event.MustDay("2030-01-01"),
			Document: note},

		"screening.offered":  screening.ScreeningOffered{Screening: sampleID, Instrument: event.Own(reference.Instrument("PHQ-9"))},
		"screening.declined": screening.ScreeningDeclined{Screening: sampleID, Instrument: event.Own(reference.Instrument("PHQ-9")), Reason: "NOT_NOW"},
		"screening.completed": screening.ScreeningCompleted{Screening: sampleID, Status: screening.Complete, Appointment: sampleID,
			Instrument: event.Own(reference.Instrument("AUDIT-C")), Form: event.Own(reference.InstrumentForm("1")), Items: event.Own([]*int{&two, nil, &zero}),
			Total: event.Own(2), Band: event.Own(reference.Band("NEGATIVE")), Positive: event.Own(false), BandTable: event.Own(reference.BandTable("UK-1")),
			BandFor: event.Own(reference.ForWomen), Outcome: event.Own(reference.InstrumentOutcome("NOT_INDICATED"))},
		"screening.risk-flag-raised":   screening.RiskFlagRaised{Flag: sampleID, Screening: sampleID, Level: event.Own(screening.Ideation), Plan: note},
		"screening.risk-flag-reviewed": screening.RiskFlagReviewed{Flag: sampleID, Level: event.Own(screening.Plan), Plan: note},
		"screening.risk-flag-closed":   screening.RiskFlagClosed{Flag: sampleID, Reason: note},
		"screening.test-result-recorded": screening.TestResultRecorded{Test: sampleID, Requirement: sampleID, Kind: event.Own(screening.DrugTest),
			Result: event.Own(screening.TestResult("POSITIVE")), Found: event.Own([]screening.Substance{"OPIATES"})},
		"screening.eligibility-assessed": screening.ScreeningEligibilityAssessed{Programme: event.Own(reference.ScreeningProgramme("CERVICAL")),
			Eligible: event.Own(screening.Eligible), Reason: event.Own(screening.EligibilityReason("AGE_AND_ANATOMY"))},

		"referral.drafted":                    referral.ReferralDrafted{Referral: sampleID, Details: details, Reason: note},
		"referral.sent":                       referral.ReferralSent{Referral: sampleID, Details: details, Decision: sampleID, Reason: note},
		"referral.acknowledged":               referral.ReferralAcknowledged{Referral: sampleID},
		"referral.accepted":                   referral.ReferralAccepted{Referral: sampleID},
		"referral.rejected":                   referral.ReferralRejected{Referral: sampleID, Reason: reason, Note: note},
		"referral.returned":                   referral.ReferralReturned{Referral: sampleID, Reason: reason, Note: note},
		"referral.put-on-hold":                referral.ReferralPutOnHold{Referral: sampleID, Reason: reason, Note: note},
		"referral.resumed":                    referral.ReferralResumed{Referral: sampleID},
		"referral.wait-started":               referral.ReferralWaitStarted{Referral: sampleID},
		"referral.first-contact-made":         referral.FirstContactMade{Referral: sampleID},
		"referral.treatment-started":          referral.TreatmentStarted{Referral: sampleID},
		"referral.outcome-recorded":           referral.OutcomeRecorded{Referral: sampleID, Outcome: event.Own(referral.Outcome("ADVICE_GIVEN")), Note: note},
		"referral.withdrawn":                  referral.ReferralWithdrawn{Referral: sampleID, By: "PERSON", Reason: reason, Note: note},
		"referral.cancelled":                  referral.ReferralCancelled{Referral: sampleID, Reason: reason, Note: note},
		"referral.closed-not-engaged":         referral.ReferralClosed{Referral: sampleID, Reason: reason, Note: note},
		"referral.gp-registration-refused":    referral.GPRegistrationRefused{Referral: sampleID, Reason: "NO_ADDRESS", LetterAt: when("2026-02-26")},
		"referral.gp-registration-accepted":   referral.GPRegistrationAccepted{Referral: sampleID},
		"referral.gp-refusal-letter-recorded": referral.GPRefusalLetterRecorded{Referral: sampleID},
		"referral.escalation-opened":          referral.EscalationOpened{Referral: sampleID, To: referral.ICB},
		"referral.wait-threshold-crossed":     referral.WaitThresholdCrossed{Referral: sampleID, Timer: "TT_6W", Day: 42},

		"disclosure.proposed": disclosure.DisclosureProposed{Decision: sampleID, Flow: flow},
		"disclosure.decided": disclosure.DisclosureDecided{Decision: sampleID, Flow: flow, Basis: basis, Outcome: disclosure.Refuse, Reason: "EXCESS",
			FailedGates: []disclosure.Gate{"G6", "G9"}, Evaluator: 2, ReferenceData: event.Commitment{1, 2, 3},
			RuleSet: "2026-01", RuleSetHash: event.Commitment{4, 5, 6}, Warnings: []disclosure.Warning{"L15"},
			ReadSet: []disclosure.Read{{Stream: event.Case(sampleID), Revision: 7}}, Necessity: note, WhyNot: note},
		"disclosure.made": disclosure.DisclosureMade{Disclosure: sampleID, Decision: sampleID, Flow: flow, Method: "LETTER", Consent: sampleID,
			ConsentVersion: 2, Identifier: sampleID, Sources: []event.ID{{UUID: sampleID}},
			Notice:       event.Own(disclosure.Notice{Disclosure: sampleID, Decision: sampleID, Flow: flow, Method: "LETTER"}),
			ToldIdentity: event.Own(item("ID.DEMOG", "name", "TEST ALPHA")), ToldHealth: event.Own(item("H.ATTENDANCE", "attended", "YES")),
			ToldOffence: event.Own(item("ID.CRN", "value", "X990101"))},
		"disclosure.received": disclosure.DisclosureReceived{Disclosure: sampleID},
		"disclosure.onward-disclosed": disclosure.OnwardDisclosed{Onward: sampleID, Origin: sampleID, Decision: sampleID,
			Categories: []event.Category{"H.ATTENDANCE"}, OriginatorInformed: true},
		"disclosure.unplanned-reported": disclosure.UnplannedDisclosureReported{Disclosure: sampleID, Decision: sampleID, Consent: sampleID, Flow: flow,
			Mishap: "TOO_MUCH", Method: "SPOKEN", Snapshot: true, How: note,
			Notice:       event.Own(disclosure.Notice{Disclosure: sampleID, Decision: sampleID, Flow: flow, Method: "SPOKEN"}),
			ToldIdentity: event.Own(item("ID.DEMOG", "name", "TEST ALPHA")), ToldHealth: event.Own(item("H.ATTENDANCE", "attended", "YES")),
			ToldOffence: event.Own(item("ID.CRN", "value", "X990101"))},
		"disclosure.public-interest-decision-recorded": disclosure.PublicInterestDecisionRecorded{PublicInterest: sampleID, Decision: sampleID,
			Seriousness: "SERIOUS", Likelihood: "LIKELY", Informed: disclosure.WasNotInformed, ReviewOn: event.MustDay("2026-03-01"), Harm: note,
			Consent: note, Proportionality: note, Alternatives: note, WhyNot: note},
		"disclosure.decision-closed": disclosure.DisclosureDecisionClosed{Decision: sampleID, Reason: "DONE"},

		"disclosure.court-order-recorded": disclosure.CourtOrderRecorded{CourtOrder: sampleID, Categories: []event.Category{"H.DIAGNOSIS"},
			ToOrg: sampleOrg, From: event.MustDay("2026-05-01"), To: event.MustDay("2026-05-31"), Reference: event.Own("Invented Crown Court 7/26")},
		"disclosure.mappa-request-recorded": disclosure.MappaRequestRecorded{MappaRequest: sampleID, Categories: []event.Category{"H.RISK_SELF"},
			Request: event.Own(disclosure.MappaMeeting{Level: 2, Reference: "An invented panel."})},
		"disclosure.emergency-reviewed": disclosure.EmergencyDisclosureReviewed{Disclosure: sampleID, Justified: true, Reason: note},

		"rights.request-received":  rights.RightsRequestReceived{Request: sampleID, Kind: rights.Access, IdentityConfirmed: true, Wording: note},
		"rights.request-paused":    rights.RightsRequestPaused{Request: sampleID, Reason: rights.Identity},
		"rights.request-clarified": rights.RightsRequestClarified{Request: sampleID},
		"rights.request-extended":  rights.RightsRequestExtended{Request: sampleID, Reason: "COMPLEX"},
		"rights.request-responded": rights.RightsRequestResponded{Request: sampleID, Outcome: rights.PartlyGranted,
			Grounds: []rights.Ground{rights.SeriousHarm}, Assessor: sampleStaff, Redactions: 3, Answer: note},
		"rights.retention-period-set": rights.RetentionPeriodSet{Period: sampleID, Class: "ADULT_HEALTH", From: event.MustDay("2026-06-01"),
			KeepUntil: event.MustDay("2034-06-01"), DisposeOn: event.MustDay("2034-06-02")},
		"rights.retention-reviewed": rights.RetentionReviewed{Period: sampleID, Outcome: rights.Extend, DisposeOn: event.MustDay("2036-06-02"), Reason: note},
		"rights.legal-hold-placed":  rights.LegalHoldPlaced{Hold: sampleID, Reason: note},
		"rights.legal-hold-lifted":  rights.LegalHoldLifted{Hold: sampleID, Reason: note},
		"rights.record-disposed": rights.RecordDisposed{Disposal: sampleID, Period: sampleID, Class: "ADULT_HEALTH",
			Data: []event.Class{event.Identity, event.Health}},
		"rights.erasure-decided": rights.ErasureDecided{Erasure: sampleID, Request: sampleID, Data: []event.Class{event.Health}, Reason: note},
		"rights.erasure-completed": rights.ErasureCompleted{Erasure: sampleID, Decision: event.ID{UUID: sampleID}, Side: event.NHS,
			Data: []event.Class{event.Health}, Keys: 2, Events: 31, CopiesUntil: event.MustDay("2026-07-01"), Rewrapped: true, RewrapBy: event.MustDay("2026-06-02"),
			Kept:   []rights.Kept{{Class: event.Identity, Keys: 1, Why: rights.InPeriod, Hold: sampleID, Period: sampleID, Until: event.MustDay("2034-06-01")}},
			Purged: []rights.Purge{{By: rights.ReadModels, Items: 7}}},

		"break-glass.invoked": breakglass.BreakGlassInvoked{BreakGlass: sampleID, ReasonCode: "RISK_TO_LIFE",
			ExpiresAt: when("2026-03-10T02:10:00Z"), Reason: note},
		"break-glass.ended":    breakglass.BreakGlassEnded{BreakGlass: sampleID},
		"break-glass.reviewed": breakglass.BreakGlassReviewed{BreakGlass: sampleID, Verdict: "APPROPRIATE", Reason: note},
	}
}
