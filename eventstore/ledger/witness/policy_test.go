package witness

import (
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	theirs "github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

func TestAPolicyIsOneOrNone(t *testing.T) {
	t.Parallel()
	key := func(name string) string { return newSigner(t, name).VerifierKey() }
	a, b, c := "witness a "+key("a.example")+" https://a.example\n", "witness b "+key("b.example")+" https://b.example/prefix/\n", "witness c "+key("c.example")+"\n"
	all := a + b + c
	for name, file := range map[string]string{
		"one":                      a + "quorum a\n",
		"nobody":                   a + "quorum none\n",
		"nobody at all":            "quorum none\n",
		"two of three":             all + "group g 2 a b c\nquorum g\n",
		"a group of each":          all + "group nhs any a b\ngroup probation all c\ngroup both all nhs probation\nquorum both\n",
		"comments and blanks":      "# who vouches\n\n\t " + a + "  # more\nquorum\ta",
		"a loopback address":       "witness a " + key("a") + " http://127.0.0.1:7380\nquorum a\n",
		"another loopback address": "witness a " + key("a") + " http://[::1]:7380/w\nquorum a\n",
	} {
		p, err := ParsePolicy([]byte(file))
		if err != nil || !p.possibleWithout(nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := key("w")
	for name, file := range map[string]string{
		"nothing":                  "",
		"no quorum":                all,
		"a second quorum":          a + "quorum a\nquorum a\n",
		"an unknown quorum":        a + "quorum b\n",
		"a quorum before its name": "quorum a\n" + a,
		"two quorums":              all + "quorum a b\n",
		"an unknown word":          a + "threshold 1\nquorum a\n",
		"the same name":            a + "witness a " + w + "\nquorum a\n",
		"the same key":             "witness a " + w + "\nwitness b " + w + "\nquorum a\n",
		"the same URL":             "witness a " + w + " https://w.example/\nwitness b " + key("b") + " https://W.example\nquorum a\n",
		"a word as a name":         "witness none " + w + "\nquorum none\n",
		"no key":                   "witness a\nquorum a\n",
		"a broken key":             "witness a " + w[:len(w)-3] + "\nquorum a\n",
		"one word too many":        "witness a " + w + " https://a.example x\nquorum a\n",
		"an empty group":           a + "group g all\nquorum g\n",
		"none of a group":          all + "group g 0 a b\nquorum g\n",
		"more than there are":      all + "group g 3 a b\nquorum g\n",
		"a padded number":          all + "group g 02 a b\nquorum g\n",
		"a signed number":          all + "group g +2 a b\nquorum g\n",
		"a member twice":           all + "group g 2 a a\nquorum g\n",
		"a member of two groups":   all + "group g any a b\ngroup h any a c\ngroup i all g h\nquorum i\n",
		"a group of itself":        all + "group g any g\nquorum g\n",
		"a control character":      strings.Replace(a, " https", "\r https", 1) + "quorum a\n",
		"no TLS":                   "witness a " + w + " http://a.example\nquorum a\n",
		"a name for loopback":      "witness a " + w + " http://127.0.0.1.a.example\nquorum a\n",
		"another scheme":           "witness a " + w + " ftp://a.example\nquorum a\n",
		"a user":                   "witness a " + w + " https://me:secret@a.example\nquorum a\n",
		"a query":                  "witness a " + w + " https://a.example/?x=y\nquorum a\n",
		"a fragment":               "witness a " + w + " https://a.example/#x\nquorum a\n",
		"no host":                  "witness a " + w + " https:///x\nquorum a\n",
		"a broken ledger":          "log " + w + "\n" + a + "quorum a\n",
		"too much":                 strings.Repeat("#", maxPolicy) + "\nquorum none\n",
	} {
		if _, err := ParsePolicy([]byte(file)); !errors.Is(err, ErrPolicy) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), w) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of policies that are drawn, ours and the library's agree on every subset of
// witnesses.
func TestAPolicyMeansWhatTheLibrarySays(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewSource(7))
	text := origin + "\n7\n" + hashLine
	for i := range cases(t, 60) {
		signers := make([]*Signer, 1+draw.Intn(5))
		var file strings.Builder
		var free []string
		for j := range signers {
			signers[j] = newSigner(t, fmt.Sprintf("w%d.example", j))
			fmt.Fprintf(&file, "witness w%d %s https://w%d.example\n", j, signers[j].VerifierKey(), j)
			free = append(free, fmt.Sprintf("w%d", j))
		}
		for g := 0; len(free) > 1 && g < 4; g++ {
			n := 1 + draw.Intn(len(free))
			least := []string{"any", "all", fmt.Sprint(1 + draw.Intn(n))}[draw.Intn(3)]
			fmt.Fprintf(&file, "group g%d %s %s\n", g, least, strings.Join(free[:n], " "))
			free = append(free[n:], fmt.Sprintf("g%d", g))
		}
		fmt.Fprintf(&file, "quorum %s\n", free[len(free)-1])
		ours, err := ParsePolicy([]byte(file.String()))
		if err != nil {
			t.Fatalf("case %d: %v\n%s", i, err, file.String())
		}
		library, err := theirs.ParsePolicy([]byte(file.String()))
		if err != nil {
			t.Fatal(err)
		}
		for subset := range 1 << len(signers) {
			signed := text + "\n— nobody.example AAAAAAAA\n"
			without := map[string]bool{}
			for j, s := range signers {
				if subset&(1<<j) != 0 {
					signed += string(s.cosign(text, time.Unix(1, 0)))
				} else {
					without[fmt.Sprintf("w%d", j)] = true
				}
			}
			var by []note.Signature
			if n, err := note.Open([]byte(signed), ours.Verifiers()); err == nil {
				by = n.Sigs
			}
			if got, want := ours.Satisfied(by), library.Satisfied([]byte(signed)); got != want || ours.possibleWithout(without) != want {
				t.Fatalf("case %d, subset %b: got %t, want %t\n%s", i, subset, got, want, file.String())
			}
		}
	}
}
