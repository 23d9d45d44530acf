package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// applicationID marks the file as ours, "CLrx".
const applicationID = 0x434c7278

// openFile opens a SQLite file, and makes it if there is none: one that its owner
// alone may read.
func openFile(path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout=10000", "trusted_schema=OFF", "cell_size_check=ON",
		"journal_mode=WAL", "synchronous=NORMAL"}} // NORMAL loses the end, never the middle
	at := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/"), RawQuery: q.Encode()}
	return sql.Open("sqlite", at.String())
}

// OpenSQLite opens the keep in a file, and makes it if there is none. The
// program links the driver "sqlite". [ErrForeign] if the file is another
// program's.
func OpenSQLite(ctx context.Context, path string) (*Database, error) {
	db, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("keep: open: %w", err)
	}
	db.SetMaxOpenConns(1)
	k := &Database{db}
	if err := k.prepareFile(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

// prepareFile finds out whose file it is and makes what is missing.
func (k *Database) prepareFile(ctx context.Context) error {
	return k.tx(ctx, func(tx *sql.Tx) error {
		var app, version, tables int64
		err := tx.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
			(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &tables)
		switch {
		case err != nil:
			return err
		case app == applicationID && version == schemaVersion:
			return nil
		case app != applicationID && (app != 0 || version != 0 || tables != 0):
			return ErrForeign
		}
		if err := remake(ctx, tx, strings.NewReplacer()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion))
		return err
	})
}
