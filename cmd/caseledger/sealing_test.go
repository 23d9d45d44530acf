package main

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
)

// sealData seals a record as a command that records does, and returns what is
// sealed.
func sealData(t *testing.T, data string) (ledger.Tree, error) {
	t.Helper()
	o := opening{dir: dataDir(data), mode: writing, now: time.Now, random: rand.Reader}
	r, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	if err := o.sealAll(t.Context(), r); err != nil {
		return ledger.Tree{}, err
	}
	p, err := o.openPublished(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	raw, err := p.shelf.Load(t.Context(), ledger.RegisterCheckpoint)
	if err != nil {
		t.Fatal(err)
	}
	tree, _, err := ledger.OpenCheckpoint(raw, p.origin, p.known)
	return tree, err
}

// mustEnd runs a command and returns its answer.
func mustEnd(t *testing.T, with exit, args ...string) string {
	t.Helper()
	out, errs, code := call(t, nil, args...)
	if code != int(with) {
		t.Fatalf("%v ended with %d, want %d: %s", args, code, with, errs)
	}
	return out
}

func sealsOf(t *testing.T, data string, with exit) (is sealingStatus) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustEnd(t, with, "ledger", "status", "--json", "--data", data)), &is); err != nil {
		t.Fatal(err)
	}
	return is
}

func TestTheLedgersKeysAreMadeRotatedAndShown(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustEnd(t, exitNotFound, "keys", "list", "--data", data)
	mustEnd(t, exitUsage, "keys", "generate", "--data", data)
	mustEnd(t, exitUsage, "keys", "generate", "--name", "a b", "--data", data)
	made := mustEnd(t, exitOK, "keys", "generate", "--name", "ledger.hub.example/2026", "--data", data)
	mustEnd(t, exitConflict, "keys", "generate", "--name", "ledger.hub.example/2026", "--data", data)
	mustEnd(t, exitConflict, "keys", "rotate", "--retire", "--data", data)
	mustEnd(t, exitOK, "keys", "rotate", "--data", data)
	public := strings.Split(strings.TrimSpace(mustEnd(t, exitOK, "keys", "export-public", "--data", data)), "\n")
	if _, err := ledger.VerifiersOf(public...); err != nil || len(public) != 2 || !strings.Contains(made, public[0]) {
		t.Errorf("public keys %q (%v), of which the first is made as %q", public, err, made)
	}
	listed := mustEnd(t, exitOK, "keys", "rotate", "--retire", "--json", "--data", data)
	var first listedKey
	if err := json.Unmarshal([]byte(strings.Split(listed, "\n")[0]), &first); err != nil ||
		first.Public != public[0] || first.Signs || first.Name != "ledger.hub.example/2026" || !strings.HasPrefix(public[0], first.Name+"+"+first.ID+"+") {
		t.Errorf("the first key is listed as %+v (%v)", first, err)
	}
	secret, err := os.ReadFile(filepath.Join(data, signerFile))
	if err != nil || strings.Count(string(secret), "PRIVATE") != 1 {
		t.Errorf("the file has %d private keys (%v)", strings.Count(string(secret), "PRIVATE"), err)
	}
	for _, printed := range []string{made, listed, strings.Join(public, "\n")} {
		if strings.Contains(printed, "PRIVATE") {
			t.Error("a private key is printed")
		}
	}
}

func TestTheStateOfTheSealsIsTold(t *testing.T) {
	t.Parallel()
	data := someData(t)
	for _, name := range []string{signerFile, signerFile + signedSuffix, tilesFolder} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	mustEnd(t, exitNotFound, "ledger", "status", "--data", data)
	mustEnd(t, exitNotFound, "ledger", "checkpoint", "--data", data)
	mustEnd(t, exitNotFound, "ledger", "resume", "--reason", "none", "--data", data)
	for _, name := range []string{signerFile, tilesFolder} {
		if _, err := os.Stat(filepath.Join(data, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("looking made %s (%v)", name, err)
		}
	}
	tree, err := sealData(t, data)
	if err != nil || tree.N == 0 {
		t.Fatalf("seal: %v, %v", tree, err)
	}
	keys, err := ledger.VerifiersOf(strings.Fields(mustEnd(t, exitOK, "keys", "export-public", "--data", data))...)
	if err != nil {
		t.Fatal(err)
	}
	is := sealsOf(t, data, exitOK)
	if !strings.HasPrefix(is.Origin, "caseledger.invalid/") || is.Entries != tree.N || is.Sealed != tree.N || is.Remembered != tree.N || is.Root != tree.Hash.String() || is.Alarm != nil {
		t.Errorf("the state is %+v, want all of %v", is, tree)
	}
	got, _, err := ledger.OpenCheckpoint([]byte(mustEnd(t, exitOK, "ledger", "checkpoint", "--data", data)), is.Origin, keys)
	if err != nil || got != tree {
		t.Errorf("the checkpoint is of %v (%v), want %v", got, err, tree)
	}
	mustEnd(t, exitNotFound, "ledger", "checkpoint", "--witnessed", "--data", data)
	if said := mustEnd(t, exitOK, "ledger", "status", "--data", data); !strings.Contains(said, tree.Hash.String()) {
		t.Errorf("the state in words: %s", said)
	}
}

func TestAnAlarmIsLiftedByCommand(t *testing.T) {
	t.Parallel()
	data := someData(t)
	if _, err := sealData(t, data); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, exitNotFound, "ledger", "resume", "--reason", "none", "--data", data)
	o := opening{dir: dataDir(data), mode: writing}
	shelf, err := o.openShelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	a := ledger.Alarm{Code: "witness-conflict", Detail: "size 4", RaisedAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	if err := ledger.RaiseAlarm(t.Context(), shelf, a); err != nil {
		t.Fatal(err)
	}
	if is := sealsOf(t, data, exitFindings); is.Alarm == nil || *is.Alarm != a {
		t.Errorf("the alarm is told as %+v", is.Alarm)
	}
	if said := mustEnd(t, exitFindings, "ledger", "status", "--data", data); !strings.Contains(said, "ALARM since 2026-03-02T09:00:00Z: witness-conflict: size 4") {
		t.Errorf("the alarm in words: %s", said)
	}
	mustEnd(t, exitUsage, "ledger", "resume", "--data", data)
	mustEnd(t, exitOK, "ledger", "resume", "--reason", "the witness was put back", "--data", data)
	if is := sealsOf(t, data, exitOK); is.Alarm != nil || len(is.Lifted) != 1 || is.Lifted[0].Reason != "the witness was put back" {
		t.Errorf("afterwards %+v", is)
	}
}

func TestALedgerIsRecoveredByCommand(t *testing.T) {
	t.Parallel()
	data := someData(t)
	tree, err := sealData(t, data)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(checkpoint, []byte(mustEnd(t, exitOK, "ledger", "checkpoint", "--data", data)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(filepath.Join(data, signerFile+signedSuffix)), os.RemoveAll(filepath.Join(data, tilesFolder, "objects", "tile"))); err != nil {
		t.Fatal(err)
	}
	if _, err := sealData(t, data); !errors.Is(err, ledger.ErrRecoveryRequired) {
		t.Fatalf("without what was signed last: %v", err)
	}
	sealsOf(t, data, exitFindings)
	mustEnd(t, exitUsage, "ledger", "recover", "--reason", "x", "--data", data)
	mustEnd(t, exitUsage, "ledger", "recover", "--accept", checkpoint, "--succeed-by", "other.example", "--reason", "x", "--data", data)
	mustEnd(t, exitUsage, "ledger", "recover", "--accept", checkpoint, "--data", data)
	mustEnd(t, exitNotFound, "ledger", "recover", "--accept", checkpoint+".none", "--reason", "x", "--data", data)
	release, err := opening{dir: dataDir(data), now: time.Now}.alone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mustEnd(t, exitConflict, "ledger", "recover", "--accept", checkpoint, "--reason", "x", "--quiet", "--data", data)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, exitOK, "ledger", "recover", "--accept", checkpoint, "--reason", "the disk was replaced", "--quiet", "--data", data)
	if is := sealsOf(t, data, exitOK); is.Remembered != tree.N || is.Sealed != tree.N || is.Root != tree.Hash.String() {
		t.Errorf("afterwards %+v", is)
	}
	if again, err := sealData(t, data); err != nil || again != tree {
		t.Errorf("sealed %v, %v, want %v", again, err, tree)
	}
}

func TestALedgerIsSucceededByCommand(t *testing.T) {
	t.Parallel()
	data := someData(t)
	tree, err := sealData(t, data)
	if err != nil {
		t.Fatal(err)
	}
	was := sealsOf(t, data, exitOK)
	succeed := []string{"ledger", "recover", "--succeed-by", "ledger.hub.example/2027", "--reason", "an hour was lost", "--quiet", "--data", data}
	mustEnd(t, exitUsage, succeed...)
	if is := sealsOf(t, data, exitOK); is.Origin != was.Origin || is.Alarm != nil {
		t.Errorf("without --yes: %+v", is)
	}
	succeed = append(succeed, "--yes")
	mustEnd(t, exitOK, succeed...)
	mustEnd(t, exitConflict, succeed...)
	for _, name := range []string{signerFile, signerFile + signedSuffix, tilesFolder} {
		if _, err := os.Stat(filepath.Join(data, name+".retired1")); err != nil {
			t.Errorf("the old %s is not kept: %v", name, err)
		}
	}
	again, err := sealData(t, data)
	if err != nil || again != tree {
		t.Fatalf("the successor seals %v, %v, want %v", again, err, tree)
	}
	is := sealsOf(t, data, exitOK)
	if p := is.Predecessor; is.Origin != "ledger.hub.example/2027" || p == nil || p.Origin != was.Origin || p.Reason != "an hour was lost" {
		t.Errorf("the successor is %+v", is)
	}
	mustEnd(t, exitConflict, succeed...)
	succeed[3] = "ledger.hub.example/2028"
	mustEnd(t, exitOK, succeed...)
	if _, err := os.Stat(filepath.Join(data, tilesFolder+".retired2")); err != nil {
		t.Errorf("the second to be succeeded is not kept: %v", err)
	}
	if again, err := sealData(t, data); err != nil || again != tree {
		t.Errorf("the third seals %v, %v", again, err)
	}
}

// TestASuccessionThatWasCutShortIsEnded is of a process that died after it had put
// the new key in place of the old one.
func TestASuccessionThatWasCutShortIsEnded(t *testing.T) {
	t.Parallel()
	data := someData(t)
	tree, err := sealData(t, data)
	if err != nil {
		t.Fatal(err)
	}
	o := opening{dir: dataDir(data), mode: writing, now: time.Now, random: rand.Reader}
	old, err := ledger.ReadSigningKeys(o.signerPath())
	if err != nil {
		t.Fatal(err)
	}
	s := ledger.Succession{Origin: old.Origin(), Successor: "ledger.hub.example/2027", Reason: "an hour was lost", EndedAt: o.now()}
	if err := (shelfPlace{o}).retire(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	path := o.signerPath()
	if _, err := ledger.CreateSigningKeys(path+nextSuffix, s.Successor, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, err := sealData(t, data); !errors.Is(err, ledger.ErrRetired) {
		t.Errorf("with the old key: %v", err)
	}
	if err := errors.Join(os.Link(path, path+".retired1"), os.Rename(path+nextSuffix, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := sealData(t, data); !errors.Is(err, errOtherSigner) {
		t.Errorf("with the new key and the old shelf: %v", err)
	}
	mustEnd(t, exitOK, "ledger", "recover", "--succeed-by", s.Successor, "--reason", s.Reason, "--yes", "--quiet", "--data", data)
	if again, err := sealData(t, data); err != nil || again != tree {
		t.Errorf("the successor seals %v, %v", again, err)
	}
	if is := sealsOf(t, data, exitOK); is.Origin != s.Successor || is.Predecessor == nil {
		t.Errorf("the successor is %+v", is)
	}
	for _, name := range []string{signerFile, signerFile + signedSuffix, tilesFolder} {
		if _, err := os.Stat(filepath.Join(data, name+".retired1")); err != nil {
			t.Errorf("the old %s is not kept: %v", name, err)
		}
	}
}

// Which keys follow the first, and which sign no more, is in the ledger itself,
// once each, and a ledger that changes its keys verifies throughout.
func TestTheLedgerSaysWhichKeysSignIt(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	fillLedger(t, dataDir(data), 3)
	recorded := func(want ...event.SignerChanged) {
		t.Helper()
		for range 2 { // also of a process that starts once more
			if _, err := sealData(t, data); err != nil {
				t.Fatal(err)
			}
		}
		o := opening{dir: dataDir(data), mode: reading, now: time.Now, random: rand.Reader}
		r, err := o.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.close() }()
		var got []event.SignerChanged
		for e, err := range r.store.ReadStream(t.Context(), event.Ledger, 0) {
			if err != nil {
				t.Fatal(err)
			}
			d, err := r.codec.Decode(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, d.Data.(event.SignerChanged))
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("recorded (-want +got):\n%s", d)
		}
		mustEnd(t, exitOK, "verify", "--data", data, "--quiet")
	}
	recorded()
	mustEnd(t, exitOK, "keys", "rotate", "--data", data, "--quiet")
	mustEnd(t, exitOK, "verify", "--data", data, "--quiet") // though nobody has signed with the new key, nor published it
	keys, err := ledger.ReadSigningKeys(filepath.Join(data, signerFile))
	if err != nil {
		t.Fatal(err)
	}
	first, second := event.VerifierKey(keys.List()[0].Public), event.VerifierKey(keys.List()[1].Public)
	added := event.SignerChanged{Added: []event.VerifierKey{second}}
	recorded(added)
	mustEnd(t, exitOK, "keys", "rotate", "--retire", "--data", data, "--quiet")
	recorded(added, event.SignerChanged{Retired: []event.VerifierKey{first}})
}
