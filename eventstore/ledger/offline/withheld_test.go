package offline_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
	"caseledger/eventstore/ledger/verdict"
)

// leftOut is a pack of a person of which one entry was left out, and the name of
// its leaves.
func leftOut(t *testing.T) (*offlinetest.Pack, string) {
	t.Helper()
	w := offlinetest.New(t)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.Write(offlinetest.Avery, "somebody else said so")
	w.Write(offlinetest.Avery, "sleeps well")
	stream := event.Case(offlinetest.Avery)
	p := w.NewPack(offlinetest.Avery, w.CommitHeads())
	var leaves []byte
	var out event.Position
	n := 0
	for _, s := range w.Stored {
		if s.Stream != stream {
			continue
		}
		leaf := codec.Leaf(s)
		leaves = append(hex.AppendEncode(leaves, leaf[:]), '\n')
		if n++; n > 1 && out == 0 {
			out = s.Position
		}
	}
	name := fmt.Sprint(out)
	var lines []byte
	for line := range bytes.Lines(p.Members["events.jsonl"]) {
		if !bytes.Contains(line, []byte(`"position":`+name+",")) {
			lines = append(lines, line...)
		}
	}
	manifest := strings.Replace(string(p.Members["pack.json"]), fmt.Sprintf(`"revisions": %d}`, n), fmt.Sprintf(`"revisions": %d, "withheld": 1}`, n), 1)
	of := "heads/" + stream.String() + ".leaves"
	return p.With(map[string][]byte{"entries/" + name + ".bin": nil, "proofs/" + name + ".tlog-proof": nil, "events.jsonl": lines,
		"pack.json": []byte(manifest), of: leaves}), of
}

// Entries that were left out are counted, and nothing else can be left out with
// them.
func TestAPackThatLeavesEntriesOutSaysHowMany(t *testing.T) {
	t.Parallel()
	p, of := leftOut(t)
	trust := trusting(t, "", p.World.Key)
	r, err := offline.Pack(p.Bytes(), trust)
	passes(t, verdict.Intact, r, err)
	var text strings.Builder
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "of 1 entry the pack has the hash alone") {
		t.Errorf("it does not say that an entry was left out: %s", text.String())
	}
	leaves := p.Members[of]
	swapped := bytes.Clone(leaves)
	copy(swapped, leaves[65:130])
	copy(swapped[65:], leaves[:65])
	said := func(old, new string) []byte {
		return bytes.Replace(p.Members["pack.json"], []byte(old), []byte(new), 1)
	}
	for what, change := range map[string]map[string][]byte{
		"no leaves":           {of: nil},
		"a leaf fewer":        {of: leaves[65:]},
		"a leaf more":         {of: append(bytes.Clone(leaves), leaves[:65]...)},
		"two leaves swapped":  {of: swapped},
		"no line's end":       {of: leaves[:len(leaves)-1]},
		"in capitals":         {of: bytes.ToUpper(leaves)},
		"said to be whole":    {"pack.json": said(`, "withheld": 1`, "")},
		"another number":      {"pack.json": said(`"withheld": 1`, `"withheld": 2`)},
		"more than there are": {"pack.json": said(`"withheld": 1`, `"withheld": 18446744073709551615`)},
		"leaves for nothing":  {"heads/finding-" + offlinetest.Avery.String() + ".leaves": {}},
	} {
		r, err := offline.Pack(p.With(change).Bytes(), trust)
		refused(t, what, r, err)
	}
	for i := range leaves {
		bad := bytes.Clone(leaves)
		bad[i] ^= 1
		r, err := offline.Pack(p.With(map[string][]byte{of: bad}).Bytes(), trust)
		refused(t, fmt.Sprintf("byte %d of the leaves", i), r, err)
	}
}
