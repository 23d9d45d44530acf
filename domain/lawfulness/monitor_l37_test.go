package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

// impactAssessed is an impact assessment of the hub, due for review on a day.
func (s *story) impactAssessed(code reference.OrganisationCode, ref, review string) *story {
	return s.organisation(code, ref, governance.DPIAApproved{DPIA: id(ref), Version: 1, Processing: governance.HealthHub, ReviewDue: event.MustDay(review)})
}

func (s *story) tellsPractice(ref string) *story {
	return s.tells(ref, "", flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE", "ID.DEMOG"))
}

var _ = check("L37",
	monitorCase{"never assessed, found once", func(s *story) {
		s.tellsPractice("first").at("2026-02-03 09:00").tellsPractice("second").record("screening", screened)
	}, []want{{item: "first", key: "health-hub", known: true, now: true}}},
	monitorCase{"assessed before", func(s *story) {
		s.impactAssessed("HUB-CAM", "dpia", "2027-01-05").at("2026-02-03 09:00").tellsPractice("first").record("screening", screened)
	}, nil},
	monitorCase{"by another organisation of the controller", func(s *story) {
		s.impactAssessed("HUB-MID", "dpia", "2027-01-05").at("2026-02-03 09:00").tellsPractice("first")
	}, nil},
	monitorCase{"health information is taken down", func(s *story) {
		s.record("screening", screened)
	}, []want{both("screening")}},
	monitorCase{"the processing changed since", func(s *story) {
		s.impactAssessed("HUB-CAM", "dpia", "2027-01-05").at("2026-02-10 09:00").organisation("HUB-CAM", "change", governance.ProcessingChanged{Processing: governance.HealthHub})
		s.at("2026-02-11 09:00").tellsPractice("first")
	}, []want{{item: "first", key: "health-hub-2026-02-10", evidence: []string{"dpia", "change"}, known: true, now: true}}},
	monitorCase{"and was assessed again", func(s *story) {
		s.impactAssessed("HUB-CAM", "dpia", "2027-01-05").at("2026-02-10 09:00").organisation("HUB-CAM", "change", governance.ProcessingChanged{Processing: governance.HealthHub})
		s.at("2026-02-10 10:00").impactAssessed("HUB-CAM", "again", "2027-01-05").at("2026-02-11 09:00").tellsPractice("first")
	}, nil},
	monitorCase{"the review is past", func(s *story) {
		s.impactAssessed("HUB-CAM", "dpia", "2026-02-04").at("2026-02-04 00:00").tellsPractice("first")
	}, []want{{item: "first", key: "health-hub-2026-02-04", known: true, now: true}}},
	monitorCase{"the assessment was recorded late", func(s *story) {
		s.tellsPractice("first").at("2026-02-03 09:00").was(day("2026-01-05")).impactAssessed("HUB-CAM", "dpia", "2027-01-05")
	}, []want{{item: "first", known: true}}},
	monitorCase{"within one controller", func(s *story) {
		s.tells("first", "", flow(org("HUB-CAM"), org("HUB-MID"), "DIRECT_CARE", "ID.DEMOG"))
	}, nil},
	monitorCase{"nobody meant to tell", func(s *story) {
		s.record("report", disclosure.UnplannedDisclosureReported{Flow: flow(org("HUB-CAM"), org("PROB-N56"), "", "H.NOTE")})
	}, nil},
)
