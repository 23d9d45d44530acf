// Package keep remembers small things that follow from the ledger, such as
// when whom to judge next and how far others were told of it: in memory, in a
// file or in a database. It never holds the only copy of anything: whatever it
// lost is made, or done, again from the ledger.
package keep
