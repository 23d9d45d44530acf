package sqlite

import (
	"context"
	"errors"
	"fmt"

	"caseledger/eventstore"
)

// Primary result codes of https://www.sqlite.org/rescode.html.
const (
	codeBusy       = 5
	codeCorrupt    = 11
	codeFull       = 13
	codeConstraint = 19
	codeNotADB     = 26
)

// code returns the primary result code in err's chain; 0 if there is none.
func code(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code() & 0xff
	}
	return 0
}

func damaged(err error) bool { return code(err) == codeCorrupt || code(err) == codeNotADB }

// refused is the outcome of an append whose transaction was not committed.
func refused(err error) error {
	if damaged(err) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
}

// uncommitted is the outcome of an append whose commit failed. A full disk or
// a lock held elsewhere stops SQLite before the commit record is written; after
// any other error that record may be in the log, and recovery would find it.
func uncommitted(err error) error {
	if c := code(err); c == codeFull || c == codeBusy {
		return refused(err)
	}
	return fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
}

// failure is what a read answers.
func (s *Store) failure(ctx context.Context, err error) error {
	switch {
	case s.signal.isClosed():
		return eventstore.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrDamaged):
		return err
	}
	return refused(err)
}
