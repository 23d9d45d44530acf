// Package projections keeps read models: tables of rows folded from the ledger
// in its own order, each exactly once, with the position they reflect. It must
// never decide anything, append to the ledger, or read a clock: a row is a
// function of the events and of nothing else.
//
// A read model is a package that declares a [Model] with [Define] and reads it
// with [Select] inside [Reader.View]. A [Runner] follows the ledger for all
// read models of one side of the boundary and one [Store], and rebuilds,
// checks and repairs them. Package sqlstore is the Store for SQLite and
// PostgreSQL; package projectiontest checks a read model's promises.
package projections
