package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/eventstore"
)

// Why a database is not opened or migrated. Each is in the chain of an error
// that names the particulars, and never the connection string.
var (
	// ErrURL: the connection string cannot be understood.
	ErrURL = errors.New("postgres: the connection string is malformed")
	// ErrUnreachable: no server answers, or it is starting or stopping.
	ErrUnreachable = errors.New("postgres: the server cannot be reached")
	// ErrCredentials: the server does not let this role in.
	ErrCredentials = errors.New("postgres: the server refused the credentials")
	// ErrNoDatabase: the server has no database of that name.
	ErrNoDatabase = errors.New("postgres: the database does not exist")
	// ErrTooManyConnections: the server, the database or the role has no
	// connection left.
	ErrTooManyConnections = errors.New("postgres: the server has no connection left")
	// ErrReadOnlyServer: every server named is a standby, or refuses to write.
	ErrReadOnlyServer = errors.New("postgres: the server is read-only")
	// ErrSettings: a setting that durability or safety rests on does not hold in
	// a session. The error names it.
	ErrSettings = errors.New("postgres: a required setting does not hold")
	// ErrPrivileges: the role may do too much or too little. The error names the
	// privilege.
	ErrPrivileges = errors.New("postgres: the role's privileges are wrong")
	// ErrOlder: the database has to be migrated first; see [Migrate].
	ErrOlder = errors.New("postgres: the database is older than this program, or empty: migrate it")
	// ErrNewer: a later version of this program migrated the database.
	ErrNewer = errors.New("postgres: the database is newer than this program")
	// ErrForeign: the schema caseledger is another program's.
	ErrForeign = errors.New("postgres: the schema is another program's")
	// ErrDamaged: the database is not what was written. Stop, keep it, and
	// restore a backup.
	ErrDamaged = errors.New("postgres: the database is damaged")
	// ErrReadOnly answers an append to a store opened with ReadOnly.
	ErrReadOnly = errors.New("postgres: opened read-only")
)

// errNoHead: there is not one head row. Nobody appends then.
var errNoHead = fmt.Errorf("%w: there is not one head row", ErrDamaged)

// SQLSTATEs of https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	uniqueViolation   = "23505"
	readOnlySession   = "25006"
	insufficientRight = "42501"
	noSuchSchema      = "3F000"
	noSuchTable       = "42P01"
	noSuchDatabase    = "3D000"
	tooMany           = "53300"
)

// state is the SQLSTATE in err's chain; empty if there is none.
func state(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

// answered reports whether the server itself refused a statement and keeps the
// session: then the statement's transaction is rolled back.
func answered(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.SeverityUnlocalized == "ERROR"
}

// named is an error of the server, or on the way to it, as one of this
// package's where it is one.
func named(err error) error {
	for _, known := range []error{ErrSettings, ErrPrivileges, ErrOlder, ErrNewer, ErrForeign, ErrDamaged, context.Canceled} {
		if errors.Is(err, known) {
			return err
		}
	}
	code := state(err)
	switch {
	case code == "28P01" || code == "28000":
		return fmt.Errorf("%w (SQLSTATE %s)", ErrCredentials, code)
	case code == noSuchDatabase:
		return fmt.Errorf("%w (SQLSTATE %s)", ErrNoDatabase, code)
	case code == tooMany:
		return fmt.Errorf("%w (SQLSTATE %s)", ErrTooManyConnections, code)
	case code == readOnlySession || errors.Is(err, errReadOnlySession):
		return ErrReadOnlyServer
	case code == insufficientRight:
		return fmt.Errorf("%w: %w", ErrPrivileges, err)
	case strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "08"):
		return fmt.Errorf("%w (SQLSTATE %s)", ErrUnreachable, code)
	case strings.HasPrefix(code, "XX00"):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case code != "":
		return fmt.Errorf("postgres: %w", err)
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, reason(err))
}

// reason says why there is no connection, without the words of whoever found
// out: those may hold a host's or a user's name.
func reason(err error) string {
	switch {
	case pgconn.Timeout(err) || errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	case errors.As(err, new(*net.DNSError)):
		return "the host's name is not known"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "its certificate is not trusted"
	case strings.Contains(err.Error(), "refused TLS"):
		return "it speaks no TLS"
	}
	return "the connection was lost"
}

// refused is the outcome of an append that was not recorded.
func refused(err error) error {
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, named(err))
}

// unsettled marks an error after which a transaction may have been committed.
type unsettled struct{ error }

func (u unsettled) Unwrap() error { return u.error }

// failure is what a read answers.
func (s *Store) failure(ctx context.Context, err error) error {
	switch {
	case s.signal.isClosed():
		return eventstore.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrDamaged):
		return err
	}
	return refused(err)
}
