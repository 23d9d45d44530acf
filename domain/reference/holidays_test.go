package reference

import (
	"testing"

	"caseledger/domain/event"
)

func TestWorkingDays(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]bool{
		"2026-04-02": true, "2026-04-03": false, "2026-04-04": false, "2026-04-05": false, "2026-04-06": false, "2026-04-07": true, // Easter
		"2026-12-25": false, "2026-12-26": false, "2026-12-27": false, "2026-12-28": false, "2026-12-29": true, // a substitute day
		"2020-05-04": true, "2020-05-08": false, "2022-09-19": false, "2023-05-08": false, // days that were moved or added
		"2027-12-27": false, "2027-12-28": false, "2027-12-29": true, "2028-01-01": false, "2028-01-03": false,
		"1969-12-31": true, "1969-12-27": false, "1969-12-28": false, // before day 0
		"2050-12-26": true, "2050-12-25": false, // beyond the list: the 25th is a Sunday
	} {
		if got := WorkingDay(event.MustDay(day)); got != want {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
	for day, want := range map[string]string{"2026-04-02": "2026-04-02", "2026-04-03": "2026-04-07", "2026-12-25": "2026-12-29", "2026-02-28": "2026-03-02"} {
		if got := OnOrAfter(event.MustDay(day)); got != event.MustDay(want) {
			t.Errorf("%s: got %s, want %s", day, got, want)
		}
	}
}

// Every year has its eight days or more, never on a weekend, and a year that
// was worked out says so.
func TestEveryListedYearIsWhole(t *testing.T) {
	t.Parallel()
	days := map[string]int{}
	for _, e := range PublicHolidays.All() {
		year := string(e.Code)[:4]
		days[year]++
		d := event.MustDay(string(e.Code))
		if (d%7+7)%7 == 2 || (d%7+7)%7 == 3 {
			t.Errorf("%s is on a weekend", e.Code)
		}
		if (e.Note == "") != (year <= "2027") {
			t.Errorf("%s: note %q", e.Code, e.Note)
		}
	}
	for year, n := range days {
		want := 8
		if year == "2022" || year == "2023" {
			want++
		}
		if year == "2022" {
			want++
		}
		if n != want {
			t.Errorf("%s has %d days, want %d", year, n, want)
		}
	}
	if len(days) != 18 {
		t.Errorf("got %d years, want 2018 to 2035", len(days))
	}
}
