// Package offlinetest makes small ledgers of invented people, with real entries,
// keys and signatures, and all that can be handed out of them, for the tests of
// those who check it. It never takes a short cut that the verifier takes: what it
// hashes, signs and packs goes through the ledger's own code.
package offlinetest
