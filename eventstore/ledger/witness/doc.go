// Package witness lets somebody else vouch for the ledger. A witness remembers
// the last tree of a ledger that it has seen, and cosigns only a later one that
// is proven to add to it; whoever demands the cosignatures of enough witnesses
// cannot be shown another history than everybody else, unless so many of them
// take part. The package has both ends: [Server] is a witness, [Gatherer] asks
// those of a [Policy]. Neither ever holds up an append or a seal, and neither
// sees an entry: trees, hashes and signatures only.
//
// # Formats
//
// C2SP: tlog-witness between the two, tlog-checkpoint and signed-note for what is
// signed, tlog-cosignature (cosignature/v1, Ed25519) for what is answered, and
// tlog-policy for the file that says who is asked and how many must agree.
//
// # What a refusal proves
//
// [CheckFork] tells anybody, without trust in a witness, that a ledger signed two
// trees of which neither adds to the other:
//
//   - Of the same size and with different roots, the two signed checkpoints are
//     the whole proof.
//   - Of different sizes, they prove nothing by themselves, and neither does a
//     proof of consistency that fails: anybody can make one. What proves it is a
//     consistency proof that holds, from another tree of the smaller size: the
//     larger tree then begins with another one than the ledger signed. A witness
//     finds it in the request that it refuses, if whoever sent it proved its own
//     tree honestly, and the smaller size is no power of two: such a proof says
//     nothing of the smaller tree. The ledger itself always has it.
//
// A witness that only says it knows a larger tree, or that our proof fails, shows
// nothing that can be checked. See [Gatherer] for what is done then.
package witness
