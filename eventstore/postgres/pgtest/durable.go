package pgtest

import (
	"sync"
	"testing"
)

var durable = sync.OnceValues(func() (*Server, error) { return create(Options{Durable: true}) })

// Durable returns a server that all tests of the binary share and that flushes
// what it acknowledges: for programs that refuse one that does not.
func Durable(t testing.TB) *Server {
	t.Helper()
	s, err := durable()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
