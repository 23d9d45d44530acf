package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// The tests named TestBlackBox… drive the built program: they see what an
// operator and a client see, and nothing else.

var (
	buildFolder string
	buildOnce   = sync.OnceValues(func() (string, error) {
		path := filepath.Join(buildFolder, "caseledger")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build the program: %w\n%s", err, out)
		}
		return path, nil
	})
)

func TestMain(m *testing.M) {
	var err error
	if buildFolder, err = os.MkdirTemp("", "caseledger-build-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(buildFolder)
	os.Exit(code)
}

// binary is the path of the built program.
func binary(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// finished is one run of the program that has ended.
type finished struct {
	out, errs string
	code      int
}

// command runs the program to its end.
func command(t testing.TB, args ...string) finished {
	t.Helper()
	ctx, done := context.WithTimeout(context.Background(), 2*time.Minute)
	defer done()
	c := exec.CommandContext(ctx, binary(t), args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	c.Env = append(os.Environ(), "TZ=Pacific/Auckland") // where the machine stands must not matter
	err := c.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("run %v: %v", args, err)
	}
	return finished{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// mustCommand is [command] that must end well.
func mustCommand(t testing.TB, args ...string) string {
	t.Helper()
	f := command(t, args...)
	if f.code != 0 {
		t.Fatalf("%v ended with %d:\n%s%s", args, f.code, f.out, f.errs)
	}
	return f.out
}

// running is a server as a test drives it.
type running struct {
	t       testing.TB
	process *exec.Cmd
	address string
	issuer  *tokenIssuer
	out     *watched
	errs    *watched
	ended   chan error
	client  *http.Client
}

// watched is a stream that can be read while it is written.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// keysFor writes an issuer's public keys beside the data.
func keysFor(t testing.TB, issuer *tokenIssuer) string {
	t.Helper()
	document, err := issuer.jwks()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newIssuer is an issuer that tokens of the cast come from.
func newIssuer(t testing.TB) *tokenIssuer {
	t.Helper()
	issuer, err := newTokenIssuer(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

// serveData serves a data directory with an issuer of the test's own.
func serveData(t testing.TB, data string, more ...string) *running {
	t.Helper()
	issuer := newIssuer(t)
	args := append([]string{"serve", "--data", data, "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience,
		"--jwks", keysFor(t, issuer)}, more...)
	r := start(t, args...)
	r.issuer = issuer
	line := r.line("serving ")
	r.address = strings.TrimPrefix(line, "serving ")
	waitFor(t, func() bool {
		p, err := r.client.Get(r.address + "/health/readiness")
		if err != nil {
			return false
		}
		_ = p.Body.Close()
		return p.StatusCode == http.StatusOK
	})
	return r
}

// start starts the program and leaves it running until the test ends.
func start(t testing.TB, args ...string) *running {
	t.Helper()
	r := &running{t: t, process: exec.Command(binary(t), args...), out: &watched{}, errs: &watched{}, ended: make(chan error, 1),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	r.process.Stdout, r.process.Stderr = r.out, r.errs
	r.process.Env = append(os.Environ(), "TZ=Pacific/Auckland")
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.process.Wait(); close(r.ended) }()
	t.Cleanup(func() {
		_ = r.process.Process.Kill()
		<-r.ended
		r.client.CloseIdleConnections()
	})
	return r
}

// line waits for a line of the program's answer that begins so.
func (r *running) line(prefix string) string {
	r.t.Helper()
	give := time.After(60 * time.Second)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		for line := range strings.Lines(r.out.String()) {
			if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line)
			}
		}
		select {
		case err := <-r.ended:
			r.t.Fatalf("the program ended (%v) before it said %q:\n%s%s", err, prefix, r.out, r.errs)
		case <-give:
			r.t.Fatalf("the program did not say %q:\n%s%s", prefix, r.out, r.errs)
		case <-look.C:
		}
	}
}

// stop asks the program to end and returns how it did.
func (r *running) stop() int {
	r.t.Helper()
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-r.ended:
	case <-time.After(30 * time.Second):
		r.t.Fatalf("the program did not stop:\n%s", r.errs)
	}
	return r.process.ProcessState.ExitCode()
}

// kill ends the program as a power cut would end it.
func (r *running) kill() {
	_ = r.process.Process.Kill()
	<-r.ended
}

// token is a bearer token of one of the cast.
func (r *running) token(label string) string {
	r.t.Helper()
	m, ok := memberNamed(label)
	if !ok {
		r.t.Fatalf("%s is not one of the cast", label)
	}
	token, err := r.issuer.token(m, time.Now(), time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// reply is the answer to one request.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// into reads the answer's data.
func (a reply) into(t testing.TB, data any) {
	t.Helper()
	whole := struct {
		Data any `json:"data"`
	}{data}
	if err := json.Unmarshal(a.body, &whole); err != nil {
		t.Fatalf("read an answer of status %d: %v\n%s", a.status, err, a.body)
	}
}

// meta is the part of an answer that tells how to read one's own writes.
func (a reply) consistency(t testing.TB) string {
	t.Helper()
	var whole struct {
		Meta struct {
			Consistency string `json:"consistency"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(a.body, &whole); err != nil {
		t.Fatal(err)
	}
	return whole.Meta.Consistency
}

// staff is one of the cast at work: their token, and what they last read.
type staff struct {
	r           *running
	label       string
	token       string
	consistency string
	purpose     string
}

func (r *running) as(label string) *staff {
	return &staff{r: r, label: label, token: r.token(label), purpose: "DIRECT_CARE"}
}

// try sends one request.
func (s *staff) try(method, path string, headers map[string]string, says any) (reply, error) {
	var in io.Reader
	if says != nil {
		text, err := json.Marshal(says)
		if err != nil {
			return reply{}, err
		}
		in = bytes.NewReader(text)
	}
	q, err := http.NewRequest(method, s.r.address+path, in)
	if err != nil {
		return reply{}, err
	}
	q.Header.Set("Authorization", "Bearer "+s.token)
	q.Header.Set("X-Purpose-Of-Use", s.purpose)
	if says != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if s.consistency != "" {
		q.Header.Set("X-Consistency-Token", s.consistency)
	}
	for name, value := range headers {
		q.Header.Set(name, value)
	}
	p, err := s.r.client.Do(q)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = p.Body.Close() }()
	all, err := io.ReadAll(bufio.NewReader(p.Body))
	return reply{p.StatusCode, p.Header, all}, err
}

// get reads something that must be there.
func (s *staff) get(path string, data any) reply {
	s.r.t.Helper()
	a, err := s.try(http.MethodGet, path, nil, nil)
	if err != nil {
		s.r.t.Fatal(err)
	}
	if a.status != http.StatusOK {
		s.r.t.Fatalf("%s: GET %s: status %d\n%s", s.label, path, a.status, a.body)
	}
	if data != nil {
		a.into(s.r.t, data)
	}
	return a
}

// newKey makes an Idempotency-Key as any client might: sixteen random bytes.
func newKey() (key event.UUID) {
	_, _ = rand.Read(key[:]) // never fails: it ends the process instead
	return key
}

// registers opens a case and returns the person.
func (s *staff) registers(says any) event.UUID {
	s.r.t.Helper()
	a, err := s.try(http.MethodPost, "/api/v1/people/commands/register-person", map[string]string{"Idempotency-Key": newKey().String()}, says)
	if err != nil {
		s.r.t.Fatal(err)
	}
	return s.recorded(a, "register-person").person
}

// outcome is what a command recorded.
type outcome struct {
	person event.UUID
	events []event.ID
}

func (s *staff) recorded(a reply, name string) outcome {
	s.r.t.Helper()
	if a.status != http.StatusCreated {
		s.r.t.Fatalf("%s: %s: status %d\n%s", s.label, name, a.status, a.body)
	}
	var data struct {
		Person event.UUID `json:"person"`
		Events []event.ID `json:"events"`
	}
	a.into(s.r.t, &data)
	s.consistency = a.consistency(s.r.t)
	return outcome{person: data.Person, events: data.Events}
}

// does gives a command on a case, after having read it, and returns the
// identifier that it made under a label. Where the case moved in between, as
// when something falls due in it, it is read again.
func (s *staff) does(person event.UUID, name, label string, says any) event.UUID {
	s.r.t.Helper()
	key := newKey()
	var a reply
	waitFor(s.r.t, func() bool {
		read := s.get("/api/v1/people/"+person.String(), nil)
		var err error
		a, err = s.try(http.MethodPost, "/api/v1/people/"+person.String()+"/commands/"+name,
			map[string]string{"Idempotency-Key": key.String(), "If-Match": read.header.Get("ETag")}, says)
		if err != nil {
			s.r.t.Fatal(err)
		}
		return a.status != http.StatusPreconditionFailed
	})
	s.recorded(a, name)
	return event.Context{Person: person, Command: key}.NewID(label)
}

// waitFor waits for something that comes about by itself, such as what a read
// model shows as soon as it follows.
func waitFor(t testing.TB, there func() bool) {
	t.Helper()
	give, look := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer look.Stop()
	for !there() {
		select {
		case <-give:
			t.Fatal("it did not come about in 20 s")
		case <-look.C:
		}
	}
}
