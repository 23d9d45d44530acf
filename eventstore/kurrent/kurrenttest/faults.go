package kurrenttest

import "strings"

// Fault is a way for an append to go wrong.
type Fault int

// The faults. Those that drop cut every connection of the node.
const (
	None       Fault = iota
	DropBefore       // the connection is cut, and nothing was stored
	DropAfter        // the events are stored, and then the connection is cut
	Deny             // access denied
	Hang             // nothing is stored and nothing is answered until the caller gives up
	HangAfter        // the events are stored, and nothing is answered until the caller gives up
	Demote           // another node leads from now on; this one says so
)

// OnAppend has every append asked about from now on; nil ends that. It is
// called for one append at a time, with the stream.
func (s *Server) OnAppend(ask func(stream string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAppend = ask
}

// fault asks what is to go wrong with an append.
func (s *Server) fault(stream string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.onAppend == nil {
		return None
	}
	f := s.onAppend(stream)
	if f == Demote {
		s.leader = (s.leader + 1) % len(s.nodes)
	}
	return f
}

// Stall makes every subscription that is open go silent: it stays open, and
// nothing comes any more. Those that are opened afterwards are not touched.
func (s *Server) Stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.stalls)
	s.stalls = make(chan struct{})
}

// DropConnections cuts every connection of every node.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		n.conns.drop()
	}
}

// Delete deletes a stream as an administrator can: softly, or with a tombstone.
func (s *Server) Delete(stream string, forGood bool) { s.log.remove(stream, forGood) }

// LoseTail takes the last records away, the server's own included, as an
// election that lost the end of the log does.
func (s *Server) LoseTail(records int) { s.log.truncate(records) }

// Records counts what the log holds of streams whose names begin so.
func (s *Server) Records(prefix string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	n := 0
	for _, r := range s.log.log {
		if strings.HasPrefix(r.stream, prefix) {
			n++
		}
	}
	return n
}

// StallNext makes the next subscriptions that are opened go silent after their
// first event.
func (s *Server) StallNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stallNext = n
}

// Forget takes the last records of one stream away, and leaves the log around
// them as it is: no server does that, a disk may.
func (s *Server) Forget(stream string, n int) { s.log.forget(stream, n) }
