package vault

import (
	"context"
	"time"

	"caseledger/domain/event"
)

// keyState is the life of a key. The numbers are stored and never change.
type keyState int

const (
	live      keyState = 1 // seals and opens
	retired   keyState = 2 // opens
	destroyed keyState = 3 // a tombstone: wrapped is empty, destroyedBy says why
)

// record is one row of the keystore.
type record struct {
	id          event.UUID
	ref         Ref
	wrapped     []byte // nil once destroyed
	commitment  event.Commitment
	state       keyState
	destroyedBy event.ID
	created     time.Time
	epoch       uint32 // of the key-encryption key that wrapped it
	sealed      uint64 // how often it has sealed, to the last step of 4096
}

// claim is one identifier that a person holds or is about to.
type claim struct {
	blind    Blinded
	person   event.UUID
	command  event.UUID // zero once confirmed
	reserved time.Time
}

// storage keeps records and claims. Every method that changes something is
// atomic, and durable when it returns nil. Its implementations pass the same
// tests.
type storage interface {
	// key returns a key, in whatever state; ErrKeyMissing if there is none.
	key(ctx context.Context, id event.UUID) (record, error)
	// liveKey returns the live key of a reference; ErrKeyMissing if there is none.
	liveKey(ctx context.Context, ref Ref) (record, error)
	// add stores keys and returns, for each, the live key of its reference: the
	// one given, or the one that was there first.
	add(ctx context.Context, keys []record) ([]record, error)
	// counted adds to the number of seals of a key and returns how many it has
	// by now, those of other processes among them.
	counted(ctx context.Context, id event.UUID, seals uint64) (uint64, error)
	// retire ends the sealing of a key, if it is live.
	retire(ctx context.Context, id event.UUID) error
	// destroy makes a key a tombstone and leaves no byte of it; ErrKeyMissing if
	// there is none. On a tombstone it changes nothing but makes sure of the
	// second half.
	destroy(ctx context.Context, id event.UUID, by event.ID) error
	// keysOf returns every key of a subject, oldest first.
	keysOf(ctx context.Context, subject event.UUID) ([]record, error)
	// destructions counts the tombstones.
	destructions(ctx context.Context) (uint64, error)

	// secret returns a wrapped secret; nil if there is none.
	secret(ctx context.Context, name string) ([]byte, error)
	// addSecret stores a wrapped secret unless there is one, and returns the one
	// that is there.
	addSecret(ctx context.Context, name string, wrapped []byte) ([]byte, error)
	// addFirst stores a wrapped secret if there is neither one of its name, nor a
	// key, nor a claim, and reports whether it did.
	addFirst(ctx context.Context, name string, wrapped []byte) (bool, error)

	// reserve stores a claim unless another person has one on the same blind
	// value: then it returns false.
	reserve(ctx context.Context, c claim) (bool, error)
	// confirm replaces a person's claims on a blind value by a confirmed one;
	// false if another person has a claim.
	confirm(ctx context.Context, c claim) (bool, error)
	// release removes the reservation of one command.
	release(ctx context.Context, c claim) error
	// unlink removes every claim of a person on a blind value.
	unlink(ctx context.Context, c claim) error
	// holder returns who has confirmed a blind value; zero if nobody.
	holder(ctx context.Context, b Blinded) (event.UUID, error)
	// reservations returns the claims reserved before a moment, oldest first.
	reservations(ctx context.Context, before time.Time) ([]claim, error)

	close() error
}
