package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"caseledger/projections"
)

// What may be wrong with a PostgreSQL server, beside the errors of package
// projections. None of them says more of the connection string than its kind.
var (
	// ErrConnString: the connection string is malformed, or names a setting that
	// the server refuses.
	ErrConnString = errors.New("sqlstore: malformed connection string")
	// ErrUnreachable: no server answers at that address, or it takes no
	// connections. Later it may.
	ErrUnreachable = errors.New("sqlstore: PostgreSQL cannot be reached")
	// ErrCredentials: the server refuses the user or the password.
	ErrCredentials = errors.New("sqlstore: PostgreSQL refuses the credentials")
	// ErrNoDatabase: the server has no database of that name.
	ErrNoDatabase = errors.New("sqlstore: there is no such database")
	// ErrReadOnlyServer: the server takes no writes, as a standby does. After a
	// failover another one does: try again.
	ErrReadOnlyServer = errors.New("sqlstore: PostgreSQL is read-only")
	// ErrDenied: the role may not do what the store needs; see [OpenPostgres].
	ErrDenied = errors.New("sqlstore: the role lacks a privilege")
)

// How many connections a store takes at most, and how long one is used: a name
// that leads to another server after a failover is followed within that time.
const (
	readConnections   = 8
	writeConnections  = 4
	connectionLives   = 25 * time.Minute
	connectionIdles   = 5 * time.Minute
	oldestServer      = 150000
	oldestServerNamed = "15"
)

// session are the settings that a store asks for where its connection string
// says nothing of them. A commit is durable when it returns, whatever the role
// or the database is set to. A peer that is gone is noticed within half a
// minute, and so are the locks it held.
var session = map[string]string{
	"application_name":        "caseledger",
	"connect_timeout":         "10",
	"synchronous_commit":      "on",
	"tcp_keepalives_idle":     "10",
	"tcp_keepalives_interval": "5",
	"tcp_keepalives_count":    "3",
	"tcp_user_timeout":        "25000",
}

// reading and writing are those of the two kinds of connections beside. A read
// has a limit and must end soon; a write may have a whole table to write, but
// must not wait for ever nor hold locks while nothing happens. Its statements
// take arrays, whose length would lead the planner to read whole tables.
var (
	reading = map[string]string{"statement_timeout": "60s"}
	writing = map[string]string{
		"lock_timeout": "60s", "idle_in_transaction_session_timeout": "60s",
		"plan_cache_mode": "force_generic_plan", "target_session_attrs": "read-write",
	}
)

// OpenPostgres opens the read-model schema of one side in PostgreSQL 15 or
// later, and makes the schema where there is none. dsn is a connection string
// in either of PostgreSQL's forms; schema is lower-case letters, digits and
// underscores. Another side's store is another schema, best with a role of its
// own, which needs of the database
//
//	CREATE ROLE side LOGIN;
//	CREATE SCHEMA side AUTHORIZATION side;
//
// and nothing else: the tables come and go with the read models, and are its
// own. Without the second it must be allowed to make schemas. A role that only
// reads needs
//
//	GRANT USAGE ON SCHEMA side TO reader;
//	GRANT SELECT ON ALL TABLES IN SCHEMA side TO reader;
//	ALTER DEFAULT PRIVILEGES FOR ROLE side IN SCHEMA side GRANT SELECT ON TABLES TO reader;
//
// Each session is asked for its settings when it begins. Of several hosts a
// store that writes takes the one that is not read-only; for one that reads,
// target_session_attrs in the connection string decides. A connection through
// a pooler must keep its session.
//
// Errors: those above, [projections.ErrNewer], [projections.ErrOlder],
// [projections.ErrSettings] if a setting does not hold. Where there is no schema
// that the role may see, and it was opened for reading only, [os.ErrNotExist] is
// in the chain beside ErrOlder.
func OpenPostgres(ctx context.Context, dsn, schema string, o Options) (*Store, error) {
	if !cleanName(schema) {
		return nil, fmt.Errorf("%w: malformed schema name", projections.ErrSettings)
	}
	s := newStore(postgres)
	s.snapshot = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	var err error
	if s.read, err = connect(dsn, schema, readConnections, reading, o.ReadOnly); err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if s.write, err = connect(dsn, schema, writeConnections, writing, false); err != nil {
			return nil, errors.Join(err, s.read.Close())
		}
		s.load = s.write
		s.scrub = s.vacuum
	}
	if err := s.openPostgres(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open the read models: %w", err), s.Close())
	}
	return s, nil
}

// connect makes a pool. It does not connect yet.
func connect(dsn, schema string, most int, beside map[string]string, readOnly bool) (*sql.DB, error) {
	given, err := parsed(dsn)
	if err != nil {
		return nil, err
	}
	wanted := maps.Clone(session)
	maps.Copy(wanted, beside)
	if !readOnly {
		wanted["target_session_attrs"] = "read-write"
	}
	maps.DeleteFunc(wanted, func(name, _ string) bool { return given[name] != "" })
	wanted["search_path"] = schema // one schema only, whatever was given
	if dsn, err = with(dsn, wanted); err != nil {
		return nil, err
	}
	named, err := sql.Open("pgx", "") // for its driver; it does not connect
	if err != nil {
		return nil, err
	}
	defer func() { _ = named.Close() }() // it has no connections
	opener, ok := named.Driver().(driver.DriverContext)
	if !ok {
		return nil, errors.New("sqlstore: the driver is not pgx")
	}
	c, err := opener.OpenConnector(dsn)
	if err != nil {
		return nil, ErrConnString
	}
	db := sql.OpenDB(sessions{c})
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most / 2)
	db.SetConnMaxLifetime(connectionLives)
	db.SetConnMaxIdleTime(connectionIdles)
	return db, nil
}

// with adds settings to a connection string, in place of those it has.
func with(dsn string, settings map[string]string) (string, error) {
	names := slices.Sorted(maps.Keys(settings))
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		for _, name := range names {
			dsn += " " + name + "=" + settings[name] // none needs quotes
		}
		return dsn, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", ErrConnString // the cause would quote it
	}
	query := u.Query()
	for _, name := range names {
		query.Set(name, settings[name])
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// sessions makes connections whose settings hold.
type sessions struct{ driver.Connector }

// Connect implements [driver.Connector].
func (c sessions) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, connecting(ctx, err)
	}
	if err := holds(ctx, conn); err != nil {
		_ = conn.Close() // what is wrong has been told
		return nil, err
	}
	return conn, nil
}

// holds refuses a session with settings other than those promised.
func holds(ctx context.Context, conn driver.Conn) error {
	queryer, ok := conn.(driver.QueryerContext)
	if !ok {
		return errors.New("sqlstore: the driver is not pgx")
	}
	rows, err := queryer.QueryContext(ctx, `SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding'),
		current_setting('synchronous_commit'), current_setting('full_page_writes')`, nil)
	if err != nil {
		return connecting(ctx, err)
	}
	got := make([]driver.Value, 4)
	if err := errors.Join(rows.Next(got), rows.Close()); err != nil {
		return connecting(ctx, err)
	}
	if version, _ := got[0].(int64); version < oldestServer {
		return fmt.Errorf("%w: PostgreSQL is older than %s", projections.ErrSettings, oldestServerNamed)
	}
	for i, setting := range []struct {
		name    string
		refused bool
	}{
		{"server_encoding", got[1] != "UTF8"},
		{"synchronous_commit", got[2] == "off"},
		{"full_page_writes", got[3] == "off"},
	} {
		if setting.refused {
			return fmt.Errorf("%w: %s is %q", projections.ErrSettings, setting.name, got[1+i])
		}
	}
	return nil
}

func (s *Store) openPostgres(ctx context.Context, schema string) error {
	return stated(s.migrate(ctx, func(begun *sql.Tx) error {
		// One program at a time; the number is ours alone.
		if _, err := begun.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(applicationID)); err != nil {
			return err
		}
		var there bool
		if err := begun.QueryRowContext(ctx, "SELECT to_regnamespace($1) IS NOT NULL", schema).Scan(&there); err != nil || there {
			return err // IF NOT EXISTS would ask for the privilege to make one
		}
		_, err := begun.ExecContext(ctx, "CREATE SCHEMA "+schema)
		return err
	}))
}

// distrust ends connections to a server that has become read-only: they would
// stay so however soon another server takes the writes.
func (s *Store) distrust(used *sql.Conn) {
	_ = used.Raw(func(any) error { return driver.ErrBadConn }) // which ends it
	for db, most := range map[*sql.DB]int{s.write: writeConnections, s.read: readConnections} {
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(most / 2)
	}
}

// vacuum removes deleted rows from the tables' files.
func (s *Store) vacuum(ctx context.Context, tables []string) error {
	for _, table := range tables {
		if _, err := s.write.ExecContext(ctx, "VACUUM "+quote(table)); err != nil {
			return err
		}
	}
	return nil
}
