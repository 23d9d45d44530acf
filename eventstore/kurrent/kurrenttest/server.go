// Package kurrenttest is a protocol double of an EventStoreDB or KurrentDB
// cluster: a real gRPC server on the loopback interface that answers the real
// client as the public documentation says, and misbehaves on demand. It is not
// the database, keeps nothing on disk, and must never be taken for evidence of
// how a real cluster behaves.
//
// What it reproduces: exact expected revisions with idempotent repeats at the
// old revision (and only there), a log of all streams whose positions are
// offsets and among whose events are the server's own, reads that include
// their start and subscriptions that do not, filters with checkpoints,
// caught-up messages, leaders and followers with gossip, credentials, TLS,
// deleted streams, and the size limit of one append.
package kurrenttest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	gossip "github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	features "github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	streams "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Options says what to start. The zero value is one node without TLS that
// asks for no credentials.
type Options struct {
	Nodes          int // zero means one; the first leads
	TLS            bool
	User, Password string // asked for if User is not empty; only with TLS
	// MaxAppendBytes is the largest append; zero means 1 MiB, the servers' default.
	MaxAppendBytes int
	// Commit is how long an append waits for the disks of a quorum before it is
	// told or seen. Those that come meanwhile wait beside it.
	Commit time.Duration
}

// Server is the double of a cluster: nodes that share one log.
type Server struct {
	options Options
	log     *journal
	tls     *tls.Config
	ca      []byte

	mu        sync.Mutex
	nodes     []*node
	leader    int // -1: nobody leads
	onAppend  func(stream string) Fault
	stalls    chan struct{} // closed, and replaced, when open subscriptions go silent
	stallNext int
	stopped   chan struct{}
}

// node is one member of the cluster.
type node struct {
	streams.UnimplementedStreamsServer
	features.UnimplementedServerFeaturesServer

	cluster *Server
	index   int
	address string
	serve   *grpc.Server // nil while the node is down
	conns   *connections
}

// Start starts a double. It is stopped at the end of the test, or by
// [Server.Stop] before.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	o.Nodes = max(1, o.Nodes)
	if o.MaxAppendBytes == 0 {
		o.MaxAppendBytes = 1 << 20
	}
	s := &Server{options: o, log: newJournal(), stalls: make(chan struct{}), stopped: make(chan struct{})}
	if o.TLS {
		var err error
		if s.tls, s.ca, err = certificates(); err != nil {
			tb.Fatalf("kurrenttest: %v", err)
		}
	}
	for i := range o.Nodes {
		s.nodes = append(s.nodes, &node{cluster: s, index: i})
		if err := s.StartNode(i); err != nil {
			tb.Fatalf("kurrenttest: %v", err)
		}
	}
	tb.Cleanup(s.Stop)
	return s
}

// Stop ends every node and returns when nothing of them runs. It may be called
// more than once.
func (s *Server) Stop() {
	s.mu.Lock()
	select {
	case <-s.stopped:
	default:
		close(s.stopped)
	}
	s.mu.Unlock()
	for i := range s.nodes {
		s.StopNode(i)
	}
}

// CA is the certificate that signed the nodes', in PEM.
func (s *Server) CA() []byte { return s.ca }

// Addresses are those of the nodes, host and port.
func (s *Server) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, n := range s.nodes {
		all = append(all, n.address)
	}
	return all
}

// URL is the connection string without credentials, of all nodes. query
// follows the question mark beside what says whether there is TLS.
func (s *Server) URL(query ...string) string {
	return "esdb://" + strings.Join(s.Addresses(), ",") + "?" + strings.Join(append(query, fmt.Sprintf("tls=%t", s.options.TLS)), "&")
}

// StartNode starts a node that is down, at the address it had before.
func (s *Server) StartNode(i int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[i]
	if n.serve != nil {
		return nil
	}
	if n.address == "" {
		n.address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", n.address)
	if err != nil {
		return err
	}
	n.address = listener.Addr().String()
	n.conns = &connections{Listener: listener}
	options := []grpc.ServerOption{grpc.WaitForHandlers(true), grpc.MaxRecvMsgSize(64 << 20)}
	if s.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.tls)))
	}
	n.serve = grpc.NewServer(options...)
	streams.RegisterStreamsServer(n.serve, n)
	features.RegisterServerFeaturesServer(n.serve, n)
	gossip.RegisterGossipServer(n.serve, gossiper{cluster: s})
	go func(server *grpc.Server, conns net.Listener) {
		_ = server.Serve(conns) // ends with StopNode
	}(n.serve, n.conns)
	return nil
}

// StopNode ends a node as a killed process ends.
func (s *Server) StopNode(i int) {
	s.mu.Lock()
	n := s.nodes[i]
	serve := n.serve
	n.serve = nil
	s.mu.Unlock()
	if serve != nil {
		serve.Stop()
	}
}

// Lead makes a node the leader; -1 leaves the cluster without one.
func (s *Server) Lead(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leader = i
}

// connections is a listener that remembers what it accepted.
type connections struct {
	net.Listener
	mu  sync.Mutex
	all []net.Conn
}

func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.mu.Lock()
		c.all = append(c.all, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *connections) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.all {
		_ = conn.Close() // it may be closed already
	}
	c.all = nil
}

// allowed checks what every call must bring.
func (n *node) allowed(ctx context.Context, trailer func(metadata.MD)) error {
	s := n.cluster
	sent, _ := metadata.FromIncomingContext(ctx)
	if s.options.User != "" {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(s.options.User+":"+s.options.Password))
		switch got := sent.Get("authorization"); {
		case len(got) == 0:
			trailer(metadata.Pairs("exception", "access-denied"))
			return status.Error(codes.PermissionDenied, "Access Denied")
		case got[0] != want:
			return status.Error(codes.Unauthenticated, "Unauthenticated")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked := sent.Get("requires-leader"); len(asked) > 0 && asked[0] == "true" && s.leader != n.index {
		return s.notLeader(trailer)
	}
	return nil
}

// notLeader is the answer of a node that does not lead. s.mu is held.
func (s *Server) notLeader(trailer func(metadata.MD)) error {
	if s.leader < 0 {
		return status.Error(codes.Unavailable, "Server Is Not Ready")
	}
	host, port, _ := net.SplitHostPort(s.nodes[s.leader].address)
	trailer(metadata.Pairs("exception", "not-leader", "leader-endpoint-host", host, "leader-endpoint-port", port))
	return status.Error(codes.NotFound, "Leader info available")
}

// GetSupportedMethods answers the first call on every connection.
func (n *node) GetSupportedMethods(context.Context, *shared.Empty) (*features.SupportedMethods, error) {
	return &features.SupportedMethods{EventStoreServerVersion: "24.10.5"}, nil
}

// Read answers gossip: who is there, and who leads.
func (g gossiper) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	s := g.cluster
	s.mu.Lock()
	defer s.mu.Unlock()
	info := &gossip.ClusterInfo{}
	for i, n := range s.nodes {
		host, port, _ := net.SplitHostPort(n.address)
		var number uint32
		_, _ = fmt.Sscan(port, &number) // it is what the listener said
		state := gossip.MemberInfo_Follower
		if i == s.leader {
			state = gossip.MemberInfo_Leader
		}
		info.Members = append(info.Members, &gossip.MemberInfo{State: state, IsAlive: n.serve != nil,
			HttpEndPoint: &gossip.EndPoint{Address: host, Port: number}})
	}
	return info, nil
}

// gossiper is apart from node because both protocols have a Read.
type gossiper struct {
	gossip.UnimplementedGossipServer
	cluster *Server
}
