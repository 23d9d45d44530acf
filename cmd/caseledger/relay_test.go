package main

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// natsStream is the stream of these tests.
const natsStream = "CASELEDGER"

// natsServer is a real server, in the process of the test, on the loopback.
type natsServer struct {
	testing.TB
	url    string
	stream jetstream.JetStream
}

func startNATS(t testing.TB) natsServer {
	t.Helper()
	running, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go running.Start()
	t.Cleanup(func() {
		running.Shutdown()
		running.WaitForShutdown()
	})
	if !running.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	s := natsServer{TB: t, url: fmt.Sprintf("nats://127.0.0.1:%d", running.Addr().(*net.TCPAddr).Port)}
	conn, err := nats.Connect(s.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if s.stream, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	return s
}

// received is a message as a receiver has it.
type received struct {
	subject string // of NATS
	id      string
	content []byte
}

// received reads what the stream holds.
func (s natsServer) received() (all []received) {
	s.Helper()
	stream, err := s.stream.Stream(s.Context(), natsStream)
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
		all = append(all, received{m.Subject, m.Header.Get(jetstream.MsgIDHeader), m.Data})
	}
	return all
}

// webhook is a real HTTPS server that takes what is signed with its secret.
type webhook struct {
	*httptest.Server
	secret string
	signed *webhooks.Webhook

	mu     sync.Mutex
	all    []received
	forged int
	answer int // what it answers
}

func startWebhook(t testing.TB) *webhook {
	t.Helper()
	w := &webhook{secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32))), answer: http.StatusNoContent}
	var err error
	if w.signed, err = webhooks.NewWebhook(w.secret); err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(w.take))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.StartTLS()
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) take(out http.ResponseWriter, q *http.Request) {
	content, err := io.ReadAll(q.Body)
	if err != nil {
		return // it was cut off
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signed.Verify(content, q.Header) != nil {
		w.forged++
	}
	if w.answer < http.StatusMultipleChoices {
		w.all = append(w.all, received{id: q.Header.Get(webhooks.HeaderWebhookID), content: content})
	}
	out.WriteHeader(w.answer)
}

func (w *webhook) answers(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = status
}

func (w *webhook) received() []received {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

func idsOf(all []received) (ids []string) {
	for _, m := range all {
		ids = append(ids, m.id)
	}
	return ids
}

// controllerOf is the controller of an organisation that every installation knows.
func controllerOf(label string) string {
	o, _ := theRegister.ByCode(reference.OrganisationCode(label))
	return o.Controller.String()
}

// destinationsFile writes a file of destinations, with the files it names beside
// it: the NATS server is told of probation's record and the webhook of a hub's;
// nil leaves one out.
func destinationsFile(t testing.TB, s *natsServer, w *webhook) string {
	t.Helper()
	folder := t.TempDir()
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := body{"ledger": "caseledger.example/test", "publicUrl": "https://caseledger.example"}
	var all []body
	if s != nil {
		all = append(all, body{"name": "probation-nats", "kind": "nats", "side": "PROBATION", "controller": controllerOf("PROB-N56"),
			"format": "cloudevents", "url": s.url, "stream": natsStream})
	}
	if w != nil {
		u, err := url.Parse(w.URL)
		if err != nil {
			t.Fatal(err)
		}
		file["allowedHosts"], file["allowedNetworks"] = []string{u.Host}, []string{"127.0.0.0/8"}
		write("secret", []byte(w.secret+"\n"))
		write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw}))
		all = append(all, body{"name": "hub-hook", "kind": "webhook", "side": "NHS", "controller": controllerOf("HUB-CAM"),
			"format": "cloudevents", "url": w.URL + "/hook", "secretFile": "secret", "caFile": "ca.pem"})
	}
	file["destinations"] = all
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	write("relay.json", text)
	return filepath.Join(folder, "relay.json")
}

// ledgerLines are the entries of the ledger, as the program lists them.
func ledgerLines(t testing.TB, at ...string) (all []line) {
	t.Helper()
	for text := range strings.Lines(mustCommand(t, append([]string{"events", "list", "--json", "--quiet"}, at...)...)) {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// These are told, of what the tests record; everything else there is nobody's.
var (
	toldProbation = []string{"person.registered", "person.privacy-notice-given", "disclosure.made"}
	toldHub       = []string{"disclosure.made", "person.identifier-linked", "person.privacy-notice-given", "consent.granted", "screening.completed", "referral.sent"}
)

// due are the entries that a side is told of: what its staff recorded, and the
// disclosures to it. probation made one to the hub for each person.
func due(all []line, side event.Side, types []string) (due []line) {
	for _, e := range all {
		if slices.Contains(types, e.Type) && (e.Actor.Side == side || side == event.NHS && e.Type == "disclosure.made") {
			due = append(due, e)
		}
	}
	return due
}

// inOrder reports what is wrong with what a receiver was told of the entries it
// is due. Of each person it was told in the ledger's order; after a step back,
// where it is told some again, there is no gap either.
func inOrder(t testing.TB, who string, got []received, due []line) {
	t.Helper()
	type place struct {
		of event.UUID
		at int
	}
	places, counts := map[string]place{}, map[event.UUID]int{}
	for _, e := range due {
		counts[e.Subject]++
		places[e.ID.String()] = place{e.Subject, counts[e.Subject]}
	}
	last, seen := map[event.UUID]int{}, map[string]bool{}
	for _, m := range got {
		p, known := places[m.id]
		if !known {
			t.Errorf("%s was told of %s, which it is not due: %s", who, m.id, m.content)
			continue
		}
		if p.at > last[p.of]+1 {
			t.Errorf("%s was told of entry %d of a person after entry %d", who, p.at, last[p.of])
		}
		last[p.of], seen[m.id] = p.at, true
	}
	for _, e := range due {
		if !seen[e.ID.String()] {
			t.Errorf("%s was not told of entry %d, %s", who, e.Position, e.Type)
		}
	}
}

// thin reports what a message says beyond that there is something to fetch.
func thin(t testing.TB, m received) {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(m.content, &e); err != nil {
		t.Fatalf("%v in %s", err, m.content)
	}
	data, _ := e["data"].(map[string]any)
	if got, want := slices.Sorted(maps.Keys(e)), []string{"data", "datacontenttype", "id", "source", "specversion", "subject", "time", "type"}; !slices.Equal(got, want) ||
		len(data) != 1 || data["detailUrl"] != "https://caseledger.example/api/v1/events/"+m.id || e["id"] != m.id {
		t.Errorf("not a thin message: %s", m.content)
	}
	for _, value := range []string{"YANKEE", "999012345", "1990-01-02", "PHQ"} {
		if strings.Contains(string(m.content), value) {
			t.Errorf("%s is in a message: %s", value, m.content)
		}
	}
}

// TestBlackBoxRelay serves an invented record and tells a NATS server of
// probation's and a webhook of a hub's: everything they are due arrives, thin,
// signed, and in order; also what was recorded while the server was killed.
func TestBlackBoxRelay(t *testing.T) {
	t.Parallel()
	data := someData(t)
	s, w := startNATS(t), startWebhook(t)
	relay := []string{"--relay", destinationsFile(t, &s, w)}
	r := serveData(t, data, relay...)
	newPerson(t, r)
	whole := func() bool {
		all := ledgerLines(t, "--data", data)
		return covers(s.received(), due(all, event.Probation, toldProbation)) && covers(w.received(), due(all, event.NHS, toldHub))
	}
	waitFor(t, whole)
	if got := r.figure(t, `caseledger_relay_published_total{destination="hub-hook"}`); got < float64(len(toldHub)) {
		t.Errorf("the figures say that %v messages were published", got)
	}
	waitFor(t, func() bool { return r.figure(t, `caseledger_relay_lag_events{destination="probation-nats"}`) == 0 })

	for round := range 3 {
		var writers sync.WaitGroup
		written := make(chan struct{}, 1000)
		for range 2 {
			pp := r.as("PP1")
			writers.Go(func() {
				for {
					a, err := pp.try(http.MethodPost, "/api/v1/people/commands/register-person", map[string]string{"Idempotency-Key": newKey().String()},
						body{"name": body{"given": "TEST", "family": "YANKEE"}, "dateOfBirth": "1990-01-02", "sex": "M", "region": "N56"})
					if err != nil || a.status != http.StatusCreated {
						return // it was killed
					}
					written <- struct{}{}
				}
			})
		}
		for range 20 + 7*round {
			<-written
		}
		r.kill()
		writers.Wait()
		r = serveData(t, data, relay...)
	}
	waitFor(t, whole)
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	all := ledgerLines(t, "--data", data)
	toProbation, toHub := s.received(), w.received()
	inOrder(t, "probation", toProbation, due(all, event.Probation, toldProbation))
	inOrder(t, "the hub", toHub, due(all, event.NHS, toldHub))
	for _, m := range slices.Concat(toProbation, toHub) {
		thin(t, m)
	}
	for _, m := range toProbation {
		if !strings.HasPrefix(m.subject, "caseledger.probation.") {
			t.Errorf("a message under %s", m.subject)
		}
	}
	if w.forged > 0 {
		t.Errorf("%d messages are not signed", w.forged)
	}
	t.Logf("%d messages to probation, %d to the hub", len(toProbation), len(toHub))
}

// covers reports whether a receiver was told of all that it is due.
func covers(got []received, due []line) bool {
	ids := idsOf(got)
	return len(due) > 0 && !slices.ContainsFunc(due, func(e line) bool { return !slices.Contains(ids, e.ID.String()) })
}

// held is what caseledger relay parked lists.
func held(t testing.TB, args ...string) (all []parkedMessage) {
	t.Helper()
	for text := range strings.Lines(mustCommand(t, append([]string{"relay", "parked", "--json", "--quiet"}, args...)...)) {
		var one parkedMessage
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// TestBlackBoxRelayParked has destinations that do not take messages: the server
// stays ready, the messages are held and listed, and the commands have them
// published, in order.
func TestBlackBoxRelayParked(t *testing.T) {
	t.Parallel()
	data := someData(t)
	s, w := startNATS(t), startWebhook(t)
	stream := jetstream.StreamConfig{Name: natsStream, Subjects: []string{"caseledger.>"}, MaxMsgSize: 16}
	if _, err := s.stream.CreateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	w.answers(http.StatusInternalServerError)
	file := destinationsFile(t, &s, w)
	on := []string{"--data", data, "--relay", file}
	r := serveData(t, data, "--relay", file)
	newPerson(t, r)
	states := func() map[string]int {
		count := map[string]int{}
		for _, m := range held(t, on...) {
			count[m.Destination+" "+m.State]++
		}
		return count
	}
	waitFor(t, func() bool {
		n := states()
		return n["probation-nats parked"] == 2 && n["probation-nats behind"] == 2 && n["hub-hook retrying"] == 1 && n["hub-hook behind"] == 7
	})
	if got := r.probe("/health/readiness"); got != http.StatusOK {
		t.Errorf("readiness is %d while nobody takes messages", got)
	}
	for name, want := range map[string]float64{`caseledger_relay_parked_messages{destination="probation-nats"}`: 2,
		`caseledger_relay_held_messages{destination="hub-hook"}`: 8, `caseledger_relay_parked_total{destination="probation-nats"}`: 2} {
		if got := r.figure(t, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if f := command(t, append([]string{"doctor", "--quick"}, on...)...); f.code == 0 || !strings.Contains(f.out, "probation-nats: 0 entries behind, 4 messages held, 2 of them parked") {
		t.Errorf("the doctor ended with %d:\n%s", f.code, f.out)
	}
	parked := held(t, append(on, "--destination", "probation-nats")...)
	if f := command(t, append([]string{"relay", "replay", fmt.Sprint(parked[1].Position)}, on...)...); f.code != int(exitNotFound) {
		t.Errorf("the replay of one that is behind another ended with %d: %s", f.code, f.errs)
	}
	if f := command(t, append([]string{"relay", "parked", "--destination", "nobody"}, on...)...); f.code != int(exitNotFound) {
		t.Errorf("a destination that there is not ended with %d: %s", f.code, f.errs)
	}

	stream.MaxMsgSize = -1
	if _, err := s.stream.UpdateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if out := mustCommand(t, append([]string{"relay", "replay", parked[0].ID.String(), "--json", "--quiet"}, on...)...); !strings.Contains(out, `{"destination":"probation-nats","replayed":1}`) {
		t.Errorf("the replay answered %s", out)
	}
	if out := mustCommand(t, append([]string{"relay", "replay", "--all", "--quiet"}, on...)...); !strings.HasPrefix(out, "probation-nats: 1 ") {
		t.Errorf("the replay of all answered %s", out)
	}
	w.answers(http.StatusGone) // at the next attempt
	waitFor(t, func() bool { return r.figure(t, `caseledger_relay_disabled{destination="hub-hook"}`) == 1 })
	w.answers(http.StatusNoContent)
	mustCommand(t, append([]string{"relay", "enable", "hub-hook", "--quiet"}, on...)...)
	waitFor(t, func() bool { return len(states()) == 0 })
	all := ledgerLines(t, "--data", data)
	inOrder(t, "probation", s.received(), due(all, event.Probation, toldProbation))
	inOrder(t, "the hub", w.received(), due(all, event.NHS, toldHub))
	if out := mustCommand(t, append([]string{"relay", "status", "--quiet"}, on...)...); out != "probation-nats: 0 entries behind\nhub-hook: 0 entries behind\n" {
		t.Errorf("the status is\n%s", out)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	mustCommand(t, append([]string{"doctor", "--quiet"}, on...)...)
}

// TestBlackBoxRelayUnreached serves a record whose destination cannot be reached:
// it starts, is ready, and is behind.
func TestBlackBoxRelayUnreached(t *testing.T) {
	t.Parallel()
	data := someData(t)
	file := destinationsFile(t, &natsServer{url: "nats://127.0.0.1:1"}, nil)
	on := []string{"--data", data, "--relay", file}
	if f := command(t, append([]string{"relay", "status", "--json", "--quiet"}, on...)...); f.code != 0 || !strings.Contains(f.out, `"position":0`) {
		t.Errorf("the status of a relay that never ran ended with %d: %s%s", f.code, f.out, f.errs)
	}
	if _, err := os.Stat(filepath.Join(data, relayFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("to look at it left a file: %v", err)
	}
	r := serveData(t, data, "--relay", file)
	waitFor(t, func() bool { return r.figure(t, `caseledger_relay_retried_total{destination="probation-nats"}`) > 0 })
	if behind, since := r.figure(t, `caseledger_relay_lag_events{destination="probation-nats"}`), r.figure(t, `caseledger_relay_lag_seconds{destination="probation-nats"}`); behind < 1 || since <= 0 {
		t.Errorf("the figures say that it is %v entries behind, for %v s", behind, since)
	}
	if got := r.probe("/health/readiness"); got != http.StatusOK {
		t.Errorf("readiness is %d", got)
	}
	if f := command(t, append([]string{"doctor", "--quick"}, on...)...); f.code != 0 || !strings.Contains(f.out, "entries behind, the first of ") {
		t.Errorf("the doctor ended with %d:\n%s%s", f.code, f.out, f.errs)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
}

// TestRelayFileIsRefused starts with files that cannot be used: the error names
// the field and says nothing of what the file holds.
func TestRelayFileIsRefused(t *testing.T) {
	t.Parallel()
	w := startWebhook(t)
	good, err := os.ReadFile(destinationsFile(t, nil, w))
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string {
		if !strings.Contains(string(good), from) {
			t.Fatalf("%s is not in %s", from, good)
		}
		return strings.Replace(string(good), from, to, 1)
	}
	for name, c := range map[string]struct {
		content, field string
		code           exit
	}{
		"no JSON":               {`{"ledger": hush`, "byte", exitUsage},
		"an unknown member":     {change(`"ledger"`, `"passwort":"hush","ledger"`), "passwort", exitUsage},
		"no such network":       {change(`127.0.0.0/8`, `hush`), "allowedNetworks", exitUsage},
		"no such side":          {change(`"NHS"`, `"HUSH"`), "side", exitUsage},
		"an unknown controller": {change(controllerOf("HUB-CAM"), "5eed0000-0000-8000-8000-0000000000ff"), "controller", exitUsage},
		"a user in the URL":     {change(`https://127`, `https://user:hush@127`), "url", exitUsage},
		"a host not allowed":    {change(`"url":"https://127.0.0.1`, `"url":"https://hush.example`), "url", exitUsage},
		"no secret file":        {change(`"secretFile":"secret"`, `"secretFile":"nowhere"`), "secret", exitNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "relay.json")
			for file, content := range map[string]string{"relay.json": c.content, "secret": w.secret, "ca.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw}))} {
				if err := os.WriteFile(filepath.Join(filepath.Dir(path), file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, errs, code := call(t, nil, "serve", "--quiet", "--data", filepath.Join(t.TempDir(), "data"), "--addr", "127.0.0.1:0", "--relay", path)
			if code != int(c.code) || !strings.Contains(errs, c.field) || strings.Contains(errs, "hush") {
				t.Errorf("it ended with %d and said %q, want %d and %q", code, errs, c.code, c.field)
			}
		})
	}
}
