package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// role is what a connection is for.
type role int

const (
	inspection role = iota // looks at a file that may be anyone's; changes nothing
	writing
	reading
)

// setting is a pragma that is set when a connection is made and read back
// before it is used.
type setting struct {
	name string
	set  string // empty: only read back
	want string
}

// profile is how connections of one role are made.
type profile struct {
	mode     string // "ro" or "rw"; never makes a file
	settings []setting
}

// The settings of https://www.sqlite.org/pragma.html that the promises rest on.
var (
	wary = []setting{
		{"busy_timeout", "10000", "10000"},
		{"trusted_schema", "OFF", "0"}, // the file's schema may call nothing that has effects
		{"cell_size_check", "ON", "1"}, // damage is found when a page is read
		{"mmap_size", "0", "0"},        // an I/O error is an error, not a signal
		{"locking_mode", "", "normal"}, // others may read
		{"ignore_check_constraints", "", "0"},
	}
	profiles = map[role]profile{
		inspection: {"ro", append(wary[:len(wary):len(wary)], setting{"query_only", "ON", "1"})},
		reading: {"ro", append(wary[:len(wary):len(wary)],
			setting{"journal_mode", "", "wal"},
			setting{"query_only", "ON", "1"})},
		writing: {"rw", append(wary[:len(wary):len(wary)],
			setting{"journal_mode", "WAL", "wal"},
			setting{"synchronous", "FULL", "2"},                   // the log is synced before a commit returns
			setting{"fullfsync", "ON", "1"},                       // where a sync is otherwise only a wish (macOS)
			setting{"checkpoint_fullfsync", "ON", "1"},            // likewise
			setting{"wal_autocheckpoint", "4000", "4000"},         // pages: 16 MiB of log
			setting{"journal_size_limit", "67108864", "67108864"}, // bytes, after a burst
		)},
	}
)

// minVersion is the first release without the WAL-reset bug, which can
// corrupt a database that two connections use.
var minVersion = [3]int{3, 51, 3}

func checkVersion(version string) error {
	var v [3]int
	for i, part := range strings.SplitN(version, ".", 4) {
		n, err := strconv.Atoi(part)
		if err != nil || i > 2 {
			break
		}
		v[i] = n
	}
	for i := range v {
		switch {
		case v[i] > minVersion[i]:
			return nil
		case v[i] < minVersion[i]:
			return fmt.Errorf("%w: sqlite_version is %s, at least %d.%d.%d is needed",
				ErrSettings, version, minVersion[0], minVersion[1], minVersion[2])
		}
	}
	return nil
}

// connector makes connections that have the settings, or none.
type connector struct {
	driver   driver.Driver
	dsn      string
	settings []setting
}

func (c *connector) Driver() driver.Driver { return c.driver }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	for _, s := range c.settings {
		got, err := one(ctx, conn, "PRAGMA "+s.name)
		if err == nil && got != s.want {
			err = fmt.Errorf("%w: %s is %q, want %q", ErrSettings, s.name, got, s.want)
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// one returns the first column of the first row as text.
func one(ctx context.Context, conn driver.Conn, query string) (string, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	row := make([]driver.Value, len(rows.Columns()))
	switch err = rows.Next(row); {
	case errors.Is(err, io.EOF):
		return "", rows.Close()
	case err != nil:
		return "", errors.Join(err, rows.Close())
	}
	return fmt.Sprint(row[0]), rows.Close()
}

// connect makes a pool of up to n connections; none is made yet.
func connect(path string, p profile, n int) *sql.DB {
	q := url.Values{"_defensive": {"1"}, "_dqs": {"0"}, "mode": {p.mode}}
	for _, s := range p.settings {
		if s.set != "" {
			q.Add("_pragma", s.name+"="+s.set)
		}
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	dsn := (&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String()
	c := &connector{dsn: dsn, settings: p.settings}
	if named, err := sql.Open("sqlite", ""); err == nil {
		c.driver = named.Driver()
		_ = named.Close() // it has made no connection
	} else {
		c.driver = missing{err}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db
}

// missing stands for a driver that the program does not link.
type missing struct{ err error }

func (m missing) Open(string) (driver.Conn, error) { return nil, m.err }

// verify makes all n connections of a pool, so that a setting that does not
// hold is found at start.
func verify(ctx context.Context, db *sql.DB, n int) (err error) {
	var conns []*sql.Conn
	defer func() {
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
	}()
	for range n {
		c, err := db.Conn(ctx)
		if err != nil {
			return opening(err)
		}
		conns = append(conns, c)
	}
	return nil
}
