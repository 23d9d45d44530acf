package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

var _ = check("L26",
	monitorCase{"a victim is named to the hub", func(s *story) {
		f := flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "J.SUPERVISION", "J.VICTIM")
		s.by("PP", "PROB-N56").decides("decision", "R06", f).tells("telling", "decision", f)
	}, []want{both("telling", "decision")}},
	monitorCase{"by mistake, as reported later", func(s *story) {
		s.by("PP", "PROB-N56").was(london("2026-02-01 09:00")).record("report", disclosure.UnplannedDisclosureReported{Disclosure: id("d"),
			Flow: flow(org("PROB-N56"), org("HOUSE-MID"), "HOUSING_SUPPORT", "J.VICTIM"), Mishap: "FORWARDED"})
	}, []want{both("report")}},
	monitorCase{"within the probation service", func(s *story) {
		s.by("PP", "PROB-N56").tells("telling", "", flow(org("PROB-N56"), org("PROB-N07"), "PUBLIC_PROTECTION", "J.VICTIM"))
	}, nil},
	monitorCase{"offence data, and no victim's", func(s *story) {
		s.by("PP", "PROB-N56").tells("telling", "", flow(org("PROB-N56"), org("HUB-CAM"), "REQ_MGMT", "J.OFFENCE", "J.RISK_HARM"))
	}, nil},
	monitorCase{"the record cannot be opened any more", func(s *story) {
		s.by("PP", "PROB-N56").tells("telling", "", flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "J.VICTIM"))
		s.events[0].Operational, s.events[0].Data = event.Erased, disclosure.DisclosureMade{}
	}, nil},
	monitorCase{"somebody who acts for the person is told", func(s *story) {
		s.record("", consent.AuthorityToActRecorded{Authority: id("lpa"), Kind: consent.Attorney, Holder: id("attorney"), From: event.MustDay("2026-01-01")})
		f := flow(org("PROB-N56"), event.UUID{}, "SUBJECT_RIGHTS", "J.VICTIM")
		f.ToPerson = id("attorney")
		s.by("PP", "PROB-N56").tells("telling", "", f)
	}, nil},
)
