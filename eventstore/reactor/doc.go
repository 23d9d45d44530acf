// Package reactor follows the ledger and appends what follows from it: it
// judges the history of everybody the ledger says something of, and again when
// a deadline passes, and records what the monitors found. It never changes a
// case, never judges by a clock of its own, and never records the same finding
// twice.
//
// # How
//
// The ledger is read by position, a window of it at a time. Whoever an event
// is about is put on the agenda of a [Keep], in the same write that moves the
// checkpoint; then those on the agenda are judged, a few at a time, each on
// the whole of their case. So an event costs what its person costs, a person
// with a hundred events behind the checkpoint is judged once, and memory holds
// a window and a few people, however many there are.
//
// # What a stop between two lines leaves
//
// A window that was not acknowledged is read again. Somebody who was judged
// and not yet taken off the agenda is judged again, which finds what is on the
// record already. A finding is appended at the exact revision of its stream,
// as the difference between what is there and what was judged, so it is
// neither lost nor doubled.
//
// # What it does not follow
//
// An agreement, an organisation's governance or a policy may change what is
// made of anybody. The live loop notes that and judges again only whom the
// ledger then says something of; [Reactor.CatchUp] judges everybody.
package reactor
