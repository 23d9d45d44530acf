package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

func noSchedule(b *disclosure.Basis) { b.Schedule1 = "" }

var _ = check("L09",
	monitorCase{"drug use without a condition", decidedOn(toPractice("H.SUBSTANCE", "H.NOTE"), directCare(), noSchedule),
		[]want{{item: "d", evidence: []string{"k"}, of: []event.Category{"H.SUBSTANCE"}, known: true, now: true}}},
	monitorCase{"drug use with one", decidedOn(toPractice("H.SUBSTANCE"), directCare(), nil), nil},
	monitorCase{"nothing about offences", decidedOn(toPractice("H.NOTE"), directCare(), noSchedule), nil},
	monitorCase{"by probation, under official authority", decidedOn(flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "J.SUPERVISION"),
		disclosure.Basis{Rule: "R06"}, nil), nil},
	monitorCase{"by a charity, which has none", decidedOn(flow(org("DRUG1"), org("PROB-N56"), "REQ_MGMT", "H.DRUGTEST"),
		disclosure.Basis{Rule: "R05", Article9: "A9G"}, nil), []want{both("d", "k")}},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toPractice("H.SUBSTANCE")) }, nil},
)
