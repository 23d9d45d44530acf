package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migration is one step of the schema, from its beginning to what this program
// needs. A step that was applied is never changed and never taken back.
type Migration struct {
	Version int    // from 1, without gaps
	Name    string // such as "0001_ledger"
	Applied bool

	sql, digest string
}

// MigrateOptions say what else to do with a database.
type MigrateOptions struct {
	// AppRole is granted what a store needs, and nothing else: it may read and
	// append events and move the head. The role must exist, and be another than
	// the one that migrates. Empty: nobody is granted anything, and only the role
	// that migrates can open a store, with AllowOwner.
	AppRole string
}

// migrationLock is the key of the advisory lock that one migration holds at a
// time: "caseledg".
const migrationLock = 0x636173656c656467

// migrations are those that this program knows, in order.
func migrations() (known []Migration) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // in order of their names
	if err != nil {
		panic(err)
	}
	for i, name := range names {
		sql, err := migrationFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, _, _ := strings.Cut(base, "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			panic("postgres: migrations are numbered from 1 without gaps, not " + base)
		}
		digest := sha256.Sum256(sql)
		known = append(known, Migration{Version: i + 1, Name: base, sql: string(sql), digest: hex.EncodeToString(digest[:])})
	}
	return known
}

// Status lists the migrations that this program knows, and which of them were
// applied to a database. It changes nothing.
func Status(ctx context.Context, url string) ([]Migration, error) {
	conn, err := owner(ctx, url)
	if err != nil {
		return nil, err
	}
	defer hangUp(conn)
	return status(ctx, conn)
}

func status(ctx context.Context, conn *pgconn.PgConn) ([]Migration, error) {
	applied, err := appliedTo(ctx, conn)
	if err != nil {
		return nil, err
	}
	known := migrations()
	for i := range known {
		known[i].Applied = i < len(applied)
	}
	return known, nil
}

// Migrate applies the migrations that a database lacks, each in a transaction
// of its own, and grants the app role its rights. It returns those that it
// applied. Whoever migrates owns the schema: that is not the role that opens
// stores. Two that migrate at once do it once.
func Migrate(ctx context.Context, url string, o MigrateOptions) ([]Migration, error) {
	conn, err := owner(ctx, url)
	if err != nil {
		return nil, err
	}
	defer hangUp(conn)
	if _, err := query(ctx, conn, "SELECT pg_advisory_lock($1::bigint)", strconv.Itoa(migrationLock)); err != nil {
		return nil, named(err)
	}
	all, err := status(ctx, conn)
	if err != nil {
		return nil, err
	}
	var done []Migration
	for _, m := range all {
		if m.Applied {
			continue
		}
		if err := apply(ctx, conn, m); err != nil {
			return done, fmt.Errorf("postgres: migration %s: %w", m.Name, named(err))
		}
		m.Applied = true
		done = append(done, m)
	}
	if o.AppRole == "" {
		return done, nil
	}
	if err := grant(ctx, conn, o.AppRole); err != nil {
		return done, named(err)
	}
	return done, nil
}

// owner connects as a role that migrates. A migration may take its time.
func owner(ctx context.Context, url string) (*pgconn.PgConn, error) {
	config, err := configure(Options{URL: url, AllowNoFsync: true})
	if err != nil {
		return nil, err
	}
	c := &config.ConnConfig.Config
	delete(c.RuntimeParams, "statement_timeout")
	delete(c.RuntimeParams, "idle_in_transaction_session_timeout")
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, named(err)
	}
	return conn, nil
}

// apply runs one migration and notes it, in one transaction.
func apply(ctx context.Context, conn *pgconn.PgConn, m Migration) error {
	script := []string{"BEGIN", "SET LOCAL synchronous_commit = on"}
	if m.Version == 1 {
		script = append(script, "CREATE SCHEMA IF NOT EXISTS caseledger", `CREATE TABLE caseledger.migrations (
	version integer PRIMARY KEY,
	name text NOT NULL,
	digest text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
)`)
	}
	script = append(script, statements(m.sql)...)
	for _, sql := range script {
		if _, err := query(ctx, conn, sql); err != nil {
			return err // the transaction ends with the connection
		}
	}
	if _, err := query(ctx, conn, "INSERT INTO caseledger.migrations (version, name, digest) VALUES ($1::integer, $2, $3)",
		strconv.Itoa(m.Version), m.Name, m.digest); err != nil {
		return err
	}
	_, err := query(ctx, conn, "COMMIT")
	return err
}

// statements splits a migration. No literal in one holds a semicolon at the end
// of a line.
func statements(sql string) (all []string) {
	for s := range strings.SplitSeq(sql, ";\n") {
		if strings.TrimSpace(s) != "" {
			all = append(all, s)
		}
	}
	return all
}

// grant gives a role the rights of a store, and takes others from it and from
// everybody.
func grant(ctx context.Context, conn *pgconn.PgConn, role string) error {
	same, err := ask(ctx, conn, "SELECT current_user = $1::text", role)
	if err != nil {
		return err
	}
	if same {
		return fmt.Errorf("%w: the role that migrates cannot be the one that opens stores", ErrPrivileges)
	}
	to := pgx.Identifier{role}.Sanitize()
	for _, sql := range []string{
		"BEGIN",
		"REVOKE ALL ON SCHEMA caseledger FROM PUBLIC, " + to,
		"REVOKE ALL ON ALL TABLES IN SCHEMA caseledger FROM PUBLIC, " + to,
		"GRANT USAGE ON SCHEMA caseledger TO " + to,
		"GRANT SELECT ON caseledger.migrations TO " + to,
		"GRANT SELECT, INSERT ON caseledger.events TO " + to,
		"GRANT SELECT, UPDATE ON caseledger.head TO " + to,
		"COMMIT",
	} {
		if _, err := query(ctx, conn, sql); err != nil {
			return err
		}
	}
	return nil
}

// appliedTo reads the migrations that were applied, and compares them with
// those known.
func appliedTo(ctx context.Context, conn *pgconn.PgConn) (applied []int, err error) {
	rows, err := query(ctx, conn, "SELECT to_regnamespace('caseledger') IS NOT NULL, to_regclass('caseledger.migrations') IS NOT NULL")
	if err != nil {
		return nil, named(err)
	}
	if rows[0][1] != "t" {
		return nil, checkVacant(ctx, conn)
	}
	rows, err = query(ctx, conn, "SELECT version, name, digest FROM caseledger.migrations ORDER BY version")
	if err != nil {
		if c := state(err); c == "42703" {
			return nil, fmt.Errorf("%w: it has migrations of another kind", ErrForeign)
		}
		return nil, named(err)
	}
	known := migrations()
	if len(rows) > len(known) {
		return nil, fmt.Errorf("%w: it is at %s, this program knows %d", ErrNewer, rows[len(rows)-1][0], len(known))
	}
	for i, row := range rows {
		if row[0] != strconv.Itoa(i+1) || row[2] != known[i].digest {
			return nil, fmt.Errorf("%w: its migration %s is not the one that this program knows", ErrForeign, row[0])
		}
		applied = append(applied, i+1)
	}
	return applied, nil
}

// checkVacant refuses a schema of our name that somebody else uses.
func checkVacant(ctx context.Context, conn *pgconn.PgConn) error {
	used, err := ask(ctx, conn, "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'caseledger')")
	if err != nil {
		return named(err)
	}
	if used {
		return fmt.Errorf("%w: it holds tables and no migrations", ErrForeign)
	}
	return nil
}
