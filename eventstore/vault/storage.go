package vault

import (
	"context"
	"errors"
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
	stamp       []byte // nil where the row was stored before rows were stamped
	place       []byte // its id as it is stored; nil in memory
}

// retire ends the sealing of a live key.
func (r *record) retire() { r.state = retired }

// destroy makes a key a tombstone.
func (r *record) destroy(by event.ID) { r.state, r.wrapped, r.destroyedBy = destroyed, nil, by }

// state is the one row that says what the keystore as a whole has come to.
type state struct {
	gone    uint64 // tombstones
	changes uint64 // what other processes must notice beside destructions
	epoch   uint32 // of the key-encryption key that wraps
	secrets uint64 // how many secrets and marks there are
	proof   []byte // of the key that wraps, by proofOf; nil if it is the first
	stamp   []byte // nil until the keystore's rows are stamped
}

// Destruction is the destruction of one key, and the event that records it.
type Destruction struct {
	Key event.UUID
	By  event.ID
}

// claim is one identifier that a person holds or is about to.
type claim struct {
	blind    Blinded
	person   event.UUID
	command  event.UUID // zero once confirmed
	reserved time.Time
	stamp    []byte
	place    [2][]byte // its blind value and command as they are stored
}

// secret is one wrapped secret, or a mark.
type secret struct {
	name    string
	wrapped []byte
	epoch   uint32
}

// rewrapped is a key, or a secret, that is to be wrapped by another epoch.
type rewrapped struct {
	id       event.UUID
	name     string
	from, to []byte
}

var (
	errOtherEpoch = errors.New("vault: wrapped by another epoch than the keystore's")
	errNoSecret   = errors.New("vault: no such secret")
)

// storage keeps records and claims. Every method that changes something is
// atomic, and durable when it returns nil. Its implementations pass the same
// tests.
type storage interface {
	// key returns a key, in whatever state; ErrKeyMissing if there is none.
	key(ctx context.Context, id event.UUID) (record, error)
	// liveKey returns the live key of a reference; ErrKeyMissing if there is none.
	liveKey(ctx context.Context, ref Ref) (record, error)
	// add stores keys and returns, for each, the live key of its reference: the
	// one given, or the one that was there first; errOtherEpoch unless they are
	// wrapped by the keystore's epoch.
	add(ctx context.Context, keys []record) ([]record, error)
	// counted adds to the number of seals of a key and returns how many it has
	// by now, those of other processes among them.
	counted(ctx context.Context, id event.UUID, seals uint64) (uint64, error)
	// retire ends the sealing of keys, of those that are live; ErrKeyMissing if
	// one is not there.
	retire(ctx context.Context, ids []event.UUID) error
	// destroy makes keys tombstones, all or none, and leaves no byte of them;
	// ErrKeyMissing if one is not there. On a tombstone it changes nothing but
	// makes sure of the second half.
	destroy(ctx context.Context, keys []Destruction) error
	// bury is destroy where a key that is not there becomes a tombstone, as it is
	// given. It returns how many were not tombstones.
	bury(ctx context.Context, keys []record) (int, error)
	// keysOf returns every key of a subject, oldest first.
	keysOf(ctx context.Context, subject event.UUID) ([]record, error)
	// keysAfter returns up to copiedAtOnce keys that follow one in the order of
	// their ids.
	keysAfter(ctx context.Context, after record) ([]record, error)
	// some returns those of some keys that are there, in any order.
	some(ctx context.Context, ids []event.UUID) ([]record, error)
	// state returns the keystore's state.
	state(ctx context.Context) (state, error)
	// stamped says what rows are stamped with from here on, and stamps all there
	// are if none is, the keystore's state among them.
	stamped(ctx context.Context, s stamps) error
	// counts says what there is, by the rows themselves.
	counts(ctx context.Context) (holding, error)

	// changing changes the keystore's state, which nobody else changes meanwhile,
	// as f does, unless that fails.
	changing(ctx context.Context, f func(*state) error) error
	// rewrap replaces what keys are wrapped as, for those that are wrapped as it
	// says; errOtherEpoch unless they will be by the keystore's epoch.
	rewrap(ctx context.Context, epoch uint32, keys []rewrapped) error
	// rewrapSecrets is rewrap for secrets.
	rewrapSecrets(ctx context.Context, epoch uint32, secrets []rewrapped) error
	// wrappedBefore counts the keys and secrets that are wrapped by another epoch.
	wrappedBefore(ctx context.Context, epoch uint32) (uint64, error)
	// wiped leaves no byte of what keys and secrets were wrapped as before.
	wiped(ctx context.Context) error

	// secret returns a secret; errNoSecret if there is none.
	secret(ctx context.Context, name string) (secret, error)
	// secrets lists secrets and marks in the order of their names.
	secrets(ctx context.Context) ([]secret, error)
	// addSecret stores a secret unless there is one, and returns the one that is
	// there; errOtherEpoch unless it is wrapped by the keystore's epoch.
	addSecret(ctx context.Context, s secret) (secret, error)
	// addFirst stores a secret if there is neither one of its name, nor a key,
	// nor a claim, and reports whether it did; errOtherEpoch as addSecret.
	addFirst(ctx context.Context, s secret) (bool, error)

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
	// unlinkAll removes every claim of a person but those on some blind values,
	// leaves no byte of them, and returns how many there were.
	unlinkAll(ctx context.Context, person event.UUID, keep []Blinded) (int, error)
	// claimsOf returns a person's claims, in the order of their blind values.
	claimsOf(ctx context.Context, person event.UUID) ([]claim, error)
	// claimsAfter returns up to copiedAtOnce claims that follow one in the order
	// of their blind values and commands.
	claimsAfter(ctx context.Context, after claim) ([]claim, error)
	// holder returns who has confirmed a blind value; zero if nobody.
	holder(ctx context.Context, b Blinded) (event.UUID, error)
	// reservations returns the claims reserved before a moment, oldest first.
	reservations(ctx context.Context, before time.Time) ([]claim, error)

	close() error
}
