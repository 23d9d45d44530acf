package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/finding"
)

// agreedAttendance has the person agree that PROB-N56 learns of attendance.
func agreedAttendance(f disclosure.Flow) func(*story) {
	return func(s *story) {
		s.agrees("c", probation("H.ATTENDANCE")).permits("k", f, rehabilitation("c")).at("2026-02-10 10:00").discloses("d", "k", f)
	}
}

var _ = check("L48",
	monitorCase{"another probation region", agreedAttendance(flow(org("HUB-CAM"), org("PROB-N07"), "REHAB_SUPPORT", "H.ATTENDANCE")),
		[]want{{item: "d", evidence: []string{"c", "k"}, notes: []finding.Note{"recipient-not-covered"}, known: true, now: true}}},
	monitorCase{"another purpose", agreedAttendance(flow(org("HUB-CAM"), org("PROB-N56"), "PUBLIC_PROTECTION", "H.ATTENDANCE")),
		[]want{{item: "d", notes: []finding.Note{"purpose-not-covered"}, known: true, now: true}}},
	monitorCase{"what another side holds", agreedAttendance(flow(org("DRUG1"), org("PROB-N56"), "REHAB_SUPPORT", "H.ATTENDANCE")),
		[]want{{item: "d", notes: []finding.Note{"recipient-not-covered"}, known: true, now: true}}},
	monitorCase{"as agreed", agreedAttendance(toProbation("H.ATTENDANCE")), nil},
	monitorCase{"more than was agreed: L05", agreedAttendance(toProbation("H.NOTE")), nil},
	monitorCase{"a consent to be screened", func(s *story) {
		s.record("c", consent.ConsentGranted{Consent: id("c"), Version: 1, Kind: consent.Screening, ExpiresAt: day("2026-08-04")})
		s.permits("k", toProbation("H.ATTENDANCE"), rehabilitation("c")).discloses("d", "k", toProbation("H.ATTENDANCE"))
	}, []want{both("d", "c")}},
	monitorCase{"a consent that never was given: L49", func(s *story) {
		s.permits("k", toProbation("H.ATTENDANCE"), rehabilitation("c")).discloses("d", "k", toProbation("H.ATTENDANCE"))
	}, nil},
)
