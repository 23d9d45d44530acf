//go:build postgres

package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres/pgtest"
)

// plain is an event table as one would write it: jsonb, positions from a
// sequence (which leave gaps, and are not in the order of commits), a connection
// for every writer, one transaction for every append.
type plain struct{ pool *pgxpool.Pool }

func openPlain(tb testing.TB, server *pgtest.Server, writers int) plain {
	tb.Helper()
	url := server.Database(tb)
	execute(tb, url, `CREATE TABLE events (
		position bigserial PRIMARY KEY, stream text NOT NULL, version bigint NOT NULL, id uuid NOT NULL, type text NOT NULL,
		data jsonb NOT NULL, metadata jsonb NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
		UNIQUE (stream, version))`)
	return plain{openPool(tb, url, writers)}
}

func openPool(tb testing.TB, url string, connections int) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatal(err)
	}
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func (p plain) append(ctx context.Context, stream event.StreamID, at eventstore.Revision, ids []event.ID) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) // nothing is left to roll back after a commit
	for i, id := range ids {
		if _, err := tx.Exec(ctx, "INSERT INTO events (stream, version, id, type, data, metadata) VALUES ($1, $2, $3, $4, $5, $6)",
			stream.String(), int64(at)+int64(i)+1, id.String(), "appointment.kept", payload, metadata); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// messageDB is Eventide's message store, https://github.com/message-db/message-db,
// as its npm package installs it.
type messageDB struct{ pool *pgxpool.Pool }

// messageDBPackage fetches it, where npm and psql are there, and returns its
// folder. Where not, it is not compared with, and the output says so.
func messageDBPackage(b *testing.B) string {
	b.Helper()
	folder := b.TempDir()
	for _, command := range [][]string{
		{"psql", "--version"},
		{"npm", "pack", "--silent", "@eventide/message-db@1.3.1"},
		{"tar", "xzf", "eventide-message-db-1.3.1.tgz"},
	} {
		c := exec.Command(command[0], command[1:]...)
		c.Dir = folder
		if out, err := c.CombinedOutput(); err != nil {
			b.Logf("message-db is not run: %s: %v: %s", command[0], err, out)
			return ""
		}
	}
	return filepath.Join(folder, "package", "database")
}

func openMessageDB(b *testing.B, folder string, server *pgtest.Server, writers int) *messageDB {
	b.Helper()
	url := server.Database(b)
	socket, port := connection(url)
	install := exec.Command("bash", filepath.Join(folder, "install.sh"))
	install.Env = append(os.Environ(), "PGHOST="+socket, "PGPORT="+port, "PGUSER=postgres", "DATABASE_NAME="+database(url), "CREATE_DATABASE=off")
	if out, err := install.CombinedOutput(); err != nil {
		b.Fatalf("message-db's install.sh: %v: %s", err, out)
	}
	return &messageDB{openPool(b, url+" search_path=message_store,public", writers)}
}

func (m *messageDB) append(ctx context.Context, stream event.StreamID, at eventstore.Revision, ids []event.ID) error {
	tx, err := m.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) // nothing is left to roll back after a commit
	for i, id := range ids {
		if _, err := tx.Exec(ctx, "SELECT write_message($1, $2, $3, $4, $5, $6)",
			id.String(), stream.String(), "appointment.kept", payload, metadata, int64(at)+int64(i)-1); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// slowFlush is a library that makes every flush of a process it is loaded into
// take a millisecond longer.
func slowFlush(tb testing.TB) string {
	tb.Helper()
	folder, err := os.MkdirTemp("/tmp", "clflush") //nolint:usetesting // the account of the server reads it
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		tb.Fatal(err)
	}
	source, library := filepath.Join(folder, "flush.c"), filepath.Join(folder, "flush.so")
	if err := os.WriteFile(source, []byte(`#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static void longer(void) { struct timespec t = {0, 1000000}; nanosleep(&t, 0); }
int fsync(int fd) { longer(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { longer(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`), 0o644); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command("cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		tb.Fatalf("cc, which makes flushes slow: %v: %s", err, out)
	}
	return library
}
