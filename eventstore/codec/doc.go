// Package codec turns events into the bytes that are stored for ever, and
// back. It never writes a byte that it would not read, never reads one that
// it would not write, and never changes a format that was published.
//
// # Stored event, format 1
//
// Numbers are big endian; ids are their 16 bytes, "none" being zeros; times
// are microseconds since 1970 UTC, in the years 1 to 9999; a code is a length
// byte and that many visible ASCII characters.
//
//	stored  = 0x01 ‖ header ‖ body
//	header  = position u64 ‖ recordedAt i64 ‖ event id ‖ stream (kind u8, id) ‖ revision u64
//	body    = salt (32) ‖ meta ‖ count u8 ‖ box…
//	meta    = type code ‖ schema version u16 ‖ subject ‖ effective u8, i64
//	        ‖ actor id, role code, side code, organisation, client
//	        ‖ purpose code ‖ command ‖ index u32 ‖ correlation ‖ causation ‖ corrects
//	        ‖ origin u8 (1 live, 2 imported) ‖ policy u8 (0, or 1 and 32 bytes)
//	box     = class u8 ‖ holder u8 (0 controller, 1 recipient) ‖ key id ‖ length u32 ‖ sealed
//
// The body is made before the append and the header by whoever assigns the
// position; stores keep the body as it is. The leaf of the ledger is
// SHA-256(0x00 ‖ stored). See [Bytes], [ParseStored] and [Leaf].
//
// Effective is 1 and an instant, or 2 and a Europe/London day counted from
// 1970-01-01. An index with the highest bit set is that of a key commitment:
// event.KeyIndex and what the other bits say. A class is its place in
// event.Classes, from 1. Class 0 is the clear box that the kernel's own
// events have instead of others: without a key, and its content is not
// sealed. Boxes are in the order of class, then holder, each pair at most
// once. A type is never empty; a body with zero where its type's length would
// stand is of a later format, which the next byte names.
//
// # Box
//
// The content of a box is a JSON object of field names and values, in the
// order of the event's struct. The operational box of the controller holds
// every field that is not Personal, and in a command's first event also
// "$fingerprint", the command's fingerprint in hexadecimal. An imported event's
// may hold "$import", {"reason": …, "sourceSystem": …}: why it was recorded past
// validation, and which system it came from. Every event but a
// clear one has that box, also without fields: its key shows whose record the
// event is part of. An absent Personal field is left out, and so is any other
// box without fields.
//
// The content is preceded by its length as u32 and followed by zeros up to
// 256 bytes, 1, 4, 16 or 64 KiB, whichever is the smallest that fits, and
// then sealed (see package vault: nonce, AES-256-GCM ciphertext, tag) with
// the associated data
//
//	0x01 ‖ event id ‖ stream ‖ type code ‖ schema version u16 ‖ class u8 ‖ holder u8 ‖ key id
//
// so that a box opens only in its own place. An event is at most
// eventstore.MaxBodyBytes, so one box holds at most 16380 bytes of JSON.
//
// # Keys
//
// The controller's boxes are sealed under the keys of the draft's side, the
// recipient's under those of the side that was told. The first append of a
// stream that uses a key carries, in front, a key.created event with the
// key's commitment, and decoding one checks it against the keystore.
package codec
