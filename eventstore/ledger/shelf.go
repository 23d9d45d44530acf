package ledger

import (
	"context"
	"errors"
)

// Object is something that is stored once, under a name of its own, and never
// changes: a tile, or a part of an index.
type Object struct {
	// Name is a path of lower-case letters, digits, '.', '-' and '/', without
	// empty or dot parts, of at most 200 bytes.
	Name  string
	Bytes []byte // at most 1 MiB
}

// Shelf keeps what the ledger publishes, durably: objects that never change, and
// a few registers that change by compare-and-swap. ledgertest.RunShelf is the
// contract; package keep has the shelves.
type Shelf interface {
	// Put stores objects. Each is there whole, and all of them durably, when it
	// returns nil; after an error any of them may be there. An object that is
	// there already with the same bytes is left as it is; with others it is
	// [ErrOther], and then nothing of the call needs to be stored.
	Put(ctx context.Context, objects ...Object) error
	// Get returns an object's bytes, which the caller owns; [ErrAbsent].
	Get(ctx context.Context, name string) ([]byte, error)
	// Remove removes objects that wider ones have taken the place of. Absent
	// ones are left at that.
	Remove(ctx context.Context, names ...string) error
	// Load returns a register's value, which the caller owns; nil if it was
	// never set.
	Load(ctx context.Context, register string) ([]byte, error)
	// Swap sets a register durably, iff its value is old (nil: never set):
	// [ErrMoved] if it is another, and nothing has changed. Any other error
	// leaves it open which of the two values the register has. value is not nil
	// and at most 64 KiB.
	Swap(ctx context.Context, register string, old, value []byte) error
}

var (
	// ErrAbsent: there is no such object.
	ErrAbsent = errors.New("ledger: no such object")
	// ErrOther: the name has other bytes already. What is stored, or what was
	// about to be, is not what the ledger says: an incident.
	ErrOther = errors.New("ledger: the object exists with other content")
	// ErrMalformed: a name or a size that no object, or no register, has.
	ErrMalformed = errors.New("ledger: not an object's or a register's name, or too large")
	// ErrMoved: the register has another value than was expected; somebody else
	// set it.
	ErrMoved = errors.New("ledger: the register has moved")
)

// The registers.
const (
	// RegisterCheckpoint holds the last checkpoint that was signed: a signed note.
	RegisterCheckpoint = "checkpoint"
	// RegisterWitnessed holds the last checkpoint that as many witnesses as the
	// policy wants have cosigned: a signed note with their lines.
	RegisterWitnessed = "witnessed"
	// RegisterKeys holds the verifier keys (note) of every key that signs or signed,
	// one a line, oldest first: for readers that have no signing key, and so that
	// two processes with keys of different ledgers never share a shelf.
	RegisterKeys = "keys"
	// RegisterAlarm holds why nothing is sealed any more: an [Alarm] as JSON, or
	// empty once somebody has lifted it.
	RegisterAlarm = "alarm"
)
