package kurrent_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
)

// secret is a password that must be in no error.
const secret = "s3cret-of-the-ledger"

func opening(ctx context.Context, o kurrent.Options) error {
	o.Clock = time.Now
	s, err := kurrent.Open(ctx, o)
	if err == nil {
		err = s.Close()
	}
	return err
}

func written(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConnectionStrings(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"empty":                     "",
		"another scheme":            "postgres://ledger:" + secret + "@db:5432/x",
		"no host":                   "esdb://",
		"no port":                   "esdb://db:",
		"a path":                    "esdb://db:2113/" + secret,
		"no user":                   "esdb://:" + secret + "@db",
		"an unknown setting":        "esdb://ledger:" + secret + "@db?tls=true&compress=yes",
		"a follower":                "esdb://ledger:" + secret + "@db?nodePreference=follower",
		"a follower, hidden":        "esdb://ledger:" + secret + "@db?nodePreference=%66ollower",
		"tls that is no boolean":    "esdb://ledger:" + secret + "@db?tls=perhaps",
		"an absent CA":              "esdb://ledger:" + secret + "@db?tlsCAFile=/absent/" + secret,
		"a deadline of nothing":     "esdb://ledger:" + secret + "@db?defaultDeadline=0",
		"a short keep-alive":        "esdb://ledger:" + secret + "@db?keepAliveInterval=9999",
		"a certificate without key": "esdb://ledger:" + secret + "@db?userCertFile=/x",
		"control characters":        "esdb://ledger:" + secret + "@db\x7f",
	} {
		err := opening(t.Context(), kurrent.Options{URL: url})
		mustFail(t, name, err, kurrent.ErrConnectionString)
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "ledger")) {
			t.Errorf("%s: the error tells: %v", name, err)
		}
	}
}

func TestCredentialsFile(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{TLS: true, User: "ledger", Password: secret})
	url := double.URL("tlsCAFile=" + written(t, string(double.CA()), 0o600))
	for _, text := range []string{"ledger:" + secret, "ledger:" + secret + "\n", "ledger\n" + secret + "\n", "ledger\r\n" + secret + "\r\n"} {
		if err := opening(t.Context(), kurrent.Options{URL: url, CredentialsFile: written(t, text, 0o600)}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	overridden := strings.Replace(url, "esdb://", "kurrentdb://ledger:of-no-use@", 1)
	if err := opening(t.Context(), kurrent.Options{URL: overridden, CredentialsFile: written(t, "ledger:"+secret, 0o600)}); err != nil {
		t.Errorf("beside others in the string: %v", err)
	}
	if err := opening(t.Context(), kurrent.Options{URL: strings.Replace(url, "esdb://", "esdb://ledger:"+secret+"@", 1)}); err != nil {
		t.Errorf("in the string: %v", err)
	}
	for name, path := range map[string]string{
		"absent":              filepath.Join(t.TempDir(), secret),
		"a folder":            t.TempDir(),
		"readable by others":  written(t, "ledger:"+secret, 0o644),
		"readable by a group": written(t, "ledger:"+secret, 0o640),
		"empty":               written(t, "", 0o600),
		"no password":         written(t, "ledger", 0o600),
		"an empty password":   written(t, "ledger:\n", 0o600),
		"no user":             written(t, ":"+secret, 0o600),
		"three lines":         written(t, "ledger\n"+secret+"\n"+secret, 0o600),
		"far too long":        written(t, "ledger:"+strings.Repeat(secret, 1000), 0o600),
	} {
		err := opening(t.Context(), kurrent.Options{URL: url, CredentialsFile: path})
		mustFail(t, name, err, kurrent.ErrCredentialsFile)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells: %v", name, err)
		}
	}
	insecure := kurrenttest.Start(t, kurrenttest.Options{})
	mustFail(t, "without TLS", opening(t.Context(), kurrent.Options{URL: insecure.URL(), CredentialsFile: written(t, "ledger:"+secret, 0o600)}), kurrent.ErrConnectionString)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{TLS: true, User: "ledger", Password: secret})
	url := double.URL("tlsCAFile=" + written(t, string(double.CA()), 0o600))
	err := opening(t.Context(), kurrent.Options{URL: url, CredentialsFile: written(t, "ledger:"+secret+"x", 0o600)})
	mustFail(t, "a wrong password", err, kurrent.ErrCredentials)
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells: %v", err)
	}
	mustFail(t, "no credentials", opening(t.Context(), kurrent.Options{URL: url}), kurrent.ErrDenied)

	short := kurrent.Options{URL: double.URL() + "&defaultDeadline=500", CredentialsFile: written(t, "ledger:"+secret, 0o600)}
	mustFail(t, "an unknown authority", opening(t.Context(), short), kurrent.ErrUnreachable)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	url := double.URL()
	double.Stop()
	o := kurrent.Options{URL: url, Timeout: 300 * time.Millisecond}
	mustFail(t, "nobody listens", opening(t.Context(), o), kurrent.ErrUnreachable)

	// Who listens and says nothing: every call is bounded, whatever the client does.
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o.URL = "esdb://" + mute.Addr().String() + "?tls=false"
	mustFail(t, "nobody answers", opening(ctx, o), kurrent.ErrUnreachable)
}

// The server goes away under a crowd, and comes back: nothing hangs, and
// nothing is lost or recorded twice.
func TestServerComesBack(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL(), Timeout: 2 * time.Second})
	mustAppend(t, s, event.Case(named("before")), 0, fact("before"))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for range 5 {
			double.StopNode(0)
			<-time.After(50 * time.Millisecond)
			if err := double.StartNode(0); err != nil {
				t.Errorf("start: %v", err)
			}
			<-time.After(100 * time.Millisecond)
		}
	}()
	acknowledged := crowd(t, 8, 40, s)
	<-gone
	within(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	for _, e := range all(t, s)[:1] {
		acknowledged[e.ID] = eventstore.Appended{Last: 1, Revision: 1, RecordedAt: e.RecordedAt}
	}
	mustHold(t, s, acknowledged)
}

func TestClusterFailsOver(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{Nodes: 3, TLS: true, User: "ledger", Password: secret})
	url := double.URL("tlsCAFile=" + written(t, string(double.CA()), 0o600))
	o := kurrent.Options{URL: url, CredentialsFile: written(t, "ledger:"+secret, 0o600), Watch: 50 * time.Millisecond}
	s, other := open(t, o), open(t, o)
	stream := event.Case(named("cluster"))
	var at eventstore.Revision
	more := func(what string) {
		t.Helper()
		e := fact("cluster", what)
		for range 50 { // an answer may be lost with the leader
			got, err := s.Append(t.Context(), stream, at, []eventstore.Event{e})
			if err == nil {
				at = got.Revision
				if head, err := other.Wait(t.Context(), got.Last-1); err != nil || head != got.Last {
					t.Fatalf("%s: the other's head is %d, error %v, want %d", what, head, err, got.Last)
				}
				return
			}
			mustFail(t, what, err, eventstore.ErrUnknown)
		}
		t.Fatalf("%s: never", what)
	}
	more("at first")
	double.Lead(1)
	more("after another leads")
	double.StopNode(1)
	double.Lead(2)
	more("after the leader died")
	if err := double.StartNode(1); err != nil {
		t.Fatal(err)
	}
	double.Lead(1)
	more("after it came back")
	if got := all(t, other); len(got) != 4 {
		t.Errorf("the ledger holds %d events, want 4", len(got))
	}
}

func TestNotLeader(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{Nodes: 2})
	alone := kurrent.Options{URL: "esdb://" + double.Addresses()[0] + "?tls=false", Timeout: time.Second}
	s := open(t, alone)
	stream := event.Case(named("led"))
	mustAppend(t, s, stream, 0, fact("led", "1"))
	demoted := false
	double.OnAppend(func(stream string) kurrenttest.Fault {
		if demoted || !recording(stream) {
			return kurrenttest.None
		}
		demoted = true
		return kurrenttest.Demote
	})
	mustAppend(t, s, stream, 1, fact("led", "2")) // it is led to who leads

	double.Lead(-1)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Ready(ctx); err == nil {
		t.Error("ready without a leader")
	}
	double.Lead(0)
	within(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	mustAppend(t, s, stream, 2, fact("led", "3"))
}
