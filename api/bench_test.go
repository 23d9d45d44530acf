package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"caseledger/domain/event"
)

// BenchmarkReadPerson is the API's own share of reading a person with 50
// entries: identity, checks, answer, look, log record; with fakes behind it.
func BenchmarkReadPerson(b *testing.B) {
	t := newBench(b)
	t.views.timeline = nil
	for i := range 50 {
		t.views.timeline = append(t.views.timeline, TimelineEntry{Event: event1, Position: event.Position(i + 1), Type: "consent.granted",
			OccurredAt: event.At(now), RecordedAt: now, Summary: "Consent given: attendance, referral to probation", Standing: true,
			Details: []byte(`{"purposes":["REHAB_SUPPORT"],"categories":["H.ATTENDANCE","H.REFERRAL"]}`)})
	}
	token := "Bearer " + tokenFor(b, "HUB_CLIN", "HUB")
	path := of("/api/v1/people/{p}/timeline", person1)
	var slowest time.Duration
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", token)
		r.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
		w := httptest.NewRecorder()
		started := time.Now()
		t.api.ServeHTTP(w, r)
		slowest = max(slowest, time.Since(started))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		b.SetBytes(int64(w.Body.Len()))
	}
	b.ReportMetric(float64(slowest.Microseconds()), "slowest-µs")
}

// BenchmarkIdentify is the cost of knowing who asks.
func BenchmarkIdentify(b *testing.B) {
	t := newBench(b)
	authorization := []string{"Bearer " + tokenFor(b, "HUB_CLIN", "HUB")}
	for b.Loop() {
		if _, _, err := t.api.identify(b.Context(), authorization); err != nil {
			b.Fatal(err)
		}
	}
}
