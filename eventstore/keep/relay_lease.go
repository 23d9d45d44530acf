package keep

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

// relayLease writes one consumer.
type relayLease struct {
	keep  *Relay
	name  string
	fence int64
}

// write runs a change under the fence, and alone: whoever else writes the
// consumer waits, so that each sees what is held.
func (l *relayLease) write(ctx context.Context, change func(*sql.Tx) error) error {
	return l.keep.tx(ctx, func(tx *sql.Tx) error {
		if err := fenced(tx.ExecContext(ctx, `UPDATE relay_consumer SET fence = fence WHERE consumer = $1 AND fence = $2`, l.name, l.fence)); err != nil {
			return err
		}
		return change(tx)
	})
}

// fenced is [relay.ErrFenced] where a statement under the fence found nothing.
func fenced(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	rows, err := done.RowsAffected()
	if err == nil && rows == 0 {
		return relay.ErrFenced
	}
	return err
}

func (l *relayLease) Load(ctx context.Context) (relay.Checkpoint, error) {
	c, err := l.keep.Consumer(ctx, l.name)
	return c.Checkpoint, err
}

const saveCheckpoint = `UPDATE relay_consumer SET position = $3, event = $4, trail = $5 WHERE consumer = $1 AND fence = $2`

func (l *relayLease) Save(ctx context.Context, c relay.Checkpoint) error {
	at, id, trail := stored(c)
	if err := fenced(l.keep.db.ExecContext(ctx, saveCheckpoint, l.name, l.fence, at, id, trail)); err != nil {
		return failed{err}
	}
	return nil
}

func (l *relayLease) Rewind(ctx context.Context, c relay.Checkpoint) error {
	return l.write(ctx, func(tx *sql.Tx) error {
		at, id, trail := stored(c)
		if _, err := tx.ExecContext(ctx, saveCheckpoint, l.name, l.fence, at, id, trail); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM relay_held WHERE consumer = $1 AND position > $2`, l.name, at)
		return err
	})
}

func (l *relayLease) Hold(ctx context.Context, h relay.Held) error {
	return l.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO relay_held (consumer, position, event, about, reason, attempts, since, due)
			VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN EXISTS (SELECT 1 FROM relay_held WHERE consumer = $1 AND about = $4 AND position < $2)
			THEN NULL ELSE CAST($8 AS BIGINT) END) ON CONFLICT (consumer, position) DO NOTHING`,
			l.name, position(h.Position), idText(h.ID), h.About.String(), string(h.Reason), h.Attempts, h.Since.UnixMicro(), due(h))
		return err
	})
}

func due(h relay.Held) sql.NullInt64 {
	return sql.NullInt64{Int64: h.Due.UnixMicro(), Valid: !h.Due.IsZero()}
}

func (l *relayLease) Holds(ctx context.Context, about event.UUID) (yes bool, _ error) {
	err := l.keep.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM relay_held WHERE consumer = $1 AND about = $2)`, l.name, about.String()).Scan(&yes)
	if err != nil {
		return false, failed{err}
	}
	return yes, nil
}

func (l *relayLease) Due(ctx context.Context, at time.Time, n int) ([]relay.Held, error) {
	return l.keep.held(ctx, `SELECT `+heldColumns+` FROM relay_held WHERE consumer = $1 AND due <= $2 ORDER BY due, position LIMIT $3`, l.name, at.UnixMicro(), n)
}

func (l *relayLease) Next(ctx context.Context) (time.Time, bool, error) {
	var next sql.NullInt64
	err := l.keep.db.QueryRowContext(ctx, `SELECT min(due) FROM relay_held WHERE consumer = $1 AND due IS NOT NULL`, l.name).Scan(&next)
	if err != nil {
		return time.Time{}, false, failed{err}
	}
	return time.UnixMicro(next.Int64).UTC(), next.Valid, nil
}

func (l *relayLease) Tried(ctx context.Context, h relay.Held) error {
	return l.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE relay_held SET attempts = $3, reason = $4, due = $5 WHERE consumer = $1 AND position = $2`,
			l.name, position(h.Position), h.Attempts, string(h.Reason), due(h))
		return err
	})
}

func (l *relayLease) Release(ctx context.Context, p event.Position, at time.Time) error {
	return l.write(ctx, func(tx *sql.Tx) error {
		var about string
		err := tx.QueryRowContext(ctx, `DELETE FROM relay_held WHERE consumer = $1 AND position = $2 RETURNING about`, l.name, position(p)).Scan(&about)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE relay_held SET due = $3 WHERE consumer = $1 AND position =
			(SELECT min(position) FROM relay_held WHERE consumer = $1 AND about = $2)`, l.name, about, at.UnixMicro())
		return err
	})
}

func (l *relayLease) Disable(ctx context.Context, why relay.Reason) error {
	return l.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE relay_consumer SET disabled = $2 WHERE consumer = $1`, l.name, string(why))
		return err
	})
}
