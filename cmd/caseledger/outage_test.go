package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore/kurrent/kurrenttest"
)

// TestBlackBoxClusterOutage serves a ledger in the double of a KurrentDB cluster
// through a restart of the program, lost connections, and a cluster that is gone
// and comes back. While it is gone commands, and reads, which must be on the
// record, are refused with when to try again, and readiness says which part is
// down; then the program goes on by itself, and a command that is repeated is
// recorded once.
func TestBlackBoxClusterOutage(t *testing.T) {
	t.Parallel()
	cluster := kurrenttest.Start(t, kurrenttest.Options{})
	data, issuer := filepath.Join(t.TempDir(), "data"), newIssuer(t)
	on := []string{"--data", data, "--ledger", cluster.URL()}
	serve := func() *running {
		t.Helper()
		r := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience,
			"--jwks", keysFor(t, issuer)}, on...)...)
		r.issuer, r.address = issuer, strings.TrimPrefix(r.line("serving "), "serving ")
		waitFor(t, func() bool { return r.readiness(t)["ledger"] == "UP" })
		return r
	}
	r := serve()
	who := registered(t, r, newKey())
	if code := r.stop(); code != 0 {
		t.Fatalf("the server stopped with %d:\n%s", code, r.errs)
	}
	r = serve()
	pp := r.as("PP1")
	pp.get("/api/v1/people/"+who.String(), nil)

	for range 3 {
		cluster.DropConnections()
		pp.get("/api/v1/people/"+registered(t, r, newKey()).String(), nil)
	}

	cluster.StopNode(0)
	key, before := newKey(), cluster.Records("case-")
	a := registers(t, r, key)
	if wait, err := strconv.Atoi(a.header.Get("Retry-After")); a.status != http.StatusServiceUnavailable || err != nil || wait < 1 {
		t.Errorf("a command without a cluster: status %d, Retry-After %q\n%s", a.status, a.header.Get("Retry-After"), a.body)
	}
	waitFor(t, func() bool { return r.readiness(t)["ledger"] == "DOWN" })
	if got := r.probe("/health/liveness"); got != http.StatusOK {
		t.Errorf("liveness without a cluster: %d", got)
	}
	// Reads are on the record or not answered.
	if got, err := r.as("PP1").try(http.MethodGet, "/api/v1/people/"+who.String(), nil, nil); err != nil || got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("a read without a cluster: status %d (%v)\n%s", got.status, err, got.body)
	}
	if got := r.probe("/metrics"); got != http.StatusOK {
		t.Errorf("figures without a cluster: %d", got)
	}

	if err := cluster.StartNode(0); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return r.readiness(t)["ledger"] == "UP" })
	late := registered(t, r, key)
	after := cluster.Records("case-")
	if again := registered(t, r, key); again != late || cluster.Records("case-") != after || after <= before {
		t.Errorf("repeated: %s and %s, %d records, then %d, then %d", late, again, before, after, cluster.Records("case-"))
	}
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusOK })
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	mustCommand(t, append([]string{"project", "check", "--quiet"}, on...)...)
	mustCommand(t, append([]string{"doctor", "--quiet"}, on...)...)
}

// readiness is what the readiness probe says of each part.
func (r *running) readiness(t *testing.T) map[string]string {
	t.Helper()
	p, err := r.client.Get(r.address + "/health/readiness")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(p.Body)
	_ = p.Body.Close()
	var said struct {
		Components map[string]string `json:"components"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &said)
	}
	if err != nil {
		t.Fatal(err)
	}
	return said.Components
}

// registers tries once to open a case, by a command's key.
func registers(t *testing.T, r *running, key event.UUID) reply {
	t.Helper()
	a, err := r.as("PP1").try(http.MethodPost, "/api/v1/people/commands/register-person", map[string]string{"Idempotency-Key": key.String()},
		body{"name": body{"given": "TEST", "family": "SIERRA"}, "dateOfBirth": "1990-01-02", "sex": "M", "region": "N56"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// registered opens a case, repeating the command as long as it is refused for
// now, and returns when it can be read.
func registered(t *testing.T, r *running, key event.UUID) (who event.UUID) {
	t.Helper()
	var a reply
	waitFor(t, func() bool {
		a = registers(t, r, key)
		return a.status != http.StatusServiceUnavailable
	})
	var data struct {
		Person event.UUID `json:"person"`
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		t.Fatalf("a command is answered %d:\n%s", a.status, a.body)
	}
	a.into(t, &data)
	waitFor(t, func() bool {
		a, err := r.as("PP1").try(http.MethodGet, "/api/v1/people/"+data.Person.String(), nil, nil)
		return err == nil && a.status == http.StatusOK
	})
	return data.Person
}
