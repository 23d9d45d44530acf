package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/person"
)

var traced = person.IdentifierVerified{Link: id("link"), Type: person.NHSNumberType, Status: "01"}

var _ = check("L32",
	monitorCase{"not traced", func(s *story) {
		s.linked("02").at("2026-02-27 09:00").keyed("HUB-ILF", "GP2")
	}, []want{both("telling", "link")}},
	monitorCase{"traced the day before", func(s *story) {
		s.linked("02").at("2026-02-03 09:00").record("", traced).at("2026-02-04 10:45").keyed("HUB-CAM", "GP1")
	}, nil},
	monitorCase{"traced in time, recorded late", func(s *story) {
		s.linked("02").at("2026-02-04 10:45").keyed("HUB-CAM", "GP1")
		s.at("2026-02-05 09:00").was(london("2026-02-03 09:00")).record("trace", traced)
	}, []want{{item: "telling", known: true}}},
	monitorCase{"the trace had come to a conflict", func(s *story) {
		s.linked("01").record("trace", person.IdentifierVerified{Link: id("link"), Type: person.NHSNumberType, Status: "05"})
		s.at("2026-02-04 10:45").keyed("HUB-CAM", "GP1")
	}, []want{both("telling", "trace")}},
	monitorCase{"within one controller", func(s *story) { s.linked("02").keyed("HUB-ILF", "HUB-HAM") }, nil},
	monitorCase{"keyed on another identifier", func(s *story) {
		s.record("link", person.IdentifierLinked{Link: id("link"), Type: person.CRNType})
		s.record("telling", disclosure.DisclosureMade{Identifier: id("link"), Flow: flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "ID.CRN")})
	}, nil},
)
