package lawfulness

var _ = check("L02",
	monitorCase{"journey A13", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("w", withdrawn)
	}), []want{hindsight("d", "w", "c", "k")}},
	monitorCase{"said at the very instant", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(london("2026-02-23 11:00")).record("w", withdrawn)
	}), []want{hindsight("d")}},
	monitorCase{"said a minute later", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(london("2026-02-23 11:01")).record("w", withdrawn)
	}), nil},
	monitorCase{"on the record by then: L01", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("w", withdrawn)
		s.at("2026-02-24 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), nil},
	monitorCase{"later recorded in error", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("w", withdrawn)
		s.at("2026-02-24 16:00").void("w")
	}), nil},
	monitorCase{"said on the day, nobody knows when", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(day("2026-02-23")).record("w", withdrawn)
	}), []want{{item: "d", now: true, perhaps: true}}},
)
