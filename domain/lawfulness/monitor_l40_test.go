package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/governance"
)

// trained records that the nurse took a course.
func (s *story) trained(ref string, course governance.Course) *story {
	return s.organisation("HUB-CAM", ref, governance.TrainingRecorded{Training: id(ref), Staff: staff("HUB_NURSE of HUB-CAM"), Course: course})
}

var _ = check("L40",
	monitorCase{"never trained, found once", func(s *story) {
		s.look("first", "person.timeline").look("second", "person.timeline").tellsPractice("telling")
	}, []want{{item: "first", known: true, now: true}}},
	monitorCase{"reads twelve months on, to the day", func(s *story) {
		s.trained("course", governance.DataSecurity).at("2027-02-02 23:59").look("look", "person.timeline")
	}, nil},
	monitorCase{"and the day after", func(s *story) {
		s.trained("course", governance.DataSecurity).at("2027-02-03 00:00").look("look", "person.timeline")
	}, []want{both("look", "course")}},
	monitorCase{"trained on the last day of February of a leap year", func(s *story) {
		s.at("2028-02-29 09:00").trained("course", governance.DataSecurity).at("2029-02-28 23:59").look("look", "person.timeline").
			at("2029-03-01 00:00").look("late", "person.timeline")
	}, []want{both("late")}},
	monitorCase{"two lapses are two findings", func(s *story) {
		s.look("first", "person.timeline").at("2026-02-02 09:01").trained("course", governance.DataSecurity)
		s.at("2028-02-02 09:00").look("second", "person.timeline")
	}, []want{both("first"), both("second", "course")}},
	monitorCase{"decides and discloses", func(s *story) {
		s.decides("decision", "R01", flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE", "ID.DEMOG"))
		s.named("another", "HUB_CLIN", "HUB-CAM").tells("telling", "decision", flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE", "ID.DEMOG"))
	}, []want{both("decision"), both("telling")}},
	monitorCase{"reads the ledger", func(s *story) { s.reads("read", "AUDIT") }, []want{both("read")}},
	monitorCase{"another course", func(s *story) {
		s.trained("course", "CONFIDENTIALITY").look("look", "person.timeline")
	}, []want{both("look")}},
	monitorCase{"trained in time, recorded late", func(s *story) {
		s.look("look", "person.timeline").at("2026-02-03 09:00").was(day("2026-01-05")).trained("course", governance.DataSecurity)
	}, []want{{item: "look", known: true}}},
	monitorCase{"takes something down", func(s *story) { s.record("notice", notice) }, nil},
	monitorCase{"reports what somebody else told", func(s *story) {
		s.record("report", disclosure.UnplannedDisclosureReported{Disclosure: id("d")})
	}, nil},
	monitorCase{"a timer", func(s *story) {
		s.by("SYSTEM", "HUB-CAM").tellsPractice("telling")
	}, nil},
)
