package ledger_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

const origin = "hub.example/ledger"

// keyPair is a signer and what verifies it, under a name.
func keyPair(t *testing.T, name string) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func TestACheckpointIsOneOfTheLedgerOrNone(t *testing.T) {
	t.Parallel()
	ours, known := keyPair(t, origin)
	other, _ := keyPair(t, origin)
	witness, seen := keyPair(t, "witness.example")
	tree := ledger.Tree{N: 12, Hash: tlog.RecordHash([]byte("twelve"))}
	text := ledger.CheckpointText(origin, tree)
	for name, c := range map[string]struct {
		text    string
		signers []note.Signer
		as      string
		ok      bool
	}{
		"signed":                 {text, []note.Signer{ours}, origin, true},
		"cosigned":               {text, []note.Signer{ours, witness}, origin, true},
		"by a stranger":          {text, []note.Signer{other}, origin, false},
		"by the witness alone":   {text, []note.Signer{witness}, origin, false},
		"of another origin":      {text, []note.Signer{ours}, "hub.example/other", false},
		"with an extension":      {text + "more\n", []note.Signer{ours}, origin, false},
		"a padded size":          {strings.Replace(text, "12", "012", 1), []note.Signer{ours}, origin, false},
		"a signed size":          {strings.Replace(text, "12", "+12", 1), []note.Signer{ours}, origin, false},
		"a negative size":        {strings.Replace(text, "12", "-12", 1), []note.Signer{ours}, origin, false},
		"a shorter root":         {origin + "\n12\nAAAA\n", []note.Signer{ours}, origin, false},
		"a root in another form": {strings.Replace(text, "=", "", 1), []note.Signer{ours}, origin, false},
		"no origin":              {"\n" + strings.SplitN(text, "\n", 2)[1], []note.Signer{ours}, "", false},
	} {
		signed, err := note.Sign(&note.Note{Text: c.text}, c.signers...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _, err := ledger.OpenCheckpoint(signed, c.as, note.VerifierList(known, seen))
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ledger.ErrCheckpoint) || c.ok && got != tree {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if _, _, err := ledger.OpenCheckpoint(make([]byte, 1<<20), origin, note.VerifierList(known)); !errors.Is(err, ledger.ErrCheckpoint) {
		t.Errorf("a megabyte: %v", err)
	}
}

func FuzzParseCheckpointText(f *testing.F) {
	f.Add(ledger.CheckpointText(origin, ledger.Tree{N: 12}))
	f.Add("a\n0\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		of, tree, err := ledger.ParseCheckpointText(text)
		if err == nil && ledger.CheckpointText(of, tree) != text {
			t.Errorf("%q is read and not written so", text)
		}
	})
}
