package screening

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Invitee is what a population screening programme asks about somebody: never
// their gender.
type Invitee struct {
	Born             event.Day
	Anatomy          []reference.Anatomy
	RegisteredWithGP bool
	EverSmoked       bool
	Diabetes         bool
	// ListedCondition: one of those that the NHS Health Check leaves to their own
	// reviews.
	ListedCondition bool
	// LastScreened is when the programme last screened them; zero if never.
	LastScreened event.Day
}

// EligibleFor says whether a programme would invite somebody on a day, and
// what that rests on (domain reference section 5). A registration with a
// practice is asked for last, so that "not registered" is said only of
// somebody whom registering would help.
func EligibleFor(p reference.ScreeningProgrammeEntry, who Invitee, on event.Day) (Eligibility, EligibilityReason) {
	byAge := EligibilityReason("AGE")
	if p.Anatomy != "" {
		if !slices.Contains(who.Anatomy, p.Anatomy) {
			return NotEligible, "ANATOMY"
		}
		byAge = "AGE_AND_ANATOMY"
	}
	if who.LastScreened != 0 && (p.EveryMonths == 0 || on < who.LastScreened.AddMonths(p.EveryMonths)) {
		return NotEligible, "PRIOR_HISTORY"
	}
	if p.Turns > 0 {
		turns := birthday(who.Born, p.Turns)
		switch from, until := screeningYear(on); {
		case turns < from:
			return SelfRefer, byAge
		case turns >= until:
			return NotEligible, "AGE"
		}
	} else if on < birthday(who.Born, p.MinAge) || p.MaxAge > 0 && on >= birthday(who.Born, p.MaxAge+1) {
		return NotEligible, "AGE"
	}
	switch p.Needs {
	case reference.NeedsSmoking:
		if byAge = "EVER_SMOKED"; !who.EverSmoked {
			return NotEligible, byAge
		}
	case reference.NeedsDiabetes:
		if byAge = "DIABETES"; !who.Diabetes {
			return NotEligible, byAge
		}
	case reference.NeedsNoCondition:
		if who.ListedCondition {
			return NotEligible, "PRIOR_HISTORY"
		}
	}
	if !who.RegisteredWithGP {
		return NotEligible, "NOT_REGISTERED_WITH_GP"
	}
	return Eligible, byAge
}

// birthday is the day on which somebody reaches an age; who was born on
// 29 February does so on 1 March of a year without that day.
func birthday(born event.Day, age int) event.Day {
	y, m, d := born.Start().In(event.London).Date()
	return event.DayOf(time.Date(y+age, m, d, 12, 0, 0, 0, event.London))
}

// screeningYear is the year from 1 April that a day is in: its first day, and
// the first of the next one.
func screeningYear(on event.Day) (from, until event.Day) {
	y, m, _ := on.Start().In(event.London).Date()
	if m < time.April {
		y--
	}
	return event.DayOf(time.Date(y, time.April, 1, 12, 0, 0, 0, event.London)),
		event.DayOf(time.Date(y+1, time.April, 1, 12, 0, 0, 0, event.London))
}
