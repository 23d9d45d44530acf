// Package vault keeps the keys that open the record, one per person, side and
// data class, and the index that finds a person by an identifier. It never
// gives out a key, never keeps a key or an identifier in readable form, and
// never forgets that a key was destroyed.
//
// # Keys
//
// A data key is 32 random bytes. The vault stores it wrapped: AES-256-GCM
// under the key-encryption key, which lives elsewhere (see [KEK]), with the
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
// # Where a keystore is
//
// For one process it is a SQLite file, which others may read beside it. For
// several it is the schema caseledger_keys of a PostgreSQL database that holds
// nothing of the ledger, so that its backups may have a retention of their own.
// There a destroyed key's row is made a tombstone and vacuumed. The bytes it
// had may last longer: in the free part of a page until something else is
// written there, in the write-ahead log, on standbys, and in backups and
// archives as long as those are kept. They are wrapped: whoever finds them needs
// the key-encryption key, which the database never sees. So a destruction is
// final when the last backup from before it is gone, or when the survivors are
// wrapped by another key-encryption key and the old one is destroyed.
//
// The role that serves must own the table of keys, or from PostgreSQL 17 on be
// granted MAINTAIN on it, for it vacuums. Beside that it needs USAGE on the
// schema; SELECT on keystore; SELECT, INSERT, UPDATE on keys; SELECT, UPDATE on
// tombstones; SELECT, INSERT, DELETE on identifiers; SELECT, INSERT on secrets;
// and DELETE on secrets to copy another keystore into this one.
// Whoever opens the keystore first, or after an upgrade, must be able to create
// the schema, or own one that is there.
//
// # What a stop between two lines leaves
//
// A key is on disk before [Vault.Ensure] returns it, so a sealed event never
// outlives its key by accident; a key that no event uses yet is harmless and
// is used next time. Destruction is recorded in the ledger first and carried
// out here afterwards; [Vault.Destroy] may be repeated until it succeeds.
package vault
