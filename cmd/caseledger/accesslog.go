package main

import (
	"context"
	"fmt"
	"sync"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// accessLog keeps the reads, each on the stream of its session. A session's
// stream is never loaded whole: only which keys it commits to is remembered.
type accessLog struct {
	store eventstore.Store
	codec *codec.Codec

	mu       sync.Mutex
	sessions map[event.UUID]*session
}

// session is what is remembered of one session's stream. Its appends are made
// one after the other until its keys are committed to.
type session struct {
	mu     sync.Mutex
	loaded bool
	keys   []event.Recorded // the stream's key commitments
}

// mostSessions bounds how many sessions are remembered; one that was forgotten
// is read again.
const mostSessions = 10_000

func newAccessLog(store eventstore.Store, c *codec.Codec) *accessLog {
	return &accessLog{store: store, codec: c, sessions: map[event.UUID]*session{}}
}

var _ api.AccessLog = (*accessLog)(nil)

func (l *accessLog) session(id event.UUID) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.sessions[id]; s != nil {
		return s
	}
	if len(l.sessions) >= mostSessions {
		clear(l.sessions) // what was forgotten is read again
	}
	s := &session{}
	l.sessions[id] = s
	return s
}

// load reads which keys the session's stream commits to.
func (s *session) load(ctx context.Context, l *accessLog, stream event.StreamID) error {
	if s.loaded {
		return nil
	}
	var keys []event.Recorded
	for stored, err := range l.store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return err
		}
		meta, err := codec.Peek(stored.Body)
		if err != nil {
			return err
		}
		if meta.Type != "key.created" {
			continue
		}
		e, err := l.codec.Decode(ctx, stored)
		if err != nil {
			return err
		}
		keys = append(keys, e)
	}
	s.keys, s.loaded = keys, true
	return nil
}

// Append implements api.AccessLog. The look is sealed under the keys of the
// reader's organisation, which keeps it as long as the longest record it
// names.
func (l *accessLog) Append(ctx context.Context, look api.Look) error {
	data := any(look.Data)
	if look.Ledger.Purpose != "" {
		data = look.Ledger
	}
	_, err := l.append(ctx, eventstore.Command{ID: look.ID, Stream: event.Access(look.Caller.Session), Subject: look.Caller.Actor.Org,
		Effective: event.At(look.At), Actor: look.Caller.Actor, Purpose: look.Purpose, Correlation: look.Correlation, Origin: event.Live}, data)
	return err
}

// append records one look; repeated says that it was recorded before.
func (l *accessLog) append(ctx context.Context, command eventstore.Command, data any) (repeated bool, err error) {
	drafts := []event.Draft{{Data: data}}
	s := l.session(command.Stream.Of)
	s.mu.Lock()
	err = s.load(ctx, l, command.Stream)
	keys := s.keys
	if len(keys) == 0 {
		defer s.mu.Unlock() // until the first look has committed to the keys
	} else {
		s.mu.Unlock()
	}
	if err != nil {
		return false, fmt.Errorf("load the session's keys: %w", err)
	}
	batch, err := l.codec.Seal(ctx, command, drafts, keys)
	if err != nil {
		return false, fmt.Errorf("seal a look: %w", err)
	}
	appended, err := l.store.Append(ctx, command.Stream, eventstore.AtEnd, batch)
	if err != nil {
		return false, fmt.Errorf("record a look: %w", err)
	}
	if len(keys) == 0 {
		s.loaded = false // read again, with what was committed to now
	}
	return appended.Repeated, nil
}
