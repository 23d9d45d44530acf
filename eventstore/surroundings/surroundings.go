// Package surroundings knows what stands around the people's cases: the
// agreements, the organisations' governance and the policy, as far as they are
// in the ledger. It never reads a case.
package surroundings

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
	"caseledger/eventstore"
)

// Decoder opens stored events; a *codec.Reader of every side's keys.
type Decoder interface {
	Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error)
}

// Note says where a ledger's surroundings are, as far as a follower had come:
// with it the next one need not look through the whole ledger. It holds opaque
// identifiers only, and is worth no more than the time it saves.
type Note struct {
	Position event.Position `json:"position"`
	// Event is the one at the position: a ledger that holds another there, such
	// as one that was restored and went on otherwise, is not the note's.
	Event   event.ID         `json:"event"`
	Streams []event.StreamID `json:"streams"`
}

// Follower follows a store for what stands around the cases. It is safe for
// concurrent use. It holds every event of those streams: they grow with the
// organisations, not with the people.
type Follower struct {
	store    eventstore.Store
	decode   Decoder
	register *reference.Register

	mu     sync.Mutex
	begun  bool
	note   Note // what to begin with, and how far it has come
	events []event.Recorded
	shared *lawfulness.Shared
}

func (n Note) clone() Note {
	n.Streams = slices.Clone(n.Streams)
	return n
}

// New returns a follower that begins from a note, the zero one if there is
// none. Nothing is read before [Follower.Shared] is asked.
func New(store eventstore.Store, decode Decoder, register *reference.Register, from Note) *Follower {
	return &Follower{store: store, decode: decode, register: register, note: from.clone()}
}

// Shared returns the surroundings with everything that was acknowledged before
// the call. As long as nothing is added to them it is the same value.
//
// It costs one look at what the ledger took in since the last call; the first
// one reads the ledger from the note on, in constant memory beside the result.
// After an error nothing is lost: the next call goes on.
func (f *Follower) Shared(ctx context.Context) (*lawfulness.Shared, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun {
		if err := f.begin(ctx); err != nil {
			return nil, err
		}
	}
	known := len(f.events)
	for s, err := range f.store.ReadAll(ctx, f.note.Position) {
		if err == nil && surrounds(s.Stream) {
			err = f.take(ctx, s)
		}
		if err != nil {
			f.renew(known)
			return nil, fmt.Errorf("follow the surroundings: %w", err)
		}
		f.note.Position, f.note.Event = s.Position, s.ID
	}
	f.renew(known)
	return f.shared, nil
}

// renew makes the surroundings anew if there are more than the known events.
func (f *Follower) renew(known int) {
	if f.shared == nil || len(f.events) > known {
		f.shared = lawfulness.NewShared(f.register, f.events)
	}
}

// Noted returns how far the follower has come: a later one may begin there.
func (f *Follower) Noted() Note {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.note.clone()
}

// begin reads the streams of the note as far as it had come. A note that is
// not of this ledger is given up.
func (f *Follower) begin(ctx context.Context) error {
	if ours, err := f.ours(ctx); err != nil {
		return fmt.Errorf("follow the surroundings: %w", err)
	} else if !ours {
		f.note = Note{}
	}
	f.events = nil
	for _, id := range f.note.Streams {
		for s, err := range f.store.ReadStream(ctx, id, 0) {
			if err == nil && s.Position > f.note.Position {
				break
			}
			if err == nil {
				err = f.take(ctx, s)
			}
			if err != nil {
				return fmt.Errorf("follow the surroundings: %w", err)
			}
		}
	}
	f.begun = true
	return nil
}

// ours reports whether the note is of this ledger.
func (f *Follower) ours(ctx context.Context) (bool, error) {
	if f.note.Position == 0 || slices.ContainsFunc(f.note.Streams, func(id event.StreamID) bool { return !surrounds(id) }) {
		return false, nil
	}
	for s, err := range f.store.ReadAll(ctx, f.note.Position-1) {
		return err == nil && s.Position == f.note.Position && s.ID == f.note.Event, err
	}
	return false, nil
}

// take adds one event.
func (f *Follower) take(ctx context.Context, s eventstore.Stored) error {
	e, err := f.decode.Decode(ctx, s)
	if err != nil {
		return err
	}
	f.events = append(f.events, e)
	if !slices.Contains(f.note.Streams, s.Stream) {
		f.note.Streams = append(f.note.Streams, s.Stream)
	}
	return nil
}

// surrounds reports whether a stream is around the cases.
func surrounds(id event.StreamID) bool {
	return id.Kind == event.AgreementStream || id.Kind == event.OrgStream || id.Kind == event.PolicyStream
}
