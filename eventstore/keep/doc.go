// Package keep remembers small things that follow from the ledger, such as
// when whom to judge next: in memory, in a file or in a database. It never
// holds the only copy of anything: whatever it lost is made again from the
// ledger.
package keep
