package offline_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
)

// trusting trusts the ledger's key, and a policy unless it is empty.
func trusting(tb testing.TB, policy string, keys ...string) *offline.Trust {
	tb.Helper()
	var p *offline.Policy
	if policy != "" {
		var err error
		if p, err = offline.ParsePolicy([]byte(policy)); err != nil {
			tb.Fatal(err)
		}
	}
	t, err := offline.NewTrust(keys, "", p)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// small is a ledger of two people, and the pack of one.
func small(tb testing.TB) *offlinetest.Pack {
	tb.Helper()
	w := offlinetest.New(tb)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.Write(offlinetest.Blake, "sleeps well")
	at := w.CommitHeads()
	w.Write(offlinetest.Blake, "sleeps well still")
	w.Write(offlinetest.Avery, "after the commitment")
	return w.NewPack(offlinetest.Avery, at)
}

// passes fails the test unless the verdict is the one that is wanted.
func passes(tb testing.TB, want verdict.Verdict, r *verdict.Report, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	if r.Verdict() != want {
		var text strings.Builder
		_ = r.Print(&text)
		tb.Fatalf("got %s, want %s\n%s", r.Headline(), want, text.String())
	}
}

// refused fails the test if a check ends well.
func refused(tb testing.TB, what string, r *verdict.Report, err error) {
	tb.Helper()
	if err == nil && r.Verdict().Holds() {
		tb.Errorf("%s: %s", what, r.Headline())
	}
}

func TestAPackIsIntact(t *testing.T) {
	t.Parallel()
	p := small(t)
	r, err := offline.Pack(p.Bytes(), trusting(t, "", p.World.Key))
	passes(t, verdict.Intact, r, err)
	if want := uint64(bytes.Count(p.Members["events.jsonl"], []byte("\n"))); r.Entries != want || r.Origin != offlinetest.Origin {
		t.Errorf("got %d entries of %s, want %d", r.Entries, r.Origin, want)
	}
}

func TestAPackWhoseKeysWereDestroyedIsIntactErased(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.DestroyKeys(offlinetest.Avery)
	r, err := offline.Pack(w.NewPack(offlinetest.Avery, w.CommitHeads()).Bytes(), trusting(t, "", w.Key))
	passes(t, verdict.IntactErased, r, err)
	if r.Erased != 4 {
		t.Errorf("%d keys were destroyed, want 4", r.Erased)
	}
}

// Every bit of the file counts, whoever changed it.
func TestEveryBitOfAPackCounts(t *testing.T) {
	t.Parallel()
	p := small(t)
	whole, trust := p.Bytes(), trusting(t, "", p.World.Key)
	for i := range len(whole) * 8 {
		whole[i/8] ^= 1 << (i % 8)
		r, err := offline.Pack(whole, trust)
		refused(t, fmt.Sprintf("bit %d of byte %d", i%8, i/8), r, err)
		whole[i/8] ^= 1 << (i % 8)
	}
	t.Logf("%d bits flipped, one at a time, in a pack of %d bytes", 8*len(whole), len(whole))
	for n := range whole {
		r, err := offline.Pack(whole[:n], trust)
		refused(t, fmt.Sprintf("cut at %d", n), r, err)
	}
	r, err := offline.Pack(append(bytes.Clone(whole), 0), trust)
	refused(t, "a byte behind it", r, err)
}

// Whoever holds the key and changes what the ledger binds is found too: in each
// byte of it a bit is flipped, and the pack made and signed again.
func TestWhatTheLedgerBindsCannotBeSignedAnew(t *testing.T) {
	t.Parallel()
	p := small(t)
	trust := trusting(t, "", p.World.Key)
	flipped := 0
	for name, b := range p.Members {
		folder, _, _ := strings.Cut(name, "/")
		if folder != "entries" && folder != "proofs" && folder != "heads" && folder != "policy" && folder != "checkpoint" {
			continue
		}
		step := 1
		if folder == "proofs" || folder == "entries" { // much of the same
			step = 9
		}
		for i := 0; i < len(b); i += step {
			bad := bytes.Clone(b)
			bad[i] ^= 1 << (i % 8)
			flipped++
			r, err := offline.Pack(p.With(map[string][]byte{name: bad}).Bytes(), trust)
			refused(t, fmt.Sprintf("byte %d of %s", i, name), r, err)
		}
	}
	t.Logf("%d bits flipped and signed", flipped)
}

// What a maker of packs may get wrong, or leave out on purpose.
func TestAPackIsWhole(t *testing.T) {
	t.Parallel()
	p := small(t)
	w, trust := p.World, trusting(t, "", p.World.Key)
	edit := func(name, old, with string) *offlinetest.Pack {
		if !bytes.Contains(p.Members[name], []byte(old)) {
			t.Fatalf("%s does not hold %s", name, old)
		}
		return p.With(map[string][]byte{name: bytes.Replace(p.Members[name], []byte(old), []byte(with), 1)})
	}
	lines := bytes.SplitAfter(p.Members["events.jsonl"], []byte("\n"))
	var policy string
	for name := range p.Members {
		if strings.HasSuffix(name, "gates.cedar") {
			policy = name
		}
	}
	for what, c := range map[string]struct {
		pack *offlinetest.Pack
		code verdict.Code
		at   uint64
	}{
		"an entry is left out":                 {p.With(map[string][]byte{"entries/1.bin": nil}), verdict.EntryMissing, 1},
		"its proof is left out":                {p.With(map[string][]byte{"proofs/1.tlog-proof": nil}), verdict.Proof, 1},
		"another entry's bytes":                {p.With(map[string][]byte{"entries/1.bin": p.Members["entries/2.bin"]}), verdict.Proof, 1},
		"another entry's proof":                {p.With(map[string][]byte{"proofs/1.tlog-proof": p.Members["proofs/2.tlog-proof"]}), verdict.Proof, 1},
		"the proof of another checkpoint":      {p.With(map[string][]byte{"proofs/1.tlog-proof": w.Proof(1, 3, w.Checkpoint(3))}), verdict.Proof, 1},
		"the last entry is left out":           {without(p, 13), verdict.Proof, 0},
		"all after the fourth, and the count":  {recounted(without(without(p, 13), 5), 4), verdict.HeadsOther, 0},
		"a line is left out":                   {p.With(map[string][]byte{"events.jsonl": bytes.Join(lines[1:], nil)}), verdict.Proof, 0},
		"and the count changed with it":        {recounted(without(p, 1), 5), verdict.EntryOutOfStream, 2},
		"a line twice":                         {p.With(map[string][]byte{"events.jsonl": append(bytes.Clone(lines[0]), p.Members["events.jsonl"]...)}), verdict.Proof, 1},
		"the lines in another order":           {p.With(map[string][]byte{"events.jsonl": bytes.Join([][]byte{lines[1], lines[0]}, nil)}), verdict.Proof, 1},
		"no last newline":                      {p.With(map[string][]byte{"events.jsonl": bytes.TrimSuffix(p.Members["events.jsonl"], []byte("\n"))}), verdict.Proof, 0},
		"an unknown field":                     {edit("events.jsonl", `{"position"`, `{"more":1,"position"`), verdict.Proof, 0},
		"a field twice":                        {edit("events.jsonl", `{"position"`, `{"position":1,"position"`), verdict.Proof, 0},
		"another type":                         {edit("events.jsonl", "key.created", "key.altered"), verdict.Proof, 1},
		"another role":                         {edit("events.jsonl", "HUB_NURSE", "SIRO"), verdict.Proof, 1},
		"another subject":                      {edit("events.jsonl", `"subject":"5f`, `"subject":"6f`), verdict.Proof, 1},
		"another clear content":                {edit("events.jsonl", `"says":{"key"`, `"says":{"kez"`), verdict.Proof, 1},
		"content that is no object":            {edit("events.jsonl", `"says":{"note":"sleeps badly"}`, `"says":["sleeps badly"]`), verdict.Proof, 5},
		"said to be erased, and is not":        {edit("events.jsonl", `"offence":"withheld"`, `"offence":"erased"`), verdict.Proof, 5},
		"absent for another reason":            {edit("events.jsonl", `"offence":"withheld"`, `"offence":"lost"`), verdict.Proof, 5},
		"of a class that it has not":           {edit("events.jsonl", `"offence":"withheld"`, `"decision":"withheld"`), verdict.Proof, 5},
		"another origin":                       {edit("pack.json", offlinetest.Origin, "hub.example/other"), verdict.Proof, 0},
		"another size":                         {edit("pack.json", `"size": `, `"size": 1`), verdict.Proof, 0},
		"no time":                              {edit("pack.json", "2026-03-01T09:30:00Z", "yesterday"), verdict.Proof, 0},
		"a person who is none":                 {edit("pack.json", `"person": "5f`, `"person": "zz`), verdict.Proof, 0},
		"a person whose case is not there":     {edit("pack.json", `"person": "5f`, `"person": "6f`), verdict.Proof, 0},
		"an unknown field of the manifest":     {edit("pack.json", `"synthetic"`, `"more": 1, "synthetic"`), verdict.Proof, 0},
		"the streams in another order":         {edit("pack.json", `"stream": "case-`, `"stream": "zase-`), verdict.Proof, 0},
		"no manifest":                          {p.With(map[string][]byte{"pack.json": nil}), verdict.Proof, 0},
		"no events":                            {p.With(map[string][]byte{"events.jsonl": nil}), verdict.Proof, 0},
		"no checkpoint":                        {p.With(map[string][]byte{"checkpoint": nil}), verdict.Checkpoint, 0},
		"an older checkpoint":                  {p.With(map[string][]byte{"checkpoint": w.Checkpoint(3)}), verdict.Checkpoint, 0},
		"no policy":                            {p.With(map[string][]byte{policy: nil}), verdict.Proof, 1},
		"another policy":                       {p.With(map[string][]byte{policy: []byte("permit (principal, action, resource);")}), verdict.Proof, 1},
		"a member more":                        {p.With(map[string][]byte{"more.txt": nil}).With(map[string][]byte{"more.txt": {}}), verdict.Proof, 0},
		"an entry more, that no line names":    {p.With(map[string][]byte{"entries/999.bin": {}}), verdict.Proof, 0},
		"the proof of completeness of another": {p.With(map[string][]byte{"heads/case-" + offlinetest.Avery.String() + ".json": w.HeadProof(event.Case(offlinetest.Blake), 11)}), verdict.HeadsOther, 0},
	} {
		r, err := offline.Pack(c.pack.Bytes(), trust)
		refused(t, what, r, err)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		} else if len(r.Findings) > 0 && c.code != "" && (r.Findings[0].Code != c.code || r.Findings[0].Entry != c.at) {
			t.Errorf("%s: got %s, %s; want %s at %d", what, r.Headline(), r.Findings[0].Code, c.code, c.at)
		}
	}
	r, err := offline.Pack(recounted(without(p, 13), 5).Bytes(), trust)
	passes(t, verdict.Intact, r, err)
	if !slices.ContainsFunc(r.Notices, func(n string) bool { return strings.HasSuffix(n, "after entry 10") }) {
		t.Errorf("an entry after the commitment is left out, and the limit is not said: %q", r.Notices)
	}
	r, err = offline.Pack(p.With(map[string][]byte{"heads/case-" + offlinetest.Avery.String() + ".json": nil}).Bytes(), trust)
	if !errors.Is(err, offline.ErrUnproven) {
		t.Errorf("without a proof of completeness: %v, %v", r, err)
	}
}

// without is a pack that holds nothing of an entry.
func without(p *offlinetest.Pack, position int) *offlinetest.Pack {
	var kept [][]byte
	for line := range bytes.Lines(p.Members["events.jsonl"]) {
		if !bytes.HasPrefix(line, fmt.Appendf(nil, `{"position":%d,`, position)) {
			kept = append(kept, line)
		}
	}
	return p.With(map[string][]byte{"events.jsonl": bytes.Join(kept, nil), fmt.Sprintf("entries/%d.bin", position): nil, fmt.Sprintf("proofs/%d.tlog-proof", position): nil})
}

// withheld is a pack in which entries of Avery's case are left out, but for their
// leaves.
func withheld(p *offlinetest.Pack, positions ...int) *offlinetest.Pack {
	var leaves []byte
	for _, s := range p.World.Stored {
		if s.Stream == event.Case(offlinetest.Avery) {
			leaf := codec.Leaf(s)
			leaves = append(hex.AppendEncode(leaves, leaf[:]), '\n')
		}
	}
	for _, position := range positions {
		p = without(p, position)
	}
	return p.With(map[string][]byte{
		averysLeaves: leaves,
		"pack.json":  bytes.Replace(p.Members["pack.json"], []byte(`"revisions": 6`), fmt.Appendf(nil, `"revisions": 6, "withheld": %d`, len(positions)), 1),
	})
}

var averysLeaves = "heads/case-" + offlinetest.Avery.String() + ".leaves"

// Entries may be left out of a pack, and what is there still shown to be a part of
// all there is.
func TestEntriesThatAreWithheld(t *testing.T) {
	t.Parallel()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.Write(offlinetest.Avery, "sleeps well")
	w.Write(offlinetest.Blake, "sleeps well")
	whole := w.NewPack(offlinetest.Avery, w.CommitHeads())
	trust := trusting(t, "", w.Key)
	p := withheld(whole, 5, 6)
	r, err := offline.Pack(p.Bytes(), trust)
	passes(t, verdict.Intact, r, err)
	if r.Entries != 5 || !slices.ContainsFunc(r.Notices, func(n string) bool { return strings.HasPrefix(n, "of 2 entries the pack has the hash alone") }) {
		t.Errorf("%d entries, and notices %q", r.Entries, r.Notices)
	}
	leaves := p.Members[averysLeaves]
	for i := range leaves {
		bad := bytes.Clone(leaves)
		bad[i] ^= 1 << (i % 8)
		r, err := offline.Pack(p.With(map[string][]byte{averysLeaves: bad}).Bytes(), trust)
		refused(t, fmt.Sprintf("byte %d of the leaves", i), r, err)
	}
	swapped := slices.Concat(leaves[4*65:5*65], leaves[65:4*65], leaves[:65], leaves[5*65:])
	for what, bad := range map[string]*offlinetest.Pack{
		"one that nothing binds":          withheld(small(t), 13),
		"no leaves":                       p.With(map[string][]byte{averysLeaves: nil}),
		"a leaf less":                     p.With(map[string][]byte{averysLeaves: leaves[65:]}),
		"a leaf more":                     p.With(map[string][]byte{averysLeaves: append(bytes.Clone(leaves), leaves[:65]...)}),
		"half a leaf":                     p.With(map[string][]byte{averysLeaves: leaves[1:]}),
		"two in each other's place":       p.With(map[string][]byte{averysLeaves: swapped}),
		"another left out":                without(p, 4),
		"none left out, and leaves there": whole.With(map[string][]byte{averysLeaves: leaves}),
		"fewer than are left out":         p.With(map[string][]byte{"pack.json": bytes.Replace(p.Members["pack.json"], []byte(`"withheld": 2`), []byte(`"withheld": 1`), 1)}),
		"more than there are":             p.With(map[string][]byte{"pack.json": bytes.Replace(p.Members["pack.json"], []byte(`"withheld": 2`), []byte(`"withheld": 7`), 1)}),
		"as many as there can never be":   p.With(map[string][]byte{"pack.json": bytes.Replace(p.Members["pack.json"], []byte(`"revisions": 6, "withheld": 2`), []byte(`"revisions": 18446744073709551615, "withheld": 18446744073709551611`), 1)}),
	} {
		r, err := offline.Pack(bad.Bytes(), trust)
		refused(t, what, r, err)
	}
}

// recounted says that the case has n entries.
func recounted(p *offlinetest.Pack, n int) *offlinetest.Pack {
	return p.With(map[string][]byte{"pack.json": bytes.Replace(p.Members["pack.json"], []byte(`"revisions": 6`), fmt.Appendf(nil, `"revisions": %d`, n), 1)})
}

func TestWhoMadeAPack(t *testing.T) {
	t.Parallel()
	p := small(t)
	stranger, strangersKey := offlinetest.NewKey(t, offlinetest.Origin)
	r, err := offline.Pack(p.SignedBy(stranger), trusting(t, "", p.World.Key))
	refused(t, "signed by a stranger of the same name", r, err)
	r, err = offline.Pack(p.SignedBy(stranger), trusting(t, "", p.World.Key, strangersKey))
	passes(t, verdict.Intact, r, err) // a successor's key beside the first
	_, other := offlinetest.NewKey(t, "hub.example/other")
	r, err = offline.Pack(p.Bytes(), trusting(t, "", other))
	refused(t, "of another ledger", r, err)
	if _, err = offline.Pack(p.Bytes(), trusting(t, "")); !errors.Is(err, offline.ErrUnpinned) {
		t.Errorf("without a key: %v, want ErrUnpinned", err)
	}
	bad := p.With(map[string][]byte{"entries/1.bin": p.Members["entries/2.bin"]}).Bytes()
	r, err = offline.Pack(bad, trusting(t, ""))
	if err != nil || r.Verdict() != verdict.Tampered {
		t.Errorf("altered, and without a key: %v, %v", r, err)
	}
	if _, err = offline.Pack([]byte("hello"), trusting(t, "", p.World.Key)); !errors.Is(err, offline.ErrUnreadable) {
		t.Errorf("no pack: %v", err)
	}
}

func FuzzPack(f *testing.F) {
	p := small(f)
	f.Add(p.Bytes())
	trust := trusting(f, "", p.World.Key)
	whole := p.Bytes()
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := offline.Pack(b, trust); !bytes.Equal(b, whole) {
			refused(t, "what is not the pack", r, err)
		}
	})
}

// FuzzMember has whoever holds the key put anything into a member.
func FuzzMember(f *testing.F) {
	p := small(f)
	trust := trusting(f, "", p.World.Key)
	names := slices.Sorted(maps.Keys(p.Members))
	for i, name := range names {
		f.Add(byte(i), p.Members[name])
	}
	bound := []string{"checkpoint", "entries/", "heads/", "policy/", "proofs/"}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		name := names[int(which)%len(names)]
		w := *p.World
		w.TB = t
		bad := offlinetest.Pack{World: &w, Members: p.With(map[string][]byte{name: append([]byte{}, b...)}).Members, Size: p.Size}
		r, err := offline.Pack(bad.Bytes(), trust)
		if slices.ContainsFunc(bound, func(folder string) bool { return strings.HasPrefix(name, folder) }) && !bytes.HasPrefix(b, p.Members[name]) {
			refused(t, name, r, err)
		}
	})
}

// An entry that holds nothing says nothing: there is no sealed box that only who
// has the keys could compare with.
func TestAnEntryWithoutContentSaysNothing(t *testing.T) {
	t.Parallel()
	if err := offline.SaysOf(""); err != nil {
		t.Error(err)
	}
	if err := offline.SaysOf(`{"note":"never recorded"}`); err == nil {
		t.Error("a text of an entry that has no content is let pass")
	}
}
