package screening

import (
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

func programme(t interface {
	Helper()
	Fatalf(string, ...any)
}, code reference.ScreeningProgramme) reference.ScreeningProgrammeEntry {
	t.Helper()
	e, ok := reference.ScreeningProgrammes.Latest(code)
	if !ok {
		t.Fatalf("%s is not listed", code)
	}
	return e
}

func TestEligibleFor(t *testing.T) {
	t.Parallel()
	woman := []reference.Anatomy{reference.Cervix, reference.Breasts}
	man := []reference.Anatomy{reference.AssignedMale}
	alpha := Invitee{Born: event.MustDay("1991-05-17"), Anatomy: woman, RegisteredWithGP: true}
	charlie := Invitee{Born: event.MustDay("1959-11-03"), Anatomy: man, RegisteredWithGP: true}
	with := func(who Invitee, change func(*Invitee)) Invitee { change(&who); return who }
	born := func(day string, anatomy []reference.Anatomy) Invitee {
		return Invitee{Born: event.MustDay(day), Anatomy: anatomy, RegisteredWithGP: true, EverSmoked: true, Diabetes: true}
	}
	const today = "2026-04-01"
	for _, c := range []struct {
		name    string
		of      reference.ScreeningProgramme
		who     Invitee
		on      string
		want    Eligibility
		because EligibilityReason
	}{
		{"journey A, 34 with a cervix, registered", "CERVICAL", alpha, "2026-03-19", Eligible, "AGE_AND_ANATOMY"},
		{"not yet registered", "CERVICAL", with(alpha, func(i *Invitee) { i.RegisteredWithGP = false }), "2026-03-19", NotEligible, "NOT_REGISTERED_WITH_GP"},
		{"without a cervix", "CERVICAL", with(alpha, func(i *Invitee) { i.Anatomy = nil }), "2026-03-19", NotEligible, "ANATOMY"},
		{"a man with a cervix", "CERVICAL", with(alpha, func(i *Invitee) { i.Anatomy = []reference.Anatomy{reference.Cervix} }), "2026-03-19", Eligible, "AGE_AND_ANATOMY"},
		{"screened four years ago", "CERVICAL", with(alpha, func(i *Invitee) { i.LastScreened = event.MustDay("2022-03-19") }), "2026-03-19", NotEligible, "PRIOR_HISTORY"},
		{"screened five years ago", "CERVICAL", with(alpha, func(i *Invitee) { i.LastScreened = event.MustDay("2021-03-19") }), "2026-03-19", Eligible, "AGE_AND_ANATOMY"},
		{"journey C, 66", "BOWEL", charlie, today, Eligible, "AGE"},
		{"journey C, 66", "AAA", charlie, today, SelfRefer, "AGE_AND_ANATOMY"},
		{"journey C, never smoked", "LUNG", charlie, today, NotEligible, "EVER_SMOKED"},
		{"journey C, ever smoked", "LUNG", with(charlie, func(i *Invitee) { i.EverSmoked = true }), today, Eligible, "EVER_SMOKED"},
		{"journey C, male", "BREAST", charlie, today, NotEligible, "ANATOMY"},
		{"journey C, male", "CERVICAL", charlie, today, NotEligible, "ANATOMY"},
		{"journey C, not registered", "AAA", with(charlie, func(i *Invitee) { i.RegisteredWithGP = false }), today, SelfRefer, "AGE_AND_ANATOMY"},

		{"24", "CERVICAL", born("2001-04-02", woman), today, NotEligible, "AGE"},
		{"25 today", "CERVICAL", born("2001-04-01", woman), today, Eligible, "AGE_AND_ANATOMY"},
		{"64 for one day more", "CERVICAL", born("1961-04-02", woman), today, Eligible, "AGE_AND_ANATOMY"},
		{"65 today", "CERVICAL", born("1961-04-01", woman), today, NotEligible, "AGE"},
		{"49", "BREAST", born("1976-04-02", woman), today, NotEligible, "AGE"},
		{"50", "BREAST", born("1976-04-01", woman), today, Eligible, "AGE_AND_ANATOMY"},
		{"the day before the 71st birthday", "BREAST", born("1955-04-02", woman), today, Eligible, "AGE_AND_ANATOMY"},
		{"the 71st birthday", "BREAST", born("1955-04-01", woman), today, NotEligible, "AGE"},
		{"49", "BOWEL", born("1976-04-02", man), today, NotEligible, "AGE"},
		{"74", "BOWEL", born("1951-04-02", man), today, Eligible, "AGE"},
		{"75", "BOWEL", born("1951-04-01", man), today, NotEligible, "AGE"},
		{"turns 65 on the last day of the screening year", "AAA", born("1962-03-31", man), today, Eligible, "AGE_AND_ANATOMY"},
		{"turns 65 in the next one", "AAA", born("1962-04-01", man), today, NotEligible, "AGE"},
		{"turned 65 on its first day", "AAA", born("1961-04-01", man), "2027-03-31", Eligible, "AGE_AND_ANATOMY"},
		{"turned 65 in the last one", "AAA", born("1961-03-31", man), today, SelfRefer, "AGE_AND_ANATOMY"},
		{"screened once", "AAA", with(charlie, func(i *Invitee) { i.LastScreened = event.MustDay("2024-06-01") }), today, NotEligible, "PRIOR_HISTORY"},
		{"born female", "AAA", born("1960-01-01", woman), today, NotEligible, "ANATOMY"},
		{"54", "LUNG", born("1971-04-02", man), today, NotEligible, "AGE"},
		{"55", "LUNG", born("1971-04-01", man), today, Eligible, "EVER_SMOKED"},
		{"75", "LUNG", born("1951-04-01", man), today, NotEligible, "AGE"},
		{"11", "DIABETIC_EYE", born("2014-04-02", man), today, NotEligible, "AGE"},
		{"100 with diabetes", "DIABETIC_EYE", born("1926-01-01", man), today, Eligible, "DIABETES"},
		{"no diabetes", "DIABETIC_EYE", charlie, today, NotEligible, "DIABETES"},
		{"39", "HEALTH_CHECK", born("1986-04-02", man), today, NotEligible, "AGE"},
		{"66", "HEALTH_CHECK", charlie, today, Eligible, "AGE"},
		{"66 with a listed condition", "HEALTH_CHECK", with(charlie, func(i *Invitee) { i.ListedCondition = true }), today, NotEligible, "PRIOR_HISTORY"},
		{"born on 29 February, 50 on 1 March", "BREAST", born("1976-02-29", woman), "2026-02-28", NotEligible, "AGE"},
		{"born on 29 February, 50 on 1 March", "BREAST", born("1976-02-29", woman), "2026-03-01", Eligible, "AGE_AND_ANATOMY"},
	} {
		got, because := EligibleFor(programme(t, c.of), c.who, event.MustDay(c.on))
		if got != c.want || because != c.because {
			t.Errorf("%s, %s: got %s by %s, want %s by %s", c.of, c.name, got, because, c.want, c.because)
		}
	}
}

// Every answer has a listed reason, and registering with a practice never
// takes an invitation away.
func TestRegisteringNeverTakesAnInvitationAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(reference.ScreeningProgrammes.All()).Draw(t, "programme")
		who := Invitee{Born: event.MustDay("1930-01-01") + event.Day(rapid.IntRange(0, 35000).Draw(t, "born")),
			Anatomy:    rapid.SliceOf(rapid.SampledFrom([]reference.Anatomy{reference.Cervix, reference.Breasts, reference.AssignedMale})).Draw(t, "anatomy"),
			EverSmoked: rapid.Bool().Draw(t, "smoked"), Diabetes: rapid.Bool().Draw(t, "diabetes"), ListedCondition: rapid.Bool().Draw(t, "condition")}
		on := event.MustDay("2026-01-01") + event.Day(rapid.IntRange(0, 700).Draw(t, "on"))
		without, reason := EligibleFor(p, who, on)
		who.RegisteredWithGP = true
		registered, _ := EligibleFor(p, who, on)
		known := false
		for _, r := range EligibilityReasons {
			known = known || r == reason
		}
		if !known || without == Eligible || without == SelfRefer && registered != SelfRefer || (reason == "NOT_REGISTERED_WITH_GP") != (registered == Eligible) {
			t.Fatalf("%s: %s by %s without, %s with", p.Code, without, reason, registered)
		}
	})
}
