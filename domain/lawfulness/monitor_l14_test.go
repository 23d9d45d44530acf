package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

func noConfidence(b *disclosure.Basis) { b.Confidence = "" }

var _ = check("L14",
	monitorCase{"a result forwarded to housing, journey B5", decidedOn(forwarded, forwarding, nil),
		[]want{{item: "d", evidence: []string{"k"}, of: []event.Category{"H.DRUGTEST"}, known: true, now: true}}},
	monitorCase{"on implied consent", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"nothing in confidence", decidedOn(toPractice("ID.DEMOG"), directCare(), noConfidence), nil},
	monitorCase{"to the person", decidedOn(disclosure.Flow{FromOrg: org("HUB-CAM"), Direction: disclosure.Direction{From: event.NHS, To: event.PersonSide},
		Purpose: "SUBJECT_RIGHTS", Categories: []event.Category{"H.NOTE"}}, directCare(), noConfidence), nil},
	monitorCase{"by a rule that needs none", decidedOn(flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "ID.NHSNO"),
		disclosure.Basis{Rule: "R06", Gateway: "G-HMPPSFUNC"}, nil), nil},
	monitorCase{"by no rule", decidedOn(toPractice("H.NOTE"), directCare(), func(b *disclosure.Basis) { b.Rule, b.Confidence = "", "" }), []want{both("d")}},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toPractice("H.NOTE")) }, nil},
)
