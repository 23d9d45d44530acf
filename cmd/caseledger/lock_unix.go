//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock makes this process the one writer of the data directory until the
// file is closed or the process ends, however it ends.
func (d dataDir) lock() (*os.File, error) {
	f, err := os.OpenFile(d.file(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("the data directory %s is %w: a record has one writer; stop the other, or run a command that only reads", d, errInUse)
	}
	return nil, fmt.Errorf("lock the data directory: %w", err)
}
