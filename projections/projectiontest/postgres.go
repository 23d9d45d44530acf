//go:build postgres

package projectiontest

import (
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"testing"

	"caseledger/projections/sqlstore"
	"caseledger/projections/sqlstore/pgtest"
)

func init() {
	databases = append(databases, database{"postgres", func(t testing.TB) *sqlstore.Store { return pgtest.Open(t) }})
}
