// Package assemble makes the content of a case proof pack: what one person's
// record says, as far as whoever asks may read it, and what proves to others that
// it is so and that nothing was left out. It never hands out a pack that does not
// pass its own proofs, and never one whose making is not on the record.
package assemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
)

// Kind is whom a pack is for.
type Kind string

// The kinds.
const (
	// Evidence is for an investigator, an auditor or a court: what the asker may
	// read, with the findings if they may see every entry, and who looked by their
	// identifiers.
	Evidence Kind = "evidence"
	// SubjectAccess is for the person (UK GDPR Article 15): without the findings,
	// which are about what others did, and without the identifiers of staff and
	// their words in the log of who looked.
	SubjectAccess Kind = "subject-access"
)

var (
	// ErrNoSuchPerson: nothing is held about the person, or nothing that is for the
	// asker to know of.
	ErrNoSuchPerson = errors.New("assemble: no such person")
	// ErrNotListed: an entry that is to be withheld is none that the pack would list.
	ErrNotListed = errors.New("assemble: an entry to withhold is not one that the pack would list")
	// ErrUnproven: what was read is not what the ledger commits to. An incident;
	// no pack is made.
	ErrUnproven = errors.New("assemble: the entries are not what the ledger commits to")
)

// Source is the record that a pack is made of.
type Source struct {
	Store eventstore.Store
	// Reader opens what the asker may read.
	Reader *codec.Reader
	// Rules opens the policy stream.
	Rules  *codec.Reader
	Shelf  ledger.Shelf
	Ledger *ledger.Reader
	Origin string
	// Signers sign the pack: keys of the ledger.
	Signers []note.Signer
	// Commit is that of a [heads.Committer].
	Commit func(context.Context) (heads.Commitment, error)
	// Sealed waits until a position is under a checkpoint, cosigned by as many
	// witnesses as the record asks for, and returns that.
	Sealed func(context.Context, event.Position) (ledger.Checkpoint, error)
	// Looks lists who looked at any of some people, in the order of the entries.
	Looks func(ctx context.Context, people []event.UUID) ([]Look, error)
	// Exporting puts on the record that the history of these people, of so many
	// entries, is about to leave. It is called before the pack is made.
	Exporting func(ctx context.Context, people []event.UUID, entries int) error
	// Organisation names an organisation; empty if it is not known.
	Organisation func(event.UUID) string
}

// Request is what somebody asks for.
type Request struct {
	Kind      Kind
	Person    event.UUID
	Maker     event.Actor
	Purpose   event.Purpose
	MadeAt    time.Time
	Synthetic bool // every person in the record is invented
	// From and To bound when what is shown was recorded; zero is no bound. Entries
	// outside are in the pack unopened.
	From, To time.Time
	// Shows says of an entry, opened as far as the asker may, whether it is for
	// the asker to know of. One that is not is in the pack as a hash alone. nil:
	// every entry is.
	Shows func(event.Recorded) bool
	// Withhold are the positions of entries that somebody decided to leave out. Each
	// must be one that would be listed.
	Withhold []event.Position
}

// Made says what is in a pack.
type Made struct {
	Entries  int // that are listed
	Opened   int // of which something could be read
	Withheld int // that are there as a hash alone
	Streams  int
	Covered  uint64 // entries of the ledger that it is complete up to
	Size     int64  // of the ledger's tree
	People   []event.UUID
}

// entry is one entry of the pack.
type entry struct {
	stored eventstore.Stored
	event.Recorded
	opened bool // within the period
}

// whole is a stream that is in the pack whole.
type whole struct {
	id      event.StreamID
	entries []entry // that are shown
	leaves  []heads.Hash
	proof   heads.Proof
}

func (w *whole) withheld() int { return len(w.leaves) - len(w.entries) }

// assembly is a pack in the making.
type assembly struct {
	Source
	Request
	commitment heads.Commitment
	checkpoint ledger.Checkpoint
	streams    []whole // in the order of their names
	entries    []entry // of all, and the commitment's, in the order of positions
	people     []event.UUID
	lines      []line // of the entries
	looks      []Look
	members    map[string][]byte
	made       Made
	withheld   map[event.Position]bool // those to withhold that were found
}

// Build makes a pack and writes it. If it fails, nothing is written, unless it is
// the writer that failed.
//
// It is complete up to a commitment that is made for it: what is recorded
// meanwhile is not in it. A pack is made in memory.
//
// Errors: [ErrNoSuchPerson]; [ErrNotListed]; [ErrUnproven]; those of package casepack; otherwise
// those of the source.
func Build(ctx context.Context, s Source, r Request, to io.Writer) (Made, error) {
	a := &assembly{Source: s, Request: r, members: map[string][]byte{}, withheld: map[event.Position]bool{}}
	ids, err := a.find(ctx)
	if err != nil {
		return Made{}, err
	}
	n := 0
	for _, id := range ids {
		w, err := a.read(ctx, id, 0)
		if err != nil {
			return Made{}, err
		}
		n += len(w.entries)
	}
	if n == 0 && a.Shows != nil {
		return Made{}, ErrNoSuchPerson
	}
	for _, position := range a.Withhold {
		if !a.withheld[position] {
			return Made{}, fmt.Errorf("%w: %d", ErrNotListed, position)
		}
	}
	if err := a.Exporting(ctx, a.people, n); err != nil {
		return Made{}, fmt.Errorf("assemble: record the export: %w", err)
	}
	for _, step := range []func(context.Context) error{a.commit(ids), a.prove, a.describe, a.explain} {
		if err := step(ctx); err != nil {
			return Made{}, err
		}
	}
	a.made.People = a.people
	at := casepack.Statement{Origin: a.Origin, Tree: a.checkpoint.Tree}
	if err := casepack.Write(to, a.members, at, a.Signers...); err != nil {
		return Made{}, err
	}
	return a.made, nil
}

// find names the streams of the pack: the person's case, the cases merged into
// it, and the findings about them.
func (a *assembly) find(ctx context.Context) ([]event.StreamID, error) {
	own, err := a.history(ctx, a.Person)
	if err != nil {
		return nil, err
	}
	all, err := lawfulness.WithMerged(own, func(of event.UUID) ([]event.Recorded, error) { return a.history(ctx, of) })
	if err != nil {
		return nil, err
	}
	ids := []event.StreamID{event.Case(a.Person)}
	for _, e := range all {
		if !slices.Contains(ids, e.Stream) {
			ids = append(ids, e.Stream)
		}
	}
	for _, id := range ids {
		a.people = append(a.people, id.Of)
	}
	if a.Kind == Evidence && a.Shows == nil {
		for _, person := range a.people {
			ids = append(ids, event.Findings(person))
		}
	}
	slices.SortFunc(ids, func(a, b event.StreamID) int { return strings.Compare(a.String(), b.String()) })
	return ids, nil
}

// history is what is shown of a case.
func (a *assembly) history(ctx context.Context, of event.UUID) (all []event.Recorded, _ error) {
	for s, err := range a.Store.ReadStream(ctx, event.Case(of), 0) {
		if err != nil {
			return nil, fmt.Errorf("assemble: read a case: %w", err)
		}
		e, err := a.Reader.Decode(ctx, s)
		if err != nil {
			return nil, err
		}
		if a.shows(e) {
			all = append(all, e)
		}
	}
	return all, nil
}

// read reads a stream as far as a size of the ledger; 0 is to its end.
func (a *assembly) read(ctx context.Context, id event.StreamID, size uint64) (whole, error) {
	w := whole{id: id}
	var all []entry
	sealing := map[event.UUID]bool{} // the keys of entries that are listed
	for s, err := range a.Store.ReadStream(ctx, id, 0) {
		if err != nil {
			return w, fmt.Errorf("assemble: read %s: %w", id, err)
		}
		if size > 0 && uint64(s.Position) > size {
			break
		}
		e, err := a.Reader.Decode(ctx, s)
		if err != nil {
			return w, err
		}
		w.leaves = append(w.leaves, codec.Leaf(s))
		all = append(all, entry{s, e, !a.outside(e.RecordedAt)})
		if a.shows(e) {
			body, err := codec.ParseBody(s.Body)
			if err != nil {
				return w, err
			}
			for _, b := range body.Boxes {
				sealing[b.Key] = true
			}
		}
	}
	for _, e := range all {
		// That a key was destroyed is why an entry cannot be read.
		gone, is := e.Data.(event.KeyDestroyed)
		if a.shows(e.Recorded) || is && sealing[gone.Key] && !a.withholds(e.Recorded) {
			w.entries = append(w.entries, e)
		}
	}
	return w, nil
}

// shows reports whether an entry is listed for its own sake.
func (a *assembly) shows(e event.Recorded) bool {
	if a.Shows != nil && !a.Shows(e) {
		return false
	}
	return !a.withholds(e)
}

// withholds reports whether somebody decided that an entry may not be given, and
// takes note that it is one of the pack's.
func (a *assembly) withholds(e event.Recorded) bool {
	if !slices.Contains(a.Withhold, e.Position) {
		return false
	}
	a.withheld[e.Position] = true
	return true
}

func (a *assembly) outside(t time.Time) bool {
	return !a.From.IsZero() && t.Before(a.From) || !a.To.IsZero() && t.After(a.To)
}

// commit commits the ledger to what there is, waits until that is sealed, and
// reads every stream as far as it goes.
func (a *assembly) commit(ids []event.StreamID) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		if a.commitment, err = a.Commit(ctx); err != nil {
			return fmt.Errorf("assemble: commit to the heads: %w", err)
		}
		if a.checkpoint, err = a.Sealed(ctx, a.commitment.Position); err != nil {
			return fmt.Errorf("assemble: wait for the seal: %w", err)
		}
		for _, id := range ids {
			w, err := a.read(ctx, id, a.commitment.Size)
			if err != nil {
				return err
			}
			a.streams = append(a.streams, w)
			a.entries = append(a.entries, w.entries...)
		}
		at, err := a.commitmentEntry(ctx)
		if err != nil {
			return err
		}
		a.entries = append(a.entries, at)
		slices.SortFunc(a.entries, func(a, b entry) int { return int(a.Position) - int(b.Position) })
		a.looks, err = a.Looks(ctx, a.people)
		if err != nil {
			return fmt.Errorf("assemble: read who looked: %w", err)
		}
		return nil
	}
}

// commitmentEntry is the entry that commits to the heads.
func (a *assembly) commitmentEntry(ctx context.Context) (entry, error) {
	for s, err := range a.Store.ReadAll(ctx, a.commitment.Position-1) {
		if err != nil {
			return entry{}, fmt.Errorf("assemble: read the commitment: %w", err)
		}
		if said, err := heads.ParseCommitment(s); err != nil || said != a.commitment {
			return entry{}, fmt.Errorf("%w: position %d is not the commitment", ErrUnproven, a.commitment.Position)
		}
		e, err := a.Reader.Decode(ctx, s)
		return entry{s, e, true}, err
	}
	return entry{}, fmt.Errorf("%w: the commitment is not there", ErrUnproven)
}
