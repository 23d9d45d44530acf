package lawfulness

import "caseledger/domain/consent"

var _ = check("L49",
	monitorCase{"invalid from the start, found later", withdrawal(func(s *story) {
		s.at("2026-02-10 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-03-02 10:00").record("x", consent.ConsentInvalidated{Consent: id("c"), Reason: "COERCION"})
	}), []want{hindsight("d", "c", "k", "x")}},
	monitorCase{"known to be invalid", withdrawal(func(s *story) {
		s.record("x", consent.ConsentInvalidated{Consent: id("c"), Reason: "COERCION"}).at("2026-02-10 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), []want{both("d", "x")}},
	monitorCase{"valid", withdrawal(func(s *story) { s.at("2026-02-10 10:00").discloses("d", "k", toProbation("H.REFERRAL")) }), nil},
	monitorCase{"withdrawn: L01", withdrawal(func(s *story) {
		s.record("", withdrawn).at("2026-02-10 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), nil},
	monitorCase{"at its end: L06", withdrawal(func(s *story) { s.at("2026-08-04 10:00").discloses("d", "k", toProbation("H.REFERRAL")) }), nil},
	monitorCase{"given without capacity: L07", func(s *story) {
		s.at("2026-02-04 09:00").assessed("lacks", consent.Lacks)
		withdrawal(func(s *story) {
			s.record("x", consent.ConsentInvalidated{Consent: id("c"), Reason: "CAPACITY"}).at("2026-02-10 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
		})(s)
	}, nil},
	monitorCase{"refused", func(s *story) {
		s.record("no", consent.ConsentRefused{Consent: id("c"), Kind: consent.Disclosure, Scope: probation("H.REFERRAL"), Reason: "PRIVACY"})
		s.permits("k", toProbation("H.REFERRAL"), rehabilitation("c")).discloses("d", "k", toProbation("H.REFERRAL"))
	}, []want{both("d", "no", "k")}},
	monitorCase{"not on the record", func(s *story) {
		s.permits("k", toProbation("H.REFERRAL"), rehabilitation("c")).discloses("d", "k", toProbation("H.REFERRAL"))
	}, []want{both("d", "k")}},
	monitorCase{"given the day after", func(s *story) {
		s.permits("k", toProbation("H.REFERRAL"), rehabilitation("c")).discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-03 10:00").agrees("c", probation("H.REFERRAL"))
	}, []want{both("d", "c", "k")}},
	monitorCase{"recorded the day after, but given before", func(s *story) {
		s.permits("k", toProbation("H.REFERRAL"), rehabilitation("c")).discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-03 10:00").was(london("2026-02-02 08:00")).agrees("c", probation("H.REFERRAL"))
	}, nil},
	monitorCase{"on implied consent, none named", func(s *story) {
		s.permits("k", toPractice("H.NOTE"), directCare()).discloses("d", "k", toPractice("H.NOTE"))
	}, nil},
)
