package kurrenttest

import (
	"math"

	streams "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// subscribe sends what follows a position, for as long as the caller wants it.
func (n *node) subscribe(o *streams.ReadReq_Options, wanted func(record) bool, call streams.Streams_ReadServer) error {
	s := n.cluster
	s.mu.Lock()
	stalls, stallAfterOne := s.stalls, s.stallNext > 0
	if stallAfterOne {
		s.stallNext--
	}
	s.mu.Unlock()
	if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "a subscription"}}}); err != nil {
		return err
	}
	next, name := n.start(o)
	window := uint32(math.MaxUint32)
	if f := o.GetFilter(); f != nil && f.GetMax() > 0 {
		window = f.GetMax() * max(1, f.CheckpointIntervalMultiplier)
	}
	examined, caughtUp := uint32(0), false
	for {
		some, _, changed := s.log.from(next, pageRecords)
		for _, r := range some {
			select {
			case <-stalls:
				n.hang(call.Context())
				return call.Context().Err()
			default:
			}
			next++
			if examined++; name == "" && wanted(r) || name == r.stream {
				if err := call.Send(event(r, name == "")); err != nil {
					return err
				}
				if stallAfterOne {
					n.hang(call.Context())
					return call.Context().Err()
				}
			}
			if examined >= window {
				examined = 0
				if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{Checkpoint: &streams.ReadResp_Checkpoint{
					CommitPosition: r.position, PreparePosition: r.position}}}); err != nil {
					return err
				}
			}
		}
		if len(some) > 0 {
			continue
		}
		if !caughtUp {
			caughtUp = true
			if err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}}); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-stalls:
			n.hang(call.Context())
			return call.Context().Err()
		case <-call.Context().Done():
			return call.Context().Err()
		case <-s.stopped:
			return status.Error(codes.Unavailable, "shutting down")
		}
	}
}

// start is the place in the log where a subscription begins, behind the
// position it names, and the stream if it is to one.
func (n *node) start(o *streams.ReadReq_Options) (next int, name string) {
	j := n.cluster.log
	j.mu.Lock()
	defer j.mu.Unlock()
	if all := o.GetAll(); all != nil {
		switch at := all.GetPosition(); {
		case at != nil:
			return j.index(at.CommitPosition + 1), ""
		case all.GetEnd() != nil:
			return len(j.log), ""
		}
		return 0, ""
	}
	of := o.GetStream()
	name = string(of.StreamIdentifier.StreamName)
	if of.GetEnd() != nil {
		return len(j.log), name
	}
	if at, ok := of.RevisionOption.(*streams.ReadReq_Options_StreamOptions_Revision); ok {
		for i, r := range j.log {
			if r.stream == name && r.number == at.Revision {
				return i + 1, name
			}
		}
	}
	return 0, name
}
