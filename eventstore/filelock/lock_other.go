//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package filelock

import (
	"errors"
	"os"
)

// take refuses: without a lock that ends with its process, two writers could not
// be told from one that had crashed.
func take(string) (*os.File, error) {
	return nil, errors.New("this platform has no lock that ends with its process")
}
