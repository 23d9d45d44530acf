package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"caseledger/projections"
)

// OpenPostgres opens the read-model schema of one side in PostgreSQL 15 or
// later, and makes the schema where there is none. dsn is a connection string
// in either of PostgreSQL's forms; schema is lower-case letters, digits and
// underscores. Another side's store is another schema, best with a role of its
// own.
//
// Errors: [projections.ErrNewer], [projections.ErrSettings] if a setting does
// not hold, [os.ErrNotExist] if there is no schema and it was opened for reading
// only, or that of the connection.
func OpenPostgres(ctx context.Context, dsn, schema string, o Options) (*Store, error) {
	if !cleanName(schema) {
		return nil, fmt.Errorf("%w: malformed schema name", projections.ErrSettings)
	}
	dsn, err := withSearchPath(dsn, schema)
	if err != nil {
		return nil, err
	}
	s := newStore(postgres)
	s.snapshot = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if s.read, err = sql.Open("pgx", dsn); err != nil {
		return nil, err
	}
	connections := 16
	if o.Connections > 0 {
		connections = max(4, o.Connections) // a transaction may read beside itself
	}
	s.read.SetMaxOpenConns(connections)
	s.read.SetMaxIdleConns((connections + 1) / 2)
	if !o.ReadOnly {
		s.write = s.read
		s.scrub = s.vacuum
	}
	if err := s.openPostgres(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open the read models: %w", err), s.Close())
	}
	return s, nil
}

// withSearchPath makes every connection look into the one schema only.
func withSearchPath(dsn, schema string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " search_path=" + schema, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("sqlstore: malformed connection string") // the cause would quote it
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func (s *Store) openPostgres(ctx context.Context, schema string) error {
	var version int
	if err := s.read.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version < 150000 {
		return fmt.Errorf("%w: PostgreSQL is older than 15", projections.ErrSettings)
	}
	for _, setting := range []struct{ name, refused string }{
		{"synchronous_commit", "off"}, {"server_encoding", ""}, {"full_page_writes", "off"},
	} {
		var got string
		if err := s.read.QueryRowContext(ctx, "SELECT current_setting($1)", setting.name).Scan(&got); err != nil {
			return err
		}
		if got == setting.refused || setting.name == "server_encoding" && got != "UTF8" {
			return fmt.Errorf("%w: %s is %q", projections.ErrSettings, setting.name, got)
		}
	}
	if s.write == nil {
		var there bool
		if err := s.read.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", schema+".store_version").Scan(&there); err != nil {
			return err
		}
		if !there {
			return fmt.Errorf("%w: the schema of the read models", os.ErrNotExist)
		}
	}
	return s.migrate(ctx, func(begun *sql.Tx) error {
		// One program at a time; the number is ours alone.
		if _, err := begun.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(applicationID)); err != nil {
			return err
		}
		_, err := begun.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema)
		return err
	})
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
