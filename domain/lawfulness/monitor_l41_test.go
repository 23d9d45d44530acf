package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// extracted is telling an evaluation something, on a basis.
func (s *story) extracted(on disclosure.Confidence, categories ...event.Category) *story {
	f := disclosure.Flow{FromOrg: org("HUB-CAM"), ToOrg: id("university"), Direction: disclosure.Direction{From: event.NHS, To: event.Research},
		Purpose: "EVALUATION", Categories: categories}
	k := permit("decision", "R17", f)
	k.Basis.Confidence = on
	return s.record("decision", k).tells("telling", "decision", f)
}

func (s *story) checked(answer consent.OptOut) *story {
	return s.record("check", consent.OptOutStatusChecked{Result: answer})
}

var _ = check("L41",
	monitorCase{"nobody asked", func(s *story) {
		s.extracted(disclosure.Section251, "H.SCREEN_BAND")
	}, []want{both("telling", "decision")}},
	monitorCase{"asked afterwards", func(s *story) {
		s.extracted(disclosure.Section251, "H.SCREEN_BAND").at("2026-02-02 09:00:00.000001").checked(consent.NotOptedOut)
	}, []want{both("telling")}},
	monitorCase{"had not opted out", func(s *story) {
		s.checked(consent.NotOptedOut).extracted(disclosure.Section251, "H.SCREEN_BAND")
	}, nil},
	monitorCase{"opted out since", func(s *story) {
		s.record("", consent.OptOutStatusChecked{Result: consent.NotOptedOut}).at("2026-02-03 09:00").checked(consent.OptedOut)
		s.extracted(disclosure.Section251, "H.SCREEN_BAND")
	}, []want{both("telling", "check")}},
	monitorCase{"asked in time, recorded late", func(s *story) {
		s.extracted(disclosure.Section251, "H.SCREEN_BAND").at("2026-02-03 09:00").was(london("2026-02-01 09:00")).checked(consent.NotOptedOut)
	}, []want{{item: "telling", known: true}}},
	monitorCase{"explicit consent", func(s *story) {
		s.checked(consent.OptedOut).extracted(disclosure.ExplicitConsent, "H.SCREEN_BAND")
	}, nil},
	monitorCase{"nothing confidential", func(s *story) {
		s.checked(consent.OptedOut).extracted("", "EQ.ETHNICITY")
	}, nil},
	monitorCase{"individual care", func(s *story) { s.checked(consent.OptedOut).tellsPractice("telling") }, nil},
)
