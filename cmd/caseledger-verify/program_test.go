package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
)

// files writes files into a folder of the test, and returns its name.
func files(t *testing.T, all map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range all {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(dir string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	p := program{out: &o, errs: &e, now: time.Now}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR", dir)
	}
	code = p.run(context.Background(), args)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	p := w.NewPack(offlinetest.Avery, w.CommitHeads())
	checkpoint := w.Checkpoint(len(w.Stored))
	witness := offlinetest.NewWitness(t, "witness.example", 1_772_000_000)
	altered := p.Bytes()
	altered[len(altered)/2] ^= 1
	_, stranger := offlinetest.NewKey(t, offlinetest.Origin)
	secret := "PRIVATE+KEY+hub.example/ledger+00000000+c2VjcmV0"
	dir := files(t, map[string][]byte{
		"pack.zip": p.Bytes(), "altered.zip": altered, "cut.zip": p.Bytes()[:100], "hello": []byte("hello\n"),
		"key": []byte("# of the ledger\n\n" + w.Key + "\n"), "stranger": []byte(stranger), "secret": []byte(secret + "\n"), "empty": nil,
		"checkpoint": checkpoint, "older": w.Checkpoint(2), "entry": w.Entry(2), "other": w.Entry(3), "ledger.bin": w.Export(),
		"2.tlog-proof": w.Proof(2, len(w.Stored), checkpoint),
		"policy":       []byte("log " + w.Key + "\nquorum none\n"), "strict": []byte("witness w " + witness.VerifierKey() + "\nquorum w\n"),
	})
	for _, c := range []struct {
		code int
		args string
		says string // on standard output, or on standard error where there is no verdict
	}{
		{0, "--key DIR/key DIR/pack.zip", "intact: 6 entries are as they were signed\n" + verdict.Limits},
		{0, "DIR/pack.zip --key " + w.Key, "intact: "},
		{0, "--key DIR/stranger DIR/pack.zip -key=DIR/key", "intact: "},
		{0, "--witness-policy DIR/policy DIR/pack.zip", "intact: "},
		{0, "--key DIR/key --origin hub.example/ledger --checkpoint DIR/checkpoint DIR/pack.zip", "intact: "},
		{0, "--key DIR/key DIR/2.tlog-proof --entry DIR/entry", "intact: 1 entries"},
		{0, "--key DIR/key --checkpoint DIR/checkpoint DIR/ledger.bin", "intact: 6 entries"},
		{0, "--key DIR/key --checkpoint DIR/older DIR/ledger.bin --digest", "intact: 2 entries"},
		{0, "--help", "Exit: "},
		{3, "--key DIR/key DIR/altered.zip", "TAMPERED at "},
		{3, "--key DIR/stranger DIR/pack.zip", "no key that was given has signed the pack"},
		{3, "DIR/altered.zip", "TAMPERED at "},
		{3, "--key DIR/key DIR/2.tlog-proof --entry DIR/other", "TAMPERED at entry 2: "},
		{3, "--key DIR/key --witness-policy DIR/strict DIR/pack.zip", "not cosigned by as many witnesses"},
		{2, "DIR/pack.zip", "no key was pinned"},
		{2, "--key DIR/key DIR/ledger.bin", "--checkpoint"},
		{2, "--key DIR/key DIR/2.tlog-proof", "--entry"},
		{2, "--key DIR/key", "one file"},
		{2, "--key DIR/key DIR/pack.zip DIR/pack.zip", "one file"},
		{2, "--key DIR/key --url https://hub.example DIR/pack.zip", "not defined: -url"},
		{2, "--key DIR/hello DIR/pack.zip", "key 1 cannot be understood"},
		{2, "--key DIR/empty DIR/pack.zip", "it has none"},
		{2, "--key DIR/secret DIR/pack.zip", "private key"},
		{2, "--key DIR/key --origin hub.example/other DIR/pack.zip", "origin"},
		{2, "--key DIR/key --witness-policy DIR/hello DIR/pack.zip", "line 1 of the policy"},
		{2, "--key DIR/key DIR", "is not a file"},
		{1, "--key DIR/key DIR/hello", "neither a pack, nor a proof, nor an exported ledger"},
		{1, "--key DIR/key DIR/empty", "neither a pack, nor a proof, nor an exported ledger"},
		{1, "--key DIR/key DIR/cut.zip", "cut short"},
		{1, "--key DIR/key --checkpoint DIR/older DIR/pack.zip", "only a consistency proof"},
		{1, "--key DIR/key --checkpoint DIR/hello DIR/ledger.bin", ""},
		{1, "--key DIR/key DIR/hello --entry DIR/entry", "not a .tlog-proof file"},
		{5, "--key DIR/key DIR/absent.zip", "no such file"},
		{5, "--key DIR/absent DIR/pack.zip", "neither a verifier key"},
		{5, "--key " + secret + " DIR/pack.zip", "neither a verifier key"},
		{5, "--key DIR/key --witness-policy DIR/absent DIR/pack.zip", "no such file"},
	} {
		code, out, errs := run(dir, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s: exit %d, want %d; says\n%s%s, want %q", c.args, code, c.code, out, errs, c.says)
		}
		if strings.Contains(out+errs, "c2VjcmV0") {
			t.Errorf("%s: a private key is repeated:\n%s", c.args, errs)
		}
		if judged := code == 0 || code == 3; judged == (out == "") && c.args != "--help" {
			t.Errorf("%s: exit %d, and standard output has %q", c.args, code, out)
		}
	}
}

func TestAsJSON(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.DestroyKeys(offlinetest.Avery)
	dir := files(t, map[string][]byte{"pack.zip": w.NewPack(offlinetest.Avery, w.CommitHeads()).Bytes(), "key": []byte(w.Key)})
	code, out, _ := run(dir, "--json", "--key", "DIR/key", "DIR/pack.zip")
	var got struct {
		Verdict string `json:"verdict"`
		Entries int    `json:"entries"`
		Erased  int    `json:"erased"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || got.Verdict != "intact-erased" || got.Entries != 10 || got.Erased != 4 {
		t.Errorf("exit %d, %+v, %v:\n%s", code, got, err, out)
	}
	code, out, errs := run(dir, "--json", "DIR/pack.zip")
	var failed struct {
		Error string `json:"error"`
		Exit  int    `json:"exit"`
	}
	if err := json.Unmarshal([]byte(errs), &failed); err != nil || code != 2 || failed.Exit != 2 || failed.Error == "" || out != "" {
		t.Errorf("exit %d, %+v, %v, and %q", code, failed, err, out)
	}
}

// A pack of a long history is judged before anybody grows impatient.
func TestALargePackIsJudgedInTime(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	for i := range 2000 {
		w.Write(offlinetest.Avery, fmt.Sprintf("night %d", i))
	}
	pack := w.NewPack(offlinetest.Avery, w.CommitHeads()).Bytes()
	dir := files(t, map[string][]byte{"pack.zip": pack, "key": []byte(w.Key)})
	began := time.Now()
	code, out, errs := run(dir, "--key", "DIR/key", "DIR/pack.zip")
	took := time.Since(began)
	if code != 0 || took > 10*time.Second {
		t.Errorf("exit %d after %v, want 0 within 10 s\n%s%s", code, took, out, errs)
	}
	t.Logf("%d bytes in %v", len(pack), took)
}
