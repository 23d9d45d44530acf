package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"caseledger/eventstore/pgsql"
)

// Led reports whether somebody is elected to lead what is named so, in the
// database of a connection string. It takes no part in the election.
//
// Errors: those of package pgsql.
func Led(ctx context.Context, url, name string) (led bool, _ error) {
	config, err := electionConfig(url)
	if err != nil {
		return false, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", pgsql.Named(ctx, err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has only asked
	// A key of 64 bits is shown in two halves (PostgreSQL, pg_locks).
	key := uint64(electionKey(name))
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND classid::bigint = $1::bigint AND objid::bigint = $2::bigint)`, int64(key>>32), int64(key&0xffffffff)).Scan(&led)
	return led, pgsql.Named(ctx, err)
}
