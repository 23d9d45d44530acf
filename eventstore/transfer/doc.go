// Package transfer carries a whole ledger from one store to another as a file:
// every event with its position, recorded time, id, stream, revision and body,
// byte for byte. It never opens a body, and never yields a ledger without the
// proof that it is whole.
//
// # The format
//
// Numbers are unsigned and big-endian.
//
//	file    = header, events, trailer
//	header  = "caseledger ledger\n" (18 bytes), format (1 byte: 1),
//	          marks (1 byte: 1 if every person in it is invented, else 0),
//	          how many events follow (8 bytes)
//	event   = length of the stored bytes (4 bytes, not 0), stored bytes
//	trailer = 0 (4 bytes), how many events came before (8 bytes),
//	          SHA-256 of everything before the digest (32 bytes)
//
// Stored bytes are those of package codec: what the ledger hashes. Positions
// are 1, 2, 3 …, and nothing follows the trailer. One ledger has one file.
package transfer
