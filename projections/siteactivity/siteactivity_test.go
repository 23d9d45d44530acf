package siteactivity_test

import (
	"fmt"
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/projections"
	"caseledger/projections/boundary/boundarytest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/siteactivity"
)

func attended(code reference.NHSAttendance) appointment.AttendanceRecorded {
	return appointment.AttendanceRecorded{Appointment: boundarytest.ID("clinic"), Kind: reference.HubClinic, NHS: event.Own(code)}
}

// history is a person who is seen in Cambridge in one week and in Middlesbrough
// in the next.
func history(t *testing.T, side event.Side) *boundarytest.Case {
	t.Helper()
	c := boundarytest.New(boundarytest.Viewer(side))
	monday, sunday, next := boundarytest.At(t, "2026-02-02 00:00"), boundarytest.At(t, "2026-02-08 23:59"), boundarytest.At(t, "2026-02-09 00:00")
	c.Says("PROB-N56", person.PersonRegistered{Site: "CAMBRIDGE"}, monday)
	c.Says("HUB-CAM", person.PrivacyNoticeGiven{Notice: "v1"}, monday)
	c.Says("HUB-CAM", consent.ConsentOffered{Consent: boundarytest.ID("c1"), Kind: consent.Screening}, monday)
	c.Says("HUB-CAM", consent.ConsentGranted{Consent: boundarytest.ID("c1"), Version: 1, Kind: consent.Screening}, monday)
	c.Says("HUB-CAM", consent.ConsentRefused{Consent: boundarytest.ID("c2"), Kind: consent.Disclosure}, monday)
	c.Says("HUB-CAM", screening.ScreeningCompleted{Screening: boundarytest.ID("phq")}, monday)
	c.Says("HUB-CAM", screening.ScreeningCompleted{Screening: boundarytest.ID("gad")}, sunday)
	c.Says("HUB-CAM", referral.ReferralSent{Referral: boundarytest.ID("gp")}, sunday)
	c.Says("HUB-CAM", attended("3"), sunday)
	c.Says("GP1", referral.GPRegistrationAccepted{Referral: boundarytest.ID("gp")}, sunday)
	c.Says("HUB-MID", screening.ScreeningCompleted{Screening: boundarytest.ID("audit")}, next)
	c.Says("HUB-MID", consent.ConsentWithdrawn{Consent: boundarytest.ID("c1")}, next)
	c.Says("HUB-MID", disclosure.DisclosureMade{Disclosure: boundarytest.ID("d1")}, next)
	c.Says("HUB-MID", disclosure.UnplannedDisclosureReported{Disclosure: boundarytest.ID("d2")}, next)
	return c
}

func only(t *testing.T, c *boundarytest.Case, side event.Side, n int) siteactivity.Row {
	t.Helper()
	events, _ := c.Events(c.Person())
	rows, err := projections.Replay(siteactivity.Model(boundarytest.Viewer(side)), events[:n])
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v; want one", len(rows), err)
	}
	return rows[0]
}

// shown writes a row's counts as lines.
func shown(r siteactivity.Row, from, to string) string {
	f := siteactivity.Figures{}
	f.Add(r, event.MustDay(from), event.MustDay(to))
	text := ""
	for _, w := range siteactivity.Weeks(event.MustDay(from), event.MustDay(to)) {
		for _, m := range siteactivity.Measures {
			for _, s := range []reference.Site{"CAMBRIDGE", "MIDDLESBROUGH"} {
				if n := f[w][m][s]; n > 0 {
					text += fmt.Sprintf("%s %s %s %d\n", w, m, s, n)
				}
			}
		}
	}
	return text
}

func TestARowSaysWhatWasDoneInWhichWeekAndWhere(t *testing.T) {
	t.Parallel()
	r := only(t, history(t, event.NHS), event.NHS, 14)
	want := `2026-02-02 REGISTERED CAMBRIDGE 1
2026-02-02 SCREENED CAMBRIDGE 1
2026-02-02 REFERRED CAMBRIDGE 1
2026-02-02 GP_REGISTERED CAMBRIDGE 1
2026-02-02 MISSED_HUB_CLINIC CAMBRIDGE 1
2026-02-02 CONSENT_ASKED CAMBRIDGE 2
2026-02-02 CONSENT_GIVEN CAMBRIDGE 1
2026-02-09 SCREENED MIDDLESBROUGH 1
2026-02-09 CONSENT_WITHDRAWN MIDDLESBROUGH 1
2026-02-09 DISCLOSURES MIDDLESBROUGH 2
`
	if got := shown(r, "2026-02-02", "2026-02-09"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if r.LastWeek != event.MustDay("2026-02-09") || r.Site != "MIDDLESBROUGH" {
		t.Errorf("last seen in the week of %s at %s", r.LastWeek, r.Site)
	}
	if got := shown(r, "2026-02-16", "2026-02-23"); got != "" {
		t.Errorf("of later weeks: %s", got)
	}
}

// What came of a clinic is counted as it was recorded last.
func TestAClinicThatWasKeptAfterAllIsNotCounted(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	c.Says("HUB-CAM", attended("5"))
	f := siteactivity.Figures{}
	f.Add(only(t, c, event.NHS, 15), event.MustDay("2026-01-05"), event.MustDay("2026-12-28"))
	for week, of := range f {
		if len(of[siteactivity.MissedClinic]) != 0 {
			t.Errorf("a clinic is missed in the week of %s", week)
		}
	}
}

func TestAnotherSidesDoingsAreNotCounted(t *testing.T) {
	t.Parallel()
	if got, want := shown(only(t, history(t, event.Probation), event.Probation, 14), "2026-02-02", "2026-02-09"), "2026-02-02 REGISTERED CAMBRIDGE 1\n"; got != want {
		t.Errorf("probation counts\n%swant\n%s", got, want)
	}
	events, _ := history(t, "").Events(projectiontest.Person(1))
	if rows, err := projections.Replay(siteactivity.Model(boundarytest.Viewer("")), events); err != nil || len(rows) != 0 {
		t.Errorf("the auditors have %d rows, %v; want none", len(rows), err)
	}
}

func TestAWeekBeginsOnItsMonday(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{"2026-02-02": "2026-02-02", "2026-02-08": "2026-02-02", "2026-02-09": "2026-02-09",
		"2026-03-29": "2026-03-23", "2026-03-30": "2026-03-30", "2026-10-25": "2026-10-19", "2027-01-01": "2026-12-28"} {
		if got := siteactivity.Week(event.MustDay(day)); got.String() != want {
			t.Errorf("%s is in the week of %s, want %s", day, got, want)
		}
	}
}

func TestAWeekIsPublishedMeasureByMeasure(t *testing.T) {
	t.Parallel()
	monday := event.MustDay("2026-02-02")
	f := siteactivity.Figures{monday: {siteactivity.Screened: {"CAMBRIDGE": 12, "MIDDLESBROUGH": 3, "HAMMERSMITH": 40}}}
	all := f.Week(monday, []reference.Site{"CAMBRIDGE", "MIDDLESBROUGH", "HAMMERSMITH"}, 10)
	if len(all) != len(siteactivity.Measures) {
		t.Fatalf("%d measures, want %d", len(all), len(siteactivity.Measures))
	}
	for _, p := range all {
		want := "[{0 true} {0 true} {0 true}]"
		if p.Measure == siteactivity.Screened {
			want = "[{0 true} {0 true} {40 false}]"
		}
		if got := fmt.Sprint(p.Cells); got != want || !p.Total.Suppressed {
			t.Errorf("%s: %s, total %v; want %s", p.Measure, got, p.Total, want)
		}
	}
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	c := history(t, event.NHS)
	events, _ := c.Events(c.Person())
	c.Says("HUB-CAM", event.EnteredInError{}, projectiontest.Corrects(events[5].ID))
	projectiontest.Run(t, siteactivity.Model(boundarytest.Viewer(event.NHS)), c.Ledger, history(t, event.Probation).Ledger)
}
