package keep

import (
	"context"
	"database/sql"
	"fmt"

	"caseledger/eventstore/ledger"
)

// signerSchema is where the signer's memory is in the keys' database.
const signerSchema = "caseledger_signer"

// signerID marks the schema as ours, "CLsx".
const signerID = 0x434c7378

var signerSteps = [][]string{{
	`CREATE TABLE signed (one bigint PRIMARY KEY CHECK (one = 1), size bigint NOT NULL CHECK (size >= 0),
	root bytea NOT NULL CHECK (length(root) = 32))`,
	`INSERT INTO signed (one, size, root) VALUES (1, 0, decode(repeat('00', 32), 'hex'))`,
}}

// Signer is the signer's memory in a PostgreSQL database, that of the keys: it
// has backups of its own. Several processes may have it open.
type Signer struct{ db *sql.DB }

var _ ledger.Memory = (*Signer)(nil)

// OpenSignerPostgres opens the signer's memory in a PostgreSQL database, 15 or
// later, in a schema of its own, "caseledger_signer", and makes it if there is
// none. url is a connection string in either of PostgreSQL's forms. The program
// links the driver "pgx". The role must own the schema, or be able to create it.
//
// Errors: [ErrForeign] if the schema has tables of the same names that are
// something else, [ErrNewer]; those of package pgsql.
func OpenSignerPostgres(ctx context.Context, url string) (*Signer, error) {
	db, err := lasting{signerSchema, signerID, []string{"signed"}, signerSteps}.open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &Signer{db}, nil
}

// Close releases the connections.
func (s *Signer) Close() error { return s.db.Close() }

// LastSigned implements [ledger.Memory].
func (s *Signer) LastSigned(ctx context.Context) (t ledger.Tree, _ error) {
	var root []byte
	if err := s.db.QueryRowContext(ctx, `SELECT size, root FROM signed WHERE one = 1`).Scan(&t.N, &root); err != nil {
		return ledger.Tree{}, named(ctx, err)
	}
	if copy(t.Hash[:], root) != len(t.Hash) {
		return ledger.Tree{}, fmt.Errorf("keep: the last signed tree has a root of %d bytes", len(root))
	}
	return t, nil
}

// Signing implements [ledger.Memory].
func (s *Signer) Signing(ctx context.Context, last, tree ledger.Tree) error {
	done, err := s.db.ExecContext(ctx, `UPDATE signed SET size = $1, root = $2 WHERE one = 1 AND size = $3 AND root = $4`,
		tree.N, tree.Hash[:], last.N, last.Hash[:])
	if err != nil {
		return named(ctx, err)
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the last signed tree", ledger.ErrMoved)
	}
	return err
}
