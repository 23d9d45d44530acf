// Package keep remembers small things that follow from the ledger, such as
// when whom to judge next, in memory or in a file. It never holds the only
// copy of anything: whatever it lost is made again from the ledger.
package keep
