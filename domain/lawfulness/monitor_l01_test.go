package lawfulness

import "caseledger/domain/consent"

// withdrawal tells the probation region on a consent of 4 February that is
// taken back as the case says.
func withdrawal(then func(*story)) func(*story) {
	return func(s *story) {
		s.at("2026-02-04 10:00").agrees("c", probation("H.REFERRAL"))
		s.at("2026-02-06 10:00").permits("k", toProbation("H.REFERRAL"), rehabilitation("c"))
		then(s)
	}
}

var withdrawn = consent.ConsentWithdrawn{Consent: id("c"), To: "NAVIGATOR"}

var _ = check("L01",
	monitorCase{"the day after, journey A14", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", withdrawn)
		s.at("2026-02-24 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), []want{both("d", "w", "c", "k")}},
	monitorCase{"at the very instant it was recorded", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", withdrawn).discloses("d", "k", toProbation("H.REFERRAL"))
	}), []want{both("d", "w")}},
	monitorCase{"a millisecond before", withdrawal(func(s *story) {
		s.at("2026-02-23 15:59:59.999").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").record("w", withdrawn)
	}), nil},
	monitorCase{"said, but recorded later: L02", withdrawal(func(s *story) {
		s.at("2026-02-23 11:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("w", withdrawn)
	}), nil},
	monitorCase{"of another consent", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", consent.ConsentWithdrawn{Consent: id("other")})
		s.at("2026-02-24 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), nil},
	monitorCase{"which was entered in error", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", withdrawn)
		s.at("2026-02-24 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-25 10:00").void("w")
	}), []want{thenOnly("d", "w")}},
	monitorCase{"corrected to a later time", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", withdrawn)
		s.at("2026-02-24 10:00").discloses("d", "k", toProbation("H.REFERRAL"))
		s.at("2026-02-25 10:00").was(london("2026-02-24 12:00")).correct("w2", "w", withdrawn)
	}), []want{thenOnly("d", "w")}},
	monitorCase{"an import is judged by what was known then", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").record("w", withdrawn)
		s.at("2026-03-30 10:00").importing("PAPER").was(london("2026-02-24 10:00")).discloses("d", "k", toProbation("H.REFERRAL"))
	}), []want{both("d", "w")}},
	monitorCase{"a treatment result that rests on statute", withdrawal(func(s *story) {
		b := rehabilitation("c")
		b.Rule, b.Confidence = "R05", "C-STAT"
		s.at("2026-02-23 16:00").record("w", withdrawn)
		s.at("2026-02-24 10:00").permits("k2", toProbation("H.DRUGTEST"), b).discloses("d", "k2", toProbation("H.DRUGTEST"))
	}), nil},
	monitorCase{"on the day of it, known to the day only", withdrawal(func(s *story) {
		s.at("2026-02-23 16:00").was(day("2026-02-23")).record("w", withdrawn)
		s.at("2026-02-23 17:00").discloses("d", "k", toProbation("H.REFERRAL"))
	}), []want{{item: "d", known: true, now: true, perhaps: true}}},
)
