// Package sqlstore keeps the read models of one side in a SQLite file or a
// PostgreSQL schema. Every statement has one text for both; see dialect.go for
// all that differs, and pgx.go for what needs the driver itself. It must never hold two sides, and never anything that
// cannot be folded again from the ledger.
//
// The program that uses it links the drivers: modernc.org/sqlite as "sqlite",
// github.com/jackc/pgx/v5/stdlib as "pgx".
package sqlstore
