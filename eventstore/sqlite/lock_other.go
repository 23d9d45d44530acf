//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package sqlite

import (
	"errors"
	"os"
)

// acquire refuses: without a lock that ends with its process, two writers
// could not be told from one that had crashed.
func acquire(string) (*os.File, error) {
	return nil, errors.New("sqlite: this platform has no lock for the writer to hold; a store can only be read here")
}
