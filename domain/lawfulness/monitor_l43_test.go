package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
)

// refused is a practice's refusal on 11 February at 15:00; one that is not
// compliant goes to the board at once.
func (s *story) refused(reason reference.GPRefusalReason, compliant bool) *story {
	s.at("2026-02-11 15:00").record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: reason, Compliant: compliant})
	if !compliant {
		s.record("escalation", referral.EscalationOpened{Referral: id("referral"), To: referral.ICB})
	}
	return s
}

func (s *story) letter(clock string) *story {
	return s.at(clock).record("letter", referral.GPRefusalLetterRecorded{Referral: id("referral")})
}

var _ = check("L43",
	monitorCase{"no letter by the end of the fourteenth day", func(s *story) {
		s.refused("NO_ADDRESS", false).judged("2026-02-26 00:00")
	}, []want{{item: "refusal", key: "no-letter", known: true, now: true}}},
	monitorCase{"which is not over", func(s *story) {
		s.refused("NO_ADDRESS", false).judged("2026-02-25 23:59:59.999999")
	}, nil},
	monitorCase{"a letter on that day", func(s *story) {
		s.refused("LIST_CLOSED", true).letter("2026-02-25 23:59").judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"a letter on the fifteenth", func(s *story) {
		s.refused("LIST_CLOSED", true).letter("2026-02-26 00:00")
	}, []want{both("refusal", "letter")}},
	monitorCase{"the letter came with the refusal", func(s *story) {
		s.record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: "LIST_CLOSED", Compliant: true, LetterAt: day("2026-02-02")})
		s.judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"the letter is said to have come too late", func(s *story) {
		s.record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: "LIST_CLOSED", Compliant: true, LetterAt: day("2026-02-17")})
		s.judged("2026-04-01 00:00")
	}, []want{both("refusal")}},
	monitorCase{"days are London's when the clocks go forward", func(s *story) {
		s.at("2026-03-20 09:00").record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: "LIST_CLOSED", Compliant: true})
		s.judged("2026-04-03 23:59:59.999999")
	}, nil},
	monitorCase{"about another refusal", func(s *story) {
		s.refused("LIST_CLOSED", true).at("2026-02-12 09:00").record("", referral.GPRefusalLetterRecorded{Referral: id("other")}).judged("2026-02-26 00:00")
	}, []want{both("refusal")}},
	monitorCase{"a reason that no practice may have, and nobody took it further", func(s *story) {
		s.record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: "NO_ID", LetterAt: day("2026-02-02")}).judged("2026-02-03 00:00")
	}, []want{{item: "refusal", key: "not-escalated", known: true, now: true}}},
	monitorCase{"not yet: the day is not over", func(s *story) {
		s.record("refusal", referral.GPRegistrationRefused{Referral: id("referral"), Reason: "NO_ID", LetterAt: day("2026-02-02")}).judged("2026-02-02 23:59:59.999999")
	}, nil},
	monitorCase{"cannot be opened any more", func(s *story) {
		s.refused("NO_ID", false).letter("2026-02-12 09:00").judged("2026-04-01 00:00")
		s.events[0].Operational, s.events[0].Data = event.Erased, referral.GPRegistrationRefused{}
	}, nil},
)
