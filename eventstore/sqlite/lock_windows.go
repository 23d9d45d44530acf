package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// sharingViolation is ERROR_SHARING_VIOLATION.
const sharingViolation = syscall.Errno(32)

// acquire opens the lock file without sharing it, so that one writer of the
// database holds it. The system releases it when the process ends, however it
// ends. The file stays.
func acquire(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock: %w", err)
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, fmt.Errorf("%w: %s is locked", ErrInUse, path)
	case err != nil:
		return nil, fmt.Errorf("sqlite: lock %s: %w", path, err)
	}
	return os.NewFile(uintptr(h), path), nil
}
