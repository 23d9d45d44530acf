package offline_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
)

// eleven is a ledger of eleven entries.
func eleven(tb testing.TB) *offlinetest.World {
	tb.Helper()
	w := offlinetest.New(tb)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.Write(offlinetest.Blake, "sleeps well")
	w.Write(offlinetest.Blake, "sleeps well still")
	return w
}

func TestEveryProofHolds(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	trust := trusting(t, "", w.Key)
	for size := 1; size <= len(w.Stored); size++ {
		for position := 1; position <= size; position++ {
			r, err := offline.Proof(w.Proof(w.Stored[position-1].Position, size, w.Checkpoint(size)), w.Entry(w.Stored[position-1].Position), trust)
			passes(t, verdict.Intact, r, err)
		}
	}
}

func TestEveryBitOfAProofCounts(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	trust := trusting(t, "", w.Key)
	proof, entry := w.Proof(7, 11, w.Checkpoint(11)), w.Entry(7)
	for what, b := range map[string][]byte{"proof": proof, "entry": entry} {
		for i := range len(b) * 8 {
			b[i/8] ^= 1 << (i % 8)
			r, err := offline.Proof(proof, entry, trust)
			refused(t, fmt.Sprintf("bit %d of byte %d of the %s", i%8, i/8, what), r, err)
			b[i/8] ^= 1 << (i % 8)
		}
		t.Logf("%d bits flipped of the %s", 8*len(b), what)
		for n := range b {
			files := map[string][]byte{"proof": proof, "entry": entry}
			files[what] = b[:n]
			r, err := offline.Proof(files["proof"], files["entry"], trust)
			refused(t, fmt.Sprintf("the %s is cut at %d", what, n), r, err)
			files[what] = slices.Concat(b, b[:n+1])
			r, err = offline.Proof(files["proof"], files["entry"], trust)
			refused(t, fmt.Sprintf("the %s and %d bytes more", what, n+1), r, err)
		}
	}
}

// What a dishonest server may hand out.
func TestForgedProofsAreRefused(t *testing.T) {
	t.Parallel()
	w := eleven(t)
	checkpoint := w.Checkpoint(11)
	good := string(w.Proof(7, 11, checkpoint))
	head, _, _ := strings.Cut(good, "\n\n")
	lines := strings.Split(head, "\n")
	path := lines[2:]
	proofOf := func(path []string, signed []byte) string {
		return strings.Join(append(slices.Clone(lines[:2]), path...), "\n") + "\n\n" + string(signed)
	}
	stranger, _ := offlinetest.NewKey(t, offlinetest.Origin)
	elsewhere, elsewhereKey := offlinetest.NewKey(t, "hub.example/other")
	witness := offlinetest.NewWitness(t, "witness.example", 1_772_000_000)
	text := ledger.CheckpointText(offlinetest.Origin, w.Tree(11))
	signed := func(text string, by ...note.Signer) string { return proofOf(path, offlinetest.Sign(t, text, by...)) }
	root := w.Tree(11).Hash.String()
	reversed := slices.Clone(path)
	slices.Reverse(reversed)
	loose := strings.TrimRight(path[0], "=") + "="
	loose = loose[:42] + string(loose[42]+1) + "=" // other unused bits, the same hash
	if a, err := base64.StdEncoding.DecodeString(loose); err != nil || base64.StdEncoding.EncodeToString(a) != path[0] {
		t.Fatalf("%s is not another form of %s: %v", loose, path[0], err)
	}
	signature := strings.TrimSuffix(string(checkpoint), "\n")
	sigEnd := signature[len(signature)-2]
	looseSignature := signature[:len(signature)-2] + string(sigEnd+1) + "=\n"
	for what, c := range map[string]struct {
		file     string
		position int
	}{
		"of another entry":                        {string(w.Proof(8, 11, checkpoint)), 7},
		"of another entry, and its index changed": {strings.Replace(string(w.Proof(8, 11, checkpoint)), "index 7", "index 6", 1), 7},
		"of an older tree":                        {string(w.Proof(7, 9, checkpoint)), 7},
		"of an older tree, whole":                 {string(w.Proof(7, 9, w.Checkpoint(11))), 7},
		"without a hash":                          {proofOf(path[1:], checkpoint), 7},
		"with a hash more":                        {proofOf(append(slices.Clone(path), path[0]), checkpoint), 7},
		"with a hundred":                          {proofOf(slices.Repeat(path, 25), checkpoint), 7},
		"in another order":                        {proofOf(reversed, checkpoint), 7},
		"without any":                             {proofOf(nil, checkpoint), 7},
		"an index beyond the tree":                {strings.Replace(good, "index 6", "index 11", 1), 7},
		"an index of 64 bits":                     {strings.Replace(good, "index 6", "index 18446744073709551615", 1), 7},
		"an index of 65 bits":                     {strings.Replace(good, "index 6", "index 18446744073709551622", 1), 7},
		"a negative index":                        {strings.Replace(good, "index 6", "index -6", 1), 7},
		"an index with a sign":                    {strings.Replace(good, "index 6", "index +6", 1), 7},
		"an index with a zero":                    {strings.Replace(good, "index 6", "index 06", 1), 7},
		"no index":                                {strings.Replace(good, "index 6\n", "", 1), 7},
		"two indexes":                             {strings.Replace(good, "index 6\n", "index 6\nindex 6\n", 1), 7},
		"extra data":                              {strings.Replace(good, "index 6\n", "extra aGVsbG8=\nindex 6\n", 1), 7},
		"base64 in another form":                  {proofOf(append([]string{loose}, path[1:]...), checkpoint), 7},
		"base64 without padding":                  {proofOf(append([]string{strings.TrimRight(path[0], "=")}, path[1:]...), checkpoint), 7},
		"base64 with a space":                     {proofOf(append([]string{path[0] + " "}, path[1:]...), checkpoint), 7},
		"base64 for URLs":                         {proofOf(append([]string{strings.NewReplacer("+", "-", "/", "_").Replace("/" + path[0][1:])}, path[1:]...), checkpoint), 7},
		"carriage returns":                        {strings.ReplaceAll(good, "\n", "\r\n"), 7},
		"a later version":                         {strings.Replace(good, "@v1", "@v2", 1), 7},
		"nothing":                                 {"", 7},
		"only its first line":                     {"c2sp.org/tlog-proof@v1\n", 7},
		"a checkpoint that is signed by nobody":   {proofOf(path, []byte(text)), 7},
		"signed by a stranger of that name":       {signed(text, stranger), 7},
		"signed by another ledger":                {signed(text, elsewhere), 7},
		"signed by a witness alone":               {signed(text, witness), 7},
		"another origin":                          {signed(ledger.CheckpointText("hub.example/other", w.Tree(11)), w.Signer), 7},
		"an extension line":                       {signed(text+"more\n", w.Signer), 7},
		"a size with a zero":                      {signed(strings.Replace(text, "\n11\n", "\n011\n", 1), w.Signer), 7},
		"another size with that root":             {signed(strings.Replace(text, "\n11\n", "\n17\n", 1), w.Signer), 7},
		"an overflowing size":                     {signed(strings.Replace(text, "\n11\n", "\n18446744073709551627\n", 1), w.Signer), 7},
		"a huge size":                             {signed(strings.Replace(text, "\n11\n", "\n9223372036854775807\n", 1), w.Signer), 7},
		"a negative size":                         {signed(strings.Replace(text, "\n11\n", "\n-11\n", 1), w.Signer), 7},
		"a short root":                            {signed(strings.Replace(text, root, "AAAA", 1), w.Signer), 7},
		"a root in another form":                  {signed(strings.Replace(text, root, strings.TrimRight(root, "="), 1), w.Signer), 7},
		"no origin":                               {signed("\n"+strings.SplitN(text, "\n", 2)[1], w.Signer), 7},
		"the empty tree":                          {signed(ledger.CheckpointText(offlinetest.Origin, ledger.Tree{Hash: tlog.Hash(emptyRoot)}), w.Signer), 7},
		"a tree of zeros":                         {signed(ledger.CheckpointText(offlinetest.Origin, ledger.Tree{N: 11}), w.Signer), 7},
		"a signature in another form":             {proofOf(path, []byte(looseSignature)), 7},
		"a signature twice":                       {good + strings.SplitAfter(string(checkpoint), "\n\n")[1], 7},
		"a pack's signature for a checkpoint":     {signed("caseledger-pack/v1\n"+text, w.Signer), 7},
		"a hundred thousand signatures":           {good + strings.Repeat("— a.example AAAAAAAAAAA=\n", 100_000), 7},
	} {
		r, err := offline.Proof([]byte(c.file), w.Entry(w.Stored[c.position-1].Position), trusting(t, "", w.Key))
		refused(t, what, r, err)
	}
	r, err := offline.Proof([]byte(good), w.Entry(7), trusting(t, "", elsewhereKey))
	refused(t, "another ledger's key", r, err)
}

var emptyRoot = [32]byte{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}

// A checkpoint that was pinned must be the very one.
func TestAPinnedCheckpointBinds(t *testing.T) {
	t.Parallel()
	w, other := eleven(t), eleven(t)
	fork := offlinetest.Sign(t, ledger.CheckpointText(offlinetest.Origin, other.Tree(11)), w.Signer)
	proof := w.Proof(7, 11, w.Checkpoint(11))
	for what, c := range map[string]struct {
		pinned []byte
		err    error
		holds  bool
	}{
		"the same":                  {w.Checkpoint(11), nil, true},
		"cosigned meanwhile":        {w.Checkpoint(11, offlinetest.NewWitness(t, "witness.example", 1)), nil, true},
		"an older one":              {w.Checkpoint(9), offline.ErrUnproven, false},
		"another history":           {fork, nil, false},
		"what is none":              {[]byte("hello"), offline.ErrUnreadable, false},
		"that of somebody else":     {other.Checkpoint(11), offline.ErrUnreadable, false},
		"one that nobody signed":    {[]byte(ledger.CheckpointText(offlinetest.Origin, w.Tree(11))), offline.ErrUnreadable, false},
		"one with extension lines":  {offlinetest.Sign(t, ledger.CheckpointText(offlinetest.Origin, w.Tree(11))+"x\n", w.Signer), offline.ErrUnreadable, false},
		"larger than there can be":  {bytes.Repeat([]byte("a"), 1<<20), offline.ErrUnreadable, false},
		"nothing, from a file read": {[]byte{}, offline.ErrUnreadable, false},
	} {
		trust := trusting(t, "", w.Key)
		trust.PinCheckpoint(c.pinned)
		r, err := offline.Proof(proof, w.Entry(7), trust)
		switch {
		case c.err != nil && !errorIs(err, c.err), c.err == nil && err != nil:
			t.Errorf("%s: got %v, want %v", what, err, c.err)
		case err == nil && r.Verdict().Holds() != c.holds:
			t.Errorf("%s: %s", what, r.Headline())
		}
	}
}

func FuzzProof(f *testing.F) {
	w := eleven(f)
	good, trust := w.Proof(7, 11, w.Checkpoint(11)), trusting(f, "", w.Key)
	entry := w.Entry(7)
	f.Add(good)
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := offline.Proof(b, entry, trust)
		if !bytes.Equal(b, good) && err == nil && r.Verdict().Holds() && !bytes.HasPrefix(b, good) { // lines of unknown keys may follow
			t.Errorf("%q passes", b)
		}
	})
}
