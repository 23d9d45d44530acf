package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
)

const hashLine = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"

func TestARequestHasOneForm(t *testing.T) {
	t.Parallel()
	const rest = "\nhub.example/ledger\n7\n" + hashLine + "\n— hub.example/ledger AAAA\n"
	for name, c := range map[string]struct {
		body string
		ok   bool
	}{
		"no proof":            {"old 0\n" + rest, true},
		"a proof":             {"old 12\n" + hashLine + hashLine + rest, true},
		"63 hashes":           {"old 12\n" + strings.Repeat(hashLine, 63) + rest, true},
		"64 hashes":           {"old 12\n" + strings.Repeat(hashLine, 64) + rest, false},
		"a padded size":       {"old 012\n" + rest, false},
		"a signed size":       {"old +12\n" + rest, false},
		"a negative size":     {"old -12\n" + rest, false},
		"a size beyond int64": {"old 9223372036854775808\n" + rest, false},
		"no size":             {"old \n" + rest, false},
		"two blanks":          {"old  1\n" + rest, false},
		"no old":              {"12\n" + rest, false},
		"another word":        {"new 12\n" + rest, false},
		"a short hash":        {"old 12\nAAAA\n" + rest, false},
		"an unpadded hash":    {"old 12\n" + strings.TrimSuffix(hashLine, "=\n") + "\n" + rest, false},
		"loose bits":          {"old 12\n" + strings.Replace(hashLine, "kaw=", "kax=", 1) + rest, false},
		"carriage returns":    {"old 12\r\n" + rest, false},
		"no checkpoint":       {"old 12\n\n", false},
		"nothing":             {"", false},
		"too much":            {"old 12\n" + rest + strings.Repeat("x", maxBody), false},
	} {
		r, err := ParseRequest([]byte(c.body))
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && string(r.Marshal()) != c.body {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("old 12\n" + hashLine + "\nhub.example/ledger\n"))
	f.Add([]byte("old 0\n\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := ParseRequest(body); err == nil && !bytes.Equal(r.Marshal(), body) {
			t.Errorf("%q is read and not written so", body)
		}
	})
}

// Whatever a request holds, the witness answers with a status of the protocol and
// does not cosign what its ledger did not sign.
func FuzzServer(f *testing.F) {
	k, h, c := fixedKey(f, origin), of(f, 9, 9, ""), newClock()
	w := newQuietWitness(f, "witness.example", c.now, k.verifier)
	f.Add(Request{0, nil, k.sign(f, h, 4)}.Marshal())
	f.Add(Request{4, h.proof(f, 4, 9), k.sign(f, h, 9)}.Marshal())
	f.Fuzz(func(t *testing.T, body []byte) {
		switch rec := w.post(body); rec.Code {
		case http.StatusOK:
			q, err := ParseRequest(body)
			if err != nil {
				t.Fatal(err)
			}
			n, err := note.Open(q.Checkpoint, verifiers(k))
			if err != nil || n.Text != ledger.CheckpointText(origin, h.tree(t, 4)) && n.Text != ledger.CheckpointText(origin, h.tree(t, 9)) {
				t.Errorf("cosigned %q", body)
			}
		case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("%d for %q", rec.Code, body)
		}
	})
}

// Whatever a witness answers, only its own cosignature over our text is taken.
func FuzzVerify(f *testing.F) {
	k, h, c := fixedKey(f, origin), of(f, 9, 9, ""), newClock()
	s := &Signer{"witness.example", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	p, err := ParsePolicy([]byte("witness w " + s.VerifierKey() + "\nquorum w\n"))
	if err != nil {
		f.Fatal(err)
	}
	asks := client{origin: origin, now: c.now}
	to := checkpointOf(f, k, h, 9)
	f.Add([]byte("— witness.example AAAA\n"))
	f.Add(s.cosign(to.note.Text, c.now()))
	f.Add(s.cosign(to.note.Text, c.now().Add(time.Hour)))
	f.Add([]byte("\nother\n\n" + string(s.cosign("other\n", c.now()))))
	f.Fuzz(func(t *testing.T, lines []byte) {
		got, err := asks.verify(p.Members[0], to, lines)
		if err == nil && !bytes.Contains(lines, bytes.TrimSpace(s.cosign(to.note.Text, got.at))) {
			t.Errorf("%q is taken for a cosignature", lines)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte("witness w " + newSigner(f, "witness.example").VerifierKey() + " https://witness.example/w\ngroup g 1 w\nquorum g\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := ParsePolicy(file)
		if err != nil && !errors.Is(err, ErrPolicy) {
			t.Error(err)
		}
		if err == nil && !p.possibleWithout(nil) {
			t.Error("a policy is taken that nobody can meet")
		}
	})
}

func FuzzParseFork(f *testing.F) {
	k, a, b := fixedKey(f, origin), of(f, 9, 9, ""), of(f, 9, 3, "b")
	one, _ := forkOf(checkpointOf(f, k, a, 9), checkpointOf(f, k, b, 9), nil, nil)
	f.Add(one.Marshal())
	two, _ := forkOf(checkpointOf(f, k, a, 7), checkpointOf(f, k, b, 9), b.proof(f, 7, 9), nil)
	f.Add(two.Marshal())
	f.Fuzz(func(t *testing.T, file []byte) {
		if g, err := ParseFork(file); err == nil && !bytes.Equal(g.Marshal(), file) {
			t.Errorf("%q is read and not written so", file)
		}
	})
}

// fixedKey is the same key in every process that fuzzes.
func fixedKey(t testing.TB, name string) key {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	public, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, v.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...))))
	if err != nil {
		t.Fatal(err)
	}
	return key{s, v}
}

func checkpointOf(t testing.TB, k key, h *history, n int64) checkpoint {
	t.Helper()
	r := record{tree: h.tree(t, n), signed: k.sign(t, h, n)}
	c, ok := r.known(verifiers(k))
	if !ok {
		t.Fatal("a checkpoint of our own cannot be opened")
	}
	return c
}
