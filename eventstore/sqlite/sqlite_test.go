package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"caseledger/eventstore"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) eventstore.Store {
		return open(tb, sqlite.Options{Path: filepath.Join(tb.TempDir(), "ledger.db"), Clock: clock})
	})
}

func open(tb testing.TB, o sqlite.Options) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}
