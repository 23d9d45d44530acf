package lawfulness

import (
	"testing"
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// invoked has a clinician break the glass on 9 March at 22:10 until 23:40.
func invoked(reason string, then func(*story)) func(*story) {
	return func(s *story) {
		s.at("2026-03-09 22:10").by("HUB_CLIN", "HUB-MID").record("glass", breakglass.BreakGlassInvoked{BreakGlass: id("g"), ReasonCode: "RISK_TO_LIFE",
			ExpiresAt: london("2026-03-10 02:10"), Reason: event.Own(reason)})
		s.at("2026-03-09 23:40").record("", breakglass.BreakGlassEnded{BreakGlass: id("g")})
		then(s)
	}
}

func (s *story) reviewedAt(clock string, v breakglass.Verdict) *story {
	return s.at(clock).by("IG_LEAD", "HUB-MID").record("review "+clock, breakglass.BreakGlassReviewed{BreakGlass: id("g"), Verdict: v})
}

// purposely makes the last look or event one past the usual rules.
func (s *story) purposely() *story {
	if n := len(s.looks); n > 0 {
		s.looks[n-1].Purpose = breakGlass
	} else {
		s.events[len(s.events)-1].Purpose = breakGlass
	}
	return s
}

const enough = "exactly 20 letters !"

var _ = check("L20",
	monitorCase{"reviewed after 82 hours 50 minutes, journey B6", invoked(enough, func(s *story) { s.reviewedAt("2026-03-13 09:00", "APPROPRIATE") }),
		[]want{{item: "glass", key: "not-reviewed-in-time", evidence: []string{"review 2026-03-13 09:00"}, known: true, now: true}}},
	monitorCase{"reviewed at exactly 72 hours", invoked(enough, func(s *story) { s.reviewedAt("2026-03-12 22:10:00", "APPROPRIATE").judged("2026-04-01 00:00") }), nil},
	monitorCase{"reviewed a microsecond later", invoked(enough, func(s *story) { s.reviewedAt("2026-03-12 22:10:00.000001", "APPROPRIATE") }),
		[]want{{item: "glass", key: "not-reviewed-in-time", known: true, now: true}}},
	monitorCase{"reviewed in time, recorded late", invoked(enough, func(s *story) {
		s.at("2026-03-20 09:00").was(london("2026-03-11 09:00")).record("", breakglass.BreakGlassReviewed{BreakGlass: id("g"), Verdict: "APPROPRIATE"})
	}), nil},
	monitorCase{"not reviewed yet, at 72 hours", invoked(enough, func(s *story) { s.judged("2026-03-12 22:10") }), nil},
	monitorCase{"never reviewed", invoked(enough, func(s *story) { s.judged("2026-03-12 22:11") }), []want{{item: "glass", known: true, now: true}}},
	monitorCase{"a review that asks for more settles nothing", invoked(enough, func(s *story) {
		s.reviewedAt("2026-03-11 09:00", "MORE_INFORMATION").judged("2026-03-13 00:00")
	}), []want{{item: "glass", evidence: []string{"review 2026-03-11 09:00"}, known: true, now: true}}},
	monitorCase{"reviewed on the last day, nobody knows when", invoked(enough, func(s *story) {
		s.at("2026-03-13 09:00").was(day("2026-03-12")).record("review", breakglass.BreakGlassReviewed{BreakGlass: id("g"), Verdict: "APPROPRIATE"})
	}), []want{{item: "glass", known: true, now: true, perhaps: true}}},
	monitorCase{"a reason of nineteen letters", invoked(enough[1:], func(s *story) { s.reviewedAt("2026-03-10 09:00", "APPROPRIATE") }),
		[]want{{item: "glass", key: "reason-too-short", known: true, now: true}}},
	monitorCase{"nineteen letters and blanks around them", invoked(" "+enough[1:]+"  ", func(s *story) { s.reviewedAt("2026-03-10 09:00", "APPROPRIATE") }),
		[]want{{item: "glass", key: "reason-too-short", known: true, now: true}}},
	monitorCase{"a look after it had ended", invoked(enough, func(s *story) {
		s.at("2026-03-09 23:50").look("look", "person.timeline").purposely().reviewedAt("2026-03-10 09:00", "APPROPRIATE")
	}), []want{{item: "look", key: "used-after-its-end", evidence: []string{"glass"}, known: true, now: true}}},
	monitorCase{"a decision after it had ended", invoked(enough, func(s *story) {
		b := directCare()
		b.Rule = "R20"
		s.at("2026-03-10 00:10").permits("k", toPractice("H.NOTE"), b).reviewedAt("2026-03-10 09:00", "APPROPRIATE")
	}), []want{{item: "k", key: "used-after-its-end", evidence: []string{"glass"}, known: true, now: true}}},
	monitorCase{"a disclosure after it had expired", func(s *story) {
		s.record("glass", breakglass.BreakGlassInvoked{BreakGlass: id("g"), ExpiresAt: london("2026-02-02 13:00"), Reason: event.Own(enough)})
		s.at("2026-02-02 12:59:59.999").record("in time", disclosure.DisclosureMade{Disclosure: id("1")}).purposely()
		s.at("2026-02-02 13:00").record("late", disclosure.DisclosureMade{Disclosure: id("2")}).purposely()
	}, []want{{item: "late", key: "used-after-its-end", known: true, now: true}}},
	monitorCase{"a look for another purpose", invoked(enough, func(s *story) {
		s.at("2026-03-09 23:50").look("look", "person.timeline").reviewedAt("2026-03-10 09:00", "APPROPRIATE")
	}), nil},
	monitorCase{"a look by somebody who never broke it", invoked(enough, func(s *story) {
		s.at("2026-03-09 23:50").by("HUB_NURSE", "HUB-MID").look("look", "person.timeline").purposely().reviewedAt("2026-03-10 09:00", "APPROPRIATE")
	}), nil},
)

// A review is due again at the first moment at which it would be too late.
func TestAReviewIsDueAtSeventyTwoHours(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	invoked(enough, func(*story) {})(s)
	due := judge([]Monitor{l20}, s.history(), s.now).Next
	if want := london("2026-03-12 22:10").Earliest().Add(time.Microsecond); !due.Equal(want) {
		t.Errorf("due %s, want %s", due, want)
	}
	if found := judge([]Monitor{l20}, s.history(), due).Findings; len(found) != 1 {
		t.Errorf("findings at %s: %v", due, found)
	}
}
