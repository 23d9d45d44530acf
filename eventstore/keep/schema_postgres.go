package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"caseledger/eventstore/pgsql"
)

// ErrNewer: what is there was written by a later version of the program. It is
// left as it is.
var ErrNewer = errors.New("keep: written by a later version of the program")

// lasting is a schema of a PostgreSQL database whose tables are never emptied
// for being of another version.
type lasting struct {
	schema string
	mark   int64      // of the program, in the table version
	tables []string   // without version
	steps  [][]string // of its format; a published one is never edited
}

// open opens the schema, and makes it or brings it to the last step, one process
// at a time. Every change waits for the disk.
//
// Errors: [ErrForeign], [ErrNewer]; those of package pgsql.
func (l lasting) open(ctx context.Context, url string) (*sql.DB, error) {
	db, err := pgsql.Open(url, 8, pgsql.Settings{"search_path": l.schema, "application_name": l.schema, "synchronous_commit": "on"})
	if err != nil {
		return nil, named(ctx, err)
	}
	if err := (&Database{db}).tx(ctx, func(tx *sql.Tx) error { return l.migrate(ctx, tx) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// read opens the schema for reading only, as it is: [ErrNoShelf] if it is not
// there, or of an earlier program; the errors of open otherwise.
func (l lasting) read(ctx context.Context, url string) (*sql.DB, error) {
	db, err := pgsql.Open(url, 8, pgsql.Settings{"search_path": l.schema, "application_name": l.schema, "default_transaction_read_only": "on"})
	if err != nil {
		return nil, named(ctx, err)
	}
	err = (&Database{db}).tx(ctx, func(tx *sql.Tx) error {
		_, _, version, err := l.version(ctx, tx)
		if err == nil && version < len(l.steps) {
			err = ErrNoShelf
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// version says whether the schema, and its table version, are there, and at which
// step it is.
func (l lasting) version(ctx context.Context, tx *sql.Tx) (there, marked bool, step int, err error) {
	var taken int
	if err := tx.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.version') IS NOT NULL,
		(SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = ANY ($2))`, l.schema, l.tables).Scan(&there, &marked, &taken); err != nil {
		return false, false, 0, err
	}
	switch {
	case !marked && taken > 0:
		return there, marked, 0, ErrForeign
	case marked:
		err := tx.QueryRowContext(ctx, `SELECT step FROM version WHERE mark = $1`, l.mark).Scan(&step)
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrForeign
		}
		if err != nil {
			return there, marked, 0, err
		}
	}
	if step > len(l.steps) {
		err = fmt.Errorf("%w: its format is %d, this program knows %d", ErrNewer, step, len(l.steps))
	}
	return there, marked, step, err
}

func (l lasting) migrate(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, l.mark); err != nil {
		return err
	}
	there, marked, version, err := l.version(ctx, tx)
	if err != nil || version == len(l.steps) {
		return err
	}
	var statements []string
	if !there {
		statements = append(statements, `CREATE SCHEMA `+l.schema)
	}
	if !marked {
		statements = append(statements, `CREATE TABLE version (mark bigint PRIMARY KEY, step bigint NOT NULL)`)
	}
	for _, step := range l.steps[version:] {
		statements = append(statements, step...)
	}
	statements = append(statements, fmt.Sprintf(`INSERT INTO version (mark, step) VALUES (%d, %d)
		ON CONFLICT (mark) DO UPDATE SET step = excluded.step`, l.mark, len(l.steps)))
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
