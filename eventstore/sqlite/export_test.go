package sqlite

import (
	"context"
	"fmt"

	"caseledger/eventstore/storetest"
)

// fault is an error as the driver makes them.
type fault int

func (f fault) Error() string { return fmt.Sprintf("sqlite: injected error %d", int(f)) }
func (f fault) Code() int     { return int(f) }

// codeIOSync is SQLITE_IOERR_FSYNC.
const codeIOSync = 10 | 4<<8

// Inject makes the n-th commit from now fail once. The store must be idle.
func (s *Store) Inject(n int, f storetest.Fault) {
	s.seq.writer.committing = func(commit func() error) error {
		if n--; n != 0 {
			return commit()
		}
		switch f {
		case storetest.Refused:
			return fault(codeFull)
		case storetest.LostAfter:
			if err := commit(); err != nil {
				return err
			}
		}
		return fault(codeIOSync)
	}
}

// FillDisk lets the database grow no further until the writer has met the
// limit once. The store must be idle.
func (s *Store) FillDisk(ctx context.Context) error {
	_, err := s.seq.writer.conn.ExecContext(ctx, "PRAGMA max_page_count = 1")
	return err
}
