package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	// applicationID marks the file as ours, "CLev".
	applicationID = 0x434c6576
	// schemaVersion is the file's user_version.
	schemaVersion = 1
)

// schema is what a database holds, as SQLite keeps it. recorded_at is in
// microseconds since 1970; event_id and stream are the stored forms of package
// event, 16 and 17 bytes.
var schema = []string{
	`CREATE TABLE events (
	position INTEGER PRIMARY KEY,
	recorded_at INTEGER NOT NULL,
	event_id BLOB NOT NULL UNIQUE,
	stream BLOB NOT NULL,
	revision INTEGER NOT NULL,
	body BLOB NOT NULL,
	UNIQUE (stream, revision)
) STRICT`,
}

// tail is how many events from the end are looked at when a database is opened.
const tail = 1000

// inspect finds out whose database the file is, without changing it, and
// whether it is still empty. The end of the ledger is looked at unless it may be
// damaged.
func inspect(ctx context.Context, path string, p profile, damaged bool) (fresh bool, err error) {
	db := connect(path, p, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return false, opening(err)
	}
	if err := checkVersion(version); err != nil {
		return false, err
	}
	var app, user int64
	if err := db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version)").Scan(&app, &user); err != nil {
		return false, opening(err)
	}
	found, err := layout(ctx, db)
	if err != nil {
		return false, opening(err)
	}
	switch {
	case app == 0 && user == 0 && len(found) == 0:
		return true, nil
	case app != applicationID:
		return false, fmt.Errorf("%w: application_id is %#x", ErrForeign, app)
	case user > schemaVersion:
		return false, fmt.Errorf("%w: its version is %d, this program knows %d", ErrNewer, user, schemaVersion)
	case user < 1:
		return false, fmt.Errorf("%w: its version is %d", ErrDamaged, user)
	}
	for _, want := range schema {
		if !found[want] {
			return false, fmt.Errorf("%w: the table or index is missing or altered: %.30s…", ErrDamaged, want)
		}
		delete(found, want)
	}
	if len(found) > 0 {
		return false, fmt.Errorf("%w: it holds %d tables, indexes or triggers that are not ours", ErrDamaged, len(found))
	}
	if damaged {
		return false, nil
	}
	return false, checkEnd(ctx, db)
}

// layout reads the statements that made the database. The indexes of UNIQUE
// constraints have none.
func layout(ctx context.Context, db *sql.DB) (_ map[string]bool, err error) {
	rows, err := db.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found := map[string]bool{}
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return nil, err
		}
		found[statement] = true
	}
	return found, rows.Err()
}

// checkEnd looks for gaps and for time running backwards among the last
// events, and compares the last one with its stream.
func checkEnd(ctx context.Context, db *sql.DB) error {
	var first, last, dense, backwards, ahead int64
	err := db.QueryRowContext(ctx, `
SELECT coalesce((SELECT min(position) FROM events), 1),
	coalesce((SELECT max(position) FROM events), 0),
	(SELECT count(*) FROM events WHERE position > (SELECT max(position) FROM events) - ?1),
	(SELECT count(*) FROM (SELECT recorded_at - lag(recorded_at) OVER (ORDER BY position) AS step
		FROM events WHERE position > (SELECT max(position) FROM events) - ?1) WHERE step < 0),
	(SELECT count(*) FROM events AS e, (SELECT stream, revision FROM events ORDER BY position DESC LIMIT 1) AS l
		WHERE e.stream = l.stream AND e.revision > l.revision)`, tail).Scan(&first, &last, &dense, &backwards, &ahead)
	switch {
	case err != nil:
		return opening(err)
	case first != 1 || dense != min(last, tail):
		return fmt.Errorf("%w: positions up to %d have gaps", ErrDamaged, last)
	case backwards > 0:
		return fmt.Errorf("%w: recorded times decrease before position %d", ErrDamaged, last)
	case ahead > 0:
		return fmt.Errorf("%w: the last event is not the last of its stream", ErrDamaged)
	}
	return nil
}

// create makes the tables of an empty database, in one transaction.
func create(ctx context.Context, conn *sql.Conn) error {
	script := append([]string{"BEGIN IMMEDIATE"}, schema...)
	script = append(script,
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("PRAGMA user_version = %d", schemaVersion),
		"COMMIT")
	for _, statement := range script {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return opening(err)
		}
	}
	return nil
}

// Check reads the whole database: SQLite's own integrity check, positions and
// revisions without gaps, times that never decrease. It takes time in
// proportion to the database and returns [ErrDamaged] with the first finding.
// Appends go on meanwhile, and the log grows until it has finished.
func (s *Store) Check(ctx context.Context) error {
	var verdict string
	if err := s.reader.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return s.failure(ctx, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	findings := []struct{ name, query string }{
		{"positions have gaps", `SELECT count(*) FROM
			(SELECT count(*) AS n, min(position) AS first, max(position) AS last FROM events)
			WHERE n > 0 AND (first <> 1 OR last <> n)`},
		{"a stream's revisions have gaps or are not in ledger order", `SELECT count(*) FROM
			(SELECT position, revision, lag(position, 1, 0) OVER w AS before, row_number() OVER w AS n
			FROM events WINDOW w AS (PARTITION BY stream ORDER BY revision))
			WHERE revision <> n OR position <= before`},
		{"recorded times decrease", `SELECT count(*) FROM
			(SELECT recorded_at - lag(recorded_at) OVER (ORDER BY position) AS step FROM events) WHERE step < 0`},
		{"an identifier has the wrong size", `SELECT count(*) FROM events WHERE length(event_id) <> 16 OR length(stream) <> 17`},
	}
	for _, f := range findings {
		var n int64
		if err := s.reader.QueryRowContext(ctx, f.query).Scan(&n); err != nil {
			return s.failure(ctx, err)
		}
		if n > 0 {
			return fmt.Errorf("%w: %s (%d)", ErrDamaged, f.name, n)
		}
	}
	return nil
}
