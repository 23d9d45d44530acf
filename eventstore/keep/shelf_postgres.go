package keep

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"caseledger/eventstore/ledger"
)

// ShelfSchema is where a shelf is in a PostgreSQL database unless told
// otherwise.
const ShelfSchema = "caseledger_tiles"

// shelfID marks the schema as ours, "CLtx".
const shelfID = 0x434c7478

// shelfSteps make a shelf's tables. Hashes do not compress.
var shelfSteps = [][]string{{
	`CREATE TABLE object (name text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL)`,
	`ALTER TABLE object ALTER COLUMN bytes SET STORAGE EXTERNAL`,
	`CREATE TABLE register (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL)`,
}}

// ShelfPostgres is a shelf in a schema of a PostgreSQL database. Several
// processes may have it open.
type ShelfPostgres struct {
	db       *sql.DB
	readOnly bool
}

var _ ledger.Shelf = (*ShelfPostgres)(nil)

// OpenShelfPostgres opens the shelf in a schema of a PostgreSQL database, 15 or
// later, and makes it if there is none. url is a connection string in either of
// PostgreSQL's forms; schema is lower-case letters, digits and underscores, or
// empty for [ShelfSchema]. The program links the driver "pgx". The role must
// own the schema, or be able to create it.
//
// Errors: [ErrForeign] if the schema has tables of the same names that are no
// shelf's, [ErrNewer]; those of package pgsql.
func OpenShelfPostgres(ctx context.Context, url, schema string) (*ShelfPostgres, error) {
	l, err := shelfIn(schema)
	if err != nil {
		return nil, err
	}
	db, err := l.open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &ShelfPostgres{db: db}, nil
}

// ReadShelfPostgres opens the shelf in a schema for reading only: it makes and
// changes nothing, and answers whatever would with [ErrReadOnly]. The role needs
// no right but to read. Errors: [ErrNoShelf], and those of [OpenShelfPostgres].
func ReadShelfPostgres(ctx context.Context, url, schema string) (*ShelfPostgres, error) {
	l, err := shelfIn(schema)
	if err != nil {
		return nil, err
	}
	db, err := l.read(ctx, url)
	if err != nil {
		return nil, err
	}
	return &ShelfPostgres{db: db, readOnly: true}, nil
}

func shelfIn(schema string) (lasting, error) {
	if schema == "" {
		schema = ShelfSchema
	}
	if !schemaName.MatchString(schema) {
		return lasting{}, errors.New("keep: a schema's name is lower-case letters, digits and underscores")
	}
	return lasting{schema, shelfID, []string{"object", "register"}, shelfSteps}, nil
}

// Close releases the connections.
func (s *ShelfPostgres) Close() error { return s.db.Close() }

// putAtOnce is how many bytes of objects one statement stores, more or less.
const putAtOnce = 4 << 20

// Put implements [ledger.Shelf]. It stores all, or nothing.
func (s *ShelfPostgres) Put(ctx context.Context, objects ...ledger.Object) error {
	if err := ledger.CheckObjects(objects); err != nil {
		return err
	}
	switch {
	case s.readOnly:
		return ErrReadOnly
	case len(objects) == 0:
		return ctx.Err()
	}
	// In one order, so that two that store the same do not wait for each other.
	sorted := slices.SortedStableFunc(slices.Values(objects), func(a, b ledger.Object) int { return strings.Compare(a.Name, b.Name) })
	return (&Database{s.db}).tx(ctx, func(tx *sql.Tx) error {
		for len(sorted) > 0 {
			var names []string
			var contents [][]byte
			for size := 0; len(sorted) > 0 && size < putAtOnce; sorted = sorted[1:] {
				names = append(names, sorted[0].Name)
				contents = append(contents, append([]byte{}, sorted[0].Bytes...)) // nil would be NULL
				size += len(sorted[0].Bytes)
			}
			if err := putSome(ctx, tx, names, contents); err != nil {
				return err
			}
		}
		return nil
	})
}

func putSome(ctx context.Context, tx *sql.Tx, names []string, contents [][]byte) error {
	done, err := tx.ExecContext(ctx, `INSERT INTO object (name, bytes) SELECT n, b FROM unnest($1::text[], $2::bytea[]) AS new (n, b)
		ON CONFLICT (name) DO NOTHING`, names, contents)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == int64(len(names)) {
		return err
	}
	var other string
	err = tx.QueryRowContext(ctx, `SELECT name FROM object JOIN unnest($1::text[], $2::bytea[]) AS new (n, b) ON name = n
		WHERE bytes <> b ORDER BY name LIMIT 1`, names, contents).Scan(&other)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: %s", ledger.ErrOther, other)
}

// Get implements [ledger.Shelf].
func (s *ShelfPostgres) Get(ctx context.Context, name string) (b []byte, _ error) {
	if err := ledger.CheckName(name); err != nil {
		return nil, err
	}
	err := s.db.QueryRowContext(ctx, `SELECT bytes FROM object WHERE name = $1`, name).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %s", ledger.ErrAbsent, name)
	}
	return b, named(ctx, err)
}

// Remove implements [ledger.Shelf].
func (s *ShelfPostgres) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := ledger.CheckName(name); err != nil {
			return err
		}
	}
	if s.readOnly {
		return ErrReadOnly
	}
	_, err := s.db.ExecContext(ctx, `DELETE FROM object WHERE name = ANY ($1::text[])`, slices.Sorted(slices.Values(names)))
	return named(ctx, err)
}

// Load implements [ledger.Shelf].
func (s *ShelfPostgres) Load(ctx context.Context, register string) (value []byte, _ error) {
	if err := ledger.CheckRegister(register, nil); err != nil {
		return nil, err
	}
	err := s.db.QueryRowContext(ctx, `SELECT value FROM register WHERE name = $1`, register).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, named(ctx, err)
}

// Swap implements [ledger.Shelf].
func (s *ShelfPostgres) Swap(ctx context.Context, register string, old, value []byte) error {
	if err := ledger.CheckRegister(register, value); err != nil {
		return err
	}
	if s.readOnly {
		return ErrReadOnly
	}
	statement, args := `UPDATE register SET value = $2 WHERE name = $1 AND value = $3`, []any{register, bytes.Clone(value), old}
	if value == nil {
		args[1] = []byte{}
	}
	if old == nil {
		statement, args = `INSERT INTO register (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, args[:2]
	}
	done, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return named(ctx, err)
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: %s", ledger.ErrMoved, register)
	}
	return err
}
