// Package verify finds out whether a record is what was signed: every entry,
// every hash tile, every key. It changes nothing, holds nothing up, and never
// calls intact what it has not compared with a signature.
//
// # What is compared
//
// Entries are read in order and hashed again; each hash is compared with the
// level-0 tile that holds it, the hash of each tile with the tile above, and the
// root with the signed checkpoints: the last one of the shelf, the last witnessed
// one, one that somebody kept, and what the signer remembers. An entry whose hash
// is not in its tile is altered if the tile leads to the signed root, and the tile
// is altered if the entry does; so exactly what was altered is named. Where
// entries and tiles agree and lead to another root, the history was written anew,
// and all that can be named is the range up to the checkpoint that says so.
//
// Beside that: positions are 1, 2, 3 …, no entry was recorded before the one in
// front of it, every entry is one that the ledger writes, and follows the one
// before it in its stream as far as that is remembered: of the last few thousand
// streams.
//
// Each key that an entry commits to is the one in the keystore, or an event
// records its destruction.
//
// # What it costs
//
// One goroutine reads, every processor hashes, one compares. Memory depends
// neither on the ledger nor on the keystore: a few hundred entries, a tile of
// each level, a window of streams, and [maxKeys] keys; where there are more keys,
// the entries are read again for the rest of them.
package verify
