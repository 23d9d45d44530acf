//go:build postgres

package keep_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
)

func openShelf(t *testing.T, dsn, schema string) *keep.ShelfPostgres {
	t.Helper()
	s, err := keep.OpenShelfPostgres(t.Context(), dsn, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestShelfPostgres(t *testing.T) {
	t.Parallel()
	ledgertest.RunShelf(t, func(t *testing.T) func() ledger.Shelf {
		dsn, schema := pgtest.Schema(t)
		return func() ledger.Shelf { return openShelf(t, dsn, schema) }
	})
}

func TestSignerPostgres(t *testing.T) {
	t.Parallel()
	ledgertest.RunMemory(t, func(t *testing.T) func() ledger.Memory {
		dsn := pgtest.Database(t)
		return func() ledger.Memory {
			m, err := keep.OpenSignerPostgres(t.Context(), dsn, "ledger.example/one")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.Close() })
			return m
		}
	})
}

// What one ledger has signed is nothing that another may go on from, until it is
// forgotten.
func TestASignersMemoryIsOfOneLedger(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	open := func(origin string) *keep.Signer {
		m, err := keep.OpenSignerPostgres(t.Context(), dsn, origin)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		return m
	}
	reads := dsn + " default_transaction_read_only=on"
	if _, err := keep.ReadSignerPostgres(t.Context(), reads, "ledger.example/one"); !errors.Is(err, keep.ErrNoShelf) {
		t.Errorf("reading what is not there: got %v, want ErrNoShelf", err)
	}
	one, other := open("ledger.example/one"), open("ledger.example/other")
	first, second := ledger.Tree{N: 1, Hash: ledger.Hash{1}}, ledger.Tree{N: 2, Hash: ledger.Hash{2}}
	if err := one.Signing(t.Context(), ledger.Tree{}, first); err != nil {
		t.Fatal(err)
	}
	reader, err := keep.ReadSignerPostgres(t.Context(), reads, "ledger.example/one")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if got, err := reader.LastSigned(t.Context()); err != nil || got != first {
		t.Errorf("read: %v, %v; want %v", got, err, first)
	}
	if got, err := other.LastSigned(t.Context()); !errors.Is(err, ledger.ErrMemory) || got != (ledger.Tree{}) {
		t.Errorf("another ledger's: got %v, %v; want ErrMemory", got, err)
	}
	if err := other.Signing(t.Context(), first, second); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("going on from another ledger's: got %v, want ErrMoved", err)
	}
	if err := other.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Signing(t.Context(), ledger.Tree{}, first); err != nil {
		t.Errorf("once it is forgotten: %v", err)
	}
	if _, err := one.LastSigned(t.Context()); !errors.Is(err, ledger.ErrMemory) {
		t.Errorf("the one that was forgotten: got %v, want ErrMemory", err)
	}
}

// What cannot be made again is never emptied: a schema of a later version, or
// somebody else's, is left as it is.
func TestALastingSchemaIsNeverEmptied(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			s, err := keep.OpenShelfPostgres(t.Context(), dsn, schema)
			if err != nil {
				t.Errorf("one of many that open it first: %v", err)
				return
			}
			_ = s.Close()
		})
	}
	wait.Wait()
	s := openShelf(t, dsn, schema)
	if err := s.Swap(t.Context(), ledger.RegisterCheckpoint, nil, []byte("x")); err != nil {
		t.Fatal(err)
	}
	refused := func(want error) {
		t.Helper()
		if _, err := keep.OpenShelfPostgres(t.Context(), dsn, schema); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if v, err := s.Load(t.Context(), ledger.RegisterCheckpoint); err != nil || string(v) != "x" {
			t.Errorf("what is there: %q, %v", v, err)
		}
	}
	run(t, dsn, "UPDATE "+schema+".version SET step = 99")
	refused(keep.ErrNewer)
	run(t, dsn, "UPDATE "+schema+".version SET mark = 5")
	refused(keep.ErrForeign)
	run(t, dsn, "DROP TABLE "+schema+".version")
	refused(keep.ErrForeign)
	if _, err := keep.OpenShelfPostgres(t.Context(), dsn, `x"; DROP TABLE y`); err == nil {
		t.Error("opened a schema of a malformed name")
	}
}

func TestASchemaThatIsReadStaysAsItIs(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	if _, err := keep.ReadShelfPostgres(t.Context(), dsn, schema); !errors.Is(err, keep.ErrNoShelf) {
		t.Errorf("where there is none: got %v, want ErrNoShelf", err)
	}
	filled := openShelf(t, dsn, schema)
	run(t, dsn, "CREATE ROLE "+schema+"_reader LOGIN")
	run(t, dsn, "GRANT USAGE ON SCHEMA "+schema+" TO "+schema+"_reader")
	run(t, dsn, "GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO "+schema+"_reader")
	s, err := keep.ReadShelfPostgres(t.Context(), dsn+" user="+schema+"_reader", schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	readsOnly(t, filled, s)
	run(t, dsn, "UPDATE "+schema+".version SET step = 99")
	if _, err := keep.ReadShelfPostgres(t.Context(), dsn, schema); !errors.Is(err, keep.ErrNewer) {
		t.Errorf("of a later program: got %v, want ErrNewer", err)
	}
}

func TestAShelfsServersFaultsHaveNames(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	for url, want := range map[string]error{
		"swordfish":                                     pgsql.ErrConnectionString,
		"postgres://u:swordfish@127.0.0.1:1/x":          pgsql.ErrUnreachable,
		dsn + " user=swordfish":                         pgsql.ErrCredentials,
		dsn + " default_transaction_read_only=on":       pgsql.ErrServerReadOnly,
		strings.Replace(dsn, "dbname=", "dbname=no", 1): pgsql.ErrNoDatabase,
	} {
		_, shelf := keep.OpenShelfPostgres(t.Context(), url, "")
		_, signer := keep.OpenSignerPostgres(t.Context(), url, "ledger.example/one")
		for _, err := range []error{shelf, signer} {
			if !errors.Is(err, want) || strings.Contains(err.Error(), "swordfish") {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	}
}

func init() {
	benchedShelves["postgres"] = func(b *testing.B) ledger.Shelf {
		s, err := keep.OpenShelfPostgres(b.Context(), pgtest.Durable(b).Database(b), "")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		return s
	}
}
