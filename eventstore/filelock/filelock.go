// Package filelock has locks that processes of one machine hold against each
// other. The system releases a lock when its process ends, however it ends; the
// package never removes a lock's file, which somebody may be about to lock.
package filelock

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrTaken: somebody else holds the lock: another process, or this one.
var ErrTaken = errors.New("the lock is taken")

// Take takes the lock of a file, which is made if it is not there, of mode 0600.
// Closing the file releases it. [ErrTaken].
func Take(path string) (*os.File, error) { return take(path) }

// Wait takes the lock once it is free, or returns the context's error.
func Wait(ctx context.Context, path string) (*os.File, error) {
	const first, most = 100 * time.Microsecond, 20 * time.Millisecond
	for pause := first; ; pause = min(2*pause, most) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := take(path)
		if !errors.Is(err, ErrTaken) {
			return f, err
		}
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
		case <-again.C:
		}
	}
}
