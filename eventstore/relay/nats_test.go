package relay_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

// natsServer is a real server, in this process, on the loopback.
type natsServer struct {
	testing.TB
	options server.Options
	running *server.Server
}

func startNATS(t testing.TB, o server.Options) *natsServer {
	t.Helper()
	o.Host, o.Port, o.JetStream, o.StoreDir, o.NoLog, o.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, t.TempDir(), true, true
	s := &natsServer{TB: t, options: o}
	s.start()
	s.options.Port = s.running.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *natsServer) start() {
	s.Helper()
	o := s.options
	running, err := server.NewServer(&o)
	if err != nil {
		s.Fatal(err)
	}
	go running.Start()
	if !running.ReadyForConnections(20 * time.Second) {
		s.Fatal("the NATS server does not start")
	}
	s.running = running
}

func (s *natsServer) stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

func (s *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.options.Port) }

// open connects the publisher under test, to make its stream.
func (s *natsServer) open(change ...func(*relay.NATSConfig)) *relay.NATS {
	s.Helper()
	c := relay.NATSConfig{URL: s.url(), Stream: "CASELEDGER", Timeout: 2 * time.Second}
	for _, f := range change {
		f(&c)
	}
	p, err := relay.OpenNATS(c)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	return p
}

// stored reads what the stream holds.
func (s *natsServer) stored(user ...nats.Option) (all []*jetstream.RawStreamMsg) {
	s.Helper()
	conn, err := nats.Connect(s.url(), user...)
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		s.Fatal(err)
	}
	stream, err := js.Stream(s.Context(), "CASELEDGER")
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		s.Fatal(err)
	}
	for n := uint64(1); n <= stream.CachedInfo().State.LastSeq; n++ {
		m, err := stream.GetMsg(s.Context(), n)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func idsOf(messages []*jetstream.RawStreamMsg) (ids []string) {
	for _, m := range messages {
		ids = append(ids, m.Header.Get(jetstream.MsgIDHeader))
	}
	return ids
}

// Messages are on the stream under their subject, with the event's id by which
// the stream knows them.
func TestNATSPublishes(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{})
	w := newWorld(t)
	recorded := map[int][]event.ID{}
	for range 20 {
		for who := range 10 {
			recorded[who] = append(recorded[who], w.notices(who, 1)...)
		}
	}
	d := destination("bus", s.open())
	d.Lanes = 64
	r, _ := start(t, w.config(d))
	until(t, "all to be published", func() bool { return w.through(r) })
	all := s.stored()
	if len(all) != 200 {
		t.Errorf("%d messages are on the stream, want 200", len(all))
	}
	inOrder(t, recorded, idsOf(all))
	for _, m := range all {
		if m.Subject != "caseledger.nhs.person.privacy-notice-given" || m.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Fatalf("published on %s as %s", m.Subject, m.Header.Get("Content-Type"))
		}
	}
	// The same once more, by a relay that has forgotten: nothing is there twice.
	again := w.of(t)
	d.Publisher = s.open()
	r, _ = start(t, again.config(d))
	until(t, "all to be published again", func() bool { return again.through(r) })
	if n := len(s.stored()); n != 200 {
		t.Errorf("%d messages are on the stream, want 200", n)
	}
}

// A server that is killed and started again, twice, while there is much to
// publish, is waited for; nothing is lost, and the order is kept.
func TestNATSServerIsKilled(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{SyncAlways: true})
	w := newWorld(t)
	d := destination("bus", s.open())
	d.Lanes = 16
	r, _ := start(t, w.config(d))
	recorded := map[int][]event.ID{}
	for round := range 3 {
		for range 10 {
			for who := range 20 {
				recorded[who] = append(recorded[who], w.notices(who, 1)...)
			}
		}
		if round < 2 {
			s.stop()
			for who := range 20 {
				recorded[who] = append(recorded[who], w.notices(who, 1)...)
			}
			s.start()
		}
	}
	until(t, "all to be published", func() bool { return w.through(r) })
	inOrder(t, recorded, idsOf(s.stored()))
	if all, err := r.Status(t.Context()); err != nil || all[0].Parked > 0 {
		t.Errorf("parked: %+v, %v", all, err)
	}
}

// A server that is not there yet is waited for; the status says how long.
func TestNATSServerComesLater(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{})
	s.stop()
	w := newWorld(t)
	recorded := w.notices(1, 3)
	d := destination("bus", s.open())
	r, _ := start(t, w.config(d))
	until(t, "attempts", func() bool {
		all, err := r.Status(t.Context())
		return err == nil && all[0].Retried > 1 && all[0].Waiting.Equal(noon.Truncate(time.Microsecond)) && all[0].Held == 0
	})
	s.start()
	until(t, "all to be published", func() bool { return w.through(r) })
	inOrder(t, map[int][]event.ID{1: recorded}, idsOf(s.stored()))
}

func TestNATSCredentials(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{Username: "relay", Password: "an invented password"})
	file := func(content string) func(*relay.NATSConfig) {
		path := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return func(c *relay.NATSConfig) { c.User, c.PasswordFile = "relay", path }
	}
	for name, change := range map[string]func(*relay.NATSConfig){"wrong": file("another password"), "none": func(*relay.NATSConfig) {}} {
		c := relay.NATSConfig{URL: s.url(), Timeout: 2 * time.Second}
		change(&c)
		p, err := relay.OpenNATS(c)
		if !errors.Is(err, relay.ErrCredentials) {
			t.Errorf("%s: got %v, want ErrCredentials", name, err)
		}
		if p != nil {
			_ = p.Close()
		}
	}
	p := s.open(file("an invented password\n"))
	if err := p.Publish("caseledger.nhs.x", message.NewMessage("1", []byte("{}"))); err == nil {
		t.Error("the first message was taken without a stream")
	}
	if err := p.Publish("caseledger.nhs.x", message.NewMessage("1", []byte("{}"))); err != nil {
		t.Errorf("with the right ones: %v", err)
	}
	if n := len(s.stored(nats.UserInfo("relay", "an invented password"))); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// What the server says becomes a failure of ours.
func TestNATSFailures(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{MaxPayload: 1024})
	for _, c := range []struct {
		name   string
		stream string
		size   int
		want   relay.Failure
	}{
		{"no stream", "", 10, relay.Failure{Reason: relay.NoStream}},
		{"too large", "CASELEDGER", 2000, relay.Failure{Reason: relay.TooLarge, Final: true}},
	} {
		p := s.open(func(n *relay.NATSConfig) { n.Stream = c.stream })
		var got *relay.Failure
		err := p.Publish("caseledger.nhs.x", message.NewMessage("1", make([]byte, c.size)))
		if !errors.As(err, &got) || *got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, &c.want)
		}
	}
	p := s.open()
	s.stop()
	var got *relay.Failure
	if err := p.Publish("caseledger.nhs.x", message.NewMessage("1", nil)); !errors.As(err, &got) || got.Reason != relay.NoAnswer {
		t.Errorf("a server that is gone: got %v", err)
	}
	s.start()
}

// A server that takes long to answer is waited for, and a message that it had
// taken is there once.
func TestNATSServerIsSlow(t *testing.T) {
	t.Parallel()
	s := startNATS(t, server.Options{})
	slow := throttle(t, fmt.Sprintf("127.0.0.1:%d", s.options.Port))
	w := newWorld(t)
	d := destination("bus", s.open(func(c *relay.NATSConfig) { c.URL, c.Timeout = "nats://"+slow.addr, 300*time.Millisecond }))
	r, _ := start(t, w.config(d))
	recorded := map[int][]event.ID{1: w.notices(1, 2)}
	until(t, "the first ones", func() bool { return w.through(r) })
	slow.hold()
	recorded[1] = append(recorded[1], w.notices(1, 2)...)
	recorded[2] = w.notices(2, 2)
	until(t, "attempts without an answer", func() bool {
		all, err := r.Status(t.Context())
		return err == nil && all[0].Retried > 1
	})
	slow.release()
	until(t, "the rest", func() bool { return w.through(r) })
	all := idsOf(s.stored())
	inOrder(t, recorded, all)
	if !slices.Equal(all, firsts(all)) {
		t.Error("a message is there twice")
	}
}

// A server shows who it is; one that cannot is told nothing.
func TestNATSOverTLS(t *testing.T) {
	t.Parallel()
	web := startReceiver(t, ok) // for its certificate
	s := startNATS(t, server.Options{TLS: true, TLSConfig: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}})
	secure := func(ca string) func(*relay.NATSConfig) {
		return func(c *relay.NATSConfig) { c.URL, c.CAFile = strings.Replace(c.URL, "nats:", "tls:", 1), ca }
	}
	p := s.open(secure(web.config(t).CAFile))
	until(t, "a message to be taken", func() bool { return p.Publish("caseledger.nhs.x", message.NewMessage("1", []byte("{}"))) == nil })
	stranger := s.open(secure(""))
	until(t, "a stranger to be seen", func() bool {
		var got *relay.Failure
		err := stranger.Publish("caseledger.nhs.x", message.NewMessage("2", []byte("{}")))
		if err == nil {
			t.Fatal("a stranger was told")
		}
		return errors.As(err, &got) && got.Reason == relay.Untrusted
	})
	for _, path := range []string{writeFile(t, "no certificate"), "/nowhere"} {
		if _, err := relay.OpenNATS(relay.NATSConfig{URL: s.url(), CAFile: path}); err == nil {
			t.Errorf("%s is let pass", path)
		}
	}
}
