package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// The flows and bases of the stories, complete: a case changes what it is about.

func toProbation(categories ...event.Category) disclosure.Flow {
	return flow(org("HUB-CAM"), org("PROB-N56"), "REHAB_SUPPORT", categories...)
}

func toPractice(categories ...event.Category) disclosure.Flow {
	return flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE", categories...)
}

func rehabilitation(c string) disclosure.Basis {
	b := disclosure.Basis{Rule: "R03", RuleVersion: 1, Article6: "A6E", Article9: "A9G", Schedule1: "p6", Confidence: disclosure.ExplicitConsent,
		Gateway: "G-GENFUNC", Informed: disclosure.WasInformed}
	if c != "" {
		b.Consent, b.ConsentVersion = id(c), 1
	}
	return b
}

func directCare() disclosure.Basis {
	return disclosure.Basis{Rule: "R01", RuleVersion: 1, Article6: "A6E", Article9: "A9H", Schedule1: "p2", Confidence: disclosure.ImpliedConsent,
		Gateway: "G-251B", Informed: disclosure.WasInformed}
}

// permits records that it was decided to tell.
func (s *story) permits(k string, f disclosure.Flow, b disclosure.Basis) *story {
	return s.record(k, disclosure.DisclosureDecided{Decision: id(k), Flow: f, Basis: b, Outcome: disclosure.Permit, Reason: "NECESSARY"})
}

// discloses records that it was told, under a decision if one is named.
func (s *story) discloses(ref, k string, f disclosure.Flow, categories ...event.Category) *story {
	if len(categories) > 0 {
		f.Categories = categories
	}
	d := disclosure.DisclosureMade{Disclosure: id(ref), Flow: f, Method: "LETTER"}
	if k != "" {
		d.Decision = id(k)
	}
	return s.record(ref, d)
}

// agrees records a consent to disclosure that ends on 4 August 2026.
func (s *story) agrees(c string, scope consent.Scope) *story {
	return s.record(c, consent.ConsentGranted{Consent: id(c), Version: 1, Kind: consent.Disclosure, Scope: scope, Form: consent.Written,
		GivenBy: consent.Self, ExpiresAt: day("2026-08-04"), Voluntary: consent.Voluntariness{NoEffect: true, AskedFreely: true}})
}

// probation is a scope: what the NHS may tell a probation region, and which.
func probation(categories ...event.Category) consent.Scope {
	return consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Org: org("PROB-N56")}}, Purposes: []event.Purpose{"REHAB_SUPPORT"}, Categories: categories}
}
