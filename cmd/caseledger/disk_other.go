//go:build !linux && !darwin && !freebsd

package main

// checkDisk cannot tell on this system.
func checkDisk(dataDir) diagnosis {
	return diagnosis{Check: "disk", Says: "this system does not say how much is free"}
}
