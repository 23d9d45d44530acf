package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
)

func onConsent(from, override string) func(*story) {
	return func(s *story) {
		s.record("c", consent.ConsentGranted{Consent: id("c"), Kind: consent.GDPR, DPOOverride: consent.Reference(override)})
		b := directCare()
		b.Article6, b.Consent = "A6A", id("c")
		f := toPractice("H.NOTE")
		f.FromOrg = org("DRUG1")
		f.Direction.From = "VCSE"
		if from == "NHS" {
			f = toPractice("H.NOTE")
		}
		s.permits("k", f, b).discloses("d", "k", f)
	}
}

var _ = check("L13",
	monitorCase{"by the NHS", onConsent("NHS", ""), []want{both("d", "k", "c")}},
	monitorCase{"with the DPO's override", onConsent("NHS", "DPO-2026-1"), nil},
	monitorCase{"by a charity", onConsent("VCSE", ""), nil},
	monitorCase{"no consent is named", decidedOn(toPractice("H.NOTE"), directCare(), func(b *disclosure.Basis) { b.Article6 = "A6A" }), []want{both("d", "k")}},
	monitorCase{"on the public task", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toPractice("H.NOTE")) }, nil},
)
