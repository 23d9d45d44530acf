package api

import (
	"context"
	"encoding/binary"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore/ledger"
)

// Caller is who is asking, as their verified token says.
type Caller struct {
	Actor event.Actor
	// Session names the access stream on which the caller's reads are kept.
	Session event.UUID
}

// Recorder carries out commands; [recording.Recorder] is the one
// implementation.
type Recorder interface {
	// Record carries out one command. Its errors are faults, or failures that
	// are nobody's business but ours.
	Record(ctx context.Context, q recording.Request) (recording.Outcome, error)
	// Load returns a person's case as the write side has it, for the
	// organisation; the fault "no-such-person" if it is not there or not for
	// them.
	Load(ctx context.Context, person, org event.UUID) (casefile.State, event.Revision, error)
	// Past returns a person's whole case, to judge it again. It asks nobody
	// whether the person is there for them: a [View] has been asked before, and
	// of what it holds only what that view shows is told.
	Past(ctx context.Context, person event.UUID) (*lawfulness.History, event.Revision, error)
	// Visible returns nil if a stream is there for the actor, and otherwise the
	// fault "no-such-person", "no-such-agreement" and the like.
	Visible(ctx context.Context, stream event.StreamID, actor event.Actor) error
}

// Views hands out the read models of the caller's own side.
type Views interface {
	// For returns the view that holds what the caller's side may hold, limited
	// to what the caller's controller holds or was told. A side without a
	// store of its own is the fault "no-view-for-side", kind Denied.
	For(c Caller) (View, error)
}

// AsOf says which record to show. The zero value is the record as it is now.
type AsOf struct {
	// TrueOn is the time at which statuses are asked; zero is now.
	TrueOn time.Time
	// KnownOn limits the record to what was recorded at or before it; zero is
	// no limit. A view resolves it to a position once and reports that.
	KnownOn time.Time
	// KnownAt limits the record to a position exactly, and prevails on KnownOn;
	// 0 is no limit.
	KnownAt event.Position
}

// Reflects says what an answer was made from.
type Reflects struct {
	Position event.Position // the ledger as far as the answer takes it into account
	Revision event.Revision // of the person's case; 0 in lists of many people
	TrueOn   time.Time      // as used; zero where the answer has no such time
	KnownOn  time.Time      // as used
	Latest   bool           // nothing known to the view was left out
	Model    string         // "timeline@7"
}

// Page is which part of a list to return.
type Page struct {
	Number int // from 1
	Size   int // 1 to 500
}

// Offset is the number of rows before the page.
func (p Page) Offset() int { return (p.Number - 1) * p.Size }

// View is one side's read models, as one caller may see them. A person who is
// not there, or not for the caller, is the fault "no-such-person", kind
// Absent, whichever it is. No method returns what the caller may not see.
type View interface {
	// Position is how far the view has followed the ledger.
	Position(ctx context.Context) (event.Position, error)
	// WaitFor returns when the view has reached a position, or ctx's error.
	WaitFor(ctx context.Context, p event.Position) error

	Person(ctx context.Context, person event.UUID) (Person, Reflects, error)
	Timeline(ctx context.Context, person event.UUID, at AsOf) ([]TimelineEntry, Reflects, error)
	Consents(ctx context.Context, person event.UUID, at AsOf) ([]Consent, Reflects, error)
	Referrals(ctx context.Context, person event.UUID) ([]Referral, Reflects, error)
	// Disclosures returns a page of the register, newest first, and how many
	// rows there are in all.
	Disclosures(ctx context.Context, f DisclosureFilter, p Page) ([]Disclosure, int, Reflects, error)
	// Caseload returns a page of people, and how many there are in all.
	Caseload(ctx context.Context, f CaseloadFilter, p Page) ([]CaseloadRow, int, Reflects, error)
	// FindByName returns at most 25 people whose family name, given name (where
	// asked) and date of birth are the same, letter case aside.
	FindByName(ctx context.Context, q NameQuery) ([]Person, Reflects, error)

	Care

	Registers
}

// Identifiers finds people by identifier, through the blind index.
type Identifiers interface {
	// Find returns the person with an identifier. A kind that does not exist
	// or a value that cannot be one (wrong shape, wrong check digit, a range
	// that may not be used here) is a fault of kind Invalid whose pointers are
	// "/identifier/type" and "/identifier/value".
	Find(ctx context.Context, kind, value string) (person event.UUID, found bool, err error)
}

// Place is a place in the ledger: right after one entry. The zero value is
// before the first.
type Place struct {
	Position event.Position
	// Mark tells the entry from the one that another history of the ledger has
	// at the same position; 0 is not known.
	Mark uint32
}

// PlaceOf is the place after an entry.
func PlaceOf(p event.Position, id event.ID) Place {
	return Place{p, binary.BigEndian.Uint32(id.UUID[:4])}
}

// FeedQuery says which entries of the ledger are wanted.
type FeedQuery struct {
	After  Place
	Types  []string   // stored names; empty is all
	Person event.UUID // zero is everybody
	Limit  int        // 1 to 500
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Entries []Entry // oldest first
	// Reached is the place up to which entries have been considered: the next
	// After. It is that of the query where nothing new was recorded.
	Reached Place
	// More says that the ledger went on after Reached when this was read.
	More bool
}

// Feed is the ledger's entries, as one caller may see them.
type Feed interface {
	// Events returns the entries after a place. It looks at what the caller may
	// see at the moment of the call: an entry whose case is closed to them by
	// then is not among them.
	//
	// The fault "view-behind", kind Unavailable, says after a while of waiting
	// that it cannot be told yet whose the next entry is. A place that the ledger
	// does not have, as after an older copy was restored, is the fault
	// "cursor-not-in-ledger", kind Invalid.
	Events(ctx context.Context, c Caller, q FeedQuery) (FeedPage, error)
	// Event returns one entry opened as far as the caller may; the fault
	// "no-such-event", kind Absent, if it is not there or not for them.
	Event(ctx context.Context, c Caller, id event.ID) (EntryDetail, error)
	// Wait returns once something is recorded after a position, or ctx's error.
	Wait(ctx context.Context, after event.Position) error
}

// Look is one read on its way into the access log.
type Look struct {
	Caller      Caller
	ID          event.UUID // drawn at random by us, never the caller's request id
	Purpose     event.Purpose
	Correlation event.UUID
	At          time.Time
	Data        access.RecordAccessed
	// Ledger is recorded instead of Data where it has a purpose: the log of who
	// looked was read.
	Ledger access.LedgerRead
}

// AccessLog keeps the reads.
type AccessLog interface {
	// Append puts the look on the stream of the caller's session. It is durable
	// when Append returns nil; on any error the answer does not leave.
	Append(ctx context.Context, l Look) error
}

// Proofs is what the ledger publishes of itself, and proves. Its errors are those
// of package ledger; [ledger.Reader] has most of it.
type Proofs interface {
	// Checkpoint and Witnessed return the last checkpoint that was signed, and the
	// last that enough witnesses have cosigned; ledger.ErrNoCheckpoint.
	Checkpoint(ctx context.Context) (ledger.Checkpoint, error)
	Witnessed(ctx context.Context) (ledger.Checkpoint, error)
	// Tile returns the first width hashes of a tile, and EntryBundle the entries
	// that a tile of level 0 has the hashes of; ledger.ErrBeyond.
	Tile(ctx context.Context, level int, n int64, width int) ([]byte, error)
	EntryBundle(ctx context.Context, n int64, width int) ([]byte, error)
	// Inclusion proves that the entry at a position is in the tree of a size, and
	// Consistency that one tree only adds to another; ledger.ErrBeyond.
	Inclusion(ctx context.Context, position event.Position, size int64) (ledger.RecordProof, error)
	Consistency(ctx context.Context, from, to int64) (ledger.TreeProof, error)
	// Proof proves that the entry at a position is in the ledger; ledger.ErrBeyond
	// if it is not sealed yet.
	Proof(ctx context.Context, position event.Position) (ledger.Proof, error)
	// Status says how the ledger fares.
	Status(ctx context.Context) (LedgerStatus, error)
	// Failed returns the code of the alarm that says that the ledger is not what
	// was signed; empty while there is none. It answers at once: every answer asks.
	Failed() string
}

// Organisation is one organisation as tokens name it.
type Organisation struct {
	ID   event.UUID
	Side event.Side
}

// Health is one part of the system that can fail.
type Health struct {
	Name string
	// Check returns nil if the part works. Its error goes to the log, never
	// into the answer.
	Check func(ctx context.Context) error
}
