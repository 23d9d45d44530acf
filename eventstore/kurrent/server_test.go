package kurrent_test

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/storetest"
)

// server is what a real cluster is tested on: CASELEDGER_TEST_KURRENT_URL, set
// by who calls `make test-kurrent`. Where it is not set the same tests run on a
// double that they share. They leave their streams behind, each under a prefix
// of its own.
func server(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("CASELEDGER_TEST_KURRENT_URL"); url != "" {
		t.Log("on the server of CASELEDGER_TEST_KURRENT_URL")
		return url
	}
	t.Log("on a double")
	return kurrenttest.Start(t, kurrenttest.Options{}).URL()
}

func prefix(tb testing.TB) string {
	tb.Helper()
	var drawn [8]byte
	if _, err := rand.Read(drawn[:]); err != nil {
		tb.Fatal(err)
	}
	return "test-" + hex.EncodeToString(drawn[:]) + "-"
}

func TestServer(t *testing.T) {
	url := server(t)
	under := func(tb testing.TB, clock func() time.Time) eventstore.Store {
		return open(tb, kurrent.Options{URL: url, Clock: clock, Prefix: prefix(tb)})
	}
	t.Run("store", func(t *testing.T) { storetest.Run(t, under) })
	t.Run("ingest", func(t *testing.T) { storetest.RunIngest(t, under) })
	t.Run("two processes", func(t *testing.T) {
		o := kurrent.Options{URL: url, Prefix: prefix(t)}
		a, b := open(t, o), open(t, o)
		acknowledged := crowd(t, 16, 25, a, b)
		mustHold(t, a, acknowledged)
		mustHold(t, b, acknowledged)
	})
}
