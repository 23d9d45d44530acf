package kurrent

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"caseledger/eventstore"
)

// What is wrong with a connection, a server or a ledger. No error carries the
// connection string, a host's answer in full, or a credential.
var (
	// ErrConnectionString: the connection string cannot be used. The error says
	// which part, never what it holds.
	ErrConnectionString = errors.New("kurrent: the connection string cannot be used")
	// ErrCredentialsFile: the file cannot be read, others than its owner can
	// read it, or it does not hold one user and one password.
	ErrCredentialsFile = errors.New("kurrent: the credentials file cannot be used")
	// ErrCredentials: the server does not know the user or the password.
	ErrCredentials = errors.New("kurrent: wrong credentials")
	// ErrDenied: the server does not let the user do this. The user needs to
	// read $all, and to read and write the ledger's streams.
	ErrDenied = errors.New("kurrent: access denied")
	// ErrNotLeader: the node does not lead, and did not lead to one that does.
	ErrNotLeader = errors.New("kurrent: no leader")
	// ErrUnreachable: no node answered.
	ErrUnreachable = errors.New("kurrent: no server answered")
	// ErrReadOnly answers an append to a store opened with ReadOnly.
	ErrReadOnly = errors.New("kurrent: opened read-only")
	// ErrDeleted: somebody deleted a stream that the ledger numbers. Stop, and
	// restore a backup.
	ErrDeleted = errors.New("kurrent: a stream of the ledger was deleted")
	// ErrShrunk: the database no longer holds what it had acknowledged and this
	// program had numbered, as after an election that lost the end of the log.
	// Stop: it is an incident.
	ErrShrunk = errors.New("kurrent: the database lost acknowledged events")
	// ErrReordered: the database holds something else where a numbered event
	// was. Stop: it is an incident.
	ErrReordered = errors.New("kurrent: the database holds other events than were numbered")
	// ErrForeign: a stream with the name of the ledger's index holds something
	// else.
	ErrForeign = errors.New("kurrent: the index is not this program's")
	// ErrHalfIngested: a ledger was being taken over and was not taken over
	// whole. Start again in an empty database, or under another prefix. It is an
	// [eventstore.ErrBrokenLedger].
	ErrHalfIngested = fmt.Errorf("kurrent: a take-over was begun and not ended: %w", eventstore.ErrBrokenLedger)
)

// incident reports whether the ledger can no longer be trusted: from then on
// the store answers nothing else.
func incident(err error) bool {
	return errors.Is(err, ErrShrunk) || errors.Is(err, ErrReordered) || errors.Is(err, ErrForeign) || errors.Is(err, ErrHalfIngested)
}

var (
	// errLost: the connection failed, and whether the server did what it was
	// asked is not known.
	errLost = errors.New("the connection failed")
	// errWrongRevision: the stream was not at the expected revision.
	errWrongRevision = errors.New("wrong expected revision")
	// errAbsent: there is no such stream.
	errAbsent = errors.New("no such stream")
	// errOversize: the server does not take so much in one append.
	errOversize = errors.New("larger than the server takes in one append")
)

// named turns the client's error into one of ours. Whatever it does not know
// is errLost: the outcome is not known.
//
// The client's FromError returns false when there is an error, and its text
// may name hosts and streams, so only its code goes on.
func named(err error) error {
	var of *esdb.Error
	switch {
	case err == nil, errors.Is(err, errLost), errors.Is(err, ErrUnreachable), errors.Is(err, eventstore.ErrClosed):
		return err
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no answer in time", errLost)
	case errors.Is(err, io.EOF):
		// What the server said is lost: a call that it refuses at once may end so.
		return fmt.Errorf("%w: the answer was cut off", errLost)
	case errors.As(err, &of):
		switch of.Code() { //nolint:exhaustive // the others are not known for certain: the outcome is unknown
		case esdb.ErrorCodeWrongExpectedVersion:
			return errWrongRevision
		case esdb.ErrorCodeUnauthenticated:
			return ErrCredentials
		case esdb.ErrorCodeAccessDenied:
			return ErrDenied
		case esdb.ErrorCodeNotLeader:
			return ErrNotLeader
		case esdb.ErrorCodeStreamDeleted:
			return ErrDeleted
		case esdb.ErrorCodeResourceNotFound:
			if status.Code(of.Err()) == codes.NotFound {
				return ErrNotLeader // without saying who leads
			}
			return errAbsent
		case esdb.ErrorCodeConnectionClosed:
			return ErrUnreachable // the call was never made
		case esdb.ErrorCodeUnknown:
			if status.Code(of.Err()) == codes.InvalidArgument {
				return errOversize
			}
		}
		return fmt.Errorf("%w: client code %d", errLost, of.Code())
	}
	if code := status.Code(err); code == codes.Unauthenticated {
		return ErrCredentials
	} else if code == codes.PermissionDenied {
		return ErrDenied
	}
	return errLost
}

// refused is the outcome of an append that certainly recorded nothing.
func refused(err error) error { return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err) }

// unknown is the outcome of an append that may have recorded its events.
func unknown(err error) error { return fmt.Errorf("%w: %w", eventstore.ErrUnknown, err) }
