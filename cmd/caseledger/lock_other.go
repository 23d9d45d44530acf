//go:build !unix

package main

import (
	"fmt"
	"os"
)

// lock keeps a second writer out as far as the store's own lock does: this
// system has no lock that ends with the process.
func (d dataDir) lock() (*os.File, error) {
	f, err := os.OpenFile(d.file(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return f, nil
}
