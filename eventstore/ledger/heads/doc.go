// Package heads proves to somebody who does not trust whoever keeps the ledger
// that the entries of a stream are all there were of it, or that there was no
// such stream. It commits to one state of every stream in an entry of the ledger
// itself, and never says anything of what was recorded after that state.
//
// # Head
//
// The head of a stream at a size of the ledger is how many of the first size
// entries are the stream's, and a chain over them in their order. Numbers are
// big endian, a leaf is that of the ledger's tree ([codec.Leaf]), which has the
// entry's position in it.
//
//	chain(0) = 32 zero bytes
//	chain(r) = SHA-256(0x23 ‖ chain(r-1) ‖ leaf of the entry of revision r)
//
// # Tree of heads
//
// A stream's key is the SHA-256 of its stored form ([event.StreamID.Bytes]). Its
// bits, the highest of the first byte first, lead from the root of a binary tree
// to the one place where the stream can be: 0 to the left, 1 to the right. The
// hash of a subtree is
//
//	of no stream        SHA-256(0x22)
//	of one stream       SHA-256(0x20 ‖ key ‖ revision u64 ‖ chain)
//	of more             SHA-256(0x21 ‖ left ‖ right)
//
// so that the tree of a set of heads is the same whoever makes it, and a path
// from the root ends where a subtree has at most one stream. It says either that
// the stream is there, with its head, or that it is not: because the place is
// empty, or because it is another stream's. No two of these can be shown of one
// root without two inputs of the same SHA-256.
//
// # Commitment
//
// An entry ledger.heads-committed on the stream ledger has the size, the root
// and the number of streams. It stands after the entries it is about, by at most
// [MaxLag]. As an entry it has an inclusion proof like every other.
//
// # Proof
//
// A proof is one line of JSON without spaces, in this form and no other:
//
//	{"format":"caseledger-heads/v1","stream":"case-…","size":1234,"commitment":1240,
//	 "revision":3,"chain":"…","path":["…","",…]}
//
// commitment is the position of the entry that has the root. path has the hashes
// beside the way, from the root down, in lower-case hexadecimal; that of an empty
// subtree is "". Where there is no such stream, revision is 0 and chain is left
// out; if the place is another stream's, its leaf stands behind them, as
// "other":{"key":"…","revision":1,"chain":"…"}.
//
// # What it shows of others
//
// A path holds hashes from which nothing can be learnt. A proof that a stream
// does not exist can hold the key, the revision and the chain of another one:
// who knows the identifier of that other stream learns that it exists, and how
// many entries it has.
package heads
