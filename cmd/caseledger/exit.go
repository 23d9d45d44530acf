package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/witness"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/relay"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/transfer"
	"caseledger/eventstore/vault"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// exit is how a command ends, as the shell sees it.
type exit int

// The exit codes. Scripts rely on them; none is ever given another meaning.
const (
	exitOK          exit = 0
	exitError       exit = 1
	exitUsage       exit = 2
	exitIntegrity   exit = 3 // what is stored is not what was recorded; nothing else ends so
	exitFindings    exit = 4
	exitNotFound    exit = 5
	exitConflict    exit = 6
	exitUnavailable exit = 7
	exitDenied      exit = 8
	exitInterrupted exit = 130
)

// Errors that commands end with and that have an exit code of their own.
var (
	errUsage       = errors.New("usage")
	errIntegrity   = errors.New("integrity failure")
	errNotFound    = errors.New("not found")
	errInUse       = errors.New("in use by another process")
	errInterrupted = errors.New("interrupted")
	errUnavailable = errors.New("unavailable")
)

// sentinelExits is the first half of the one table from error to exit code:
// the first row whose error is in the chain counts.
var sentinelExits = []struct {
	err  error
	code exit
}{
	{errUsage, exitUsage},
	{errIntegrity, exitIntegrity},
	{sqlite.ErrDamaged, exitIntegrity},
	{postgres.ErrDamaged, exitIntegrity},
	{kurrent.ErrShrunk, exitIntegrity},
	{kurrent.ErrReordered, exitIntegrity},
	{kurrent.ErrDeleted, exitIntegrity},
	{transfer.ErrAltered, exitIntegrity},
	{transfer.ErrOversize, exitIntegrity},
	{eventstore.ErrBrokenLedger, exitIntegrity},
	{vault.ErrKeyMissing, exitIntegrity},
	{vault.ErrKEKEpoch, exitError}, // often with the next: another key file
	{vault.ErrKeyBroken, exitIntegrity},
	{projections.ErrOrder, exitIntegrity},
	{ledger.ErrOtherHistory, exitIntegrity},
	{ledger.ErrRecoveryRequired, exitIntegrity},
	{ledger.ErrMemory, exitIntegrity},
	{ledger.ErrRetired, exitConflict},
	{ledger.ErrAlarm, exitFindings},
	{ledger.ErrNoAlarm, exitNotFound},
	{ledger.ErrNotFresh, exitConflict},
	{ledger.ErrMoved, exitConflict},
	{ledger.ErrReason, exitUsage},
	{ledger.ErrKeyName, exitUsage},
	{ledger.ErrLastKey, exitConflict},
	{ledger.ErrKeysMissing, exitNotFound},
	{ledger.ErrKeysMode, exitDenied},
	{ledger.ErrCheckpoint, exitUsage},
	{errInterrupted, exitInterrupted},
	{errFindings, exitFindings},
	{errExamples, exitFindings},
	{errNotFound, exitNotFound},
	{errInUse, exitConflict},
	{sqlite.ErrInUse, exitConflict},
	{eventstore.ErrNotEmpty, exitConflict},
	{vault.ErrInUse, exitConflict},
	{vault.ErrCopyDiffers, exitConflict},
	{transfer.ErrForeign, exitUsage},
	{relay.ErrSettings, exitUsage},
	{relay.ErrSecret, exitUsage},
	{relay.ErrCredentials, exitDenied},
	{relay.ErrNoDestination, exitNotFound},
	{witness.ErrDamaged, exitIntegrity},
	{witness.ErrInUse, exitConflict},
	{witness.ErrKey, exitUsage},
	{witness.ErrPolicy, exitUsage},
	{postgres.ErrURL, exitUsage},
	{pgsql.ErrConnectionString, exitUsage},
	{kurrent.ErrConnectionString, exitUsage},
	{kurrent.ErrCredentialsFile, exitUsage},
	{kurrent.ErrCredentials, exitDenied},
	{kurrent.ErrDenied, exitDenied},
	{kurrent.ErrNotLeader, exitUnavailable},
	{kurrent.ErrUnreachable, exitUnavailable},
	{sqlstore.ErrConnString, exitUsage},
	{postgres.ErrNoDatabase, exitNotFound},
	{sqlstore.ErrNoDatabase, exitNotFound},
	{pgsql.ErrNoDatabase, exitNotFound},
	{postgres.ErrCredentials, exitDenied},
	{postgres.ErrPrivileges, exitDenied},
	{pgsql.ErrCredentials, exitDenied},
	{sqlstore.ErrCredentials, exitDenied},
	{sqlstore.ErrDenied, exitDenied},
	{pgsql.ErrPrivilege, exitDenied},
	{postgres.ErrUnreachable, exitUnavailable},
	{postgres.ErrTooManyConnections, exitUnavailable},
	{postgres.ErrReadOnlyServer, exitUnavailable},
	{pgsql.ErrUnreachable, exitUnavailable},
	{sqlstore.ErrUnreachable, exitUnavailable},
	{sqlstore.ErrReadOnlyServer, exitUnavailable},
	{pgsql.ErrServerReadOnly, exitUnavailable},
	{pgsql.ErrFull, exitUnavailable},
	{errUnavailable, exitUnavailable},
	{errAnother, exitUnavailable},
	{errOlderKeys, exitUnavailable},
	{eventstore.ErrConflict, exitConflict},
	{eventstore.ErrUnavailable, exitUnavailable},
	{eventstore.ErrUnknown, exitUnavailable},
	{context.DeadlineExceeded, exitUnavailable},
	{context.Canceled, exitInterrupted},
	{fs.ErrNotExist, exitNotFound},
	{offline.ErrUsage, exitUsage},
	{offline.ErrTrust, exitUsage},
	{offline.ErrUnpinned, exitUsage},
	{fs.ErrPermission, exitDenied},
}

// faultExits is the other half: what kind of "no" a fault is.
var faultExits = map[fault.Kind]exit{
	fault.Invalid:       exitUsage,
	fault.Unidentified:  exitDenied,
	fault.Denied:        exitDenied,
	fault.Absent:        exitNotFound,
	fault.Conflict:      exitConflict,
	fault.Stale:         exitConflict,
	fault.Refused:       exitError,
	fault.Unconditional: exitUsage,
	fault.TooMany:       exitUnavailable,
	fault.Unavailable:   exitUnavailable,
	fault.Corrupt:       exitIntegrity,
}

// exitFor returns how a command that ended with err ends.
func exitFor(err error) exit {
	if err == nil {
		return exitOK
	}
	for _, row := range sentinelExits {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	if f := fault.Of(err); f != nil {
		if code, ok := faultExits[f.Kind]; ok {
			return code
		}
	}
	return exitError
}

// usage is a mistake in how the program was called.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...))
}
