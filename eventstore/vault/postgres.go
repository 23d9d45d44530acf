package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"caseledger/eventstore/pgsql"
)

// postgresSchema is where a keystore's tables are in its database.
const postgresSchema = "caseledger_keys"

// postgresVersions are the steps of the schema, each a list of statements. A
// published step is never edited.
var postgresVersions = []string{postgresWords.Replace(schema), postgresWords.Replace(schema2)}

// postgresWords says in PostgreSQL what the schema says in SQLite.
var postgresWords = strings.NewReplacer("BLOB", "bytea", "INTEGER", "bigint", "TEXT", `text COLLATE "C"`,
	" STRICT, WITHOUT ROWID", "", " STRICT", "", "zeroblob(16)", "decode(repeat('00', 16), 'hex')")

// postgres commits to disk whatever the server, the database or the role say
// of synchronous_commit.
var postgres = dialect{
	begin:     `SELECT set_config('synchronous_commit', 'on', true)`,
	lockBlind: `SELECT pg_advisory_xact_lock($1)`,
	lockAll:   `LOCK TABLE keys, identifiers IN SHARE MODE`,
	lockWhole: `LOCK TABLE tombstones, keys, identifiers, secrets IN EXCLUSIVE MODE`,
	forUpdate: ` FOR UPDATE`,
	forShare:  ` FOR SHARE`,
	patience:  30 * time.Second,
	scrub:     vacuum,
	named:     pgsql.Named,
}

// vacuum frees what rows held before they were changed or removed. The server
// does not say whether it did, or had to leave a row to a reader: its statistics
// do, once those of the change itself are in them.
func vacuum(ctx context.Context, db *sql.DB, tables ...string) error {
	for _, table := range tables {
		if err := vacuumOne(ctx, db, table); err != nil {
			return err
		}
	}
	return nil
}

func vacuumOne(ctx context.Context, db *sql.DB, table string) error {
	const statistics = `SELECT vacuum_count, n_dead_tup FROM pg_stat_user_tables WHERE relid = $1::regclass`
	var before, after, dead int64
	if err := db.QueryRowContext(ctx, statistics, table).Scan(&before, &dead); err != nil {
		return err
	}
	for range 3 {
		if _, err := db.ExecContext(ctx, `VACUUM `+table); err != nil {
			return err
		}
		switch err := db.QueryRowContext(ctx, statistics, table).Scan(&after, &dead); {
		case err != nil:
			return err
		case after == before:
			return fmt.Errorf("the database's role may not vacuum the table %s", table)
		case dead == 0:
			return nil
		}
	}
	return errRead
}

// openPostgres opens the keystore in a database, and makes it unless readOnly.
func openPostgres(ctx context.Context, url string, readOnly bool) (_ *sqlStore, err error) {
	settings := pgsql.Settings{"search_path": postgresSchema, "application_name": postgresSchema}
	if readOnly {
		settings["default_transaction_read_only"] = "on"
	}
	s := &sqlStore{dialect: postgres}
	if s.read, err = pgsql.Open(url, 8, settings); err != nil {
		return nil, err
	}
	if !readOnly {
		s.write = s.read
	}
	if err := s.bounded(ctx, s.openDatabase); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *sqlStore) openDatabase(ctx context.Context) error {
	if err := s.serverSettings(ctx); err != nil {
		return err
	}
	if err := s.isAlone(ctx); err != nil {
		return err
	}
	version, err := postgresVersion(ctx, s.read)
	switch {
	case err != nil:
		return err
	case version > len(postgresVersions):
		return fmt.Errorf("%w: its format is %d, this program knows %d", ErrNewer, version, len(postgresVersions))
	case version == len(postgresVersions):
		return nil
	case s.write == nil && version == 0:
		return fmt.Errorf("%w: it is empty", ErrNotKeystore)
	case s.write == nil:
		return olderFormat(version)
	}
	return s.tx(ctx, migratePostgres)
}

// serverSettings asserts what durability and erasure rest on, as this session
// has it.
func (s *sqlStore) serverSettings(ctx context.Context) error {
	for _, setting := range []struct{ name, refused string }{
		{"fsync", "off"}, {"full_page_writes", "off"}, {"synchronous_commit", "off"}, {"track_counts", "off"},
	} {
		var got string
		if err := s.read.QueryRowContext(ctx, `SELECT current_setting($1)`, setting.name).Scan(&got); err != nil {
			return err
		}
		if got == setting.refused {
			return fmt.Errorf("%w: %s is %s", ErrSettings, setting.name, got)
		}
	}
	var version int
	var changes bool
	if err := s.read.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int,
		NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool`).Scan(&version, &changes); err != nil {
		return err
	}
	switch {
	case version < 150000:
		return fmt.Errorf("%w: PostgreSQL is older than 15", ErrSettings)
	case s.write != nil && !changes:
		return pgsql.ErrServerReadOnly
	}
	return nil
}

// isAlone refuses a database in which a part of the ledger is.
func (s *sqlStore) isAlone(ctx context.Context) error {
	var others int
	err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname <> $1
		AND (n.nspname IN ('caseledger', 'caseledger_keep') OR c.relname IN ('events', 'store_version'))`, postgresSchema).Scan(&others)
	if err == nil && others > 0 {
		err = ErrNotAlone
	}
	return err
}

// postgresVersion is the step a keystore's schema is at; 0 in a database
// without tables.
func postgresVersion(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (version int, err error) {
	var ours bool
	var tables int
	err = q.QueryRowContext(ctx, `SELECT to_regclass($1 || '.keystore') IS NOT NULL,
		(SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'caseledger_signer') AND n.nspname NOT LIKE 'pg\_%'
			AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))`, postgresSchema).Scan(&ours, &tables)
	switch {
	case err != nil:
		return 0, err
	case !ours && tables > 0:
		return 0, ErrNotKeystore
	case !ours:
		return 0, nil
	}
	err = q.QueryRowContext(ctx, `SELECT version FROM caseledger_keys.keystore WHERE application = $1`, applicationID).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotKeystore
	}
	return version, err
}

// migratePostgres brings the schema to the last step, one process at a time.
func migratePostgres(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, applicationID); err != nil {
		return err
	}
	version, err := postgresVersion(ctx, tx)
	if err != nil {
		return err
	}
	script := ""
	if version == 0 {
		var there bool // made by whoever may make schemas, for a role that may not
		if err := tx.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, postgresSchema).Scan(&there); err != nil {
			return err
		}
		if !there {
			script = "CREATE SCHEMA caseledger_keys;\n"
		}
		script += "CREATE TABLE keystore (application bigint PRIMARY KEY, version bigint NOT NULL);\n"
	}
	for _, step := range postgresVersions[min(version, len(postgresVersions)):] {
		script += step
	}
	for statement := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO keystore (application, version) VALUES ($1, $2)
		ON CONFLICT (application) DO UPDATE SET version = greatest(keystore.version, excluded.version)`, applicationID, len(postgresVersions))
	return err
}
