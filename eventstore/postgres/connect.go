package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// lowestVersion is the lowest server_version_num that is accepted.
	lowestVersion = 150000
	// statementBound is how long a statement of the sequencer may take, and any
	// transaction may stand idle; clientBound is when this side stops waiting.
	// A server that cannot be heard is given up after it.
	statementBound = 5 * time.Second
	clientBound    = statementBound + 2*time.Second
	connectBound   = 5 * time.Second
	// A connection ends within half an hour, so that none stays with a server
	// that others have left.
	connectionLife   = 25 * time.Minute
	connectionJitter = 5 * time.Minute
)

// requirement is a setting that each session must have, as the server, its
// database, the role or the connection string make it.
type requirement struct {
	name string
	want []string
}

const synchronousCommit = "synchronous_commit"

func requirements(o Options) []requirement {
	on := []string{"on"}
	fsync := on
	if o.AllowNoFsync {
		fsync = []string{"on", "off"}
	}
	return []requirement{
		{"fsync", fsync},
		{"full_page_writes", on},
		{synchronousCommit, []string{"on", "remote_apply"}},
		{"data_sync_retry", []string{"off"}},
		{"zero_damaged_pages", []string{"off"}},
		{"ignore_checksum_failure", []string{"off"}},
		{"session_replication_role", []string{"origin"}},
		{"server_encoding", []string{"UTF8"}},
	}
}

var errReadOnlySession = errors.New("postgres: a read-only session")

// configure reads a connection string and adds what this package needs of
// every session.
func configure(o Options) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, ErrURL // the reason may quote what was given
	}
	c.MaxConns = int32(max(4, 2*runtime.NumCPU()))
	if o.Readers > 0 {
		c.MaxConns = int32(o.Readers)
	}
	c.MinConns, c.MinIdleConns = 0, 0
	c.MaxConnLifetime, c.MaxConnLifetimeJitter = connectionLife, connectionJitter
	c.PingTimeout = clientBound
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement // the extended protocol
	session(c.ConnConfig, o)
	return c, nil
}

func session(c *pgx.ConnConfig, o Options) {
	for name, value := range map[string]string{
		"search_path":                         "pg_catalog",
		"plan_cache_mode":                     "force_generic_plan",
		"default_transaction_isolation":       "read committed",
		"statement_timeout":                   milliseconds(statementBound),
		"idle_in_transaction_session_timeout": milliseconds(statementBound),
		// A client that has vanished frees the head row soon.
		"tcp_keepalives_idle":     "5",
		"tcp_keepalives_interval": "2",
		"tcp_keepalives_count":    "3",
		"tcp_user_timeout":        milliseconds(statementBound),
	} {
		c.RuntimeParams[name] = value
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "caseledger"
	}
	if c.ConnectTimeout <= 0 || c.ConnectTimeout > connectBound {
		c.ConnectTimeout = connectBound
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3,
	}}
	c.DialFunc = dialer.DialContext
	if o.ReadOnly {
		c.RuntimeParams["default_transaction_read_only"] = "on"
	} else {
		c.ValidateConnect = writable
	}
	required := requirements(o)
	c.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error { return verify(ctx, conn, required) }
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// writable refuses a standby, so that the next server named is tried.
func writable(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, "SELECT current_setting('transaction_read_only')")
	if err != nil {
		return err
	}
	if rows[0][0] != "off" {
		return errReadOnlySession
	}
	return nil
}

// verify finds a setting that does not hold.
func verify(ctx context.Context, conn *pgconn.PgConn, required []requirement) error {
	rows, err := query(ctx, conn, "SELECT current_setting('server_version_num')")
	if err != nil {
		return err
	}
	if err := checkServer(rows[0][0]); err != nil {
		return err
	}
	columns := ""
	for i, r := range required {
		if i > 0 {
			columns += ", "
		}
		columns += "current_setting('" + r.name + "')"
	}
	if rows, err = query(ctx, conn, "SELECT "+columns); err != nil {
		return err
	}
	for i, r := range required {
		if got := rows[0][i]; !slices.Contains(r.want, got) {
			return fmt.Errorf("%w: %s is %q, want %q", ErrSettings, r.name, got, r.want[0])
		}
	}
	return nil
}

// checkServer finds a server_version_num that is too low.
func checkServer(version string) error {
	if n, err := strconv.Atoi(version); err != nil || n < lowestVersion {
		return fmt.Errorf("%w: server_version_num is %q, want %d or more", ErrSettings, version, lowestVersion)
	}
	return nil
}

// query returns the rows of a small statement as text, over the extended
// protocol.
func query(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) ([][]string, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, sql, params, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, value := range row {
			rows[i] = append(rows[i], string(value))
		}
	}
	return rows, nil
}

// hangUp ends a connection without waiting long for the server.
func hangUp(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is given up, whatever comes of it
}
