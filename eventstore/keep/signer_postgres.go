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
	`CREATE TABLE signed (one bigint PRIMARY KEY CHECK (one = 1), origin text NOT NULL, size bigint NOT NULL CHECK (size >= 0),
	root bytea NOT NULL CHECK (length(root) = 32))`,
	`INSERT INTO signed (one, origin, size, root) VALUES (1, '', 0, decode(repeat('00', 32), 'hex'))`,
}}

// Signer is the signer's memory of one ledger in a PostgreSQL database, that of
// the keys: it has backups of its own. Several processes may have it open.
type Signer struct {
	db     *sql.DB
	origin string
}

var _ ledger.Memory = (*Signer)(nil)

// OpenSignerPostgres opens the signer's memory of an origin in a PostgreSQL
// database, 15 or later, in a schema of its own, "caseledger_signer", and makes it if there is
// none. url is a connection string in either of PostgreSQL's forms. The program
// links the driver "pgx". The role must own the schema, or be able to create it.
//
// Errors: [ErrForeign] if the schema has tables of the same names that are
// something else, [ErrNewer]; those of package pgsql.
func OpenSignerPostgres(ctx context.Context, url, origin string) (*Signer, error) {
	db, err := signerIn.open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &Signer{db, origin}, nil
}

var signerIn = lasting{signerSchema, signerID, []string{"signed"}, signerSteps}

// ReadSignerPostgres opens the signer's memory for reading only: it makes and
// changes nothing, and the role needs no right but to read. Errors: [ErrNoShelf] if
// nothing was ever signed, and those of [OpenSignerPostgres].
func ReadSignerPostgres(ctx context.Context, url, origin string) (*Signer, error) {
	db, err := signerIn.read(ctx, url)
	if err != nil {
		return nil, err
	}
	return &Signer{db, origin}, nil
}

// Close releases the connections.
func (s *Signer) Close() error { return s.db.Close() }

// LastSigned implements [ledger.Memory]. [ledger.ErrMemory] if it is of another
// origin.
func (s *Signer) LastSigned(ctx context.Context) (t ledger.Tree, _ error) {
	var root []byte
	var origin string
	if err := s.db.QueryRowContext(ctx, `SELECT origin, size, root FROM signed WHERE one = 1`).Scan(&origin, &t.N, &root); err != nil {
		return ledger.Tree{}, named(ctx, err)
	}
	if copy(t.Hash[:], root) != len(t.Hash) || t.N > 0 && origin != s.origin {
		return ledger.Tree{}, ledger.ErrMemory
	}
	return t, nil
}

// Signing implements [ledger.Memory].
func (s *Signer) Signing(ctx context.Context, last, tree ledger.Tree) error {
	done, err := s.db.ExecContext(ctx, `UPDATE signed SET origin = $5, size = $1, root = $2
		WHERE one = 1 AND size = $3 AND root = $4 AND (size = 0 OR origin = $5)`,
		tree.N, tree.Hash[:], last.N, last.Hash[:], s.origin)
	if err != nil {
		return named(ctx, err)
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the last signed tree", ledger.ErrMoved)
	}
	return err
}

// Forget ends the memory of a ledger, whichever it is: another may begin. What it
// held must never be signed for again.
func (s *Signer) Forget(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `UPDATE signed SET origin = '', size = 0, root = decode(repeat('00', 32), 'hex') WHERE one = 1`)
	return named(ctx, err)
}
