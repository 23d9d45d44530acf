package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"

	"caseledger/domain/event"
	"caseledger/projections"
)

// Compare implements [projections.Store]. What serves is read from one
// snapshot, so its runner goes on meanwhile.
func (s *Store) Compare(ctx context.Context, serving, built projections.Table,
	follow func(event.Position) error, differ func(projections.RowKey) error) (projections.Comparison, error) {
	var result projections.Comparison
	begun, err := s.unhurried(ctx)
	if err != nil {
		return result, err
	}
	defer func() { _ = begun.Rollback() }() // it has only read
	tables, err := checkpoints(ctx, begun)
	if err != nil {
		return result, err
	}
	at := slices.IndexFunc(tables, func(cp projections.Checkpoint) bool { return cp.Table == serving.Name })
	if at < 0 {
		return result, fmt.Errorf("%w: %s was switched meanwhile, try again", projections.ErrBuilding, serving.Projection.Name())
	}
	if err := follow(tables[at].Position); err != nil {
		return result, err
	}
	a, err := newWalk(ctx, begun, serving)
	if err != nil {
		return result, err
	}
	defer a.close()
	beside, err := s.unhurried(ctx) // what was built came after the snapshot
	if err != nil {
		return result, err
	}
	defer func() { _ = beside.Rollback() }() // it has only read
	b, err := newWalk(ctx, beside, built)
	if err != nil {
		return result, err
	}
	defer b.close()
	for a.ok || b.ok {
		order := compareKeys(a, b)
		if order != 0 || !bytes.Equal(a.encoded, b.encoded) {
			key := a.key
			if order > 0 {
				key = b.key
			}
			if err := differ(key); err != nil {
				return result, err
			}
		}
		if order <= 0 {
			if err := a.next(); err != nil {
				return result, err
			}
		}
		if order >= 0 {
			if err := b.next(); err != nil {
				return result, err
			}
		}
	}
	result.ServingRows, result.BuiltRows = a.n, b.n
	a.digest.Sum(result.Serving[:0])
	b.digest.Sum(result.Built[:0])
	return result, nil
}

// unhurried begins to read a whole table, which may take long.
func (s *Store) unhurried(ctx context.Context) (*sql.Tx, error) {
	begun, err := s.read.BeginTx(ctx, s.snapshot)
	if err != nil {
		return nil, fmt.Errorf("begin to read: %w", err)
	}
	if s.dialect.unhurried != "" {
		if _, err := begun.ExecContext(ctx, s.dialect.unhurried); err != nil {
			return nil, errors.Join(fmt.Errorf("begin to read: %w", err), begun.Rollback())
		}
	}
	return begun, nil
}

// walk reads a table in primary key order, one row at a time.
type walk struct {
	p      *projections.Projection
	rows   *sql.Rows
	scan   *scanner
	digest hash.Hash
	n      int

	ok      bool // there is a row
	key     projections.RowKey
	encoded []byte // nil if the stored values do not make a row
}

func newWalk(ctx context.Context, q querier, t projections.Table) (*walk, error) {
	columns := t.Projection.Columns()
	rows, err := q.QueryContext(ctx, "SELECT "+names(columns, "")+" FROM "+quote(t.Name)+ //nolint:rowserrcheck // next asks for it at the end
		" ORDER BY "+names(keysOf(columns), ""))
	if err != nil {
		return nil, fmt.Errorf("walk %s: %w", t.Name, damaged(err))
	}
	w := &walk{p: t.Projection, rows: rows, scan: newScanner(t.Projection), digest: sha256.New()}
	if err := w.next(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *walk) close() { _ = w.rows.Close() }

func (w *walk) next() error {
	if w.ok = w.rows.Next(); !w.ok {
		return damaged(w.rows.Err())
	}
	w.n++
	if err := w.rows.Scan(w.scan.into...); err != nil {
		return err
	}
	found, err := w.p.Decode(w.scan.values)
	if err == nil {
		w.key = projections.RowKey{Stream: found.Stream, Key: found.Key}
		w.encoded, err = w.p.Encode(found)
	}
	if err != nil {
		// A damaged row differs from any other; its name may still be good.
		w.encoded = nil
		if w.key, err = w.name(); err != nil {
			return err
		}
	}
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(w.encoded)))
	w.digest.Write(size[:])
	w.digest.Write(w.encoded)
	return nil
}

func (w *walk) name() (projections.RowKey, error) {
	var parts []string
	for i := range keysOf(w.p.Columns()) {
		text, ok := w.scan.values[i].(string)
		if !ok {
			return projections.RowKey{}, fmt.Errorf("%w: a row of %s without a name", projections.ErrDamaged, w.p.Name())
		}
		parts = append(parts, text)
	}
	stream, err := event.ParseStreamID(parts[0])
	if err != nil {
		return projections.RowKey{}, fmt.Errorf("%w: a row of %s without a stream", projections.ErrDamaged, w.p.Name())
	}
	return projections.RowKey{Stream: stream, Key: projections.Keyed(parts[1:]...)}, nil
}

// compareKeys orders two walks' rows as the primary key does; the end is last.
func compareKeys(a, b *walk) int {
	switch {
	case !a.ok:
		return 1
	case !b.ok:
		return -1
	case a.key == b.key:
		return 0
	}
	left := append([]string{a.key.Stream.String()}, a.key.Key.Parts()...)
	right := append([]string{b.key.Stream.String()}, b.key.Key.Parts()...)
	return slices.Compare(left, right)
}
