package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

const origin = "hub.example/ledger"

func TestACheckpointIsOneOfTheLedgerOrNone(t *testing.T) {
	t.Parallel()
	ours, known := ledgertest.Key(t, origin)
	other, _ := ledgertest.Key(t, origin)
	witness, seen := ledgertest.Key(t, "witness.example")
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
