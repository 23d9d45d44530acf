package vault

import (
	"errors"

	"caseledger/eventstore"
)

var (
	// ErrErased: the key was destroyed on purpose, and the keystore knows by
	// which event. What it sealed is gone.
	ErrErased = errors.New("vault: the key was destroyed")
	// ErrKeyMissing: the keystore has no such key and no record of its
	// destruction. The keystore is incomplete, or belongs to another ledger:
	// restore it; this is a failure, not an erasure.
	ErrKeyMissing = errors.New("vault: key missing without a recorded destruction")
	// ErrWithheld: the key is not one that the view opens.
	ErrWithheld = errors.New("vault: the key is not in this view")
	// ErrBroken: sealed bytes do not open. They, or where they stand, are not
	// what was sealed.
	ErrBroken = errors.New("vault: sealed bytes do not open")
	// ErrKeyBroken: a wrapped key does not unwrap, or is not the key that was
	// committed to. The keystore was altered, or the key-encryption key is
	// another one.
	ErrKeyBroken = errors.New("vault: a key is not the one that was stored")
	// ErrCommitment: the ledger commits to another key than the keystore has.
	ErrCommitment = errors.New("vault: the key is not the one the ledger commits to")
	// ErrKeyExhausted: the key has sealed as much as it safely can. Ensure makes
	// the next one.
	ErrKeyExhausted = errors.New("vault: the key has sealed as much as it may")
	// ErrKeyRetired: the key seals no more. Ensure makes the next one.
	ErrKeyRetired = errors.New("vault: the key is retired")
	// ErrReadOnly: the vault was opened read-only.
	ErrReadOnly = errors.New("vault: opened read-only")

	// ErrKEKMissing: the keystore has keys but the file of the key-encryption
	// key is not there. Restore it from where it is kept; without it nothing in
	// the keystore opens.
	ErrKEKMissing = errors.New("vault: the key-encryption key file is missing")
	// ErrKEKMode: others than the owner may read the file of the
	// key-encryption key, or it is not a regular file. Its mode must be 0600 or
	// 0400.
	ErrKEKMode = errors.New("vault: the key-encryption key file must be a regular file of mode 0600")
	// ErrKEKMalformed: the file does not hold a key-encryption key.
	ErrKEKMalformed = errors.New("vault: the key-encryption key file is malformed")
	// ErrKEKEpoch: something is wrapped by an epoch of the key-encryption key that
	// its file has not. Everything may have been wrapped by another since the
	// file was copied: bring the file as it is where that was done.
	ErrKEKEpoch = errors.New("vault: the key-encryption key file lacks an epoch")
	// ErrKEKUnavailable: the key management service that keeps the key-encryption
	// key does not open it. Nothing new is opened until it does.
	ErrKEKUnavailable error = unavailable("vault: the key management service does not give the key-encryption key")

	// ErrNotKeystore: the file, or the database, is not a keystore.
	ErrNotKeystore = errors.New("vault: not a keystore")
	// ErrNewer: a later program wrote the keystore.
	ErrNewer = errors.New("vault: the keystore was written by a later version of this program")
	// ErrSettings: the database did not take a setting that erasure or
	// durability rests on.
	ErrSettings = errors.New("vault: the keystore's database settings are not in force")
	// ErrNotAlone: the database holds a part of the ledger beside the keystore,
	// whose backups would then keep destroyed keys as long as the ledger. Give
	// the keystore a database of its own.
	ErrNotAlone = errors.New("vault: the keystore shares its database with a part of the ledger")
	// ErrInUse: keys or identifiers were stored before.
	ErrInUse = errors.New("vault: the keystore is in use already")
	// ErrCopyDiffers: something was lost on the way into a copy, or the keystore
	// was changed while it was copied. Nothing was stored: see that nobody uses
	// it, and copy it again.
	ErrCopyDiffers = errors.New("vault: the copy is not what the keystore holds")
	// ErrStillInLog: a destroyed key's wrapped bytes may still be in the
	// database's files, because a reader held them or the database's role may not
	// clean up. Repeat Destroy.
	ErrStillInLog = errors.New("vault: the destroyed key may still be in the database's files")
)

// unavailable is an error of another service that may be over later; each is an
// [eventstore.ErrUnavailable].
type unavailable string

// Error implements error.
func (u unavailable) Error() string { return string(u) }

// Is makes [errors.Is] find eventstore.ErrUnavailable.
func (unavailable) Is(target error) bool { return target == eventstore.ErrUnavailable }
