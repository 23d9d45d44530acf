package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// applicationID marks the file as ours, "CLrx".
const applicationID = 0x434c7278

// OpenSQLite opens the keep in a file, and makes it if there is none. The
// program links the driver "sqlite". [ErrForeign] if the file is another
// program's.
func OpenSQLite(ctx context.Context, path string) (_ *Database, err error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		if slashed, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		slashed = "/" + strings.TrimPrefix(filepath.ToSlash(slashed), "/")
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout=10000", "trusted_schema=OFF", "cell_size_check=ON",
		"journal_mode=WAL", "synchronous=NORMAL"}} // NORMAL loses the end, never the middle
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String())
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
