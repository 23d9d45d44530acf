package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
)

// overdue is a data directory of 2025 with an agreement, a consent, a referral
// and a use of break-glass, all of which have run out since.
func overdue(t *testing.T) string {
	t.Helper()
	b := &baseline{begin: event.MustDay("2025-01-06"), until: event.MustDay("2025-12-31"), pacts: []pact{{"DSA-T", "Hub with probation",
		event.MustDay("2025-01-06"), event.MustDay("2025-07-01"), []string{"HUB-CAM", "PROB-N56"}, []string{"REHAB_SUPPORT"},
		[]body{flow("NHS", "PROBATION", "H.ATTENDANCE")}}}}
	b.write()
	const fact = `","purpose":"DIRECT_CARE","origin":"IMPORTED","importReason":"an invented past",`
	data, errs, code := runJournal(t, b.text.String()+
		`{"ref":"R1","clock":"2025-02-03T10:00:00Z","command":"register-person","person":"Q","actor":"PP1`+fact+`"body":{"name":{"family":"QUEBEC"},"dateOfBirth":"1990-01-02","sex":"F","region":"N56"}}
{"ref":"R2","clock":"2025-02-03T10:01:00Z","command":"give-privacy-notice","person":"Q","actor":"NUR1`+fact+`"body":{"notice":"v1","format":"STANDARD"}}
{"ref":"R3","clock":"2025-02-03T10:02:00Z","command":"grant-consent","person":"Q","actor":"NUR1`+fact+`"body":{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2025-06-01"}}
{"ref":"R4","clock":"2025-02-03T10:03:00Z","command":"send-referral","person":"Q","actor":"NUR1`+fact+`"body":{"destination":"DRUG_ALCOHOL","priority":"ROUTINE","toOrg":"@org:TRUST","reason":"Invented."}}
{"ref":"R5","clock":"2025-02-03T22:10:00Z","command":"invoke-break-glass","person":"Q","actor":"NUR1`+fact+`"body":{"reasonCode":"RISK_TO_LIFE","reason":"An invented emergency at night."}}
`)
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	return data
}

// givenByTheSystem lists what the system recorded but findings and the rules of
// the beginning: the type and since when it was so.
func givenByTheSystem(t *testing.T, data string) (all []string) {
	t.Helper()
	for line := range strings.Lines(mustCommand(t, "events", "list", "--json", "--data", data)) {
		var e struct {
			Type      string      `json:"type"`
			Actor     event.Actor `json:"actor"`
			Effective event.When  `json:"effectiveAt"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if e.Actor.Role == "SYSTEM" && e.Type != "key.created" && !strings.HasPrefix(e.Type, "finding.") && !strings.HasPrefix(e.Type, "policy.") {
			all = append(all, e.Type+" "+e.Effective.String())
		}
	}
	slices.Sort(all)
	return all
}

// judgedAll reports whether everybody was judged, and everything done that is
// due.
func judgedAll(t *testing.T, data string) bool {
	t.Helper()
	k, err := keep.OpenSQLite(t.Context(), filepath.Join(data, monitorsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	next, due, err := k.Next(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	status, err := k.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(status.To) == count(t, data) && (!due || next.After(time.Now()))
}

// TestBlackBoxServeRecordsWhatFallsDue checks that a server records what has
// run out, once, of when it did, also while it serves; and that nothing else
// does.
func TestBlackBoxServeRecordsWhatFallsDue(t *testing.T) {
	t.Parallel()
	data := overdue(t)
	mustCommand(t, "findings", "run", "--all", "--quiet", "--at", "2026-01-02", "--data", data)
	if got := givenByTheSystem(t, data); len(got) > 0 {
		t.Errorf("without a server: %q", got)
	}
	want := []string{"agreement.expired 2025-06-30T23:00:00Z", "break-glass.ended 2025-02-04T02:10:00Z", "consent.expired 2025-06-01",
		"referral.wait-threshold-crossed 2025-02-24"}
	r := serveData(t, data)
	waitFor(t, func() bool { return slices.Equal(givenByTheSystem(t, data), want) })

	end := time.Now().Add(time.Second).UTC().Truncate(time.Microsecond)
	nurse := r.as("NUR1")
	nurse.does(personID("Q"), "grant-consent", "consent", body{"kind": "SCREENING", "form": "EXPLICIT_ORAL", "expiresAt": end.Format(time.RFC3339Nano)})
	want = append(want, "consent.expired "+event.At(end).String())
	slices.Sort(want)
	waitFor(t, func() bool { return slices.Equal(givenByTheSystem(t, data), want) })
	r.kill()
	r = serveData(t, data)
	if code := r.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	if got := givenByTheSystem(t, data); !slices.Equal(got, want) {
		t.Errorf("after a second start: %q, want %q", got, want)
	}
}
