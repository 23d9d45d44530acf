package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// accessLog keeps the reads, each on the stream of its session, which several
// processes may write. A session's stream is read once, and only which keys it
// commits to is remembered. A look that commits it to another key is appended
// exactly where the stream ended, so that no two do.
type accessLog struct {
	store eventstore.Store
	codec *codec.Codec

	mu       sync.Mutex
	sessions map[event.UUID]*session
}

// session is what is remembered of one session's stream.
type session struct {
	mu     sync.Mutex
	loaded bool
	keys   []event.Recorded // the stream's key commitments
	end    event.Revision   // of the stream when it was read
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

// load returns which keys the session's stream commits to, and where the stream
// ended when that was read.
func (s *session) load(ctx context.Context, l *accessLog, stream event.StreamID) ([]event.Recorded, event.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded {
		return s.keys, s.end, nil
	}
	var keys []event.Recorded
	var end event.Revision
	for stored, err := range l.store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, 0, err
		}
		end = stored.Revision
		meta, err := codec.Peek(stored.Body)
		if err != nil {
			return nil, 0, err
		}
		if meta.Type != "key.created" {
			continue
		}
		e, err := l.codec.Decode(ctx, stored)
		if err != nil {
			return nil, 0, err
		}
		keys = append(keys, e)
	}
	s.keys, s.end, s.loaded = keys, end, true
	return keys, end, nil
}

// forget has the stream read again.
func (s *session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = false
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

// commitAttempts bounds how often a look that commits to a key tries to find the
// end of its stream. After that it goes to wherever the end is: a commitment made
// twice says the same twice.
const commitAttempts = 4

// append records one look; repeated says that it was recorded before.
func (l *accessLog) append(ctx context.Context, command eventstore.Command, data any) (repeated bool, err error) {
	s, drafts := l.session(command.Stream.Of), []event.Draft{{Data: data}}
	for attempt := 1; ; attempt++ {
		keys, end, err := s.load(ctx, l, command.Stream)
		if err != nil {
			return false, fmt.Errorf("load the session's keys: %w", err)
		}
		batch, err := l.codec.Seal(ctx, command, drafts, keys)
		if err != nil {
			return false, fmt.Errorf("seal a look: %w", err)
		}
		at, commits := eventstore.AtEnd, len(batch) > len(drafts)
		if commits && attempt < commitAttempts {
			at = end
		}
		appended, err := l.store.Append(ctx, command.Stream, at, batch)
		if commits {
			s.forget()
		}
		switch {
		case err == nil:
			return appended.Repeated, nil
		case commits && errors.Is(err, eventstore.ErrConflict):
			continue
		}
		return false, fmt.Errorf("record a look: %w", err)
	}
}
