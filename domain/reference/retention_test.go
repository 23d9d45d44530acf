package reference

import (
	"testing"

	"caseledger/domain/event"
)

func TestRetentionClassesAreThoseOfTheDomainReference(t *testing.T) {
	t.Parallel()
	for code, years := range map[RetentionClass]int{"ADULT_HEALTH": 8, "MENTAL_HEALTH": 20, "MENTAL_HEALTH_DECEASED": 10, "GP_DECEASED": 10,
		"GP_NOT_REGISTERED": 100, "MATERNITY": 25, "SEXUAL_HEALTH": 10, "PROBATION_CASE": 0, "ACCESS_LOG": 0, "CONSENT_AND_DISCLOSURE": 0} {
		e, ok := RetentionClasses.Latest(code)
		if !ok || e.Years != years || e.Disposes != (years > 0) {
			t.Errorf("%s: got %d years, disposes %v, listed %v, want %d", code, e.Years, e.Disposes, ok, years)
		}
	}
	leap, _ := RetentionClasses.Latest("ADULT_HEALTH")
	if got, ok := leap.KeepUntil(event.MustDay("2024-02-29")); !ok || got != event.MustDay("2032-02-29") {
		t.Errorf("eight years from a leap day: got %s, %v", got, ok)
	}
	for _, e := range RetentionClasses.All() {
		if e.Code == "SEXUAL_HEALTH" && e.Verified || e.Code == "PROBATION_CASE" && e.Verified {
			t.Errorf("%s: nobody has verified it", e.Code)
		}
	}
}

func TestRetentionClassesThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	good := RetentionClassEntry{Head: Head[RetentionClass]{Code: "X", Text: "x"}, Starts: "DEATH", Years: 1, Disposes: true, Verified: true}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*RetentionClassEntry){
		"no start":             func(e *RetentionClassEntry) { e.Starts = "" },
		"no years":             func(e *RetentionClassEntry) { e.Years = 0 },
		"fewer than none":      func(e *RetentionClassEntry) { e.Years, e.Disposes = -1, false },
		"years without an end": func(e *RetentionClassEntry) { e.Disposes = false },
		"a silent doubt":       func(e *RetentionClassEntry) { e.Verified = false },
	} {
		e := good
		change(&e)
		if e.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
