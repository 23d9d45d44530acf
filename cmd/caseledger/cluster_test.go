package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/eventstore/kurrent/kurrenttest"
)

// TestBlackBoxCluster serves a record whose ledger is in a KurrentDB cluster, by
// the double of one, and takes the ledger of a data folder over into it.
func TestBlackBoxCluster(t *testing.T) {
	t.Parallel()
	cluster := kurrenttest.Start(t, kurrenttest.Options{})
	simulated := someData(t)
	path := filepath.Join(t.TempDir(), "ledger.bin")
	mustCommand(t, "ledger", "export", path, "--quiet", "--data", simulated)
	data := withKeys(t, simulated)
	secret := filepath.Join(t.TempDir(), "connection")
	if err := os.WriteFile(secret, []byte(cluster.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	on := []string{"--data", data, "--ledger", "file:" + secret}
	with := func(args ...string) string {
		t.Helper()
		return mustCommand(t, append(append(args, "--quiet"), on...)...)
	}
	with("ledger", "import", path)
	if with("events", "export") != mustCommand(t, "events", "export", "--quiet", "--data", simulated) {
		t.Error("the entries in the cluster are others")
	}
	issuer := newIssuer(t)
	for range 2 {
		r := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience,
			"--jwks", keysFor(t, issuer)}, on...)...)
		r.issuer, r.address = issuer, strings.TrimPrefix(r.line("serving "), "serving ")
		waitFor(t, func() bool {
			p, err := r.client.Get(r.address + "/health/readiness")
			if err != nil {
				return false
			}
			_ = p.Body.Close()
			return p.StatusCode == http.StatusOK
		})
		pp := r.as("PP1")
		who := pp.registers(body{"name": body{"given": "TEST", "family": "ROMEO"}, "dateOfBirth": "1990-01-02", "sex": "F", "region": "N56"})
		pp.get("/api/v1/people/"+who.String(), nil)
		if code := r.stop(); code != 0 {
			t.Errorf("the server stopped with %d:\n%s", code, r.errs)
		}
	}
	with("project", "check")
	with("doctor")
}
