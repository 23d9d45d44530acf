package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"caseledger/projections"
)

// The tables beside the rows, one file for each step, numbered from 1, the
// same for both databases. A published step is never edited.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the store to the newest known step, in one transaction.
// alone is called first in it and must keep other programs out.
func (s *Store) migrate(ctx context.Context, alone func(*sql.Tx) error) error {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	if s.write == nil {
		var version int
		err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM store_version").Scan(&version)
		switch {
		case missing(err):
			return fmt.Errorf("%w: there is no store yet that the role may see", projections.ErrOlder)
		case err != nil:
			return damaged(err)
		case version < len(files):
			return fmt.Errorf("%w: the store is at step %d, this program needs %d", projections.ErrOlder, version, len(files))
		case version > len(files):
			return fmt.Errorf("%w: the store is at step %d, this program knows %d", projections.ErrNewer, version, len(files))
		}
		return nil
	}
	begun, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = begun.Rollback() }() // after a commit it does nothing
	if err := alone(begun); err != nil {
		return err
	}
	if _, err := begun.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS store_version (version bigint NOT NULL PRIMARY KEY)"); err != nil {
		return err
	}
	var version int
	if err := begun.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM store_version").Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("%w: the store is at step %d, this program knows %d", projections.ErrNewer, version, len(files))
	}
	for i, name := range files[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		for statement := range strings.SplitSeq(string(text), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := begun.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if _, err := begun.ExecContext(ctx, "INSERT INTO store_version (version) VALUES ($1)", version+i+1); err != nil {
			return err
		}
	}
	return begun.Commit()
}
