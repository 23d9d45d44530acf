package main

import (
	"errors"
	"fmt"

	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/vault"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// remedies say what to do about an error of a server, by the first row that has
// one in its chain. It follows the error after a semicolon.
var remedies = []struct {
	errs []error
	do   string
}{
	{[]error{postgres.ErrOlder, projections.ErrOlder},
		"`caseledger migrate up` brings it up to date, with the connection string of the tables' owner"},
	{[]error{postgres.ErrNewer, projections.ErrNewer, vault.ErrNewer},
		"run the version of the program that wrote it, or a later one: `caseledger version` says which this is"},
	{[]error{postgres.ErrURL, pgsql.ErrConnectionString, sqlstore.ErrConnString, kurrent.ErrConnectionString},
		"correct it: `caseledger doctor --settings` says where it comes from"},
	{[]error{postgres.ErrCredentials, pgsql.ErrCredentials, sqlstore.ErrCredentials, kurrent.ErrCredentials, kurrent.ErrDenied},
		"correct them in the connection string: `caseledger doctor` tries it and changes nothing"},
	{[]error{postgres.ErrNoDatabase, pgsql.ErrNoDatabase, sqlstore.ErrNoDatabase},
		"make the database and then run `caseledger migrate up`"},
	{[]error{postgres.ErrReadOnlyServer, pgsql.ErrServerReadOnly, sqlstore.ErrReadOnlyServer},
		"name the server that takes changes: `caseledger doctor` tries it and changes nothing"},
	{[]error{postgres.ErrUnreachable, pgsql.ErrUnreachable, sqlstore.ErrUnreachable, kurrent.ErrUnreachable, kurrent.ErrNotLeader},
		"start it, or correct the address: `caseledger doctor` tries it and changes nothing"},
}

// explained says of an error with a server which setting names the server, and
// what to do.
func (p place) explained(setting string, err error) error {
	if err == nil || p.server == "" || errors.As(err, new(*explanation)) {
		return err
	}
	e := &explanation{err: err, setting: setting}
	for _, r := range remedies {
		for _, one := range r.errs {
			if errors.Is(err, one) {
				e.do = r.do
				return e
			}
		}
	}
	return e
}

// explanation is an error with the setting it is about.
type explanation struct {
	err         error
	setting, do string
}

// Error implements error.
func (e *explanation) Error() string {
	if e.do == "" {
		return fmt.Sprintf("--%s: %v", e.setting, e.err)
	}
	return fmt.Sprintf("--%s: %v; %s", e.setting, e.err, e.do)
}

// Unwrap makes the error that is explained be found.
func (e *explanation) Unwrap() error { return e.err }
