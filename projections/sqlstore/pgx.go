package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/projections"
)

// This file is all that needs the driver's own interface: the connection
// string, what its errors mean, and COPY.

// parsed returns the settings of the session that a connection string names,
// with connect_timeout if it sets one; [ErrConnString] without the cause, which
// would quote it.
func parsed(dsn string) (map[string]string, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, ErrConnString
	}
	given := config.RuntimeParams
	if config.ConnectTimeout != 2*time.Minute { // which it is unless it was set
		given["connect_timeout"] = config.ConnectTimeout.String()
	}
	return given, nil
}

// connecting names the error of a connection that was not made. The cause may
// quote hosts and users: all that remains of it is PostgreSQL's code.
func connecting(ctx context.Context, err error) error {
	var said *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, pgconn.ErrReadOnlyConnection):
		return ErrReadOnlyServer
	case !errors.As(err, &said):
		return ErrUnreachable
	}
	named := ErrUnreachable
	switch said.Code {
	case "28000", "28P01":
		named = ErrCredentials
	case "3D000":
		named = ErrNoDatabase
	case "42501":
		named = ErrDenied
	case "22023", "42704": // a setting in the connection string that the server refuses
		named = ErrConnString
	}
	return fmt.Errorf("%w (SQLSTATE %s)", named, said.Code)
}

// stated names the error of a statement where it has a name.
func stated(err error) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return err
	}
	switch said.Code {
	case "25006":
		return fmt.Errorf("%w (SQLSTATE %s)", ErrReadOnlyServer, said.Code)
	case "42501":
		return fmt.Errorf("%w (SQLSTATE %s)", ErrDenied, said.Code) // the cause may name the database
	}
	return err
}

// broken reports whether a session ended, rather than that the server refused
// what it was told.
func broken(err error) bool {
	var said *pgconn.PgError
	var failed net.Error
	switch {
	case errors.As(err, &said):
		return strings.HasPrefix(said.Code, "57P") || strings.HasPrefix(said.Code, "08")
	case errors.As(err, &failed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn):
		return true
	}
	return false
}

// missing reports whether a statement failed because there is no such table or
// schema.
func missing(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "42P01" || said.Code == "3F000")
}

// copyChunk is about how many bytes of rows are sent at a time.
const copyChunk = 64 << 10

// copyRows writes rows into an empty table with COPY, which takes a row in a
// tenth of the time that an INSERT does.
func copyRows(ctx context.Context, on *sql.Conn, t projections.Table, rows iter.Seq2[[]projections.Value, error]) error {
	columns := t.Projection.Columns()
	text := "COPY " + quote(t.Name) + " (" + names(columns, "") + ") FROM STDIN (FORMAT binary)"
	return on.Raw(func(driven any) error {
		conn, ok := driven.(interface{ Conn() *pgx.Conn })
		if !ok {
			return errors.New("sqlstore: the driver is not pgx")
		}
		read, write := io.Pipe()
		encoded := make(chan struct{})
		go func() {
			defer close(encoded)
			_ = write.CloseWithError(encodeRows(write, columns, rows)) // it returns nil
		}()
		_, err := conn.Conn().PgConn().CopyFrom(ctx, read, text)
		_ = read.Close() // it returns nil, and ends the encoding
		<-encoded
		return err
	})
}

// encodeRows writes rows as COPY's binary format has them: see "Binary Format"
// under COPY in PostgreSQL's documentation.
func encodeRows(to io.Writer, columns []projections.Column, rows iter.Seq2[[]projections.Value, error]) error {
	chunk := append(make([]byte, 0, copyChunk+4096), "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	for row, err := range rows {
		if err != nil {
			return err
		}
		chunk = binary.BigEndian.AppendUint16(chunk, uint16(len(columns)))
		for i, v := range row {
			switch columns[i].Kind {
			case projections.Int, projections.Instant:
				chunk = binary.BigEndian.AppendUint32(chunk, 8)
				chunk = binary.BigEndian.AppendUint64(chunk, uint64(v.Int))
			case projections.JSON:
				chunk = binary.BigEndian.AppendUint32(chunk, uint32(len(v.Text)+1))
				chunk = append(append(chunk, 1), v.Text...) // the version of jsonb
			default:
				chunk = binary.BigEndian.AppendUint32(chunk, uint32(len(v.Text)))
				chunk = append(chunk, v.Text...)
			}
		}
		if len(chunk) >= copyChunk {
			if _, err := to.Write(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	_, err := to.Write(append(chunk, 0xff, 0xff))
	return err
}
