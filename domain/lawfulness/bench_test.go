package lawfulness

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
)

// ordinary is an ordinary year of a person: 100 events, of which 20 are
// decisions and disclosures, recorded a moment after they happened, and 20
// looks.
func ordinary(t testing.TB) *History {
	s := newStory(t)
	for _, code := range []reference.OrganisationCode{"HUB-CAM", "TRUST", "GP1", "DRUG1", "PROB-N56"} {
		for i := range 30 {
			who := staff(fmt.Sprint(code, i))
			s.organisation(code, "", governance.TrainingRecorded{Training: who, Staff: who, Course: governance.DataSecurity})
		}
	}
	s.organisation("HUB-CAM", "", governance.TrainingRecorded{Training: id("t"), Staff: s.actor.ID, Course: governance.DataSecurity})
	s.impactAssessed("HUB-CAM", "dpia", "2030-01-01").entered("HUB-CAM", "DIRECT_CARE", event.NHS, "2026-01-01")
	s.record("person", registered).record("notice", notice).linked("01")
	s.record("", consent.ConsentGranted{Consent: id("consent"), Version: 1, Kind: consent.Screening, ExpiresAt: day("2027-01-01"),
		Voluntary: consent.Voluntariness{NoEffect: true, AskedFreely: true}})
	s.referred("CMHT", "TRUST")
	f := flow(org("HUB-CAM"), org("TRUST"), "DIRECT_CARE", "ID.DEMOG", "H.SCREEN_BAND")
	for i := range 10 {
		s.now = s.now.Add(24 * time.Hour)
		k := fmt.Sprint("decision", i)
		s.decides(k, "R01", f).tells(fmt.Sprint("telling", i), k, f)
		for range 2 {
			s.look("", "person.timeline")
		}
	}
	for len(s.events) < 100 {
		s.now = s.now.Add(24 * time.Hour)
		s.record("", screening.ScreeningCompleted{Screening: id(fmt.Sprint(len(s.events))), Status: screening.Complete})
		s.record("", referral.ReferralAcknowledged{Referral: id("referral")})
	}
	for i := range s.events {
		s.events[i].RecordedAt = s.events[i].RecordedAt.Add(2 * time.Millisecond)
	}
	return NewHistory(s.person, s.events, s.looks, NewShared(register, s.around))
}

// BenchmarkJudge judges a person with 100 events and 20 items. The target is
// 20,000 events a second with decoding, on one machine.
func BenchmarkJudge(b *testing.B) {
	h := ordinary(b)
	b.ReportAllocs()
	for b.Loop() {
		fresh := NewHistory(h.Person, h.events, h.looks, h.Shared)
		Judge(fresh, h.events[len(h.events)-1].RecordedAt)
	}
	b.ReportMetric(float64(b.N*len(h.events))/b.Elapsed().Seconds(), "events/s")
}
