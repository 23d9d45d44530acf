// Package vault keeps the keys that open the record, one per person, side and
// data class, and the index that finds a person by an identifier. It never
// gives out a key, never keeps a key or an identifier in readable form, and
// never forgets that a key was destroyed.
//
// # Keys
//
// A data key is 32 random bytes. The vault stores it wrapped: AES-256-GCM
// under an epoch of the key-encryption key, which lives elsewhere, with the
// associated data
//
//	"caseledger-dek-v1" ‖ key id (16) ‖ subject (16) ‖ u8 length, side ‖ u8 length, class
//
// so that one wrapped key cannot stand in another's place. Its commitment is
//
//	HMAC-SHA256(data key, "dek-commit-v1" ‖ key id)
//
// and is checked every time the key is unwrapped. Boxes are sealed with
// AES-256-GCM under the subkey
//
//	HKDF-SHA256(data key, no salt, "caseledger-box-v1" ‖ key id, 32 bytes)
//
// as 12 bytes of random nonce followed by ciphertext and tag. GCM bears at
// most 2^32 messages under one key with random nonces (NIST SP 800-38D
// section 8.3); the vault retires a key at 2^24 and makes the next. A retired
// key still opens what it sealed. Seals are counted on disk in steps of 4096,
// those of every process together, so each start of a process may leave up to
// that many uncounted: the factor of 256 below the bound is there for them.
//
// A key is live, retired or destroyed, and never goes back. Whoever retires or
// destroys one counts it where every process looks once a second before it uses
// a key it remembers; so an erasure retires the keys, waits [Noticed], records
// the destruction in the ledger, and destroys them, and nothing was sealed under
// them after what the ledger says. What was sealed just before may be appended
// just after.
//
// # The key-encryption key
//
// It has epochs, numbered from 1. The keystore says which of them wraps: new
// keys and secrets are stored only if that epoch wrapped them. Its file has a
// line for each epoch that is in use, which holds 32 bytes, or them as a key of
// a key management service encrypted them:
//
//	caseledger key-encryption key, format 2
//	epoch 1 64 lower-case hexadecimal digits
//	epoch 2 kms URI base64
//
// Format 1 has the digits of epoch 1 alone on the second line. The associated
// data of the service's encryption is "caseledger-kek-v1" ‖ u32 epoch. A service
// is asked once for each epoch by each process, and while it does not answer
// nothing opens that is wrapped by that epoch.
//
// [Vault.Rewrap] wraps everything by a new epoch and then removes the old ones.
// From then on, copies of the keystore from before open only with copies of the
// file from before; where a service's key encrypted that, only until the service
// destroys its key. So an erasure is final at the first of three moments: when
// the last copy of the keystore from before the destruction is gone; when
// everything has been wrapped again and the last copy of the file from before
// that is gone; when the service's key that encrypted it is destroyed.
//
// The state of the keystore holds a proof of the epoch that wraps,
//
//	HMAC-SHA256(32 bytes of the epoch, "kek-proof-v1" ‖ u32 epoch)
//
// so that a process whose file has another key under that number wraps nothing.
//
// # Identifiers
//
// An identifier (an NHS number, a CRN) is stored only as
//
//	HMAC-SHA256(secret, "blind-v1" ‖ u8 length, kind ‖ canonical value)
//
// under a secret of the keystore that is itself wrapped by the key-encryption
// key. Linking one is a reservation, then the append to the ledger, then a
// confirmation; [Vault.Reconcile] settles what a crash left in between.
//
// # Stamps
//
// Every row of keys and identifiers, and the one row of the keystore's state, has
// a stamp: HMAC-SHA256 over the name of its table and every column, each behind
// its u32 length, under HMAC-SHA256(a secret of the keystore, "rows-v1"). A row
// that was changed by somebody else has one that is not right, and never gets a
// right one again. What finds which change is said at [Vault.Alterations] and
// [Vault.Check]. Two things are beyond stamps: a row that is put back as it once
// was, which the ledger's destructions and the counts tell of; and a database
// that is put back as a whole ([Vault.Reapply]). A keystore without any stamp
// is taken for one of version 1, which had none, and is stamped when it is
// opened; so whoever takes all of them away has changes stamped that were made
// to what neither the keys themselves nor the ledger tell: the times, and the
// counts of seals.
//
// # Where a keystore is
//
// For one process it is a SQLite file, which others may read beside it. For
// several it is the schema caseledger_keys of a PostgreSQL database that holds
// nothing of the ledger, so that its backups may have a retention of their own.
// There a destroyed key's row is made a tombstone and vacuumed. The bytes it
// had may last longer: in the free part of a page until something else is
// written there, in the write-ahead log, on standbys, and in backups and
// archives as long as those are kept. They are wrapped: whoever finds them needs
// the key-encryption key, which the database never sees.
//
// The role that serves needs USAGE on the schema; SELECT on keystore; SELECT,
// INSERT, UPDATE on keys; SELECT, UPDATE on tombstones; SELECT, INSERT, DELETE on
// identifiers; SELECT, INSERT on secrets. Whoever destroys keys or forgets a
// person must own the tables of keys and of identifiers, or from PostgreSQL 17
// on be granted MAINTAIN on them, for they are vacuumed; whoever wraps everything
// again, keys and secrets, and needs UPDATE on secrets; whoever copies another
// keystore into this one, DELETE on secrets. Whoever opens the keystore first,
// or after an upgrade, must be able to create the schema, or own one that is
// there with its tables. A program of an earlier version that runs on then gets
// errors of the database, and stores nothing more.
//
// # What a stop between two lines leaves
//
// A key is on disk before [Vault.Ensure] returns it, so a sealed event never
// outlives its key by accident; a key that no event uses yet is harmless and
// is used next time. Destruction is recorded in the ledger first and carried
// out here afterwards; [Vault.DestroyAll] may be repeated until it succeeds, and
// [Vault.Destroyed] tells whether as many keys were destroyed as the ledger says.
// A [Vault.Rewrap] that was stopped is finished by the next.
package vault
