package witness

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// What we sign, the library verifies, at the time that was given; and a key of the
// library's, or of another use, is not one of a witness.
func TestACosignatureIsTheLibrarys(t *testing.T) {
	t.Parallel()
	secret, public, err := GenerateKey(rand.Reader, "witness.example/one")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(secret)
	if err != nil || s.VerifierKey() != public || s.Name() != "witness.example/one" {
		t.Fatalf("%v: %s", err, s.VerifierKey())
	}
	theirs, err := cosignature.NewSignerForCosignatureV1(secret)
	if err != nil || theirs.Name() != s.Name() {
		t.Fatalf("the library does not read the secret key: %v", err)
	}
	ours, err := NewVerifier(public)
	if err != nil || ours.KeyHash() != theirs.KeyHash() {
		t.Fatal("the ids differ", err)
	}
	text, at := origin+"\n0\n"+hashLine, time.Unix(1_750_000_000, 0)
	signed := text + "\n" + string(s.cosign(text, at))
	for _, v := range []note.Verifier{ours, theirs.Verifier()} {
		n, err := note.Open([]byte(signed), note.VerifierList(v))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cosignature.CoSigV1Timestamp(n.Sigs[0]); err != nil || !got.Equal(at) {
			t.Errorf("at %v, %v", got, err)
		}
	}
	if _, err := note.Open([]byte(strings.Replace(signed, "\n0\n", "\n1\n", 1)), note.VerifierList(ours)); err == nil {
		t.Error("it holds over another text")
	}
	_, plain, err := note.GenerateKey(rand.Reader, "witness.example/one")
	if err != nil {
		t.Fatal(err)
	}
	last := len(public) - 6
	for name, key := range map[string]string{
		"a key of a ledger": plain, "nothing": "", "the secret key": secret, "another name": "x" + public,
		"another id":  strings.Replace(public, public[len("witness.example/one+"):][:8], "00000000", 1),
		"another key": public[:last] + "A" + public[last+1:], "a shorter key": public[:last],
	} {
		if key == public {
			continue
		}
		if _, err := NewVerifier(key); !errors.Is(err, ErrKey) {
			t.Errorf("%s is taken: %v", name, err)
		}
		if _, err := NewSigner(strings.Replace(secret, "+"+public[len("witness.example/one+"):][:8], "+00000000", 1)); !errors.Is(err, ErrKey) {
			t.Error("a secret key with another id is taken")
		}
	}
	if _, _, err := GenerateKey(rand.Reader, "two words"); err == nil {
		t.Error("a name with a blank is taken")
	}
}
