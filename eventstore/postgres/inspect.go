package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// tail is how many events from the end are looked at when a database is opened.
const tail = 1000

// inspect finds what is wrong with a database: its version, the role's
// privileges, the shape of its tables, the end of its ledger.
func (s *Store) inspect(ctx context.Context, config *pgconn.Config) error {
	ctx, cancel := context.WithTimeout(ctx, clientBound)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return named(err)
	}
	defer hangUp(conn)
	checks := []func(context.Context, *pgconn.PgConn) error{checkVersion, checkShape, s.checkPrivileges, checkEnd}
	if s.options.Damaged {
		checks = checks[:3]
	}
	for _, check := range checks {
		if err := check(ctx, conn); err != nil {
			return named(err)
		}
	}
	return nil
}

// checkVersion compares the migrations that were applied with those known.
func checkVersion(ctx context.Context, conn *pgconn.PgConn) error {
	applied, err := appliedTo(ctx, conn)
	if err != nil {
		return err
	}
	known := migrations()
	if len(applied) < len(known) {
		return fmt.Errorf("%w (it is at %d, this program needs %d)", ErrOlder, len(applied), len(known))
	}
	return nil
}

// checkPrivileges finds a privilege that lacks, and one that is too much.
func (s *Store) checkPrivileges(ctx context.Context, conn *pgconn.PgConn) error {
	needed := []string{"events SELECT", "head SELECT"}
	if !s.options.ReadOnly {
		needed = append(needed, "events INSERT", "head UPDATE")
	}
	for _, n := range needed {
		table, privilege, _ := strings.Cut(n, " ")
		held, err := ask(ctx, conn, "SELECT has_table_privilege($1, $2)", "caseledger."+table, privilege)
		if err != nil {
			return err
		}
		if !held {
			return fmt.Errorf("%w: it may not %s %s.%s; grant it with migrate", ErrPrivileges, privilege, "caseledger", table)
		}
	}
	if s.options.AllowOwner {
		return nil
	}
	for _, n := range []string{"events UPDATE", "events DELETE", "events TRUNCATE", "events TRIGGER", "events REFERENCES",
		"head INSERT", "head DELETE", "head TRUNCATE", "head TRIGGER", "migrations INSERT", "migrations UPDATE", "migrations DELETE", "migrations TRUNCATE"} {
		table, privilege, _ := strings.Cut(n, " ")
		sql := "SELECT has_table_privilege($1, $2)"
		if privilege == "UPDATE" {
			sql = "SELECT has_any_column_privilege($1, $2)"
		}
		held, err := ask(ctx, conn, sql, "caseledger."+table, privilege)
		if err != nil {
			return err
		}
		if held {
			return fmt.Errorf("%w: it may %s caseledger.%s; revoke that, or connect as the role that migrate granted its rights to", ErrPrivileges, privilege, table)
		}
	}
	for what, sql := range map[string]string{
		"may make tables in the schema caseledger": "SELECT has_schema_privilege('caseledger', 'CREATE')",
		"belongs to the role that owns the schema": `SELECT bool_or(pg_has_role(owner, 'MEMBER')) FROM (
			SELECT nspowner AS owner FROM pg_namespace WHERE nspname = 'caseledger'
			UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'caseledger'::regnamespace) AS owners`,
	} {
		held, err := ask(ctx, conn, sql)
		if err != nil {
			return err
		}
		if held {
			return fmt.Errorf("%w: it %s", ErrPrivileges, what)
		}
	}
	return nil
}

// ask returns the answer to a question of yes or no.
func ask(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) (bool, error) {
	rows, err := query(ctx, conn, sql, args...)
	if err != nil {
		return false, err
	}
	return rows[0][0] == "t", nil
}

// shape is what the catalogue says of the tables, a line each.
const shape = `
SELECT format('%s.%s %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'caseledger'::regnamespace AND c.relname IN ('events', 'head') AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
UNION ALL
SELECT format('%s unique (%s)', c.relname, (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
	FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum))
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'caseledger'::regnamespace AND c.relname IN ('events', 'head')
	AND i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
UNION ALL
SELECT format('%s is not an ordinary, logged table', relname) FROM pg_class
WHERE relnamespace = 'caseledger'::regnamespace AND relname IN ('events', 'head')
	AND (relkind <> 'r' OR relpersistence <> 'p' OR relrowsecurity OR relispartition)
UNION ALL
SELECT format('%s has the rule %s', c.relname, r.rulename) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = 'caseledger'::regnamespace AND c.relname IN ('events', 'head')
UNION ALL
SELECT format('%s has the trigger %s', c.relname, t.tgname) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'caseledger'::regnamespace AND c.relname IN ('events', 'head') AND NOT t.tgisinternal`

// shaped is what the lines of shape must be, in any order.
var shaped = []string{
	"events.position bigint not null",
	"events.recorded_at bigint not null",
	"events.revision bigint not null",
	"events.event_id uuid not null",
	"events.stream bytea not null",
	"events.body bytea not null",
	"events unique (position)",
	"events unique (event_id)",
	"events unique (stream, revision)",
	"head.one boolean not null",
	"head.position bigint not null",
	"head.recorded_at bigint not null",
	"head unique (one)",
}

// checkShape finds a table, column or unique index that is not as it was made.
func checkShape(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, shape)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, row := range rows {
		found[row[0]] = true
	}
	for _, want := range shaped {
		if !found[want] {
			return fmt.Errorf("%w: missing, altered or not valid: %s", ErrDamaged, want)
		}
		delete(found, want)
	}
	for extra := range found {
		return fmt.Errorf("%w: not as it was made: %s", ErrDamaged, extra)
	}
	return nil
}

// checkEnd looks for gaps and for time running backwards among the last
// events, and compares the last one with its stream and with the head row.
func checkEnd(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, `
WITH last AS (SELECT position, recorded_at, stream, revision FROM caseledger.events ORDER BY position DESC LIMIT $1::bigint)
SELECT
	(SELECT count(*) FROM caseledger.head) = 1 AND
		(SELECT position FROM caseledger.head) = coalesce((SELECT max(position) FROM last), 0),
	coalesce((SELECT max(position) - min(position) + 1 = count(*) FROM last), true) AND
		coalesce((SELECT min(position) FROM caseledger.events), 1) = 1,
	coalesce((SELECT bool_and(step >= 0) FROM (SELECT recorded_at - lag(recorded_at) OVER (ORDER BY position) AS step FROM last) AS s), true) AND
		coalesce((SELECT max(recorded_at) FROM last) <= (SELECT recorded_at FROM caseledger.head), true),
	NOT EXISTS (SELECT FROM caseledger.events e, (SELECT stream, revision FROM last ORDER BY position DESC LIMIT 1) AS l
		WHERE e.stream = l.stream AND e.revision > l.revision)`, fmt.Sprint(tail))
	if err != nil {
		return err
	}
	for i, finding := range []string{
		"the head row is not the last event's",
		"positions have gaps",
		"recorded times decrease",
		"the last event is not the last of its stream",
	} {
		if rows[0][i] != "t" {
			return fmt.Errorf("%w: %s", ErrDamaged, finding)
		}
	}
	return nil
}
