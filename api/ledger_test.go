package api

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
)

func TestWhatIsPublishedIsForEverybody(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	for path, c := range map[string]struct {
		media, cache string
		body         []byte
	}{
		"/ledger/checkpoint":         {"text/plain; charset=utf-8", "public, max-age=1", f.signed.Note},
		"/ledger/witnessed":          {"text/plain; charset=utf-8", "public, max-age=1", f.witnessed.Note},
		"/ledger/tile/0/001":         {"application/octet-stream", "public, max-age=31536000, immutable", make([]byte, 8192)},
		"/ledger/tile/0/002.p/188":   {"application/octet-stream", "public, max-age=600", make([]byte, 188*32)},
		"/ledger/tile/0/000.p/1?x=y": {"application/octet-stream", "public, max-age=600", make([]byte, 32)},
	} {
		w := plainly(t, b, path)
		want(t, w, http.StatusOK, "")
		if h := w.Header(); h.Get("Content-Type") != c.media || h.Get("Cache-Control") != c.cache || h.Get("Content-Length") != fmt.Sprint(len(c.body)) {
			t.Errorf("%s: %v", path, h)
		}
		if !bytes.Equal(w.Body.Bytes(), c.body) {
			t.Errorf("%s: another body, of %d bytes", path, w.Body.Len())
		}
	}
	for _, path := range []string{"/ledger/", "/ledger/tile", "/ledger/tile/", "/ledger/tile/0", "/ledger/tile/0/002", "/ledger/tile/0/002.p/189", "/ledger/tile/0/x000/001",
		"/ledger/tile/1/000.p/2", "/ledger/tile/64/000", "/ledger/tile/0/000.p/256", "/ledger/tile/0/%30%30%30", "/ledger/tile/0/../0/000", "/ledger/tile/data/000", "/ledger/tile/" + canary} {
		want(t, plainly(t, b, path), http.StatusNotFound, "no-such-resource")
	}
	if looks := b.looks.all(); len(looks) > 0 {
		t.Errorf("what is public is on the record: %v", looks)
	}
}

func TestWhatIsNotSealedYetIsToBeAskedForLater(t *testing.T) {
	t.Parallel()
	b := newBench(t) // without a ledger
	with, f := ledgerBench(t)
	f.signed.N = 40 // the event is entry 41
	auditor := func(path string) *httptest.ResponseRecorder { return b.askOf("GET", path, "AUDITOR", "AUDIT", "") }
	for _, w := range []*httptest.ResponseRecorder{
		plainly(t, b, "/ledger/checkpoint"), plainly(t, b, "/ledger/tile/0/000"), auditor("/ledger/tile/entries/000"),
		auditor("/api/v1/ledger/status"), auditor("/api/v1/ledger/checkpoint"), auditor("/api/v1/ledger/consistency?from=1"), auditor("/api/v1/ledger/inclusion?entry=1"),
		b.ask("GET", "/api/v1/events/"+event1.String()+"/proof", "HUB_CLIN", ""),
		with.ask("GET", "/api/v1/events/"+event1.String()+"/proof", "HUB_CLIN", ""),
		with.askOf("GET", "/api/v1/ledger/inclusion?entry=41", "AUDITOR", "AUDIT", ""),
	} {
		want(t, w, http.StatusServiceUnavailable, "not-yet-sealed")
		if w.Header().Get("Retry-After") != "1" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v", w.Header())
		}
	}
}

func TestWithoutWitnessesNothingIsWitnessed(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	f.witnessedErr = ledger.ErrNoCheckpoint
	want(t, plainly(t, b, "/ledger/witnessed"), http.StatusNotFound, "no-such-resource")
	f.witnessedErr = ledger.ErrCorrupt
	want(t, plainly(t, b, "/ledger/witnessed"), http.StatusInternalServerError, "ledger-corrupt")
}

// Entries are sealed and say all the same how much happened to whom: they are an
// auditor's, and each bundle is on the record of those whom it is about.
func TestEntriesAreForAuditorsAndOnTheRecord(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	const path = "/ledger/tile/entries/000.p/3"
	want(t, plainly(t, b, path), http.StatusUnauthorized, "token-missing")
	for _, role := range callers {
		if role != "AUDITOR" {
			want(t, b.askOf("GET", path, string(role), oracle[string(role)].org, ""), http.StatusForbidden, "role-may-not")
		}
	}
	for _, bad := range []string{"/ledger/tile/entries/", "/ledger/tile/entries/x001", "/ledger/tile/entries/003", "/ledger/tile/entries/002.p/189", "/ledger/tile/entries/" + canary} {
		want(t, b.askOf("GET", bad, "AUDITOR", "AUDIT", ""), http.StatusNotFound, "no-such-resource")
	}
	want(t, b.askOf("GET", path+"?purpose=CURIOSITY", "AUDITOR", "AUDIT", ""), http.StatusBadRequest, "purpose-not-allowed")
	if looks := b.looks.all(); len(looks) > 0 {
		t.Fatalf("what was refused is on the record: %v", looks)
	}
	for query, purpose := range map[string]access.Purpose{"": "AUDIT", "?purpose=CRIMINAL_PROCEEDINGS": "CRIMINAL_PROCEEDINGS"} {
		before := len(b.looks.all())
		w := b.askOf("GET", path+query, "AUDITOR", "AUDIT", "", "X-Purpose-Of-Use", "")
		want(t, w, http.StatusOK, "")
		if h := w.Header(); !bytes.Equal(w.Body.Bytes(), f.bundle) || h.Get("Content-Type") != "application/octet-stream" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d bytes, %v", query, w.Body.Len(), h)
		}
		looks := b.looks.all()[before:]
		if len(looks) != 1 {
			t.Fatalf("%d looks are on the record, want 1", len(looks))
		}
		on := looks[0]
		if on.Ledger.Purpose != purpose || on.Ledger.View != "ledger-entries" || on.Ledger.Items != 3 || on.Purpose != "AUDIT" ||
			!slices.Equal(on.Ledger.Subjects, []event.UUID{person1, person2}) || len(on.Ledger.Validate()) > 0 {
			t.Errorf("on the record: %+v", on)
		}
	}
	good := f.bundle
	for name, bundle := range map[string][]byte{"cut": good[:len(good)-1], "a byte more": append(bytes.Clone(good), 0), "no entries": {0, 1, 9}} {
		f.bundle = bundle
		if w := b.askOf("GET", path, "AUDITOR", "AUDIT", ""); w.Code != http.StatusInternalServerError {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	f.bundle = good
	b.looks.fail()
	w := b.askOf("GET", path, "AUDITOR", "AUDIT", "")
	want(t, w, http.StatusServiceUnavailable, "access-log-unavailable")
	if bytes.Contains(w.Body.Bytes(), f.bundle[:32]) {
		t.Error("the entries left though nobody will know")
	}
}

// Sizes and positions are numbers, which auditors and information governance
// leads see.
func TestTheLedgerIsReadByThoseWhoSeeNumbers(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	for path, parts := range map[string][]string{
		"/api/v1/ledger/status":                    {`"sealed":700`, `"unsealed":3`, `"head":703`, `"witnessed":600`, `"verdict":"intact"`, `"name":"witness.example"`, `"checkpointAt":"2026-03-02T10:00:00Z"`},
		"/api/v1/ledger/checkpoint":                {`"signed":{"size":700`, `"witnessed":{"size":600`, string(must(json.Marshal(string(f.signed.Note))))},
		"/api/v1/ledger/consistency?from=3&to=600": {`"from":3,"to":600`, `"hashes":["` + base64Of([]ledger.Hash{f.signed.Hash})[0] + `"`},
		"/api/v1/ledger/consistency?from=700":      {`"from":700,"to":700`},
		"/api/v1/ledger/inclusion?entry=41":        {`"entry":"41","index":40`, `"size":700`},
	} {
		for _, role := range callers {
			before := len(b.looks.all())
			w := b.askOf("GET", path, string(role), oracle[string(role)].org, "")
			if role != "AUDITOR" && role != "IG_LEAD" {
				want(t, w, http.StatusForbidden, "role-may-not")
				continue
			}
			want(t, w, http.StatusOK, "")
			for _, part := range parts {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("%s lacks %s: %s", path, part, w.Body)
				}
			}
			if len(b.looks.all()) != before+1 {
				t.Errorf("%s: the read is not on the record", path)
			}
		}
	}
	for path, code := range map[string]string{
		"consistency": "parameter-out-of-range", "consistency?from=0": "parameter-out-of-range", "consistency?from=6&to=5": "parameter-out-of-range",
		"consistency?from=1&to=701": "parameter-out-of-range", "consistency?from=01": "parameter-out-of-range", "consistency?from=1&size=3": "parameter-unknown",
		"inclusion": "parameter-malformed", "inclusion?entry=0": "parameter-malformed", "inclusion?entry=041": "parameter-malformed", "inclusion?entry=x" + canary: "parameter-malformed",
	} {
		want(t, b.askOf("GET", "/api/v1/ledger/"+path, "AUDITOR", "AUDIT", ""), http.StatusBadRequest, code)
	}
	f.witnessedErr = ledger.ErrNoCheckpoint
	if w := b.askOf("GET", "/api/v1/ledger/checkpoint", "AUDITOR", "AUDIT", ""); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"witnessed"`) {
		t.Errorf("before anything is witnessed: %d %s", w.Code, w.Body)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAProofIsForWhoeverMaySeeTheEvent(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	path := "/api/v1/events/" + event1.String() + "/proof"
	for _, role := range callers {
		row := oracle[string(role)]
		w := b.askOf("GET", path, string(role), row.org, "")
		if !strings.HasSuffix(row.may, "e") {
			want(t, w, http.StatusForbidden, "role-may-not")
			continue
		}
		want(t, w, http.StatusOK, "")
		p, err := ledger.ParseProof(w.Body.Bytes())
		if err != nil || p.Index != 40 || !bytes.Equal(p.Checkpoint, f.witnessed.Note) {
			t.Errorf("%s: %v, %v", role, p.Index, err)
		}
		if h := w.Header(); h.Get("Cache-Control") != "private, max-age=31536000, immutable" || h.Get("Content-Type") != "text/plain; charset=utf-8" ||
			h.Get("Content-Disposition") != `attachment; filename="`+event1.String()+`.tlog-proof"` {
			t.Errorf("%s: %v", role, h)
		}
		looks := b.looks.all()
		if last := looks[len(looks)-1]; last.Data.View != "event-proof" || last.Data.Class != access.ReadEvent || !slices.Equal(last.Data.Subjects, []event.UUID{person1}) {
			t.Errorf("on the record: %+v", last)
		}
	}
	want(t, b.ask("GET", "/api/v1/events/"+nobody.String()+"/proof", "HUB_CLIN", ""), http.StatusNotFound, "no-such-event")
	want(t, b.ask("GET", "/api/v1/events/"+canary+"/proof", "HUB_CLIN", ""), http.StatusNotFound, "no-such-event")
	want(t, b.ask("GET", path, "HUB_CLIN", "", "X-Purpose-Of-Use", ""), http.StatusBadRequest, "purpose-required")

	f.proofBy = f.signed // a better one is to come
	if w := b.ask("GET", path, "HUB_CLIN", ""); w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("by a checkpoint that is not witnessed: %v", w.Header())
	}
}

func TestADamagedLedgerIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	f.err = fmt.Errorf("%w: tile/0/x001/234 is missing", ledger.ErrCorrupt)
	for _, path := range []string{"/ledger/checkpoint", "/ledger/tile/0/000", "/ledger/tile/entries/000", "/api/v1/ledger/status", "/api/v1/ledger/consistency?from=1",
		"/api/v1/ledger/inclusion?entry=3", "/api/v1/events/" + event1.String() + "/proof"} {
		w := b.askOf("GET", path, "AUDITOR", "AUDIT", "")
		want(t, w, http.StatusInternalServerError, "ledger-corrupt")
		if strings.Contains(w.Body.String(), "tile") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
	}
	if !strings.Contains(b.log.String(), "tile/0/x001/234 is missing") {
		t.Error("the log does not say where")
	}
}

// While an alarm is raised nobody is told anything without being told that.
func TestAnAlarmIsOnEveryAnswer(t *testing.T) {
	t.Parallel()
	b, f := ledgerBench(t)
	ask := map[string]func() string{}
	for _, path := range []string{"/ledger/checkpoint", "/ledger/tile/0/000", "/ledger/tile/0/003", "/health", "/ping", "/nowhere", of("/api/v1/people/{p}", person1),
		of("/api/v1/people/{p}", nobody), "/api/v1/caseload", "/api/v1/events/" + event1.String() + "/proof"} {
		ask[path] = func() string {
			w := b.ask("GET", path, "HUB_CLIN", "")
			meta := strings.Contains(w.Body.String(), `"integrity":"failed"`)
			if failed := w.Header().Get("X-Ledger-Integrity"); (strings.HasPrefix(path, "/api") && w.Code == 200 && !strings.HasSuffix(path, "proof") || path == "/health") && meta != (failed != "") {
				t.Errorf("%s: the header and the body differ: %s", path, w.Body)
			}
			return w.Header().Get("X-Ledger-Integrity")
		}
	}
	ask["a command"] = func() string {
		w := b.ask("POST", "/api/v1/people/commands/register-person", "HUB_NURSE", "{")
		return w.Header().Get("X-Ledger-Integrity")
	}
	figure := func() string { return plainly(t, b, "/metrics").Body.String() }
	for _, f.failed = range []string{"", "verification-failed", ""} {
		says := ""
		if f.failed != "" {
			says = "failed"
		}
		for what, ask := range ask {
			if got := ask(); got != says {
				t.Errorf("%s with the alarm %q: X-Ledger-Integrity is %q", what, f.failed, got)
			}
		}
		if want := fmt.Sprintf("\ncaseledger_ledger_integrity_failed %d\n", len(says)/6); !strings.Contains(figure(), want) {
			t.Errorf("with the alarm %q the figures lack %q", f.failed, want)
		}
		if w := plainly(t, b, "/health/readiness"); w.Code != http.StatusOK {
			t.Errorf("with the alarm %q it is not ready: %d", f.failed, w.Code)
		}
	}
}

// What is published is worked on like any other request; the probes alone are let
// through.
func TestWhatIsPublishedHasALimit(t *testing.T) {
	t.Parallel()
	gate := &blocked{in: make(chan struct{}), out: make(chan struct{})}
	b, _ := ledgerBench(t, func(c *Config) {
		gate.next = c.Views
		c.Views, c.Limits.InFlight = gate, 1
	})
	done := make(chan struct{})
	go func() { defer close(done); b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "") }()
	<-gate.in
	for _, path := range []string{"/ledger/checkpoint", "/ledger/witnessed", "/ledger/tile/0/000"} {
		want(t, plainly(t, b, path), http.StatusServiceUnavailable, "too-busy")
	}
	close(gate.out)
	<-done
	want(t, plainly(t, b, "/ledger/checkpoint"), http.StatusOK, "")
}
