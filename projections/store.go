package projections

import (
	"context"
	"errors"
	"iter"

	"caseledger/domain/event"
)

// What a store or a runner may say beside an infrastructure error.
var (
	// ErrFenced: another runner has taken over this table, and nothing of this
	// one's was written since. Whoever is elected, or told to by an operator, may
	// run again: that takes over in turn. Two that each start again because they
	// were fenced would fence each other for ever.
	ErrFenced = errors.New("projections: another runner has taken over")
	// ErrBuilding: this program's version of the read model has not caught up
	// yet, and the table that serves has other columns. Later it can be read.
	ErrBuilding = errors.New("projections: the read model is being built")
	// ErrNewer: the store, or a read model in it, was written by a newer
	// program than this one.
	ErrNewer = errors.New("projections: written by a newer program")
	// ErrOlder: the store is missing or was made by an older program than this
	// one, and is opened for reading only. Whoever writes it brings it up to date.
	ErrOlder = errors.New("projections: made by an older program")
	// ErrDamaged: the database is damaged or is not a read-model store. Move it
	// away: everything in it can be rebuilt from the ledger.
	ErrDamaged = errors.New("projections: damaged or foreign database")
	// ErrSettings: the database does not run with the settings that the
	// promises of this package need.
	ErrSettings = errors.New("projections: unsafe database settings")
	// ErrQuery: a query names an unknown column, has no limit, or its cursor is
	// malformed. The caller's mistake.
	ErrQuery = errors.New("projections: malformed query")
	// ErrDiffers: a rebuilt table differs from the one that serves, which was
	// therefore left in place. Check reports where.
	ErrDiffers = errors.New("projections: the rebuilt rows differ")
	// ErrOrder: the source's positions do not increase. Stop and raise an
	// incident.
	ErrOrder = errors.New("projections: the ledger was read out of order")
	// ErrPoison: an event cannot be folded.
	ErrPoison = errors.New("projections: an event cannot be folded")
)

// Table is one table of rows, with a checkpoint of its own. A read model has
// the one that serves and, while it is rebuilt, another beside it.
type Table struct {
	Name       string // "<model>_v<version>", for later builds "<model>_v<version>_r<n>"
	Projection *Projection
}

// State is what a table is for.
type State string

// The states. At most one table of a read model is Current; it serves.
const (
	Building State = "building"
	Current  State = "current"
	Retired  State = "retired"
)

// Checkpoint says how far a table reflects the ledger.
type Checkpoint struct {
	Table    string
	Model    string
	Version  int
	Shape    string // names the columns and their kinds
	State    State
	Position event.Position
	Parked   int    // streams parked
	Epoch    uint64 // of the runner that writes the table
}

// Reason is why an event was parked: a code, never a value.
type Reason string

// The reasons.
const (
	Undecodable  Reason = "undecodable"   // it cannot be decoded or opened
	Panicked     Reason = "fold-panicked" // Keys or Fold panicked
	Unstorable   Reason = "unstorable"    // a row holds U+0000, invalid UTF-8, or what is no JSON
	MalformedKey Reason = "malformed-key" // a key does not fit the key columns
)

// Parked says that a stream's events are not folded from Position on, because
// of what happened there. The rows are those of before; all other streams go
// on. [Runner.Retry] folds the stream anew.
type Parked struct {
	Stream   event.StreamID
	Position event.Position
	Reason   Reason
}

// RowKey names a row.
type RowKey struct {
	Stream event.StreamID
	Key    Key
}

// Changes are what a page of events does to a table.
type Changes struct {
	Clear  []event.StreamID // streams whose rows are all removed, before anything else
	Remove []RowKey
	// Put yields the rows to insert or replace, each as the values of the
	// table's columns in order, about in primary key order. A slice is good
	// until the next. An error is a row that cannot be stored; nil is none.
	Put iter.Seq2[[]Value, error]
	// Fresh says that the table holds no row.
	Fresh bool
	// Park and Unpark name streams; a stream may be in Clear too.
	Park   []Parked
	Unpark []event.StreamID
	// Erased says that personal data is being removed for good: what is
	// overwritten must not linger on in the store's files.
	Erased bool
}

// Store keeps tables, checkpoints and parked streams for one side.
type Store interface {
	Reader
	// Checkpoints lists every table, by name.
	Checkpoints(ctx context.Context) ([]Checkpoint, error)
	// ParkedStreams lists the parked streams of a table, by position.
	ParkedStreams(ctx context.Context, table string) ([]Parked, error)
	// Load returns the rows named as last committed, as their Projection's row
	// type, by row key. A row that does not exist is left out.
	Load(ctx context.Context, t Table, keys []RowKey) (map[RowKey]any, error)
	// Update runs write in one transaction that is committed, durably, if it
	// returns nil, and has changed nothing otherwise.
	Update(ctx context.Context, write func(Tx) error) error
	// Compare holds still what serves, calls follow with its position, which
	// must bring built to just there, and then calls differ for each row that
	// is not the same in both, in primary key order. It keeps a bounded number
	// of rows in memory and holds up no writer.
	Compare(ctx context.Context, serving, built Table, follow func(to event.Position) error, differ func(RowKey) error) (Comparison, error)
}

// Tx is a transaction on a store. Methods are called in any order, from one
// goroutine.
type Tx interface {
	// Create makes an empty table without its further indexes and a checkpoint
	// at 0, in state Building; a table of that name that exists is left as it is.
	Create(t Table) error
	// Index adds the further indexes to a table, if they are missing.
	Index(t Table) error
	// Claim takes a table over by a new epoch: the runner that wrote it before
	// is fenced. [ErrBuilding] if the table has gone.
	Claim(table string) (Checkpoint, error)
	// Lock takes the table's checkpoint for this transaction; others wait. The
	// zero Checkpoint if there is no such table.
	Lock(table string) (Checkpoint, error)
	// Move sets the position and the number of parked streams of a locked table.
	Move(table string, to event.Position, parked int) error
	// SetState changes what a table is for.
	SetState(table string, s State) error
	// Drop removes a table, its checkpoint and its parked streams, if it exists.
	Drop(table string) error
	// Parked returns those of the streams that are parked.
	Parked(table string, streams []event.StreamID) ([]Parked, error)
	// Save makes the changes.
	Save(t Table, c Changes) error
}
