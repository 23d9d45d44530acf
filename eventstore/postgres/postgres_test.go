//go:build postgres

package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/eventstore/storetest"
)

func TestMain(m *testing.M) {
	if url, ok := os.LookupEnv(victimEnv); ok {
		victim(url)
	}
	// toxiproxy leaves a link behind whose connection ended while a toxic changed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

func TestStore(t *testing.T) {
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) eventstore.Store {
		execute(tb, owner, emptied...)
		return open(tb, postgres.Options{URL: as(role, owner), Clock: clock})
	})
}

func TestStoreUnderFaults(t *testing.T) {
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	storetest.Faults(t, func(tb testing.TB, clock func() time.Time) (eventstore.Store, func(int, storetest.Fault)) {
		execute(tb, owner, emptied...)
		s := open(tb, postgres.Options{URL: as(role, owner), Clock: clock})
		return s, s.Inject
	})
}

// emptied makes a ledger as it is after its migration.
var emptied = []string{"TRUNCATE caseledger.events", "UPDATE caseledger.head SET position = 0, recorded_at = -9223372036854775808"}

var roles atomic.Int64

// migrated makes a database with a ledger on a server, and a role that may
// append to it, and returns that role's connection string.
func migrated(tb testing.TB, server *pgtest.Server) string {
	tb.Helper()
	owner := server.Database(tb)
	role := fmt.Sprintf("app%d", roles.Add(1))
	execute(tb, owner, "CREATE ROLE "+role+" LOGIN")
	migrate(tb, owner, role)
	return as(role, owner)
}

// as is a connection string for another role.
func as(role, url string) string { return url + " user=" + role }

func migrate(tb testing.TB, url, role string) {
	tb.Helper()
	if _, err := postgres.Migrate(tb.Context(), url, postgres.MigrateOptions{AppRole: role}); err != nil {
		tb.Fatalf("migrate: %v", err)
	}
}

// execute runs statements as the role of a connection string, also when the
// test has ended.
func execute(tb testing.TB, url string, statements ...string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

// open opens a store, on a server that may be one for tests of behaviour.
func open(tb testing.TB, o postgres.Options) *postgres.Store {
	tb.Helper()
	o.AllowNoFsync = true
	s, err := postgres.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { mustClose(tb, s) })
	return s
}

func mustClose(tb testing.TB, s *postgres.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

func named(parts ...int) event.UUID {
	var bytes []byte
	for _, p := range parts {
		bytes = binary.BigEndian.AppendUint64(bytes, uint64(p))
	}
	return event.DeriveUUID("test", bytes)
}

// try runs a statement as the role of a connection string.
func try(tb testing.TB, url, statement string) error {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(tb.Context(), statement)
	return err
}

func sqlState(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}
