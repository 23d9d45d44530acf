package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

func mustProve(t testing.TB, r *ledger.Reader, at int64) ledger.Proof {
	t.Helper()
	p, err := r.Proof(t.Context(), event.Position(at))
	if err != nil {
		t.Fatalf("entry %d: %v", at, err)
	}
	return p
}

func TestAProofProvesItsEntryAndNoOther(t *testing.T) {
	t.Parallel()
	w, _ := sealed(t, 300)
	is, r := w.truth(t), w.reader(8)
	keys := note.VerifierList(w.public)
	for _, at := range []int64{1, 2, 255, 256, 257, 299, 300} {
		p, err := ledger.ParseProof(ledger.FormatProof(mustProve(t, r, at)))
		if err != nil {
			t.Fatalf("entry %d: %v", at, err)
		}
		tree, n, err := ledger.CheckProof(is.leaves[at-1], p, origin, keys)
		if err != nil || tree.N != 300 || tree.Hash != is.root(t, 300) || len(n.Sigs) != 1 {
			t.Errorf("entry %d: %v, %v", at, tree, err)
		}
		for other, leaf := range is.leaves {
			if int64(other) == at-1 {
				continue
			}
			if _, _, err := ledger.CheckProof(leaf, p, origin, keys); !errors.Is(err, ledger.ErrProofFails) {
				t.Fatalf("entry %d by the proof of %d: %v", other+1, at, err)
			}
		}
	}
}

func TestAProofIsByTheWitnessedCheckpointWhereThatHasTheEntry(t *testing.T) {
	t.Parallel()
	w, shelf := sealed(t, 100)
	witness, seen := ledgertest.Key(t, "witness.example")
	cosigned, n, err := ledger.OpenCheckpoint(w.value(t, ledger.RegisterCheckpoint), origin, note.VerifierList(w.public))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := note.Sign(n, witness)
	if err != nil {
		t.Fatal(err)
	}
	shelf.registers[ledger.RegisterWitnessed] = raw
	w.record(t, 200)
	w.mustSeal(t, w.sealer(t))
	is, r := w.truth(t), w.reader(8)
	keys := note.VerifierList(w.public, seen)
	for at, want := range map[int64]int64{1: 100, 100: 100, 101: 300, 300: 300} {
		tree, n, err := ledger.CheckProof(is.leaves[at-1], mustProve(t, r, at), origin, keys)
		if err != nil || tree.N != want || (len(n.Sigs) == 2) != (want == cosigned.N) {
			t.Errorf("entry %d: by %v with %d signatures, %v; want by %d", at, tree, len(n.Sigs), err, want)
		}
	}
	forked, err := note.Sign(&note.Note{Text: ledger.CheckpointText(origin, ledger.Tree{N: 100, Hash: is.leaves[5]})}, w.signer, witness)
	if err != nil {
		t.Fatal(err)
	}
	shelf.registers[ledger.RegisterWitnessed] = forked
	if _, err := r.Proof(t.Context(), 5); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("of another tree: got %v, want ErrCorrupt", err)
	}
}

// Whatever is done to a proof, it is refused, and by the name of what is wrong.
func TestAnAlteredProofIsRefused(t *testing.T) {
	t.Parallel()
	w, _ := sealed(t, 300)
	is, good := w.truth(t), ledger.FormatProof(mustProve(t, w.reader(8), 42))
	checkpoint := string(w.value(t, ledger.RegisterCheckpoint))
	lines := strings.SplitAfter(string(good), "\n")
	line := func(i int, text string) string {
		changed := slices.Clone(lines)
		changed[i] = text
		return strings.Join(changed, "")
	}
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	signature := checkpoint[strings.Index(checkpoint, "\n\n")+2:]
	bits := []byte(lines[2])
	bits[len(bits)-3]++ // below what the last character counts
	for name, c := range map[string]struct {
		proof string
		want  error
	}{
		"empty":                   {"", ledger.ErrProofForm},
		"larger than any":         {string(good) + strings.Repeat("x", ledger.MaxProofBytes), ledger.ErrProofSize},
		"of another version":      {line(0, "c2sp.org/tlog-proof@v2\n"), ledger.ErrProofForm},
		"with extra data":         {line(0, lines[0]+"extra AAAA\n"), ledger.ErrProofForm},
		"without its index":       {line(1, ""), ledger.ErrProofForm},
		"a padded index":          {line(1, "index 041\n"), ledger.ErrProofForm},
		"a signed index":          {line(1, "index +41\n"), ledger.ErrProofForm},
		"a negative index":        {line(1, "index -41\n"), ledger.ErrProofForm},
		"an index of 64 bits":     {line(1, "index 18446744073709551615\n"), ledger.ErrProofForm},
		"a larger index":          {line(1, "index 300\n"), ledger.ErrProofIndex},
		"another index":           {line(1, "index 40\n"), ledger.ErrProofFails},
		"the largest index":       {line(1, "index 9223372036854775807\n"), ledger.ErrProofIndex},
		"windows lines":           {strings.ReplaceAll(string(good), "\n", "\r\n"), ledger.ErrProofForm},
		"a hash fewer":            {line(2, ""), ledger.ErrProofFails},
		"a hash more":             {line(2, lines[2]+lines[2]), ledger.ErrProofFails},
		"two hashes swapped":      {strings.Join(swapped, ""), ledger.ErrProofFails},
		"a hash cut":              {line(2, lines[2][4:]), ledger.ErrProofForm},
		"a longer hash":           {line(2, "AAAA"+lines[2]), ledger.ErrProofForm},
		"a hash without padding":  {line(2, strings.TrimRight(lines[2], "=\n")+"A\n"), ledger.ErrProofForm},
		"a hash in another form":  {line(2, string(bits)), ledger.ErrProofForm},
		"an url-safe hash":        {line(2, strings.Repeat("-", 43)+"=\n"), ledger.ErrProofForm},
		"too many hashes":         {line(2, strings.Repeat(lines[2], 64)), ledger.ErrProofForm},
		"a space after a hash":    {line(2, strings.Replace(lines[2], "\n", " \n", 1)), ledger.ErrProofForm},
		"no checkpoint":           {strings.TrimSuffix(string(good), checkpoint), ledger.ErrProofForm},
		"half a checkpoint":       {strings.TrimSuffix(string(good), signature), ledger.ErrProofForm},
		"without its last byte":   {string(good[:len(good)-1]), ledger.ErrProofForm},
		"a line after it":         {string(good) + "x\n", ledger.ErrProofForm},
		"an empty line after it":  {string(good) + "\n", ledger.ErrProofForm},
		"an empty line more":      {strings.Replace(string(good), "\n\n", "\n\n\n", 1), ledger.ErrProofForm},
		"an empty line before it": {"\n" + string(good), ledger.ErrProofForm},
		"a byte after it":         {string(good) + "x", ledger.ErrProofForm},
		"itself after it":         {string(good) + string(good), ledger.ErrProofForm},
		"a signature twice":       {string(good) + signature, ledger.ErrProofForm},
		"a zero after it":         {string(good) + "\x00", ledger.ErrProofForm},
		"another checkpoint":      {strings.Replace(string(good), "\n300\n", "\n301\n", 1), ledger.ErrCheckpoint},
		"a checkpoint extended":   {strings.Replace(string(good), "\n\n— ", "\nmore\n\n— ", 1), ledger.ErrProofForm},
		"of another origin":       {strings.ReplaceAll(string(good), origin, "hub.example/other"), ledger.ErrCheckpoint},
	} {
		if c.proof == string(good) {
			t.Errorf("%s: nothing was changed", name)
		}
		p, err := ledger.ParseProof([]byte(c.proof))
		if err == nil {
			_, _, err = ledger.CheckProof(is.leaves[41], p, origin, note.VerifierList(w.public))
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for i := range good {
		altered := bytes.Clone(good)
		altered[i] ^= 1
		p, err := ledger.ParseProof(altered)
		if err == nil {
			_, _, err = ledger.CheckProof(is.leaves[41], p, origin, note.VerifierList(w.public))
		}
		if err == nil {
			t.Errorf("byte %d of %d altered: it is believed", i, len(good))
		}
		if _, err := ledger.ParseProof(good[:i]); err == nil {
			t.Errorf("its first %d bytes of %d are read", i, len(good))
		}
	}
}

// A signature's base64 leaves bits over that mean nothing: a checkpoint has one
// form of them.
func TestASignatureHasOneForm(t *testing.T) {
	t.Parallel()
	w, _ := sealed(t, 3)
	good := w.value(t, ledger.RegisterCheckpoint)
	altered := bytes.Clone(good)
	at := bytes.LastIndexByte(altered, '=') - 1
	altered[at]++
	n, err := note.Open(altered, note.VerifierList(w.public))
	if err != nil || len(n.Sigs) != 1 {
		t.Fatalf("the reading that is less strict: %v", err)
	}
	if _, _, err := ledger.OpenCheckpoint(altered, origin, note.VerifierList(w.public)); !errors.Is(err, ledger.ErrCheckpoint) {
		t.Errorf("got %v, want ErrCheckpoint", err)
	}
}

func FuzzParseProof(f *testing.F) {
	w, _ := sealed(f, 300)
	for _, at := range []int64{1, 257, 300} {
		f.Add(ledger.FormatProof(mustProve(f, w.reader(0), at)))
	}
	f.Add([]byte(fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex 0\n\n%s\n— a AAAAAAA=\n", ledger.CheckpointText("a", ledger.Tree{N: 1}))))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ledger.ParseProof(b)
		if err != nil {
			if !errors.Is(err, ledger.ErrProofForm) && !errors.Is(err, ledger.ErrProofSize) {
				t.Errorf("an error without a name: %v", err)
			}
			return
		}
		if !bytes.Equal(ledger.FormatProof(p), b) {
			t.Error("it is read and not written so")
		}
		if _, _, err := ledger.CheckProof(tlog.Hash{}, p, origin, note.VerifierList(w.public)); err == nil {
			t.Error("it proves that there is an entry that nobody made")
		}
	})
}
