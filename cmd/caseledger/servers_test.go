//go:build postgres

package main

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
)

// servers is a record on PostgreSQL, with the roles and databases of the compose
// file.
type servers struct {
	*pgtest.Server
	owner, ledger, keys, views string // connection strings
	data                       string // the folder of the key-encryption key
}

func newServers(t testing.TB, o pgtest.Options) servers {
	t.Helper()
	o.Durable = true // the keystore asks for it
	s := servers{Server: pgtest.Start(t, o), data: filepath.Join(t.TempDir(), "data")}
	for statement := range strings.SplitSeq(readCompose(t).Configs["roles"].Content, ";\n") {
		if strings.TrimSpace(statement) != "" {
			s.sql(t, s.DSN("postgres"), statement)
		}
	}
	as := func(role, database string) string {
		return strings.Replace(s.DSN(database), "user=postgres", "user="+role, 1)
	}
	s.owner, s.ledger = as("ledger_owner", "ledger"), as("caseledger", "ledger")
	s.keys, s.views = as("caseledger", "keys"), as("caseledger", "views")
	if err := os.Mkdir(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s servers) sql(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, one := range statements {
		if _, err := db.ExecContext(t.Context(), one); err != nil {
			t.Fatalf("%s: %v", one, err)
		}
	}
}

// at are the settings of the record.
func (s servers) at() []string {
	return []string{"--data", s.data, "--ledger", s.ledger, "--keys", s.keys, "--views", s.views}
}

func (s servers) must(t testing.TB, args ...string) string {
	t.Helper()
	return mustCommand(t, append(args, s.at()...)...)
}

func (s servers) migrate(t testing.TB) {
	t.Helper()
	mustCommand(t, "migrate", "up", "--data", s.data, "--ledger", s.owner, "--keys", s.keys, "--views", s.views, "--app-role", "caseledger", "--synthetic")
}

// serve starts a process that serves the record, and waits until it is ready.
func (s servers) serve(t testing.TB, issuer *tokenIssuer, more ...string) *running {
	t.Helper()
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience, "--jwks", keysFor(t, issuer)}, s.at()...)
	r := start(t, append(args, more...)...)
	r.issuer = issuer
	r.address = strings.TrimPrefix(r.line("serving "), "serving ")
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusOK })
	return r
}

// TestBlackBoxServers serves a record on PostgreSQL from nothing, writes to it and
// reads it back, and runs every command that opens a record.
func TestBlackBoxServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	f := command(t, append([]string{"serve", "--quiet"}, s.at()...)...)
	if f.code != int(exitError) || !strings.Contains(f.errs, "caseledger migrate up") {
		t.Errorf("serving what was not migrated ended with %d:\n%s", f.code, f.errs)
	}
	if got := s.status(t); got["ledger"] != pending || got["views"] != pending {
		t.Errorf("before anything was migrated: %v", got)
	}
	s.migrate(t)
	if got := s.status(t); got["ledger"] != applied || got["keys"] != applied || got["views"] != applied {
		t.Errorf("after the migration: %v", got)
	}
	s.migrate(t) // changes nothing
	issuer := newIssuer(t)
	r := s.serve(t, issuer)
	who := newPerson(t, r)
	s.must(t, "doctor", "--quiet")
	if f := command(t, append([]string{"findings", "run"}, s.at()...)...); f.code != int(exitConflict) {
		t.Errorf("judging what a server judges ended with %d:\n%s", f.code, f.errs)
	}
	for _, args := range [][]string{{"events", "list", "--json"}, {"findings", "list", "--json"}, {"project", "status", "--json"},
		{"replay", who.String()}, {"verify", "--open"}, {"policy", "diff", "HH-RS-1", "HH-RS-1"}} {
		f := command(t, append(args, s.at()...)...)
		if f.code != 0 && args[0] != "policy" {
			t.Errorf("%v ended with %d:\n%s", args, f.code, f.errs)
		}
	}
	// Keys of another machine would seal what nobody else opens.
	other := filepath.Join(t.TempDir(), "other")
	f = command(t, "serve", "--quiet", "--data", other, "--ledger", s.ledger)
	if _, err := os.Stat(filepath.Join(other, keysFile)); f.code != int(exitNotFound) || !os.IsNotExist(err) {
		t.Errorf("serving without the keys ended with %d, and they are there: %v\n%s", f.code, err == nil, f.errs)
	}
	simulated := journeyData(t, "bravo")
	if f = command(t, "serve", "--quiet", "--data", simulated, "--ledger", s.ledger); f.code != int(exitIntegrity) || !strings.Contains(f.errs, "not the ones") {
		t.Errorf("serving with other keys ended with %d:\n%s", f.code, f.errs)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	s.must(t, "verify", "--quiet")
	s.must(t, "project", "check", "--quiet")
	s.must(t, "findings", "run", "--quiet")
	s.must(t, "doctor", "--quiet")
}

// status is how the parts of the record stand; a part with a pending step is.
func (s servers) status(t testing.TB) map[string]string {
	t.Helper()
	out := mustCommand(t, "migrate", "status", "--json", "--data", s.data, "--ledger", s.owner, "--keys", s.keys, "--views", s.views)
	got := map[string]string{}
	for line := range strings.Lines(out) {
		var one migrationStep
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if got[one.Part] != pending {
			got[one.Part] = one.State
		}
	}
	return got
}

// TestBlackBoxFromFolderToServers copies a record from a data folder to
// PostgreSQL: entries, bytes, positions and read models are the same.
func TestBlackBoxFromFolderToServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	data := filepath.Join(t.TempDir(), "simulated")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--people", "12", "--seed", "5", "--breaches", "0.5")
	path := filepath.Join(t.TempDir(), "ledger.bin")
	exported := mustCommand(t, "ledger", "export", path, "--quiet", "--json", "--data", data)
	s.migrate(t)
	on := []string{"--data", data, "--ledger", s.ledger, "--views", s.views}
	with := func(args ...string) string {
		t.Helper()
		return mustCommand(t, append(append(args, "--quiet"), on...)...)
	}
	if imported := with("ledger", "import", path, "--json"); imported != exported {
		t.Errorf("imported %s, exported %s", imported, exported)
	}
	if f := command(t, append([]string{"ledger", "import", path}, on...)...); f.code != int(exitConflict) {
		t.Errorf("a second import ended with %d: %s", f.code, f.errs)
	}
	if with("events", "export") != mustCommand(t, "events", "export", "--data", data, "--quiet") {
		t.Error("the entries on the server are others")
	}
	again := filepath.Join(t.TempDir(), "again.bin")
	if with("ledger", "export", again, "--json") != exported {
		t.Error("what is exported from the server has other bytes")
	}
	// Not by serving it: what falls due by now would be recorded, too.
	r, err := opening{dir: dataDir(data), at: places{ledger: place{postgresServer, s.ledger}, views: place{postgresServer, s.views}},
		mode: writing, now: time.Now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.buildViews(t.Context()), r.close()); err != nil {
		t.Fatal(err)
	}
	theirs, ours := digests(t, with("project", "check", "--json")), digests(t, mustCommand(t, "project", "check", "--json", "--quiet", "--data", data))
	if len(ours) < 50 {
		t.Errorf("only %d read models are compared", len(ours))
	}
	for model, digest := range ours {
		if theirs[model] != digest {
			t.Errorf("read model %s differs: %s on the server, %s in the folder", model, theirs[model], digest)
		}
	}
}

// digests are the digests of read models by their side and name.
func digests(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(out) {
		var one refolded
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all[one.Side+"/"+one.Model] = fmt.Sprintf("%s of %d rows", one.Digest, one.Rows)
	}
	return all
}

// TestBlackBoxTakeOver serves one record by two processes and kills the one that
// was elected, while people write through the other: that one takes over within
// five seconds, the read models are what the ledger says, and a NATS stream is
// told of everything, of each person in order.
func TestBlackBoxTakeOver(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	bus := startBus(t)
	tells := []string{"--relay", bus.settings(t)}
	issuer := newIssuer(t)
	processes := []*running{s.serve(t, issuer, tells...), s.serve(t, issuer, tells...)}
	leading := func() (n, who int) {
		for i, r := range processes {
			if r != nil && r.figure(t, "caseledger_leading") == 1 {
				n, who = n+1, i
			}
		}
		return n, who
	}
	newPerson(t, processes[1])
	var slowest time.Duration
	for round := range takeOvers(t) {
		waitFor(t, func() bool { n, _ := leading(); return n == 1 })
		_, leader := leading()
		other := processes[1-leader]
		pp := other.as("PP1")
		processes[leader].kill()
		processes[leader] = nil
		began := time.Now()
		// The read model shows what is written from now on only once somebody
		// has taken over.
		who := opensCase(pp, []string{"LIMA", "MIKE", "OSCAR", "PAPA"}[round%4])
		waitFor(t, func() bool {
			a, err := pp.try(http.MethodGet, "/api/v1/people/"+who.String(), nil, nil)
			return err == nil && a.status == http.StatusOK
		})
		took := time.Since(began)
		if slowest = max(slowest, took); took > 5*time.Second {
			t.Errorf("round %d: the other took over after %s, want at most 5 s", round, took)
		}
		pp.does(who, "start-supervision", "", body{"type": "COMMUNITY_ORDER", "from": "2026-06-01", "to": "2027-06-01"})
		pp.does(who, "give-privacy-notice", "", body{"notice": "v1", "format": "STANDARD"})
		if other.figure(t, "caseledger_leading") != 1 {
			t.Errorf("round %d: nobody says that they lead", round)
		}
		processes[leader] = s.serve(t, issuer, tells...)
	}
	t.Logf("the slowest took over after %s", slowest)

	// A stop that is asked for gives the lead up at once.
	_, leader := leading()
	other := processes[1-leader]
	began := time.Now()
	if code := processes[leader].stop(); code != 0 {
		t.Errorf("the leader stopped with %d:\n%s", code, processes[leader].errs)
	}
	waitFor(t, func() bool { return other.figure(t, "caseledger_leading") == 1 })
	t.Logf("%s from asking the leader to stop to the other's lead", time.Since(began))
	waitFor(t, func() bool {
		a, err := other.as("PP1").try(http.MethodGet, "/metrics", nil, nil)
		return err == nil && !strings.Contains(lagLines(string(a.body)), "behind") &&
			strings.Contains(string(a.body), `caseledger_relay_lag_events{destination="bus"} 0`)
	})
	if code := other.stop(); code != 0 {
		t.Errorf("the other stopped with %d:\n%s", code, other.errs)
	}
	s.must(t, "project", "check", "--quiet")
	s.must(t, "doctor", "--quiet")
	bus.heldTo(t, s.must(t, "events", "list", "--json", "--limit", "10000"))
	var told howFar
	out := s.must(t, append([]string{"relay", "status", "--json"}, tells...)...)
	if err := json.Unmarshal([]byte(out), &told); err != nil || told.Destination != "bus" || told.Behind != 0 || told.Held != 0 {
		t.Errorf("relay status says %s (%v)", out, err)
	}
}

// takeOvers is how often [TestBlackBoxTakeOver] kills the process that was
// elected: twice, unless CASELEDGER_TEST_TAKE_OVERS says otherwise;
// `make release-test` does.
func takeOvers(t *testing.T) int {
	t.Helper()
	text, ok := os.LookupEnv("CASELEDGER_TEST_TAKE_OVERS")
	if !ok {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CASELEDGER_TEST_TAKE_OVERS is %q, want a number of rounds", text)
	}
	return n
}

// bus is a NATS server of the test's own.
type bus struct{ *natsserver.Server }

func startBus(t *testing.T) bus {
	t.Helper()
	b, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go b.Start()
	t.Cleanup(func() { b.Shutdown(); b.WaitForShutdown() })
	if !b.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return bus{b}
}

// settings is a file that has a probation region told by the bus.
func (b bus) settings(t *testing.T) string {
	t.Helper()
	region, _ := theRegister.ByCode("PROB-N56")
	text, err := json.Marshal(body{"ledger": "caseledger.test/servers", "publicUrl": "https://caseledger.test", "destinations": []body{{
		"name": "bus", "kind": "nats", "side": "PROBATION", "controller": theRegister.Controller(region.ID), "format": "cloudevents",
		"url": b.ClientURL(), "stream": "TOLD"}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "relay.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// heldTo compares what the stream of the bus holds with the entries of the ledger.
func (b bus) heldTo(t *testing.T, entries string) {
	t.Helper()
	type entry struct {
		Event    string         `json:"event"`
		Position event.Position `json:"position"`
		Stream   string         `json:"stream"`
		Type     string         `json:"type"`
	}
	recorded := map[string]entry{}
	var wanted []string
	for line := range strings.Lines(entries) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		recorded[e.Event] = e
		if e.Type == "person.registered" || e.Type == "supervision.started" {
			wanted = append(wanted, e.Event)
		}
	}
	conn, err := nats.Connect(b.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "TOLD")
	if err != nil {
		t.Fatal(err)
	}
	seen, last := map[string]bool{}, map[string]event.Position{}
	for n := uint64(1); n <= stream.CachedInfo().State.LastSeq; n++ {
		m, err := stream.GetMsg(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		id := m.Header.Get(jetstream.MsgIDHeader)
		e, there := recorded[id]
		switch {
		case !there:
			t.Errorf("the stream was told of %s, which is not recorded", id)
		case seen[id]:
			t.Errorf("the stream was told twice of entry %d", e.Position)
		case e.Position < last[e.Stream]:
			t.Errorf("the stream was told of entry %d after %d, of one person", e.Position, last[e.Stream])
		}
		seen[id], last[e.Stream] = true, max(last[e.Stream], e.Position)
	}
	for _, id := range wanted {
		if !seen[id] {
			t.Errorf("the stream was not told of entry %d, %s", recorded[id].Position, recorded[id].Type)
		}
	}
	if len(wanted) < 5 {
		t.Errorf("only %d entries were to be told", len(wanted))
	}
}

// TestBlackBoxServerCrash kills the PostgreSQL server under a process that
// serves, and starts it again: readiness says so, and everything goes on by
// itself.
func TestBlackBoxServerCrash(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	r := s.serve(t, newIssuer(t))
	pp := r.as("PP1")
	before := opensCase(pp, "LIMA")
	s.Kill()
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusServiceUnavailable })
	if got := r.probe("/health/liveness"); got != http.StatusOK {
		t.Errorf("liveness without the database: %d", got)
	}
	s.Restart(t)
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusOK })
	pp.get("/api/v1/people/"+before.String(), nil)
	waitFor(t, func() bool { return r.figure(t, "caseledger_leading") == 1 })
	pp.get("/api/v1/people/"+opensCase(pp, "MIKE").String(), nil)
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	s.must(t, "project", "check", "--quiet")
	s.must(t, "doctor", "--quiet")
}

// TestBlackBoxRoles serves by a process that answers and one that works, and
// stops them in order: readiness says so first.
func TestBlackBoxRoles(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	issuer := newIssuer(t)
	web := start(t, append([]string{"serve", "--role", "web", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience,
		"--jwks", keysFor(t, issuer), "--drain-delay", "1s"}, s.at()...)...)
	web.issuer, web.address = issuer, strings.TrimPrefix(web.line("serving "), "serving ")
	waitFor(t, func() bool { return web.probe("/health/liveness") == http.StatusOK })
	if got := web.probe("/health/readiness"); got != http.StatusServiceUnavailable {
		t.Errorf("readiness before anybody has made the read models: %d", got)
	}
	worker := s.serve(t, issuer, "--role", "worker")
	waitFor(t, func() bool { return web.probe("/health/readiness") == http.StatusOK })
	if got := worker.probe("/api/v1/people"); got != http.StatusNotFound {
		t.Errorf("a worker answers requests: %d", got)
	}
	if web.figure(t, "caseledger_leading") != 0 || worker.figure(t, "caseledger_leading") != 1 {
		t.Error("the worker does not lead")
	}
	newPerson(t, web)

	if err := web.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return web.probe("/health/readiness") == http.StatusServiceUnavailable })
	if got := web.probe("/ping"); got != http.StatusOK {
		t.Errorf("while readiness says no, requests are refused: %d", got)
	}
	<-web.ended
	if code := web.process.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the process that answers stopped with %d", code)
	}
	if code := worker.stop(); code != 0 {
		t.Errorf("the worker stopped with %d", code)
	}
}

// TestBlackBoxRestore dumps the databases of a record that is served, restores
// them on another server, and goes on there: with everything, and with a dump of
// the ledger older than the read models and the monitors' memory, which are made
// again.
func TestBlackBoxRestore(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	issuer := newIssuer(t)
	r := s.serve(t, issuer)
	dump := func(database, name string) string {
		t.Helper()
		path := filepath.Join(s.Folder(), name)
		s.Run(t, "pg_dump", "-Fc", "-f", path, s.DSN(database))
		return path
	}
	newPerson(t, r)
	older := dump("ledger", "ledger-older")
	late := opensCase(r.as("PP1"), "NOVEMBER")
	waitFor(t, func() bool {
		a, err := r.as("PP1").try(http.MethodGet, "/metrics", nil, nil)
		return err == nil && !strings.Contains(lagLines(string(a.body)), "behind")
	})
	dumps := map[string]string{"ledger": dump("ledger", "ledger"), "keys": dump("keys", "keys"), "views": dump("views", "views")}
	for _, c := range []struct {
		name   string
		ledger string
		there  int // the status of the person recorded last
	}{{"everything", dumps["ledger"], http.StatusOK}, {"an older ledger", older, http.StatusNotFound}} {
		to := newServers(t, pgtest.Options{})
		for _, name := range []string{kekFile, signerFile} {
			copyFile(t, filepath.Join(s.data, name), filepath.Join(to.data, name))
		}
		for database, from := range map[string]string{"ledger": c.ledger, "keys": dumps["keys"], "views": dumps["views"]} {
			copied := filepath.Join(to.Folder(), database)
			copyFile(t, from, copied)
			if err := os.Chmod(copied, 0o644); err != nil {
				t.Fatal(err)
			}
			to.Run(t, "pg_restore", "--exit-on-error", "-d", to.DSN(database), copied)
		}
		again := to.serve(t, issuer)
		a, err := again.as("PP1").try(http.MethodGet, "/api/v1/people/"+late.String(), nil, nil)
		if err != nil || a.status != c.there {
			t.Errorf("%s: the person recorded last is answered %d (%v), want %d", c.name, a.status, err, c.there)
		}
		if rebuilt := strings.Contains(again.errs.String(), startedOver); rebuilt != (c.there != http.StatusOK) {
			t.Errorf("%s: read models were made again: %v:\n%s", c.name, rebuilt, again.errs)
		}
		pp := again.as("PP1")
		pp.get("/api/v1/people/"+opensCase(pp, "MIKE").String(), nil)
		if code := again.stop(); code != 0 {
			t.Errorf("%s: the server stopped with %d:\n%s", c.name, code, again.errs)
		}
		to.must(t, "findings", "run", "--quiet")
		to.must(t, "project", "check", "--quiet")
		to.must(t, "doctor", "--quiet")
	}
}

// opensCase opens a case with a family name.
func opensCase(by *staff, family string) event.UUID {
	by.r.t.Helper()
	return by.registers(body{"name": body{"given": "TEST", "family": family}, "dateOfBirth": "1990-01-02", "sex": "M", "region": "N56"})
}
