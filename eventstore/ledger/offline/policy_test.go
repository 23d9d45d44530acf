package offline_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/ledger/witness"
)

func errorIs(err, target error) bool { return errors.Is(err, target) }

// The checkpoint needs as many witnesses as the policy says, and those.
func TestWitnessesOfAPolicy(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	nhs, hmpps, third := offlinetest.NewWitness(t, "nhs.example", 1_772_000_000), offlinetest.NewWitness(t, "hmpps.example", 1_772_000_001), offlinetest.NewWitness(t, "third.example", 1_772_000_002)
	named := fmt.Sprintf("# two organisations\nwitness nhs %s\nwitness hmpps %s https://hmpps.example/witness\n\twitness third %s\n", nhs.VerifierKey(), hmpps.VerifierKey(), third.VerifierKey())
	liar := offlinetest.NewWitness(t, "nhs.example", 1)
	for what, c := range map[string]struct {
		policy string
		signed []note.Signer
		want   verdict.Verdict
	}{
		"none is asked for":                  {"quorum none\n", nil, verdict.Intact},
		"one":                                {"quorum nhs\n", []note.Signer{nhs}, verdict.Intact},
		"another than that one":              {"quorum nhs\n", []note.Signer{hmpps}, verdict.Tampered},
		"all of two":                         {"group both all nhs hmpps\nquorum both\n", []note.Signer{nhs, hmpps}, verdict.Intact},
		"one of both":                        {"group both all nhs hmpps\nquorum both\n", []note.Signer{nhs}, verdict.Tampered},
		"any":                                {"group g any nhs hmpps\nquorum g\n", []note.Signer{hmpps}, verdict.Intact},
		"none of any":                        {"group g any nhs hmpps\nquorum g\n", []note.Signer{third}, verdict.Tampered},
		"two of three":                       {"group g 2 nhs hmpps third\nquorum g\n", []note.Signer{third, nhs}, verdict.Intact},
		"one of three":                       {"group g 2 nhs hmpps third\nquorum g\n", []note.Signer{third}, verdict.Tampered},
		"a group in a group":                 {"group a any nhs hmpps\ngroup g all a third\nquorum g\n", []note.Signer{third, hmpps}, verdict.Intact},
		"a group in a group, of one":         {"group a any nhs hmpps\ngroup g all a third\nquorum g\n", []note.Signer{nhs, hmpps}, verdict.Tampered},
		"somebody who calls themselves that": {"quorum nhs\n", []note.Signer{liar}, verdict.Tampered},
	} {
		r, err := offline.Proof(w.Proof(7, 11, w.Checkpoint(11, c.signed...)), w.Entry(7), trusting(t, named+c.policy, w.Key))
		if err != nil || r.Verdict() != c.want {
			t.Errorf("%s: got %v, %v, want %s", what, r, err, c.want)
		}
		if err == nil && c.want == verdict.Tampered && r.Findings[0].Code != verdict.NotWitnessed {
			t.Errorf("%s: %s", what, r.Findings[0].Code)
		}
		// The keys of the ledger may stand in the policy.
		r, err = offline.Proof(w.Proof(7, 11, w.Checkpoint(11, c.signed...)), w.Entry(7), trusting(t, "log "+w.Key+"\n"+named+c.policy))
		if err != nil || r.Verdict() != c.want {
			t.Errorf("%s, and the log in the policy: got %v, %v, want %s", what, r, err, c.want)
		}
	}
	// A cosignature under a known key that does not hold spoils the checkpoint.
	signed := string(w.Checkpoint(11, nhs))
	head, line, _ := strings.Cut(signed, "— nhs.example ")
	r, err := offline.Proof(w.Proof(7, 11, []byte(head+"— nhs.example "+line[:20]+flip(line[20:21])+line[21:])), w.Entry(7), trusting(t, named+"quorum none\n", w.Key))
	refused(t, "a cosignature that does not hold", r, err)
}

func flip(s string) string {
	if s == "A" {
		return "B"
	}
	return "A"
}

func TestPoliciesThatAreNone(t *testing.T) {
	t.Parallel()
	a, b := offlinetest.NewWitness(t, "a.example", 1), offlinetest.NewWitness(t, "b.example", 1)
	_, log := offlinetest.NewKey(t, "hub.example/ledger")
	witnesses := "witness a " + a.VerifierKey() + "\nwitness b " + b.VerifierKey() + "\n"
	_, encoded, _ := strings.Cut(a.VerifierKey(), "+")
	_, encoded, _ = strings.Cut(encoded, "+")
	for what, policy := range map[string]string{
		"empty":                          "",
		"no quorum":                      witnesses,
		"two":                            witnesses + "quorum a\nquorum b\n",
		"of nobody":                      witnesses + "quorum c\n",
		"before it is defined":           "quorum a\n" + witnesses,
		"a witness twice":                witnesses + "witness c " + a.VerifierKey() + "\nquorum a\n",
		"a name twice":                   "witness a " + a.VerifierKey() + "\nwitness a " + b.VerifierKey() + "\nquorum a\n",
		"a name that means no one":       "witness none " + a.VerifierKey() + "\nquorum none\n",
		"a log twice":                    "log " + log + "\nlog " + log + "\nquorum none\n",
		"a log with a witness's key":     "log " + a.VerifierKey() + "\nquorum none\n",
		"a witness with a log's key":     "witness a " + log + "\nquorum a\n",
		"a key with another id":          "witness a a.example+00000000+" + encoded + "\nquorum a\n",
		"no key":                         "witness a hello\nquorum a\n",
		"more than one of one":           witnesses + "group g 2 a\nquorum g\n",
		"none of one":                    witnesses + "group g 0 a\nquorum g\n",
		"a padded number":                witnesses + "group g 01 a b\nquorum g\n",
		"a group of nobody":              witnesses + "group g any\nquorum g\n",
		"a member of two groups":         witnesses + "group g any a\ngroup h all a b\nquorum h\n",
		"a member twice":                 witnesses + "group g 2 a a\nquorum g\n",
		"itself":                         witnesses + "group g any g\nquorum g\n",
		"an unknown word":                witnesses + "quorums a\n",
		"a word more":                    witnesses + "quorum a b\n",
		"a carriage return":              witnesses + "quorum a\r\n",
		"larger than any":                strings.Repeat("#", 70_000) + "\n" + witnesses + "quorum a\n",
		"a comment behind what it is of": witnesses + "quorum a # both\n",
	} {
		if _, err := offline.ParsePolicy([]byte(policy)); !errors.Is(err, offline.ErrTrust) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	_, one := offlinetest.NewKey(t, "hub.example/one")
	_, two := offlinetest.NewKey(t, "hub.example/two")
	for what, c := range map[string]struct {
		keys   []string
		origin string
		ok     bool
	}{
		"one":                          {[]string{one}, "", true},
		"one, twice":                   {[]string{one, one}, "", true},
		"two of two ledgers":           {[]string{one, two}, "", false},
		"and the origin of one":        {[]string{one, two}, "hub.example/one", true},
		"and the origin of neither":    {[]string{one, two}, "hub.example/three", false},
		"what is none":                 {[]string{"hello"}, "", false},
		"a private key":                {[]string{"PRIVATE+KEY+" + one}, "", false},
		"a key under another name":     {[]string{strings.Replace(one, "/one", "/two", 1)}, "", false},
		"none, and nothing to believe": {nil, "", true},
	} {
		if _, err := offline.NewTrust(c.keys, c.origin, nil); c.ok != (err == nil) || err != nil && !errors.Is(err, offline.ErrTrust) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	a := offlinetest.NewWitness(f, "a.example", 1)
	f.Add([]byte("witness a " + a.VerifierKey() + "\ngroup g any a\nquorum g\n"))
	f.Add([]byte("quorum none"))
	w := eleven(f)
	signed := w.Proof(7, 11, w.Checkpoint(11, a))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := offline.ParsePolicy(b)
		if err != nil {
			return
		}
		trust, err := offline.NewTrust([]string{w.Key}, offlinetest.Origin, p)
		if err == nil {
			_, _ = offline.Proof(signed, w.Entry(7), trust)
		}
	})
}

// The verifier and the ledger judge a checkpoint alike under one policy file.
func TestPoliciesAreReadAsTheLedgerReadsThem(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	all := []*offlinetest.Witness{offlinetest.NewWitness(t, "nhs.example", 1_772_000_000), offlinetest.NewWitness(t, "hmpps.example", 1_772_000_001), offlinetest.NewWitness(t, "third.example", 1_772_000_002)}
	named := ""
	for i, one := range all {
		named += fmt.Sprintf("witness w%d %s\n", i, one.VerifierKey())
	}
	for _, rest := range []string{"quorum none\n", "quorum w1\n", "group g all w0 w1 w2\nquorum g\n", "group g any w0 w2\nquorum g\n", "group g 2 w0 w1 w2\nquorum g\n",
		"group a any w0 w1\ngroup g all a w2\nquorum g\n", "group a 2 w0 w1\ngroup g any a w2\nquorum g\n",
		"group g 3 w0 w1\nquorum g\n", "group g 2 w0 w0\nquorum g\n", "quorum w3\n", "quorum\n", "group g all none\nquorum g\n"} {
		theirs, err := witness.ParsePolicy([]byte(named + rest))
		mine, own := offline.ParsePolicy([]byte(named + rest))
		if (err == nil) != (own == nil) {
			t.Errorf("%q: the ledger says %v, the verifier %v", rest, err, own)
		}
		if err != nil || own != nil {
			continue
		}
		trust, err := offline.NewTrust([]string{w.Key}, "", mine)
		if err != nil {
			t.Fatal(err)
		}
		for some := range 1 << len(all) {
			var by []note.Signer
			for i, one := range all {
				if some>>i&1 == 1 {
					by = append(by, one)
				}
			}
			checkpoint := w.Checkpoint(11, by...)
			known := []note.Verifier{}
			for _, m := range theirs.Members {
				known = append(known, m.Verifier)
			}
			ledgers, err := note.NewVerifier(w.Key)
			if err != nil {
				t.Fatal(err)
			}
			n, err := note.Open(checkpoint, note.VerifierList(append(known, ledgers)...))
			if err != nil {
				t.Fatal(err)
			}
			r, err := offline.Proof(w.Proof(7, 11, checkpoint), w.Entry(7), trust)
			if err != nil || r.Verdict().Holds() != theirs.Satisfied(n.Sigs) {
				t.Errorf("%q, cosigned by %03b: the verifier says %v, %v, the ledger %t", rest, some, r.Headline(), err, theirs.Satisfied(n.Sigs))
			}
		}
	}
}
