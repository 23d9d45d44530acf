package relay_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// throttled is a connection through which what a server answers can be held.
type throttled struct {
	addr string
	mu   sync.Mutex
	open chan struct{} // closed while answers pass
}

func throttle(t testing.TB, to string) *throttled {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &throttled{addr: listener.Addr().String(), open: make(chan struct{})}
	close(p.open)
	var all sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		_ = listener.Close()
		p.release()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, client, server)
			mu.Unlock()
			all.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
			all.Go(func() { p.pass(client, server); _ = client.Close() })
		}
	})
	return p
}

func (p *throttled) pass(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		<-open
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// hold holds what the server answers from now on.
func (p *throttled) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = make(chan struct{})
}

func (p *throttled) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}
