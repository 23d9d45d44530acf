// Package keep remembers small things that follow from the ledger, such as
// when whom to judge next and how far others were told of it, and what the
// ledger publishes of itself: in memory, in files or in a database. It never
// holds the only copy of anything but signed checkpoints and what was signed
// last: whatever else it lost is made, or done, again from the ledger.
package keep
