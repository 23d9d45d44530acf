package ledger

import (
	"fmt"
	"regexp"
	"strings"
)

// The most that an object and a register hold, in bytes.
const (
	MaxObjectBytes   = 1 << 20
	MaxRegisterBytes = maxCheckpointBytes
)

const maxNameBytes = 200

var (
	objectName   = regexp.MustCompile(`^[a-z0-9.-]+(/[a-z0-9.-]+)*$`)
	registerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
)

// CheckName returns nil for an object's name and [ErrMalformed] for any other.
func CheckName(name string) error {
	if len(name) > maxNameBytes || !objectName.MatchString(name) {
		return fmt.Errorf("%w: the name of an object", ErrMalformed)
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.Trim(part, ".") == "" {
			return fmt.Errorf("%w: the name of an object", ErrMalformed)
		}
	}
	return nil
}

// CheckObjects returns nil for objects that may be stored, and [ErrMalformed]
// where one has no object's name or is too large.
func CheckObjects(objects []Object) error {
	for _, o := range objects {
		if err := CheckName(o.Name); err != nil {
			return err
		}
		if len(o.Bytes) > MaxObjectBytes {
			return fmt.Errorf("%w: %s", ErrMalformed, o.Name)
		}
	}
	return nil
}

// CheckRegister returns nil for a register's name, lower-case letters, digits
// and '-', and a value that it may have; [ErrMalformed] for any other.
func CheckRegister(name string, value []byte) error {
	if !registerName.MatchString(name) || len(value) > MaxRegisterBytes {
		return fmt.Errorf("%w: a register", ErrMalformed)
	}
	return nil
}
