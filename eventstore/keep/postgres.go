package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"caseledger/eventstore/pgsql"
)

// DefaultSchema is where a keep is in a PostgreSQL database unless told
// otherwise.
const DefaultSchema = "caseledger_keep"

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// postgresWords says in PostgreSQL what the schema says in SQLite.
var postgresWords = strings.NewReplacer("BLOB", "bytea", "INTEGER", "bigint", "TEXT", "text", " STRICT, WITHOUT ROWID", "", " STRICT", "")

// OpenPostgres opens the keep in a schema of a PostgreSQL database, 15 or
// later, and makes it if there is none. url is a connection string in either of
// PostgreSQL's forms; schema is lower-case letters, digits and underscores, or
// empty for [DefaultSchema]. The program links the driver "pgx". The role must
// own the schema, or be able to create it.
//
// Errors: [ErrForeign] if the schema has tables of the same names that are no
// keep's; those of package pgsql.
func OpenPostgres(ctx context.Context, url, schema string) (*Database, error) {
	if schema == "" {
		schema = DefaultSchema
	}
	if !schemaName.MatchString(schema) {
		return nil, errors.New("keep: a schema's name is lower-case letters, digits and underscores")
	}
	// A fence that the server forgot could be given twice.
	db, err := pgsql.Open(url, 8, pgsql.Settings{"search_path": schema, "application_name": DefaultSchema, "synchronous_commit": "on"})
	if err != nil {
		return nil, named(ctx, err)
	}
	k := &Database{db}
	if err := k.tx(ctx, func(tx *sql.Tx) error { return prepareSchema(ctx, tx, schema) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

// prepareSchema finds out whose schema it is and makes what is missing, one
// process at a time.
func prepareSchema(ctx context.Context, tx *sql.Tx, schema string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(applicationID)); err != nil {
		return err
	}
	var there, marked bool
	var taken int
	if err := tx.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.keep_version') IS NOT NULL,
		(SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = ANY ($2))`, schema, tables).Scan(&there, &marked, &taken); err != nil {
		return err
	}
	version := 0
	switch {
	case !marked && taken > 0:
		return ErrForeign
	case marked:
		if err := tx.QueryRowContext(ctx, `SELECT version FROM keep_version`).Scan(&version); err != nil {
			return err
		}
	}
	if version == schemaVersion {
		return nil
	}
	if !there {
		if _, err := tx.ExecContext(ctx, `CREATE SCHEMA `+schema); err != nil {
			return err
		}
	}
	if err := remake(ctx, tx, postgresWords); err != nil {
		return err
	}
	for _, statement := range []string{
		`CREATE TABLE IF NOT EXISTS keep_version (version bigint NOT NULL)`,
		`DELETE FROM keep_version`,
		fmt.Sprintf(`INSERT INTO keep_version (version) VALUES (%d)`, schemaVersion),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
