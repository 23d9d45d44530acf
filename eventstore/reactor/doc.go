// Package reactor follows the ledger and has recorded what follows from it: it
// judges the history of everybody the ledger says something of, and again when
// a deadline passes, and records what the monitors found; and it gives the
// commands that fall due by the clock alone. It decides nothing else in a case,
// never judges by a clock of its own, and never records the same finding twice.
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
// The same agenda says when a command falls due on a case or an agreement. What
// it records is of the instant at which it was due, however late. A reactor that
// only judges leaves it there.
//
// # What a stop between two lines leaves
//
// A window that was not acknowledged is read again. Somebody who was judged
// and not yet taken off the agenda is judged again, which finds what is on the
// record already. A finding is appended at the exact revision of its stream,
// as the difference between what is there and what was judged, so it is
// neither lost nor doubled. A command that fell due is given again, and is known
// by its name, or has nothing left to say.
//
// # What it does not follow
//
// An agreement, an organisation's governance or a policy may change what is
// made of anybody. The live loop notes that and judges again only whom the
// ledger then says something of; [Reactor.CatchUp] judges everybody.
package reactor
