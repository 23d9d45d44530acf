package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// onward forwards a result to housing, as B5 does, with what is recorded beside
// it.
func onward(beside *disclosure.OnwardDisclosed) func(*story) {
	return func(s *story) {
		s.permits("k", forwarded, forwarding).at("2026-03-05 15:00").discloses("d", "k", forwarded)
		if beside != nil {
			s.at("2026-03-05 15:01").record("o", *beside)
		}
	}
}

var informed = disclosure.OnwardDisclosed{Onward: id("d"), Origin: id("origin"), Decision: id("k"), Categories: forwarded.Categories, OriginatorInformed: true}

func onwardBut(change func(*disclosure.OnwardDisclosed)) func(*story) {
	o := informed
	change(&o)
	return onward(&o)
}

// tellsOn tells on, from a source that the given flow brought.
func tellsOn(came, on disclosure.Flow) func(*story) {
	return func(s *story) {
		s.discloses("came", "", came)
		s.at("2026-02-03 10:00").permits("k", on, disclosure.Basis{Rule: "R09"})
		s.record("d", disclosure.DisclosureMade{Disclosure: id("d"), Decision: id("k"), Flow: on, Sources: []event.ID{s.ev("came")}})
	}
}

var toHousing = flow(org("PROB-N54"), org("HOUSE-MID"), "HOUSING_SUPPORT", "W.HOUSING")

var _ = check("L25",
	monitorCase{"a result forwarded, journey B5", onward(nil), []want{{item: "d", evidence: []string{"k"}, of: []event.Category{"H.DRUGTEST"}, known: true, now: true}}},
	monitorCase{"with the originator informed", onward(&informed), nil},
	monitorCase{"with the originator not informed", onwardBut(func(o *disclosure.OnwardDisclosed) { o.OriginatorInformed = false }), []want{both("d")}},
	monitorCase{"with no originator", onwardBut(func(o *disclosure.OnwardDisclosed) { o.Origin = event.UUID{} }), []want{both("d")}},
	monitorCase{"by somebody else's decision", onwardBut(func(o *disclosure.OnwardDisclosed) { o.Decision = id("other") }), []want{both("d")}},
	monitorCase{"of something else", onwardBut(func(o *disclosure.OnwardDisclosed) { o.Categories = []event.Category{"ID.DEMOG"} }), []want{both("d")}},
	monitorCase{"nobody decided", func(s *story) { s.discloses("d", "", forwarded) }, []want{both("d")}},
	monitorCase{"what probation holds", decidedOn(flow(org("PROB-N54"), org("HOUSE-MID"), "HOUSING_SUPPORT", "J.SUPERVISION", "ID.DEMOG", "W.HOUSING"), forwarding, nil), nil},
	monitorCase{"what the NHS holds", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"what probation holds, told on by the NHS", decidedOn(toPractice("J.OFFENCE"), directCare(), nil), []want{both("d")}},
	monitorCase{"how a requirement goes, reported to who imposes it, journey A15", decidedOn(flow(org("TRUST"), org("PROB-N56"), "REQ_MGMT", "H.ATTENDANCE", "J.REQUIREMENT"),
		disclosure.Basis{Rule: "R05"}, nil), nil},
	monitorCase{"attendance at a drug service, reported by it", decidedOn(flow(org("DRUG1"), org("PROB-N56"), "REQ_MGMT", "H.ATTENDANCE"), disclosure.Basis{Rule: "R05"}, nil), nil},
	monitorCase{"what a prison holds of an offence", decidedOn(flow(org("HMP1"), org("GP1"), "DIRECT_CARE", "J.OFFENCE"), disclosure.Basis{}, nil), nil},
	monitorCase{"from the NHS to the person, all of it", func(s *story) {
		s.discloses("d", "", disclosure.Flow{FromOrg: org("HUB-CAM"), Direction: disclosure.Direction{From: event.NHS, To: event.PersonSide}, Categories: []event.Category{"J.OFFENCE"}})
	}, nil},
	monitorCase{"a housing need that the NHS had told", tellsOn(flow(org("HUB-MID"), org("PROB-N54"), "REHAB_SUPPORT", "W.HOUSING"), toHousing), []want{both("d", "came", "k")}},
	monitorCase{"a housing need that probation had told the NHS", tellsOn(flow(org("PROB-N54"), org("HUB-MID"), "DIRECT_CARE", "W.HOUSING"), toHousing), nil},
	monitorCase{"back to who had told it", tellsOn(flow(org("HOUSE-MID"), org("PROB-N54"), "HOUSING_SUPPORT", "W.HOUSING"), toHousing), nil},
)
