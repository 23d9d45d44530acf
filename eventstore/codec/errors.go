package codec

import (
	"errors"

	"caseledger/domain/fault"
)

var (
	// ErrCorrupt: stored bytes are not what was recorded. It is a fault, so it
	// reaches the person on call; every malformed or unopenable event is one.
	ErrCorrupt = fault.New(fault.Corrupt, "event-corrupt", "a stored event is not what was recorded")
	// ErrMalformed: bytes that no encoder of this package wrote.
	ErrMalformed = errors.New("codec: malformed bytes")
	// ErrUnknownFormat: bytes of a format this program does not know; a later
	// version wrote them.
	ErrUnknownFormat = errors.New("codec: unknown format")
	// ErrUnknownClass: a box of a data class or holder this program does not
	// know; a later version wrote it.
	ErrUnknownClass = errors.New("codec: unknown data class or holder")
	// ErrUnknownType: an event type that is not in the catalogue.
	ErrUnknownType = errors.New("codec: unknown event type")
	// ErrNewerVersion: an event of a later schema version than the catalogue's.
	ErrNewerVersion = errors.New("codec: event of a newer schema version")
)
