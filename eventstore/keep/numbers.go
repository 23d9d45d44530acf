package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/numbering"
)

const (
	// numbersID marks the file as ours, "CLnx".
	numbersID = 0x434c6e78
	// numbersVersion is the file's user_version. A file of another version is
	// emptied: the index has everything that was in it.
	numbersVersion = 1
)

// numbersSchema is what a copy of the index holds. Offsets in the log are
// unsigned and stored as the signed integers of the same bits.
var numbersSchema = []string{
	`CREATE TABLE entries (position INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, event_id BLOB NOT NULL, stream BLOB NOT NULL,
	revision INTEGER NOT NULL, commit_at INTEGER NOT NULL, prepare_at INTEGER NOT NULL) STRICT`,
	`CREATE INDEX entries_stream ON entries (stream, revision)`,
	`CREATE INDEX entries_id ON entries (event_id)`,
	`CREATE TABLE tail (one INTEGER PRIMARY KEY CHECK (one = 1), first BLOB NOT NULL, last BLOB NOT NULL, events INTEGER NOT NULL,
	position INTEGER NOT NULL, recorded_at INTEGER, commit_at INTEGER NOT NULL, prepare_at INTEGER NOT NULL) STRICT`,
}

// Numbers is a copy of the numbering index in a file, so that memory does not
// grow with the ledger. One process has it open.
type Numbers struct {
	db                                    *sql.DB
	tail, after, ofStream, revision, find *sql.Stmt
}

var _ numbering.Copy = (*Numbers)(nil)

// OpenNumbers opens the copy in a file, and makes it if there is none. The
// program links the driver "sqlite". [ErrForeign] if the file is something
// else.
func OpenNumbers(ctx context.Context, path string) (*Numbers, error) {
	db, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("keep: open: %w", err)
	}
	n := &Numbers{db: db}
	if err := n.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("keep: %w", err), db.Close())
	}
	return n, nil
}

const entryColumns = `SELECT position, recorded_at, event_id, stream, revision, commit_at, prepare_at FROM entries `

// prepare finds out whose file it is and makes what is missing.
func (n *Numbers) prepare(ctx context.Context) error {
	err := n.change(ctx, func(tx *sql.Tx) error {
		var app, version, tables int64
		err := tx.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
			(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &tables)
		switch {
		case err != nil:
			return err
		case app == numbersID && version == numbersVersion:
			return nil
		case app != numbersID && (app != 0 || version != 0 || tables != 0):
			return ErrForeign
		}
		script := append([]string{`DROP TABLE IF EXISTS entries`, `DROP TABLE IF EXISTS tail`}, numbersSchema...)
		script = append(script, fmt.Sprintf("PRAGMA application_id = %d", numbersID), fmt.Sprintf("PRAGMA user_version = %d", numbersVersion))
		for _, statement := range script {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	for into, query := range map[**sql.Stmt]string{
		&n.tail:     `SELECT first, last, events, position, recorded_at, commit_at, prepare_at FROM tail WHERE one = 1`,
		&n.after:    entryColumns + `WHERE position > ? ORDER BY position LIMIT ?`,
		&n.ofStream: entryColumns + `WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
		&n.revision: `SELECT coalesce(max(revision), 0) FROM entries WHERE stream = ?`,
		&n.find:     entryColumns + `WHERE event_id = ? ORDER BY position LIMIT 1`,
	} {
		if err == nil {
			*into, err = n.db.PrepareContext(ctx, query)
		}
	}
	return err
}

// change runs a change, all or nothing.
func (n *Numbers) change(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := n.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Tail implements [numbering.Copy].
func (n *Numbers) Tail(ctx context.Context) (numbering.Tail, error) {
	t, err := readTail(n.tail.QueryRowContext(ctx))
	if err != nil {
		return t, fmt.Errorf("keep: %w", err)
	}
	return t, nil
}

func readTail(row *sql.Row) (t numbering.Tail, _ error) {
	var first, last []byte
	var at sql.NullInt64
	var commit, prepare int64
	err := row.Scan(&first, &last, &t.Events, &t.Position, &at, &commit, &prepare)
	if errors.Is(err, sql.ErrNoRows) {
		return numbering.Tail{}, nil
	}
	if err == nil {
		t.First, err = idOf(first)
	}
	if err == nil {
		t.Last, err = idOf(last)
	}
	if at.Valid {
		t.RecordedAt = time.UnixMicro(at.Int64).UTC()
	}
	t.At = numbering.LogPosition{Commit: uint64(commit), Prepare: uint64(prepare)}
	return t, err
}

// Add implements [numbering.Copy].
func (n *Numbers) Add(ctx context.Context, from, to numbering.Tail, entries []numbering.Entry) error {
	err := n.change(ctx, func(tx *sql.Tx) error {
		if held, err := readTail(tx.StmtContext(ctx, n.tail).QueryRowContext(ctx)); err != nil || held != from {
			return errors.Join(err, numbering.ErrCopyMoved)
		}
		err := each(ctx, tx, `INSERT INTO entries (position, recorded_at, event_id, stream, revision, commit_at, prepare_at) VALUES %s`,
			entries, func(e numbering.Entry) []any {
				stream := e.Stream.Bytes()
				return []any{int64(e.Position), e.RecordedAt.UnixMicro(), e.ID.UUID[:], stream[:], int64(e.Revision), int64(e.At.Commit), int64(e.At.Prepare)}
			})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO tail (one, first, last, events, position, recorded_at, commit_at, prepare_at) VALUES (1,?,?,?,?,?,?,?)
			ON CONFLICT (one) DO UPDATE SET first = excluded.first, last = excluded.last, events = excluded.events, position = excluded.position,
			recorded_at = excluded.recorded_at, commit_at = excluded.commit_at, prepare_at = excluded.prepare_at`,
			to.First[:], to.Last[:], int64(to.Events), int64(to.Position), to.RecordedAt.UnixMicro(), int64(to.At.Commit), int64(to.At.Prepare))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// Clear implements [numbering.Copy].
func (n *Numbers) Clear(ctx context.Context) error {
	err := n.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM entries`)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM tail`)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// entries reads the rows of a statement.
func (n *Numbers) entries(ctx context.Context, statement *sql.Stmt, args ...any) (all []numbering.Entry, err error) {
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var id, stream sql.RawBytes
	for rows.Next() {
		var e numbering.Entry
		var at, commit, prepare int64
		err := rows.Scan(&e.Position, &at, &id, &stream, &e.Revision, &commit, &prepare)
		if err == nil {
			e.ID.UUID, err = idOf(id)
		}
		if err == nil {
			e.Stream, err = event.StreamFromBytes(stream)
		}
		if err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		e.RecordedAt = time.UnixMicro(at).UTC()
		e.At = numbering.LogPosition{Commit: uint64(commit), Prepare: uint64(prepare)}
		all = append(all, e)
	}
	return all, rows.Err()
}

// After implements [numbering.Copy].
func (n *Numbers) After(ctx context.Context, after event.Position, most int) ([]numbering.Entry, error) {
	if int64(after) < 0 {
		return nil, ctx.Err() // further than any ledger
	}
	return n.entries(ctx, n.after, int64(after), most)
}

// OfStream implements [numbering.Copy].
func (n *Numbers) OfStream(ctx context.Context, stream event.StreamID, from event.Revision, most int) ([]numbering.Entry, error) {
	if int64(from) < 0 {
		return nil, ctx.Err()
	}
	key := stream.Bytes()
	return n.entries(ctx, n.ofStream, key[:], int64(from), most)
}

// Revision implements [numbering.Copy].
func (n *Numbers) Revision(ctx context.Context, stream event.StreamID) (r event.Revision, _ error) {
	key := stream.Bytes()
	if err := n.revision.QueryRowContext(ctx, key[:]).Scan(&r); err != nil {
		return 0, fmt.Errorf("keep: %w", err)
	}
	return r, nil
}

// Find implements [numbering.Copy].
func (n *Numbers) Find(ctx context.Context, ids []event.ID) ([]numbering.Entry, error) {
	var found []numbering.Entry
	for _, id := range ids {
		some, err := n.entries(ctx, n.find, id.UUID[:])
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// Close implements [numbering.Copy].
func (n *Numbers) Close() error { return n.db.Close() }
