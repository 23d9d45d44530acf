// Package offline checks what a ledger hands out, from files and pinned keys
// alone: a case proof pack, a proof of one entry, a whole exported ledger. It is
// a second implementation: it never imports the code that stores, hashes, signs
// or packs, so that a fault there does not hide itself here.
//
// # What it is made of
//
// The hashing of the ledger's tree and the checking of its proofs are
// transparency-dev/merkle's; the ledger is hashed with x/mod/sumdb/tlog. Signed
// notes are opened by x/mod/sumdb/note, which the ledger also signs with; that
// every signature line is in its one form, and the cosignatures of witnesses, are
// checked here. Stored bytes (specified in package codec), containers (package
// casepack), proofs of completeness (package heads), exported ledgers (package
// transfer), `.tlog-proof` files and policies (C2SP tlog-proof, tlog-policy) are
// read here, by their specifications.
//
// # What it answers
//
// A check ends in a report of package verdict, with the first thing that is
// wrong. It is an error, and no report to rely on, if nothing is wrong and not
// all that was asked is shown ([ErrUnproven]), if no key was pinned
// ([ErrUnpinned]), or if the bytes are no such file ([ErrUnreadable]). Bad input
// never panics, and never takes more memory than the limits of its format.
package offline
