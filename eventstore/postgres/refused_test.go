//go:build postgres

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// flaw is something wrong with a database, how to make it right again, and the
// error that it is refused with.
type flaw struct {
	name          string
	spoil, repair []string
	want          error
	says          string
}

// refusing spoils a ledger in one way after the other and opens it each time,
// for appends and for reading alone.
func refusing(t *testing.T, owner, role string, o postgres.Options, flaws []flaw) {
	t.Helper()
	for _, f := range flaws {
		t.Run(f.name, func(t *testing.T) {
			filled := strings.NewReplacer("$role", role, "$database", database(owner))
			for i := range f.spoil {
				f.spoil[i] = filled.Replace(f.spoil[i])
			}
			for i := range f.repair {
				f.repair[i] = filled.Replace(f.repair[i])
			}
			execute(t, owner, f.spoil...)
			defer execute(t, owner, f.repair...)
			mustRefuse(t, o, f.want, f.says)
		})
	}
	open(t, o) // nothing is wrong in the end: it was each flaw alone that was refused
}

func mustRefuse(t *testing.T, o postgres.Options, want error, says string) {
	t.Helper()
	s, err := postgres.Open(t.Context(), o)
	if err == nil {
		mustClose(t, s)
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("open: got error %v, want %v that says %q", err, want, says)
	}
}

// database is the name in a connection string of pgtest.
func database(url string) string {
	_, name, _ := strings.Cut(url, "dbname=")
	name, _, _ = strings.Cut(name, " ")
	return name
}

// ledgered makes a ledger of a few events with an owner and a role that appends.
func ledgered(t *testing.T, server *pgtest.Server) (owner, role string) {
	t.Helper()
	owner, role = ledgeredEmpty(t, server)
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	for i := range eventstore.Revision(30) {
		append1(t, s, event.Case(named(1, int(i/10))), i%10, int(i))
	}
	mustClose(t, s)
	return owner, role
}

func ledgeredEmpty(t testing.TB, server *pgtest.Server) (owner, role string) {
	t.Helper()
	owner, role, _ = strings.Cut(migrated(t, server), " user=app")
	return owner, "app" + role
}

func append1(t testing.TB, s *postgres.Store, stream event.StreamID, at eventstore.Revision, id int) {
	t.Helper()
	if _, err := s.Append(t.Context(), stream, at, []eventstore.Event{{ID: event.ID{UUID: named(2, id)}, Body: []byte("a")}}); err != nil {
		t.Fatal(err)
	}
}

const alterDatabase, resetDatabase = "ALTER DATABASE $database SET ", "ALTER DATABASE $database RESET ALL"

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true, Config: []string{"data_sync_retry=on"}})
	bad := server.Database(t)
	_, err := postgres.Migrate(t.Context(), bad, postgres.MigrateOptions{})
	if !errors.Is(err, postgres.ErrSettings) || !strings.Contains(err.Error(), "data_sync_retry") {
		t.Errorf("a server that tries a failed flush again: got error %v, want one that names data_sync_retry", err)
	}
	server.Stop()

	good := pgtest.Start(t, pgtest.Options{Durable: true})
	owner, role := ledgered(t, good)
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	var flaws []flaw
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		flaws = append(flaws, flaw{setting + " off at the server", []string{"ALTER SYSTEM SET " + setting + " = off", "SELECT pg_reload_conf()", settled(setting, "off")},
			[]string{"ALTER SYSTEM RESET " + setting, "SELECT pg_reload_conf()", settled(setting, "on")}, postgres.ErrSettings, setting})
	}
	for _, setting := range []string{"synchronous_commit = off", "synchronous_commit = local", "synchronous_commit = remote_write",
		"zero_damaged_pages = on", "ignore_checksum_failure = on", "session_replication_role = replica"} {
		name, _, _ := strings.Cut(setting, " ")
		flaws = append(flaws, flaw{setting + " at the database", []string{alterDatabase + setting}, []string{resetDatabase}, postgres.ErrSettings, name},
			flaw{setting + " at the role", []string{"ALTER ROLE $role SET " + setting}, []string{"ALTER ROLE $role RESET ALL"}, postgres.ErrSettings, name},
			flaw{setting + " at the role in the database", []string{"ALTER ROLE $role IN DATABASE $database SET " + setting}, []string{"ALTER ROLE $role IN DATABASE $database RESET ALL"}, postgres.ErrSettings, name})
	}
	refusing(t, owner, role, o, flaws)
	for _, url := range []string{" options='-c synchronous_commit=off'", " synchronous_commit=off"} {
		o.URL = as(role, owner) + url
		mustRefuse(t, o, postgres.ErrSettings, "synchronous_commit")
	}
	execute(t, owner, "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'")
	o.URL = strings.Replace(owner, database(owner), "ascii", 1)
	mustRefuse(t, o, postgres.ErrSettings, "server_encoding")

	o.URL, o.AllowNoFsync = migrated(t, pgtest.Shared(t)), false
	mustRefuse(t, o, postgres.ErrSettings, "fsync")
}

// settled waits until a setting that was reloaded holds.
func settled(setting, value string) string {
	return fmt.Sprintf(`DO $$ BEGIN
	FOR i IN 1..500 LOOP
		PERFORM pg_sleep(0.01);
		IF (SELECT setting FROM pg_file_settings WHERE name = '%[1]s' AND applied) IS DISTINCT FROM NULLIF('%[2]s', 'on') THEN CONTINUE; END IF;
		RETURN;
	END LOOP;
	END $$`, setting, value)
}

// A setting that is made away with after a session was checked is set again by
// each append.
func TestEachCommitIsDurable(t *testing.T) {
	t.Parallel()
	owner, role := ledgered(t, pgtest.Shared(t))
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	if got, err := s.CommitSetting(t.Context(), "off"); got != "on" || err != nil {
		t.Errorf("an append in a session with synchronous_commit off commits with %q (error %v), want on", got, err)
	}
	if got, err := s.CommitSetting(t.Context(), "remote_apply"); got != "remote_apply" || err != nil {
		t.Errorf("an append in a session with remote_apply commits with %q (error %v), want the same", got, err)
	}
}

func TestRefusedPrivileges(t *testing.T) {
	t.Parallel()
	owner, role := ledgered(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now, AllowNoFsync: true}
	var flaws []flaw
	for _, right := range []string{"UPDATE ON events", "UPDATE (body) ON events", "DELETE ON events", "TRUNCATE ON events", "TRIGGER ON events", "REFERENCES ON events",
		"INSERT ON head", "DELETE ON head", "TRUNCATE ON head", "TRIGGER ON head",
		"INSERT ON migrations", "UPDATE ON migrations", "DELETE ON migrations", "TRUNCATE ON migrations"} {
		privilege, table, _ := strings.Cut(right, " ON ")
		privilege, _, _ = strings.Cut(privilege, " ")
		right = strings.Replace(right, " ON ", " ON caseledger.", 1)
		flaws = append(flaws, flaw{"may " + right, []string{"GRANT " + right + " TO $role"}, []string{"REVOKE " + right + " FROM $role"}, postgres.ErrPrivileges, privilege + " caseledger." + table})
	}
	for _, right := range []string{"SELECT ON events", "INSERT ON events", "SELECT ON head", "UPDATE ON head"} {
		privilege, table, _ := strings.Cut(right, " ON ")
		right = strings.Replace(right, " ON ", " ON caseledger.", 1)
		flaws = append(flaws, flaw{"may not " + right, []string{"REVOKE " + right + " FROM $role"}, []string{"GRANT " + right + " TO $role"}, postgres.ErrPrivileges, privilege + " caseledger." + table})
	}
	flaws = append(flaws,
		flaw{"everybody may DELETE", []string{"GRANT DELETE ON caseledger.events TO PUBLIC"}, []string{"REVOKE DELETE ON caseledger.events FROM PUBLIC"}, postgres.ErrPrivileges, "DELETE"},
		flaw{"may not SELECT migrations", []string{"REVOKE SELECT ON caseledger.migrations FROM $role"}, []string{"GRANT SELECT ON caseledger.migrations TO $role"}, postgres.ErrPrivileges, "migrations"},
		flaw{"may not use the schema", []string{"REVOKE USAGE ON SCHEMA caseledger FROM $role"}, []string{"GRANT USAGE ON SCHEMA caseledger TO $role"}, postgres.ErrPrivileges, "caseledger"},
		flaw{"may make tables", []string{"GRANT CREATE ON SCHEMA caseledger TO $role"}, []string{"REVOKE CREATE ON SCHEMA caseledger FROM $role"}, postgres.ErrPrivileges, "make tables"},
		flaw{"may become the owner", []string{"CREATE ROLE owns_$role", "ALTER TABLE caseledger.events OWNER TO owns_$role", "ALTER ROLE $role NOINHERIT", "GRANT owns_$role TO $role"},
			[]string{"ALTER TABLE caseledger.events OWNER TO postgres", "DROP ROLE owns_$role"}, postgres.ErrPrivileges, "owns the schema"},
		flaw{"a superuser", []string{"ALTER ROLE $role SUPERUSER"}, []string{"ALTER ROLE $role NOSUPERUSER"}, postgres.ErrPrivileges, "UPDATE"},
	)
	refusing(t, owner, role, o, flaws)
	o.URL, o.AllowOwner = owner, true
	open(t, o)
}

// What the role that appends may not do: change, remove or hide what is recorded.
func TestForbiddenStatements(t *testing.T) {
	t.Parallel()
	owner, role := ledgered(t, pgtest.Shared(t))
	for _, statement := range []string{
		"UPDATE caseledger.events SET body = ''",
		"UPDATE caseledger.events SET recorded_at = 0 WHERE position = 1",
		"UPDATE caseledger.events SET position = position + 100",
		"UPDATE caseledger.events SET stream = stream WHERE false",
		"DELETE FROM caseledger.events",
		"DELETE FROM caseledger.events WHERE position = 30",
		"TRUNCATE caseledger.events",
		"TRUNCATE caseledger.events, caseledger.head",
		"MERGE INTO caseledger.events e USING caseledger.head h ON e.position = h.position WHEN MATCHED THEN DELETE",
		"INSERT INTO caseledger.events SELECT * FROM caseledger.events ON CONFLICT (position) DO UPDATE SET body = ''",
		"WITH gone AS (DELETE FROM caseledger.events RETURNING 1) SELECT count(*) FROM gone",
		"SELECT position FROM caseledger.events FOR UPDATE",
		"DO $$ BEGIN LOCK TABLE caseledger.events IN ACCESS EXCLUSIVE MODE; END $$",
		"DROP TABLE caseledger.events",
		"DROP TABLE caseledger.head",
		"DROP SCHEMA caseledger CASCADE",
		"ALTER TABLE caseledger.events RENAME TO other",
		"ALTER TABLE caseledger.events SET SCHEMA public",
		"ALTER TABLE caseledger.events ADD COLUMN other text",
		"ALTER TABLE caseledger.events DROP COLUMN body",
		"ALTER TABLE caseledger.events ALTER COLUMN body DROP NOT NULL",
		"ALTER TABLE caseledger.events ALTER COLUMN body TYPE text USING ''",
		"ALTER TABLE caseledger.events DROP CONSTRAINT events_stream",
		"ALTER TABLE caseledger.events SET UNLOGGED",
		"ALTER TABLE caseledger.events ENABLE ROW LEVEL SECURITY",
		"ALTER TABLE caseledger.events DISABLE TRIGGER ALL",
		"ALTER TABLE caseledger.events OWNER TO CURRENT_USER",
		"DROP INDEX caseledger.events_stream",
		"CREATE TRIGGER t BEFORE INSERT ON caseledger.events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"CREATE RULE r AS ON INSERT TO caseledger.events DO INSTEAD NOTHING",
		"CREATE POLICY p ON caseledger.events USING (false)",
		"CREATE TABLE caseledger.other (n integer)",
		"CREATE FUNCTION caseledger.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
		"INSERT INTO caseledger.head (one, position, recorded_at) VALUES (true, 0, 0) ON CONFLICT (one) DO NOTHING",
		"DELETE FROM caseledger.head",
		"TRUNCATE caseledger.head",
		"UPDATE caseledger.migrations SET version = 9",
		"DELETE FROM caseledger.migrations",
		"INSERT INTO caseledger.migrations (version, name, digest) VALUES (9, '', '')",
		"GRANT UPDATE ON caseledger.events TO CURRENT_USER",
		"SET ROLE postgres",
		"SET session_replication_role = replica",
		"ALTER SYSTEM SET fsync = off",
		"COPY caseledger.events TO PROGRAM 'true'",
		"VACUUM FULL caseledger.events",
		"REINDEX TABLE caseledger.events",
	} {
		err := try(t, as(role, owner), statement)
		if warned := strings.HasPrefix(statement, "VACUUM") || strings.HasPrefix(statement, "GRANT"); warned && err == nil {
			continue // it does nothing, and says so in a warning; what follows would find it
		}
		if code := sqlState(err); code != "42501" {
			t.Errorf("%s: got error %v, want a lack of rights", statement, err)
		}
	}
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	if all, err := ledger(t.Context(), s); len(all) != 30 || err != nil {
		t.Errorf("afterwards the ledger has %d events (error %v), want the 30 there were", len(all), err)
	}
}

func TestRefusedShapes(t *testing.T) {
	t.Parallel()
	owner, role := ledgered(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now, AllowNoFsync: true}
	const events = "ALTER TABLE caseledger.events "
	damaged := postgres.ErrDamaged
	refusing(t, owner, role, o, []flaw{
		{"no unique ids", []string{events + "DROP CONSTRAINT events_event_id"}, []string{events + "ADD CONSTRAINT events_event_id UNIQUE (event_id)"}, damaged, "unique (event_id)"},
		{"no unique revisions", []string{events + "DROP CONSTRAINT events_stream"}, []string{events + "ADD CONSTRAINT events_stream UNIQUE (stream, revision)"}, damaged, "unique (stream, revision)"},
		{"unique the other way round", []string{events + "DROP CONSTRAINT events_stream, ADD CONSTRAINT events_stream UNIQUE (stream, revision, position)"},
			[]string{events + "DROP CONSTRAINT events_stream, ADD CONSTRAINT events_stream UNIQUE (stream, revision)"}, damaged, "unique (stream, revision)"},
		{"no primary key", []string{events + "DROP CONSTRAINT events_position"}, []string{events + "ADD CONSTRAINT events_position PRIMARY KEY (position)"}, damaged, "unique (position)"},
		{"unique in the end only", []string{events + "DROP CONSTRAINT events_event_id, ADD CONSTRAINT events_event_id UNIQUE (event_id) DEFERRABLE"},
			[]string{events + "DROP CONSTRAINT events_event_id, ADD CONSTRAINT events_event_id UNIQUE (event_id)"}, damaged, "unique (event_id)"},
		{"unique in part", []string{events + "DROP CONSTRAINT events_event_id", "CREATE UNIQUE INDEX part ON caseledger.events (event_id) WHERE position > 9"},
			[]string{"DROP INDEX caseledger.part", events + "ADD CONSTRAINT events_event_id UNIQUE (event_id)"}, damaged, "unique (event_id)"},
		{"an invalid index", []string{"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'caseledger.events_stream'::regclass"},
			[]string{"UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'caseledger.events_stream'::regclass"}, damaged, "unique (stream, revision)"},
		{"unlogged", []string{events + "SET UNLOGGED"}, []string{events + "SET LOGGED"}, damaged, "logged"},
		{"a trigger", []string{"CREATE TRIGGER swallow BEFORE UPDATE ON caseledger.events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"},
			[]string{"DROP TRIGGER swallow ON caseledger.events"}, damaged, "swallow"},
		{"a rule", []string{"CREATE RULE swallow AS ON INSERT TO caseledger.events DO INSTEAD NOTHING"},
			[]string{"DROP RULE swallow ON caseledger.events"}, damaged, "rule swallow"},
		{"hidden rows", []string{events + "ENABLE ROW LEVEL SECURITY"}, []string{events + "DISABLE ROW LEVEL SECURITY"}, damaged, "ordinary"},
		{"another column", []string{events + "ADD COLUMN other text"}, []string{events + "DROP COLUMN other"}, damaged, "other"},
		{"a column that may be null", []string{events + "ALTER COLUMN body DROP NOT NULL"}, []string{events + "ALTER COLUMN body SET NOT NULL"}, damaged, "body"},
		{"another type", []string{events + "ALTER COLUMN recorded_at TYPE numeric"}, []string{events + "ALTER COLUMN recorded_at TYPE bigint"}, damaged, "recorded_at"},
		{"no table", []string{events + "RENAME TO other"}, []string{"ALTER TABLE caseledger.other RENAME TO events"}, damaged, "events"},
		{"no head", []string{"CREATE TABLE spare AS SELECT * FROM caseledger.head", "DELETE FROM caseledger.head"},
			[]string{"INSERT INTO caseledger.head SELECT * FROM spare", "DROP TABLE spare"}, damaged, "head row"},
		{"a head ahead", []string{"UPDATE caseledger.head SET position = 31"}, []string{"UPDATE caseledger.head SET position = 30"}, damaged, "head row"},
		{"a head behind", []string{"UPDATE caseledger.head SET position = 29"}, []string{"UPDATE caseledger.head SET position = 30"}, damaged, "head row"},
		{"a gap", []string{"UPDATE caseledger.events SET position = -position WHERE position = 25"}, []string{"UPDATE caseledger.events SET position = 25 WHERE position = -25"}, damaged, "gaps"},
		{"the first event missing", []string{"UPDATE caseledger.events SET position = 99 WHERE position = 1"}, []string{"UPDATE caseledger.events SET position = 1 WHERE position = 99"}, damaged, ""},
		{"an event from the past", []string{"UPDATE caseledger.events SET recorded_at = recorded_at - 1e12::bigint WHERE position = 20"},
			[]string{"UPDATE caseledger.events SET recorded_at = recorded_at + 1e12::bigint WHERE position = 20"}, damaged, "decrease"},
		{"a stream that ran ahead", []string{"UPDATE caseledger.events SET revision = 99 WHERE position = 29"}, []string{"UPDATE caseledger.events SET revision = 9 WHERE position = 29"}, damaged, "stream"},
		{"a newer database", []string{"INSERT INTO caseledger.migrations (version, name, digest) VALUES (99, 'later', '')"},
			[]string{"DELETE FROM caseledger.migrations WHERE version = 99"}, postgres.ErrNewer, "99"},
		{"an older database", []string{"CREATE TABLE kept AS SELECT * FROM caseledger.migrations", "DELETE FROM caseledger.migrations"},
			[]string{"INSERT INTO caseledger.migrations SELECT * FROM kept", "DROP TABLE kept"}, postgres.ErrOlder, "migrate"},
		{"another history", []string{"UPDATE caseledger.migrations SET digest = '' || digest || 'x'"}, []string{"UPDATE caseledger.migrations SET digest = rtrim(digest, 'x')"}, postgres.ErrForeign, "1"},
		{"another program's migrations", []string{"ALTER TABLE caseledger.migrations RENAME COLUMN digest TO checksum"}, []string{"ALTER TABLE caseledger.migrations RENAME COLUMN checksum TO digest"}, postgres.ErrForeign, "another kind"},
		{"no migrations", []string{"ALTER TABLE caseledger.migrations RENAME TO other"}, []string{"ALTER TABLE caseledger.other RENAME TO migrations"}, postgres.ErrForeign, "no migrations"},
	})
}

// What cannot be connected to has an error with a name, and no error repeats
// the connection string.
func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{TCP: true, Config: []string{"superuser_reserved_connections=1", "max_connections=12"}})
	execute(t, server.DSN("postgres"), "CREATE ROLE barred NOLOGIN", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0", "CREATE ROLE reader LOGIN",
		"ALTER ROLE reader SET default_transaction_read_only = on")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2"
	at := func(user, address, database string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", user, secret, address, database)
	}
	cases := map[string]struct {
		url  string
		want error
		says string
	}{
		"empty":                   {"postgres://:" + secret + "@:port/", postgres.ErrURL, ""},
		"another kind":            {"mysql://root:" + secret + "@localhost/ledger", postgres.ErrURL, ""},
		"no pairs":                {"host localhost password " + secret, postgres.ErrURL, ""},
		"a bad escape":            {"postgres://u%zz:" + secret + "@localhost/ledger", postgres.ErrURL, ""},
		"an unknown mode":         {"host=localhost password=" + secret + " sslmode=perhaps", postgres.ErrURL, ""},
		"nobody there":            {at("postgres", nobody, "postgres"), postgres.ErrUnreachable, "nobody listens"},
		"no such host":            {at("postgres", "nowhere.invalid:5432", "postgres"), postgres.ErrUnreachable, "not known"},
		"a role that may not":     {at("barred", server.Address(), "postgres"), postgres.ErrCredentials, ""},
		"no such role":            {at("nobody", server.Address(), "postgres"), postgres.ErrCredentials, ""},
		"no such database":        {at("postgres", server.Address(), "nothing"), postgres.ErrNoDatabase, ""},
		"too many":                {at("crowded", server.Address(), "postgres"), postgres.ErrTooManyConnections, ""},
		"read-only":               {at("reader", server.Address(), "postgres"), postgres.ErrReadOnlyServer, ""},
		"read-only, then nobody":  {at("reader", server.Address()+","+nobody, "postgres"), postgres.ErrReadOnlyServer, ""},
		"not migrated":            {at("postgres", server.Address(), "postgres"), postgres.ErrOlder, ""},
		"a server that wants TLS": {strings.Replace(at("postgres", server.Address(), "postgres"), "disable", "require", 1), postgres.ErrUnreachable, "TLS"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			s, err := postgres.Open(ctx, postgres.Options{URL: c.url, Clock: time.Now, AllowNoFsync: true})
			if err == nil {
				mustClose(t, s)
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got error %v, want %v that says %q", err, c.want, c.says)
			}
			for _, leak := range []string{secret, "127.0.0.1", "localhost", "barred", "crowded", "nowhere"} {
				if err != nil && strings.Contains(err.Error(), leak) {
					t.Errorf("the error repeats %q of the connection string: %v", leak, err)
				}
			}
			if _, merr := postgres.Status(ctx, c.url); c.want != postgres.ErrOlder && !errors.Is(merr, c.want) {
				t.Errorf("status: got error %v, want %v", merr, c.want)
			}
		})
	}
}
