//go:build linux || darwin || freebsd

package main

import (
	"fmt"
	"syscall"
)

// leastFree is how much room on the disk is worth a warning: a full disk stops
// every write.
const leastFree = 1 << 30

// checkDisk looks at the room that is left.
func checkDisk(dir dataDir) diagnosis {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(string(dir), &fs); err != nil {
		return diagnosis{Check: "disk", err: fmt.Errorf("look at the disk: %w", err)}
	}
	free := uint64(fs.Bavail) * uint64(fs.Bsize) //nolint:unconvert // the widths differ between systems
	if free < leastFree {
		return diagnosis{Check: "disk", err: fmt.Errorf("only %d MiB are free: a full disk stops every write", free>>20)}
	}
	return diagnosis{Check: "disk", Says: fmt.Sprintf("%d MiB free", free>>20)}
}
