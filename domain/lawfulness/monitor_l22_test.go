package lawfulness

import (
	"caseledger/domain/breakglass"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
)

// limited restricts access to one nurse, on 3 February, before what follows.
func limited(then func(*story)) func(*story) {
	return func(s *story) {
		s.at("2026-02-03 09:00").by("SPO", "PROB-N54").record("limit", person.AccessRestrictionSet{Restriction: id("l"), Mode: person.Restricted,
			Users: []event.UUID{staff("HUB_NURSE of HUB-MID")}})
		s.at("2026-02-03 10:00")
		then(s)
	}
}

func excluded(then func(*story)) func(*story) {
	return func(s *story) {
		s.record("limit", person.AccessRestrictionSet{Restriction: id("l"), Mode: person.Excluded, Users: []event.UUID{staff("HUB_NURSE of HUB-MID")}})
		s.at("2026-02-03 10:00")
		then(s)
	}
}

func (s *story) breaks(until string) *story {
	return s.record("glass", breakglass.BreakGlassInvoked{BreakGlass: id("g"), ExpiresAt: london(until), Reason: event.Own(enough)})
}

var _ = check("L22",
	monitorCase{"a volunteer who is not listed, journey B8", limited(func(s *story) { s.by("NAVIGATOR", "VOL1").look("look", "person.timeline") }), []want{both("look", "limit")}},
	monitorCase{"a nurse who is", limited(func(s *story) { s.by("HUB_NURSE", "HUB-MID").look("look", "person.timeline") }), nil},
	monitorCase{"a nurse who is excluded", excluded(func(s *story) { s.by("HUB_NURSE", "HUB-MID").look("look", "person.timeline") }), []want{both("look", "limit")}},
	monitorCase{"a volunteer who is not", excluded(func(s *story) { s.by("NAVIGATOR", "VOL1").look("look", "person.timeline") }), nil},
	monitorCase{"nobody is limited", func(s *story) { s.by("NAVIGATOR", "VOL1").look("look", "person.timeline") }, nil},
	monitorCase{"a look before it was set", func(s *story) {
		s.by("NAVIGATOR", "VOL1").look("look", "person.timeline")
		limited(nothing)(s)
	}, nil},
	monitorCase{"set by then, recorded late", func(s *story) {
		s.at("2026-02-03 12:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline").at("2026-02-04 09:00")
		s.was(london("2026-02-03 11:00")).record("limit", person.AccessRestrictionSet{Restriction: id("l"), Mode: person.Restricted})
	}, []want{hindsight("look", "limit")}},
	monitorCase{"lifted", limited(func(s *story) {
		s.record("", person.AccessRestrictionLifted{Restriction: id("l")}).at("2026-02-03 11:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline")
	}), nil},
	monitorCase{"one of two lifted", limited(func(s *story) {
		s.record("second", person.AccessRestrictionSet{Restriction: id("l2"), Mode: person.Restricted})
		s.record("", person.AccessRestrictionLifted{Restriction: id("l")}).at("2026-02-03 11:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline")
	}), []want{both("look", "second")}},
	monitorCase{"the glass was broken, journey B6", limited(func(s *story) {
		s.by("HUB_CLIN", "HUB-MID").breaks("2026-02-03 14:00").look("look", "person.timeline")
		s.permits("k", toPractice("H.RISK_SELF"), directCare()).discloses("d", "k", toPractice("H.RISK_SELF"))
	}), nil},
	monitorCase{"the glass was whole again", limited(func(s *story) {
		s.by("HUB_CLIN", "HUB-MID").breaks("2026-02-03 14:00").at("2026-02-03 14:00").look("look", "person.timeline")
	}), []want{both("look")}},
	monitorCase{"somebody else broke it", limited(func(s *story) {
		s.by("HUB_CLIN", "HUB-MID").breaks("2026-02-03 14:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline")
	}), []want{both("look")}},
	monitorCase{"decided and told", limited(func(s *story) {
		s.by("HUB_CLIN", "HUB-MID").permits("k", toPractice("H.NOTE"), directCare()).discloses("d", "k", toPractice("H.NOTE"))
	}), []want{both("k", "limit"), both("d", "limit")}},
	monitorCase{"a reader of the ledger", limited(func(s *story) { s.by("NAVIGATOR", "VOL1").reads("look", "AUDIT") }), []want{both("look")}},
	monitorCase{"a mishap reported", limited(func(s *story) {
		s.by("NAVIGATOR", "VOL1").record("", disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Flow: toPractice("H.NOTE"), Mishap: "OVERHEARD"})
	}), nil},
	monitorCase{"a risk recorded", limited(func(s *story) { s.by("NAVIGATOR", "VOL1").record("", objection) }), nil},
	monitorCase{"limited that day, nobody knows since when", func(s *story) {
		s.was(day("2026-02-02")).record("limit", person.AccessRestrictionSet{Restriction: id("l"), Mode: person.Restricted})
		s.at("2026-02-02 12:00").by("NAVIGATOR", "VOL1").look("look", "person.timeline")
	}, []want{{item: "look", known: true, now: true, perhaps: true}}},
)
