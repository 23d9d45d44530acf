package kurrent

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

const (
	// pageEvents and pageBytes bound what a reader holds in memory; a page ends
	// when either is reached.
	pageEvents = 512
	pageBytes  = 1 << 20
	// recordType and indexType are the types of what this package appends: the
	// real type of an event is in its body.
	recordType = "caseledger.recorded"
	indexType  = "caseledger.numbered"
)

// record is an event as the database gives it back.
type record struct {
	id       event.UUID
	stream   string
	kind     string
	revision uint64 // from 0
	at       numbering.LogPosition
	body     []byte
	mark     batchMark
}

func recordOf(e *esdb.ResolvedEvent) (record, bool) {
	if e == nil || e.Event == nil {
		return record{}, false
	}
	o := e.Event
	return record{id: event.UUID(o.EventID), stream: o.StreamID, kind: o.EventType, revision: o.EventNumber,
		at: numbering.LogPosition{Commit: o.Position.Commit, Prepare: o.Position.Prepare}, body: o.Data, mark: markOf(o.UserMetadata)}, true
}

// batchMark is the metadata of an event: its place in its batch and the token
// of the append. A reader that sees a part of a batch knows that it is a part.
//
// As bytes it is {"index":0,"of":3,"by":"0123456789abcdef"}, in this order and
// without spaces.
type batchMark struct {
	index, of int
	by        numbering.Token
}

// alone is the mark of what others than this program appended.
var alone = batchMark{of: 1}

func (m batchMark) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"index":`...), int64(m.index), 10)
	b = strconv.AppendInt(append(b, `,"of":`...), int64(m.of), 10)
	b = hex.AppendEncode(append(b, `,"by":"`...), m.by[:])
	return append(b, `"}`...)
}

// markOf reads what append writes; anything else is [alone].
func markOf(b []byte) (m batchMark) {
	number := func(before string) (n int) {
		rest, ok := bytes.CutPrefix(b, []byte(before))
		end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if !ok || end < 1 || end > 9 {
			return -1
		}
		for _, digit := range rest[:end] {
			n = 10*n + int(digit-'0')
		}
		b = rest[end:]
		return n
	}
	m.index, m.of = number(`{"index":`), number(`,"of":`)
	rest, ok := bytes.CutPrefix(b, []byte(`,"by":"`))
	if !ok || m.index < 0 || m.index >= m.of || len(rest) != 2*len(m.by)+2 || string(rest[2*len(m.by):]) != `"}` {
		return alone
	}
	if _, err := hex.Decode(m.by[:], rest[:2*len(m.by)]); err != nil {
		return alone
	}
	return m
}

// esdbID is an id as the client has it.
func esdbID(id event.UUID) (e [16]byte) { return id }

func proposed(events []eventstore.Event, by numbering.Token) []esdb.EventData {
	all := make([]esdb.EventData, len(events))
	for i, e := range events {
		meta := batchMark{index: i, of: len(events), by: by}.append(make([]byte, 0, 64))
		all[i] = esdb.EventData{EventID: esdbID(e.ID.UUID), EventType: recordType, ContentType: esdb.ContentTypeBinary, Data: e.Body, Metadata: meta}
	}
	return all
}

// append adds events to a stream that holds exactly so many, and says where in
// the log they ended. It is made once: its errors are those of [named].
func (s *session) append(ctx context.Context, stream string, held uint64, events []esdb.EventData) (at numbering.LogPosition, _ error) {
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	if held > 0 {
		expected = esdb.Revision(held - 1)
	}
	var end atomic.Pointer[esdb.WriteResult]
	err := s.once(ctx, func(ctx context.Context, c *esdb.Client) error {
		result, err := c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected, RequiresLeader: true}, events...)
		if err == nil {
			end.Store(result)
		}
		return err
	})
	if err != nil {
		return at, err
	}
	result := end.Load()
	return numbering.LogPosition{Commit: result.CommitPosition, Prepare: result.PreparePosition}, nil
}

// page is what one read found.
type page struct {
	records []record
	found   bool // the stream is there
	more    bool // there may be more behind
}

// streamPage reads up to n events of a stream from a revision on.
func (s *session) streamPage(ctx context.Context, stream string, from uint64, n int) (page, error) {
	return s.readStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Forwards, From: esdb.Revision(from), RequiresLeader: true}, n)
}

// streamEnd reads the last event of a stream.
func (s *session) streamEnd(ctx context.Context, stream string) (page, error) {
	return s.readStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}, RequiresLeader: true}, 1)
}

func (s *session) readStream(ctx context.Context, stream string, o esdb.ReadStreamOptions, n int) (page, error) {
	var got atomic.Pointer[page] // a call that was left behind may still write one
	err := s.read(ctx, func(ctx context.Context, c *esdb.Client) error {
		read, err := c.ReadStream(ctx, stream, o, uint64(n))
		if err != nil {
			return err
		}
		defer read.Close()
		p := &page{}
		for size := 0; len(p.records) < n; {
			e, err := read.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if absent := err != nil && errors.Is(named(err), errAbsent); absent {
				got.Store(p)
				return nil
			}
			if err != nil {
				return err
			}
			r, ok := recordOf(e)
			if !ok {
				return errLost
			}
			p.records = append(p.records, r)
			if size += len(r.body); size >= pageBytes {
				p.more = true
				break
			}
		}
		p.found, p.more = true, p.more || len(p.records) == n
		got.Store(p)
		return nil
	})
	if err != nil {
		return page{}, err
	}
	return *got.Load(), nil
}

// subscription is where and on what a subscription to the log is opened.
type subscription struct {
	after    numbering.LogPosition
	prefixes []string
	window   int // how many events the server looks at between two checkpoints
}

func (s subscription) open(ctx context.Context, c *esdb.Client) (*esdb.Subscription, error) {
	var from esdb.AllPosition = esdb.Start{}
	if s.after != (numbering.LogPosition{}) {
		from = esdb.Position{Commit: s.after.Commit, Prepare: s.after.Prepare}
	}
	return c.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: from, MaxSearchWindow: s.window, CheckpointInterval: 1, RequiresLeader: true,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: s.prefixes}})
}

// logPage reads what follows in the log, into a P that each try begins anew.
// accept takes each event and says whether it wants more; ended reports that
// the log ended before it had enough.
//
// It is a subscription that is left as soon as accept has enough: only
// subscriptions are filtered by the server, and only while it is read does it
// hold a stream of the connection.
func logPage[P any](ctx context.Context, s *session, of subscription, accept func(*P, record) (more bool)) (_ *P, ended bool, _ error) {
	type try struct {
		got   P
		ended bool
	}
	var last atomic.Pointer[try] // a call that was left behind may still write one
	err := s.read(ctx, func(ctx context.Context, c *esdb.Client) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		still := time.AfterFunc(s.stillness, cancel)
		defer still.Stop()
		sub, err := of.open(ctx, c)
		if err != nil {
			return err
		}
		defer func() { _ = sub.Close() }() // it always returns nil
		t := &try{}
		for {
			e := sub.Recv()
			still.Reset(s.stillness)
			switch {
			case e.SubscriptionDropped != nil:
				return e.SubscriptionDropped.Error
			case e.CaughtUp != nil:
				t.ended = true
				last.Store(t)
				return nil
			case e.EventAppeared != nil:
				if r, ok := recordOf(e.EventAppeared); !ok {
					return errLost
				} else if !accept(&t.got, r) {
					last.Store(t)
					return nil
				}
			}
		}
	})
	if err != nil {
		return nil, false, err
	}
	t := last.Load()
	return &t.got, t.ended, nil
}

// follow runs a subscription until it fails or the context ends, on a client
// of its own choice. told is called with everything that comes.
func (s *session) follow(ctx context.Context, of subscription, told func(*esdb.SubscriptionEvent)) error {
	waiting, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c, err := s.acquire(waiting)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer c.release()
		done <- caught(leading(ctx), c.Client, func(ctx context.Context, c *esdb.Client) error {
			sub, err := of.open(ctx, c)
			if err != nil {
				return err
			}
			defer func() { _ = sub.Close() }() // it always returns nil
			for {
				e := sub.Recv()
				if e.SubscriptionDropped != nil {
					return e.SubscriptionDropped.Error
				}
				told(e)
			}
		})
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		tear := time.AfterFunc(grace, c.tear)
		err = <-done
		tear.Stop()
	}
	if err = named(err); errors.Is(err, errLost) && ctx.Err() == nil {
		c.spend()
	}
	return err
}

// streamNames turns stream ids into names and back.
type streamNames struct{ prefix string }

func (n streamNames) of(s event.StreamID) string { return n.prefix + s.String() }
func (n streamNames) index() string              { return n.prefix + "caseledger-index" }
func (n streamNames) ingest() string             { return n.prefix + "caseledger-ingest" }

// records are the prefixes of the streams that hold what is recorded.
func (n streamNames) records() []string {
	var all []string
	for _, kind := range event.StreamPrefixes() {
		all = append(all, n.prefix+kind)
	}
	return all
}

// id is the stream of a record; false for what is no event of the ledger.
func (n streamNames) id(r record) (event.StreamID, bool) {
	text, ok := strings.CutPrefix(r.stream, n.prefix)
	if !ok || strings.HasPrefix(r.kind, "$") {
		return event.StreamID{}, false
	}
	id, err := event.ParseStreamID(text)
	return id, err == nil
}
