package kurrenttest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	streams "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Append takes a batch.
func (n *node) Append(call streams.Streams_AppendServer) error {
	if err := n.allowed(call.Context(), call.SetTrailer); err != nil {
		return err
	}
	name, want, batch, err := receive(call)
	if err != nil {
		return err
	}
	s := n.cluster
	fault := s.fault(name)
	switch fault {
	case DropBefore:
		n.conns.drop()
		return status.Error(codes.Unavailable, "gone")
	case Deny:
		call.SetTrailer(metadata.Pairs("exception", "access-denied"))
		return status.Error(codes.PermissionDenied, "Access Denied")
	case Hang:
		n.hang(call.Context())
		return call.Context().Err()
	case Demote:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.notLeader(call.SetTrailer)
	}
	if s.options.Commit > 0 {
		<-time.After(s.options.Commit)
	}
	last, held, err := s.log.append(name, want, batch, s.options.MaxAppendBytes)
	switch fault {
	case DropAfter:
		n.conns.drop()
		return status.Error(codes.Unavailable, "gone")
	case HangAfter:
		n.hang(call.Context())
		return call.Context().Err()
	}
	switch {
	case errors.Is(err, errTombstoned):
		return deleted(name, call.SetTrailer)
	case errors.Is(err, errTooLarge):
		call.SetTrailer(metadata.Pairs("exception", "maximum-append-size-exceeded"))
		return status.Error(codes.InvalidArgument, "Maximum Append Size Exceeded")
	case err != nil:
		return call.SendAndClose(wrong(want, held))
	}
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: last.number},
		PositionOption: &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: last.position, PreparePosition: last.position}},
	}}})
}

// hang waits until the caller gives up or the double is stopped.
func (n *node) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-n.cluster.stopped:
	}
}

func deleted(name string, trailer func(metadata.MD)) error {
	trailer(metadata.Pairs("exception", "stream-deleted", "stream-name", name))
	return status.Error(codes.FailedPrecondition, "Event stream is deleted")
}

func receive(call streams.Streams_AppendServer) (name string, want expectation, batch []record, _ error) {
	for {
		message, err := call.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return name, want, batch, nil
		case err != nil:
			return "", want, nil, err
		}
		if o := message.GetOptions(); o != nil {
			name = string(o.StreamIdentifier.StreamName)
			switch expected := o.ExpectedStreamRevision.(type) {
			case *streams.AppendReq_Options_Any:
				want.any = true
			case *streams.AppendReq_Options_StreamExists:
				want.exists = true
			case *streams.AppendReq_Options_Revision:
				want.next = expected.Revision + 1
			}
			continue
		}
		m := message.GetProposedMessage()
		r := record{meta: maps.Clone(m.Metadata), custom: m.CustomMetadata, data: m.Data}
		id := m.Id.GetStructured()
		binary.BigEndian.PutUint64(r.id[:8], uint64(id.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(r.id[8:], uint64(id.GetLeastSignificantBits()))
		batch = append(batch, r)
	}
}

func wrong(want expectation, held uint64) *streams.AppendResp {
	w := &streams.AppendResp_WrongExpectedVersion{
		CurrentRevisionOption:  &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}},
		ExpectedRevisionOption: &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}},
	}
	if held > 0 {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: held - 1}
	}
	if want.exists {
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
	} else if want.next > 0 {
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: want.next - 1}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: w}}
}

// Delete hides what a stream holds.
func (n *node) Delete(ctx context.Context, r *streams.DeleteReq) (*streams.DeleteResp, error) {
	if err := n.allowed(ctx, func(metadata.MD) {}); err != nil {
		return nil, err
	}
	at := n.cluster.log.remove(string(r.Options.StreamIdentifier.StreamName), false).position
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{Position: &streams.DeleteResp_Position{CommitPosition: at, PreparePosition: at}}}, nil
}

// Tombstone deletes a stream for good.
func (n *node) Tombstone(ctx context.Context, r *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	if err := n.allowed(ctx, func(metadata.MD) {}); err != nil {
		return nil, err
	}
	at := n.cluster.log.remove(string(r.Options.StreamIdentifier.StreamName), true).position
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{Position: &streams.TombstoneResp_Position{CommitPosition: at, PreparePosition: at}}}, nil
}

// Read reads or subscribes.
func (n *node) Read(r *streams.ReadReq, call streams.Streams_ReadServer) error {
	if err := n.allowed(call.Context(), call.SetTrailer); err != nil {
		return err
	}
	o := r.Options
	wanted, err := filter(o.GetFilter())
	if err != nil {
		return status.Error(codes.InvalidArgument, "bad filter")
	}
	_, subscription := o.CountOption.(*streams.ReadReq_Options_Subscription)
	backwards := o.ReadDirection == streams.ReadReq_Options_Backwards
	switch {
	case subscription:
		return n.subscribe(o, wanted, call)
	case o.GetAll() != nil:
		return n.readAll(o.GetAll(), backwards, o.GetCount(), wanted, call)
	}
	return n.readStream(o.GetStream(), backwards, o.GetCount(), call)
}

// filter is what an event must be to be sent.
func filter(o *streams.ReadReq_Options_FilterOptions) (func(record) bool, error) {
	of, e := func(r record) string { return r.stream }, o.GetStreamIdentifier()
	if e == nil {
		of, e = func(r record) string { return r.meta["type"] }, o.GetEventType()
	}
	if e == nil {
		return func(record) bool { return true }, nil
	}
	if e.Regex == "" {
		return func(r record) bool {
			return slices.ContainsFunc(e.Prefix, func(p string) bool { return strings.HasPrefix(of(r), p) })
		}, nil
	}
	expression, err := regexp.Compile(e.Regex)
	if err != nil {
		return nil, err
	}
	return func(r record) bool { return expression.MatchString(of(r)) }, nil
}

// event is a record on the wire. Only what is read from the whole log says
// where it is in it.
func event(r record, all bool) *streams.ReadResp {
	at := uint64(math.MaxUint64)
	if all {
		at = r.position
	}
	e := &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
				MostSignificantBits:  int64(binary.BigEndian.Uint64(r.id[:8])),
				LeastSignificantBits: int64(binary.BigEndian.Uint64(r.id[8:])),
			}}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(r.stream)},
			StreamRevision:   r.number, PreparePosition: at, CommitPosition: at,
			Metadata: r.meta, CustomMetadata: r.custom, Data: r.data,
		},
		Position: &streams.ReadResp_ReadEvent_NoPosition{NoPosition: &shared.Empty{}},
	}
	if all {
		e.Position = &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: at}
	}
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: e}}
}

const pageRecords = 256

func (n *node) readAll(o *streams.ReadReq_Options_AllOptions, backwards bool, count uint64, wanted func(record) bool, call streams.Streams_ReadServer) error {
	j := n.cluster.log
	_, length, _ := j.from(0, 0)
	next := 0
	if at := o.GetPosition(); at != nil {
		j.mu.Lock()
		next = j.index(at.CommitPosition)
		j.mu.Unlock()
	} else if o.GetEnd() != nil {
		next = length
	}
	for count > 0 {
		i := next
		if backwards {
			i = next - 1 // before the start, as the servers do
		}
		if i < 0 || i >= length {
			return nil
		}
		some, _, _ := j.from(i, 1)
		if len(some) == 0 {
			return nil
		}
		if wanted(some[0]) {
			if err := call.Send(event(some[0], true)); err != nil {
				return err
			}
			count--
		}
		if next++; backwards {
			next -= 2
		}
	}
	return nil
}

func (n *node) readStream(o *streams.ReadReq_Options_StreamOptions, backwards bool, count uint64, call streams.Streams_ReadServer) error {
	name := string(o.StreamIdentifier.StreamName)
	number := o.GetRevision() // 0 for the start
	_, found, _, err := n.cluster.log.held(name, 0, 1)
	switch {
	case err != nil:
		return deleted(name, call.SetTrailer)
	case !found:
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: o.StreamIdentifier}}})
	}
	if backwards {
		all, _, _, _ := n.cluster.log.held(name, 0, math.MaxInt32)
		if o.GetEnd() == nil {
			all = slices.DeleteFunc(all, func(r record) bool { return r.number > number })
		}
		for _, r := range slices.Backward(all) {
			if count == 0 {
				return nil
			}
			count--
			if err := call.Send(event(r, false)); err != nil {
				return err
			}
		}
		return nil
	}
	if o.GetEnd() != nil {
		return nil
	}
	for count > 0 {
		some, _, _, _ := n.cluster.log.held(name, number, int(min(count, pageRecords)))
		if len(some) == 0 {
			return nil
		}
		for _, r := range some {
			if err := call.Send(event(r, false)); err != nil {
				return err
			}
			number = r.number + 1
			count--
		}
	}
	return nil
}
