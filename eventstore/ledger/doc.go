// Package ledger makes the record tamper-evident: it follows a store, puts the
// hash of every stored event into a Merkle tree (RFC 6962), signs the tree's
// size and root as a checkpoint, and proves that an entry is in it, and that a
// later tree only adds to an earlier one. It never changes a stored event, never
// signs what does not extend the last thing it signed, and never holds the only
// copy of anything but the checkpoints.
//
// # Formats
//
// Entry index i of the tree, counted from 0, is the event at position i+1. Its
// leaf is the hash of its stored bytes ([codec.Leaf]). What is published follows
// C2SP: tiles and entry bundles by tlog-tiles, checkpoints by tlog-checkpoint and
// signed-note, cosignatures by tlog-cosignature, proofs by tlog-proof.
//
// Objects on a [Shelf] have the names that tlog-tiles gives them, such as
// "tile/0/x001/234" and "tile/1/000.p/17". A checkpoint is kept in a [Shelf]'s
// registers.
package ledger
