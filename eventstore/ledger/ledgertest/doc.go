// Package ledgertest is the contract of what a ledger is kept in, as tests that
// every shelf and every memory passes, and a shelf that fails on purpose. It must
// never be linked into a program.
package ledgertest
