package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/witness"
)

// runWitness starts `caseledger witness serve` and returns its address and how it
// is stopped.
func runWitness(t *testing.T, args ...string) (address string, stop func() (errs string, code int)) {
	t.Helper()
	read, write := io.Pipe()
	var errs bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{in: strings.NewReader(""), out: write, errs: &errs, random: rand.Reader, now: time.Now}
	ended := make(chan int, 1)
	go func() {
		ended <- p.run(ctx, append([]string{"witness", "serve", "--json", "--quiet", "--addr", "127.0.0.1:0"}, args...))
		_ = write.Close()
	}()
	var started struct{ Address, Key string }
	if err := json.NewDecoder(read).Decode(&started); err != nil {
		cancel()
		t.Fatalf("the witness did not start: %d: %s", <-ended, errs.String())
	}
	return started.Address, func() (string, int) {
		cancel()
		return errs.String(), <-ended
	}
}

// A witness is made, asked and looked at with the commands alone, over real files
// and a real listener.
func TestAWitnessOfTheRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(file(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, errs, code := call(t, nil, "witness", "keygen", file("key"), "--name", "witness.example/probation")
	if code != 0 || !strings.HasPrefix(key, "witness.example/probation+") {
		t.Fatalf("keygen: %d %q %q", code, key, errs)
	}
	if _, _, code := call(t, nil, "witness", "keygen", file("key"), "--name", "witness.example/probation"); code == 0 {
		t.Error("a key was written over")
	}
	if _, _, code := call(t, nil, "witness", "keygen", file("other"), "--name", "two words"); code != int(exitUsage) {
		t.Errorf("a name with a blank: %d", code)
	}
	secret, public, err := note.GenerateKey(rand.Reader, "hub.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	write("logs", "# the hub's\n"+public+"\n")
	address, stop := runWitness(t, "--logs", file("logs"), "--key", file("key"), "--data", file("data"))
	write("policy", "log "+public+"\nwitness probation "+strings.TrimSpace(key)+" http://"+address+"\nquorum probation\n")
	if out, errs, code := call(t, nil, "witness", "test", "--quiet", "--witnesses", file("policy")); code != 0 || !strings.Contains(out, "answers") {
		t.Errorf("test: %d %q %q", code, out, errs)
	}
	if _, _, code := call(t, nil, "witness", "test", "--quiet", "--witnesses", file("policy"), "nobody"); code != int(exitNotFound) {
		t.Errorf("test of an unknown witness: %d", code)
	}
	text := ledger.CheckpointText("hub.example/ledger", ledger.Tree{N: 5})
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		t.Helper()
		res, err := http.Post("http://"+address+"/add-checkpoint", "text/plain", bytes.NewReader(witness.Request{Checkpoint: signed}.Marshal()))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if got := ask(); got != http.StatusOK {
		t.Fatalf("the witness answers %d", got)
	}
	res, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	figures, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !strings.Contains(string(figures), `caseledger_witness_entries{origin="hub.example/ledger"} 5`) ||
		!strings.Contains(string(figures), `caseledger_witness_requests_total{outcome="cosigned"} 1`) {
		t.Errorf("%v: %s", err, figures)
	}
	for name, args := range map[string][]string{
		"a second on the same folder": {"--logs", file("logs"), "--key", file("key"), "--data", file("data")},
		"no logs":                     {"--key", file("key"), "--data", file("other")},
		"no key":                      {"--logs", file("logs"), "--data", file("other")},
		"logs for a key":              {"--logs", file("logs"), "--key", file("logs"), "--data", file("other")},
		"a key for logs":              {"--logs", file("key"), "--key", file("key"), "--data", file("other")},
	} {
		out, errs, code := call(t, nil, append([]string{"witness", "serve", "--quiet", "--addr", "127.0.0.1:0"}, args...)...)
		if want := map[bool]exit{true: exitConflict, false: exitUsage}[strings.HasPrefix(name, "a second")]; code != int(want) || out != "" {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
		if strings.Contains(errs, "PRIVATE") {
			t.Errorf("%s: a secret is printed", name)
		}
	}
	if errs, code := stop(); code != 0 {
		t.Errorf("the witness ended with %d: %s", code, errs)
	}
	if out, _, code := call(t, nil, "witness", "test", "--json", "--quiet", "--witnesses", file("policy")); code != int(exitUnavailable) || !strings.Contains(out, `"code":"unreachable"`) {
		t.Errorf("test of one that is gone: %d %q", code, out)
	}
	address, stop = runWitness(t, "--logs", file("logs"), "--key", file("key"), "--data", file("data"))
	if got := ask(); got != http.StatusConflict { // it says that it knows 5, and the request 0
		t.Errorf("after a new start the witness answers %d", got)
	}
	if errs, code := stop(); code != 0 {
		t.Errorf("the witness ended with %d: %s", code, errs)
	}
}

// The settings of one command are not another's that has its last word.
func TestASettingIsOfTheWholeCommand(t *testing.T) {
	t.Parallel()
	_, errs, code := call(t, []string{"CASELEDGER_SERVE_ADDR=not an address"}, "witness", "serve", "--logs", "none", "--key", "none", "--data", t.TempDir())
	if code != int(exitNotFound) || strings.Contains(errs, "not an address") {
		t.Errorf("%d: %s", code, errs)
	}
}

// The record's server has witnesses cosign what it seals; and once an older copy
// of its folder is served, all of it, the witness refuses, and nothing is sealed
// any more.
func TestBlackBoxWitnesses(t *testing.T) {
	t.Parallel()
	data := someData(t)
	dir := t.TempDir()
	older := filepath.Join(dir, "older")
	if err := os.CopyFS(older, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{kekFile, signerFile} { // a copy has other modes
		if err := os.Chmod(filepath.Join(older, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := sealsOf(t, data, exitOK).Sealed
	r := serveData(t, data, "--heads-every", "1s")
	waitFor(t, func() bool { return sealsOf(t, data, exitOK).Sealed > before })
	if code := r.stop(); code != 0 {
		t.Fatalf("the server ended with %d", code)
	}
	key := mustEnd(t, exitOK, "witness", "keygen", filepath.Join(dir, "key"), "--name", "witness.example/probation")
	logs, policy := filepath.Join(dir, "logs"), filepath.Join(dir, "policy")
	if err := os.WriteFile(logs, []byte(mustEnd(t, exitOK, "keys", "export-public", "--data", data)), 0o600); err != nil {
		t.Fatal(err)
	}
	w := start(t, "witness", "serve", "--quiet", "--addr", "127.0.0.1:0", "--logs", logs, "--key", filepath.Join(dir, "key"), "--data", filepath.Join(dir, "witness"))
	_, address, _ := strings.Cut(w.line("witness "), " on ")
	if err := os.WriteFile(policy, []byte("witness probation "+strings.TrimSpace(key)+" "+address+"\nquorum probation\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, exitOK, "witness", "test", "--quiet", "--data", data, "--witnesses", policy)
	if said := mustEnd(t, exitOK, "witness", "list", "--quiet", "--data", data, "--witnesses", policy); !strings.Contains(said, "has not cosigned") {
		t.Errorf("before: %s", said)
	}
	r = serveData(t, data, "--witnesses", policy)
	var is vouching
	waitFor(t, func() bool {
		line := mustEnd(t, exitOK, "witness", "list", "--json", "--quiet", "--data", data, "--witnesses", policy)
		return json.Unmarshal([]byte(line), &is) == nil && is.Cosigned
	})
	if is.Size <= before || is.CosignedAt.IsZero() || is.Witness != "probation" {
		t.Errorf("%+v", is)
	}
	if code := r.stop(); code != 0 {
		t.Fatalf("the server ended with %d", code)
	}
	mustEnd(t, exitOK, "ledger", "checkpoint", "--witnessed", "--data", data)

	start(t, "serve", "--data", older, "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience,
		"--jwks", keysFor(t, newIssuer(t)), "--witnesses", policy)
	o := opening{dir: dataDir(older), mode: reading}
	shelf, err := o.openShelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	waitFor(t, func() bool {
		alarm, err := ledger.ReadAlarm(t.Context(), shelf)
		return err == nil && alarm != nil && alarm.Code == witness.AlarmConflict && strings.Contains(alarm.Detail, "evidence/")
	})
	if witnessed, err := shelf.Load(t.Context(), ledger.RegisterWitnessed); err != nil || witnessed != nil {
		t.Errorf("the older copy is witnessed: %v", err)
	}
}
