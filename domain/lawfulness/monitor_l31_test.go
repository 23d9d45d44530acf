package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
)

// linked links an NHS number to the person.
func (s *story) linked(status reference.NHSNumberStatus) *story {
	return s.record("link", person.IdentifierLinked{Link: id("link"), Type: person.NHSNumberType, Value: event.Own("9990003025"), Status: status})
}

func (s *story) unlinked(reason person.UnlinkReason) *story {
	return s.record("unlink", person.IdentifierUnlinked{Link: id("link"), Type: person.NHSNumberType, Reason: reason})
}

func (s *story) keyed(from, to reference.OrganisationCode) *story {
	return s.record("telling", disclosure.DisclosureMade{Disclosure: id("d"), Identifier: id("link"), Flow: flow(org(from), org(to), "DIRECT_CARE", "ID.NHSNO")})
}

var _ = check("L31",
	monitorCase{"the number was somebody else's", func(s *story) {
		s.at("2026-02-26 09:00").linked("02").at("2026-02-27 09:00").keyed("HUB-ILF", "GP2").at("2026-03-02 09:00").unlinked(person.WrongPerson)
	}, []want{hindsight("telling", "link", "unlink")}},
	monitorCase{"and was known to be", func(s *story) {
		s.linked("01").at("2026-03-02 09:00").unlinked(person.WrongPerson).at("2026-03-03 09:00").keyed("HUB-ILF", "GP2")
	}, []want{both("telling", "unlink")}},
	monitorCase{"it was only mistyped", func(s *story) {
		s.linked("01").keyed("HUB-ILF", "GP2").at("2026-03-02 09:00").unlinked(person.Mistyped)
	}, nil},
	monitorCase{"nothing was told through it", func(s *story) {
		s.linked("01").tells("telling", "", flow(org("HUB-ILF"), org("GP2"), "DIRECT_CARE", "ID.DEMOG"))
		s.at("2026-03-02 09:00").unlinked(person.WrongPerson)
	}, nil},
	monitorCase{"within one controller", func(s *story) {
		s.linked("01").keyed("HUB-ILF", "HUB-HAM").at("2026-03-02 09:00").unlinked(person.WrongPerson)
	}, nil},
)
