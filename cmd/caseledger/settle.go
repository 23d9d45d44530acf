package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// settledAfter is how old a reservation of an identifier must be, in a record
// that several processes write, before it is taken for the trace of a crash: far
// longer than any command takes, and than two machines' clocks are apart.
const settledAfter = 5 * time.Minute

// settle settles the identifiers that commands left reserved, by what the ledger
// says. A record of this process alone has no command under way when it is
// opened, so there every reservation is a leftover: also one that a clock ahead
// of ours made.
func (r *record) settle(ctx context.Context, now time.Time) error {
	before := time.UnixMicro(1 << 62)
	if r.crowded {
		before = now.Add(-settledAfter)
	}
	if err := r.vault.Reconcile(ctx, before, r.linked); err != nil {
		return fmt.Errorf("settle identifiers: %w", err)
	}
	return nil
}

// keepSettled settles from time to time, until ctx ends, what processes that
// crashed left in a record that several write.
func (r *record) keepSettled(ctx context.Context, log *slog.Logger, now func() time.Time, after func(time.Duration) <-chan time.Time) {
	if !r.crowded || r.readOnly {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-after(settledAfter):
		}
		if err := r.settle(ctx, now()); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "identifiers are left reserved", slog.String("error", err.Error()))
		}
	}
}
