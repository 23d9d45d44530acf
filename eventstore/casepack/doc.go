// Package casepack is the container of a case proof pack: one file that a
// person, an auditor or a court takes away and checks without us. It never
// looks at what the members say, and never writes a file that another writer of
// the same members would write differently.
//
// # Container
//
// A pack is a ZIP file (PKWARE APPNOTE 6.3.10) with exactly one form for given
// members, so that whoever checks one makes it again from its members and
// compares every byte. Numbers are little endian.
//
//	pack    = local…, central…, end
//	local   = "PK\3\4" ‖ 10 u16 ‖ zero (4 bytes) ‖ 0x0000 u16 ‖ 0x0021 u16 ‖ CRC-32 u32
//	        ‖ length u32 ‖ length u32 ‖ length of name u16 ‖ 0 u16 ‖ name ‖ bytes
//	central = "PK\1\2" ‖ 10 u16 ‖ 10 u16 ‖ zero (4 bytes) ‖ 0x0000 u16 ‖ 0x0021 u16 ‖ CRC-32 u32
//	        ‖ length u32 ‖ length u32 ‖ length of name u16 ‖ zero (12 bytes) ‖ offset of local u32 ‖ name
//	end     = "PK\5\6" ‖ 0 u32 ‖ members u16 ‖ members u16 ‖ length of all central u32
//	        ‖ offset of the first central u32 ‖ 0 u16
//
// That is: the Store method, no flags, midnight of 1 January 1980, no
// attributes, no extra fields, no comments, no data descriptors, no ZIP64, and
// nothing before, between or after. Members stand in the byte order of their
// names, in both lists.
//
// A name is one or more parts joined by '/', at most [MaxName] bytes; a part
// is of letters, digits, '.', '-' and '_' and begins with a letter or a digit.
// No two names are equal when case is ignored, and none is a folder of another:
// every file system can hold them. The limits are [MaxMembers] and [MaxBytes].
//
// # Checksums and signature
//
// SHA256SUMS has one line for every member but itself and SHA256SUMS.sig, in
// the order of the container: the SHA-256 in lower-case hexadecimal, two
// spaces, the name. `sha256sum -c SHA256SUMS` checks it.
//
// SHA256SUMS.sig is a signed note (C2SP signed-note) by one or more of the
// ledger's signing keys, which are named like its origin. Its text is
//
//	caseledger-pack/v1
//	<origin of the ledger>
//	<SHA-256 of SHA256SUMS, base64>
//	<size of the tree that the pack was made at, decimal>
//	<root of that tree, base64>
//
// No ledger has the origin caseledger-pack/v1, so that the note is never a
// checkpoint.
//
// # Members
//
// What a pack holds beside those two, and what a verifier checks of it. Any
// other member, and any field that is not named here, is refused.
//
//	pack.json                    what the pack is: below
//	checkpoint                   the checkpoint of the tree that the pack was made at (C2SP tlog-checkpoint),
//	                             with the cosignatures that it had: its signature by the ledger's key, as many
//	                             cosignatures as the verifier's policy asks for, and the same origin, size and root
//	                             as in pack.json and in the signature of the checksums
//	entries/<position>.bin       the stored bytes of an entry (package codec), the position in decimal: in their
//	                             canonical form, with that position
//	proofs/<position>.tlog-proof its inclusion proof (C2SP tlog-proof), without extra data: its index is position-1,
//	                             its checkpoint is the member checkpoint, byte for byte. Every entry has one, and
//	                             there is no other
//	events.jsonl                 a line for every entry, in the order of positions: below
//	heads/<stream>.json          for each stream in pack.json that it is complete: package ledger/heads
//	heads/<stream>.leaves        for each such stream of which entries were left out, and for no other: the leaf of
//	                             every entry of the stream in the ledger's tree, in their order, each on a line
//	                             of 64 hexadecimal digits. The proof's chain is over these, as many as its
//	                             revision; the leaf of each entry in the pack is that of its revision
//	policy/<hash>/rules.json     the rule set by which a decision among the entries was taken: SHA-256 over the
//	policy/<hash>/gates.cedar    SHA-256 of the first and the SHA-256 of the second is the hash, in lower-case
//	                             hexadecimal. Each that an entry's stored bytes name is there, and no other
//	access-log.csv               who looked: not checked but for its checksum
//	disclosures.csv              what was told to whom: not checked but for its checksum
//	README.txt, index.html       for people: not checked but for their checksum
//
// pack.json is one object, of at most 16 MiB:
//
//	format     "caseledger-pack/v1"
//	origin     of the ledger
//	size       of the tree, a number
//	root       of the tree, base64
//	madeAt     RFC 3339, in UTC
//	madeBy     the identifier of who asked for it
//	purpose    a purpose code
//	person     the identifier of whom it is about
//	synthetic  true if every person in the ledger is invented
//	streams    [{"stream": …, "revisions": n} …]: the streams that are in the pack whole, in the order of their
//	           text: their entries in the pack have the revisions 1 … n. Entries of other streams stand alone.
//	           With "withheld": k, not 0, k of them are not in the pack but for their leaves: they are part of
//	           another organisation's record, or somebody decided that they may not be given
//
// A line of events.jsonl is what `caseledger events list --json` prints of the
// entry, field by field as in the stored bytes (position, event, stream,
// revision, recordedAt, type, version, subject, effectiveAt, actor, purpose,
// command, index, correlation, causation, corrects, origin), and beside it
//
//	says    an object with the content, as far as it may be read here. Of an entry with a clear box it is that
//	        box's content, byte for byte. An entry without boxes has none. Of others it is what the maker of the pack
//	        read in the sealed boxes: only who has the keys can compare
//	absent  an object that says of classes whose boxes could not be read why: "erased" or "withheld". "erased" is
//	        refused unless an entry of the pack, a key.destroyed event, names the key of the class's box
//
// Positions in events.jsonl rise, recordedAt never falls, and the revisions of
// a stream rise with the positions.
package casepack
