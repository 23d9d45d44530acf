package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

func (s *story) entered(code reference.OrganisationCode, p event.Purpose, to event.Side, from string) *story {
	return s.organisation(code, "", governance.RopaEntryRecorded{Entry: id(string(p) + string(to)), Purpose: p, RecipientSide: to, From: event.MustDay(from)})
}

var _ = check("L38",
	monitorCase{"no record at all, found once", func(s *story) {
		s.tellsPractice("first").at("2026-02-03 09:00").tellsPractice("second")
	}, []want{{item: "first", key: "direct-care-nhs", known: true, now: true}}},
	monitorCase{"an entry for it", func(s *story) {
		s.entered("HUB-CAM", "DIRECT_CARE", event.NHS, "2026-02-02").tellsPractice("first")
	}, nil},
	monitorCase{"in the controller's record, from the day on", func(s *story) {
		s.entered("HUB-ILF", "DIRECT_CARE", event.NHS, "2026-02-03").at("2026-02-02 23:59").tellsPractice("first").at("2026-02-03 00:00").tellsPractice("second")
	}, []want{both("first")}},
	monitorCase{"entries for another side and another purpose", func(s *story) {
		s.entered("HUB-CAM", "DIRECT_CARE", event.VCSE, "2026-01-05").entered("HUB-CAM", "REHAB_SUPPORT", event.NHS, "2026-01-05").tellsPractice("first")
	}, []want{both("first")}},
	monitorCase{"entered late", func(s *story) {
		s.tellsPractice("first").at("2026-02-03 09:00").was(day("2026-01-05")).entered("HUB-CAM", "DIRECT_CARE", event.NHS, "2026-01-05")
	}, []want{{item: "first", known: true}}},
	monitorCase{"the person has a copy", func(s *story) {
		f := flow(org("HUB-CAM"), event.UUID{}, "SUBJECT_RIGHTS", "H.NOTE")
		f.Direction.To = event.PersonSide
		s.tells("copy", "", f)
	}, nil},
	monitorCase{"nobody meant to tell", func(s *story) {
		s.record("report", disclosure.UnplannedDisclosureReported{Flow: flow(org("HUB-CAM"), org("PROB-N56"), "REHAB_SUPPORT", "H.NOTE")})
	}, nil},
)
