package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

// signed is an undertaking of the navigator of an organisation.
func (s *story) signed(code reference.OrganisationCode, until event.Day) *story {
	return s.organisation(code, "undertaking", governance.UndertakingSigned{Undertaking: id("undertaking"), Staff: staff("NAVIGATOR of " + string(code)), Until: until})
}

var _ = check("L46",
	monitorCase{"a volunteer who signed nothing", func(s *story) {
		s.at("2026-03-16 09:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline")
	}, []want{both("look")}},
	monitorCase{"a navigator who signed", func(s *story) {
		s.signed("HUB-CAM", 0).at("2026-03-16 09:00").by("NAVIGATOR", "HUB-CAM").look("look", "person.timeline")
	}, nil},
	monitorCase{"on its last day", func(s *story) {
		s.signed("HUB-CAM", event.MustDay("2026-03-31")).at("2026-03-31 23:59").by("NAVIGATOR", "HUB-CAM").look("look", "person.timeline")
	}, nil},
	monitorCase{"and after it", func(s *story) {
		s.signed("HUB-CAM", event.MustDay("2026-03-31")).at("2026-04-01 00:00").by("NAVIGATOR", "HUB-CAM").look("look", "person.timeline")
	}, []want{both("look", "undertaking")}},
	monitorCase{"signed after the look", func(s *story) {
		s.by("NAVIGATOR", "HUB-CAM").look("look", "person.timeline").at("2026-02-02 09:01").signed("HUB-CAM", 0)
	}, []want{both("look")}},
	monitorCase{"signed before it, recorded after", func(s *story) {
		s.by("NAVIGATOR", "HUB-CAM").look("look", "person.timeline").at("2026-02-03 09:00").was(day("2026-01-05")).signed("HUB-CAM", 0)
	}, []want{{item: "look", known: true}}},
	monitorCase{"somebody else of a voluntary body", func(s *story) {
		s.by("IG_LEAD", "VOL1").reads("read", "AUDIT")
	}, []want{both("read")}},
	monitorCase{"who treats is bound by their profession", func(s *story) {
		s.by("TX_PROV", "DRUG1").look("look", "person.timeline")
	}, nil},
	monitorCase{"so is a nurse", func(s *story) { s.look("look", "person.timeline") }, nil},
)
