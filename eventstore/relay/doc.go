// Package relay tells others what the ledger has recorded: it is the store as a
// Watermill subscriber, and the publishing of thin notices to NATS JetStream and
// to webhooks. It publishes nothing that is not recorded and nothing that lies
// in a sealed box, and it never holds up an append.
//
// # What is promised
//
// Everything recorded that a destination is to be told of is published to it at
// least once, and what is recorded on one stream, which is one person's, in the
// ledger's order. Whoever receives one twice knows it by its id.
//
// # What a stop between two lines leaves
//
// A checkpoint moves only past what was acknowledged, so what had been published
// and not yet acknowledged is published again. A message that could not be
// published is kept by its position (package keep) before it is acknowledged;
// with it, whatever follows it on the same stream. The content of a message is
// never kept: it is read from the ledger again, by the program that is there
// then.
//
// # When the ledger is another one
//
// A [Checkpoint] names positions and the events at them. After the restore of an
// older database, or where a ledger went on differently, the events there are
// others, or none: the relay goes back to the last event that is the same, and
// goes on from there.
//
// # Two at once
//
// The last to take a consumer is the one that moves its checkpoint. The one
// before stops with [ErrFenced] when it next writes, which is after a tenth of
// a second of publishing at most; what it published until then, the other one
// publishes too.
package relay
