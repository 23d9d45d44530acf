// Package pgsql opens a PostgreSQL database through database/sql and names
// what goes wrong with its server. Nothing it returns quotes a connection
// string.
package pgsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"caseledger/eventstore"
)

var (
	// ErrConnectionString: it cannot be understood.
	ErrConnectionString = errors.New("postgresql: the connection string cannot be understood")
	// ErrUnreachable: no server answers there, or it does not take connections,
	// or the connection was lost.
	ErrUnreachable error = passing("postgresql: the server cannot be reached")
	// ErrCredentials: the server does not let this user in.
	ErrCredentials = errors.New("postgresql: the server refuses the user or the password")
	// ErrNoDatabase: the server has no database of that name.
	ErrNoDatabase = errors.New("postgresql: the server has no such database")
	// ErrPrivilege: the user lacks a right.
	ErrPrivilege = errors.New("postgresql: the user lacks a privilege")
	// ErrServerReadOnly: the server takes no changes: it is a standby, or was
	// told so.
	ErrServerReadOnly error = passing("postgresql: the server is read-only")
	// ErrFull: the server has no room left.
	ErrFull error = passing("postgresql: the server has no room left")
)

// passing is an error of a server that may be over later; each is an
// [eventstore.ErrUnavailable].
type passing string

// Error implements error.
func (p passing) Error() string { return string(p) }

// Is makes [errors.Is] find eventstore.ErrUnavailable.
func (passing) Is(target error) bool { return target == eventstore.ErrUnavailable }

const connectionLife = 30 * time.Minute

// Settings are added to a connection string and take the place of what it says
// itself. Values hold neither spaces nor quotes.
type Settings map[string]string

// Open returns a pool of at most connections; none is made yet. url is a
// connection string in either of PostgreSQL's forms, and leads to the server
// itself: a pooler that shares sessions does not pass settings on. The program
// links the driver "pgx".
//
// Every connection is given up on by its server, with the locks it holds,
// about ten seconds after its other end is gone. None is used for longer than
// half an hour, so that none stays with a server that was replaced.
func Open(url string, connections int, with Settings) (*sql.DB, error) {
	all := Settings{
		"connect_timeout":  "5",
		"tcp_user_timeout": "10000", "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
		"idle_in_transaction_session_timeout": "30000",
	}
	for name, value := range with {
		all[name] = value
	}
	dsn, err := add(url, all)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, Named(context.Background(), err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(connectionLife)
	return db, nil
}

func add(dsn string, settings Settings) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		if strings.TrimSpace(dsn) == "" {
			return "", ErrConnectionString // the driver would look into its environment
		}
		for name, value := range settings {
			dsn += " " + name + "=" + value
		}
		return dsn, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", ErrConnectionString // the cause would quote it
	}
	query := u.Query()
	for name, value := range settings {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Named returns one of this package's errors for one of a server or of the way
// to it, without what quotes the connection string; the context's where that
// has ended; any other as it is.
func Named(ctx context.Context, err error) error {
	var coded interface{ SQLState() string }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		name := ofState(coded.SQLState())
		if name == nil && strings.HasPrefix(err.Error(), connecting) {
			name = ErrUnreachable
		}
		if name == nil {
			return err
		}
		return fmt.Errorf("%w (SQLSTATE %s)", name, coded.SQLState())
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.HasPrefix(err.Error(), "cannot parse"):
		return ErrConnectionString
	}
	var lost net.Error
	if strings.HasPrefix(err.Error(), connecting) || errors.As(err, &lost) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		strings.Contains(err.Error(), "conn closed") {
		return fmt.Errorf("%w: %s", ErrUnreachable, cause(err))
	}
	return err
}

// connecting begins the driver's errors that name host, user and database.
const connecting = "failed to connect"

// ofState names what an SQLSTATE says (PostgreSQL, appendix A).
func ofState(state string) error {
	switch state {
	case "28000", "28P01":
		return ErrCredentials
	case "3D000":
		return ErrNoDatabase
	case "42501":
		return ErrPrivilege
	case "25006":
		return ErrServerReadOnly
	case "53100", "53200":
		return ErrFull
	case "53300", "57P01", "57P02", "57P03":
		return ErrUnreachable
	}
	if strings.HasPrefix(state, "08") {
		return ErrUnreachable
	}
	return nil
}

// cause is the last link of an error's chain: what happened, not where.
func cause(err error) string {
	var looked *net.DNSError
	var dialled *net.OpError
	switch {
	case errors.As(err, &looked):
		return "the host's name is not known"
	case errors.As(err, &dialled):
		return dialled.Err.Error()
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		if all := several.Unwrap(); len(all) > 0 {
			return cause(all[len(all)-1])
		}
	}
	return err.Error()
}
