// Package erasure carries out what was decided about a record: it follows the
// ledger and, for each disposal and each erasure on a case, destroys the keys of
// that person, side and data classes, has everything made from what they sealed
// taken away, and records a receipt. It decides nothing, never destroys a key
// while a legal hold stands, and never before the ledger says that it does.
//
// # The steps
//
// Of one decision, in this order:
//
//  1. The monitors judge the person once more, while everything can be read.
//  2. The keys are retired: from then on no process seals with them.
//  3. One append on each stream, at its exact revision, says of every key that it
//     is destroyed (key.destroyed). A legal hold that came meanwhile stops it here,
//     and so does a correction that voids the decision; what was recorded in
//     between is sealed by other keys. This append fixes which keys it is.
//  4. The keys are destroyed.
//  5. Where the identity went, the blind index forgets the identifiers that the
//     record no longer says.
//  6. Everybody who keeps anything made from the record takes it out and reports.
//  7. The keys that are left are wrapped by another key-encryption key: at once, or
//     together with later ones, within a bound that the receipt states.
//  8. The receipt is appended (rights.erasure-completed).
//
// # What a stop between two lines leaves
//
// What the ledger and the keystore say. Every step can be repeated and then changes
// nothing: retiring, destroying and forgetting are final, and both appends have
// identifiers that derive from the decision. A decision without a receipt is
// begun again from its first step by the next eraser; of two at once, both come to
// the same. What is remembered beside the ledger ([Memory]) says only how far it
// was read, and may be lost.
package erasure
