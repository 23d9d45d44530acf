package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"caseledger/domain/event"
	"caseledger/eventstore/pgsql"
)

// followedSchema is where the trace is, beside the read models.
const followedSchema = "caseledger_followed"

// serverTraces keeps the trace in the database of the read models.
type serverTraces struct {
	db   *sql.DB
	made bool // the table is there
}

// openServerTraces opens it, and makes the table, unless readOnly: then it is made
// when the first trace is left.
//
// A trace is not waited for until it is on disk. It is in the server's log
// before what is followed then, and on disk no later than that.
func openServerTraces(ctx context.Context, url string, readOnly bool) (_ *serverTraces, err error) {
	db, err := pgsql.Open(url, 2, pgsql.Settings{"search_path": followedSchema, "synchronous_commit": "off"})
	if err != nil {
		return nil, fmt.Errorf("open the trace of the ledger: %w", err)
	}
	s := &serverTraces{db: db}
	if err := s.prepare(ctx, readOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("open the trace of the ledger: %w", pgsql.Named(ctx, err)), db.Close())
	}
	return s, nil
}

func (s *serverTraces) there(ctx context.Context) (there bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT to_regclass('"+followedSchema+".trace') IS NOT NULL").Scan(&there)
	return there, err
}

func (s *serverTraces) prepare(ctx context.Context, readOnly bool) error {
	var err error
	if s.made, err = s.there(ctx); s.made || readOnly || err != nil {
		return err
	}
	return makeSchema(ctx, s.db, followedSchema,
		`CREATE TABLE IF NOT EXISTS `+followedSchema+`.trace (one boolean PRIMARY KEY DEFAULT true CHECK (one),
	position bigint NOT NULL, event uuid NOT NULL, recorded_at bigint NOT NULL)`) // microseconds since 1970
}

// makeSchema makes a schema, and in it what the statements make; two that do so
// at once take turns.
func makeSchema(ctx context.Context, db *sql.DB, schema string, statements ...string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, statement := range append([]string{
		"SELECT pg_advisory_xact_lock(hashtext('" + schema + "'))",
		"CREATE SCHEMA IF NOT EXISTS " + schema,
	}, statements...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Close releases the connections.
func (s *serverTraces) Close() error { return s.db.Close() }

func (s *serverTraces) recall(ctx context.Context) (t trace, _ error) {
	if there, err := s.there(ctx); err != nil || !there {
		return trace{}, pgsql.Named(ctx, err)
	}
	var id string
	err := s.db.QueryRowContext(ctx, "SELECT position, event::text, recorded_at FROM trace").Scan(&t.Position, &id, &t.RecordedAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return trace{}, nil
	case err != nil:
		return trace{}, pgsql.Named(ctx, err)
	}
	u, err := event.ParseUUID(id)
	t.Event = event.ID{UUID: u}
	return t, err
}

func (s *serverTraces) leave(ctx context.Context, t trace) error {
	if !s.made {
		if err := s.prepare(ctx, false); err != nil {
			return pgsql.Named(ctx, err)
		}
		s.made = true
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO trace (position, event, recorded_at) VALUES ($1, $2::uuid, $3)
		ON CONFLICT (one) DO UPDATE SET position = excluded.position, event = excluded.event, recorded_at = excluded.recorded_at
		WHERE trace.position < excluded.position`, int64(t.Position), t.Event.UUID.String(), t.RecordedAt)
	return pgsql.Named(ctx, err)
}

func (s *serverTraces) forget(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM trace")
	return pgsql.Named(ctx, err)
}

// dropSchema removes a schema of the read models' database.
func dropSchema(ctx context.Context, url, schema string) error {
	db, err := pgsql.Open(url, 1, nil)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	return errors.Join(pgsql.Named(ctx, err), db.Close())
}

// openSchema opens a schema of the read models' database, and makes it if there
// is none.
func openSchema(ctx context.Context, url, schema string) (*sql.DB, error) {
	db, err := pgsql.Open(url, 4, pgsql.Settings{"search_path": schema})
	if err != nil {
		return nil, err
	}
	if err := makeSchema(ctx, db, schema); err != nil {
		return nil, errors.Join(pgsql.Named(ctx, err), db.Close())
	}
	return db, nil
}
