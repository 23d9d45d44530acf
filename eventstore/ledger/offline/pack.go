package offline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/eventstore/ledger/verdict"
)

// Pack checks a case proof pack, as package casepack specifies it.
func Pack(b []byte, t *Trust) (*verdict.Report, error) {
	r := &verdict.Report{}
	return conclude(r, t, checkPack(b, t, r))
}

func checkPack(b []byte, t *Trust, r *verdict.Report) error {
	all, err := unpack(b)
	if err != nil {
		return err
	}
	r.Step("container", "is in its one form: %d members, and every byte of the file accounted for", len(all))
	if err := all.checkSums(); err != nil {
		return err
	}
	r.Step("checksums", "every member has its own")
	signed, err := all.checkSignature(t, r)
	if err != nil {
		return err
	}
	p := &pack{members: all, streams: map[[streamBytes]byte][]part{}, destroyed: map[uuid]bool{}}
	if err := p.readManifest(signed); err != nil {
		return err
	}
	text, ok := all.get("checkpoint")
	if !ok {
		return wrong(verdict.Checkpoint, "checkpoint", "there is none")
	}
	if p.tree, err = t.open(text, r); err != nil {
		return err
	}
	if p.tree != signed {
		return wrong(verdict.Checkpoint, "checkpoint", "it is not of the tree that the pack was made at")
	}
	for _, check := range []func(*verdict.Report) error{p.checkEntries, p.checkErased, p.checkStreams, p.checkPolicies, p.checkMembers} {
		if err := check(r); err != nil {
			return err
		}
	}
	p.notShown(r)
	t.notShown(r)
	return nil
}

// pack is what is gathered while one is checked.
type pack struct {
	members  members
	manifest manifest
	tree     checkpoint
	lines    []line
	entries  []entry
	leaves   []hash
	// streams has the entries of each stream in their order.
	streams   map[[streamBytes]byte][]part
	destroyed map[uuid]bool
	covered   uint64 // entries of the ledger that every proof of completeness is about
}

// part is the place of an entry among those of the pack.
type part struct {
	at       int
	position uint64
	revision uint64
}

const nameManifest, nameEvents = "pack.json", "events.jsonl"

// maxManifestBytes is more than a manifest of maxMembers streams has.
const maxManifestBytes = 16 << 20

// manifest is pack.json.
type manifest struct {
	Format    string        `json:"format"`
	Origin    string        `json:"origin"`
	Size      uint64        `json:"size"`
	Root      string        `json:"root"`
	MadeAt    string        `json:"madeAt"`
	MadeBy    string        `json:"madeBy"`
	Purpose   string        `json:"purpose"`
	Person    string        `json:"person"`
	Synthetic bool          `json:"synthetic"`
	Streams   []wholeStream `json:"streams"`
}

type wholeStream struct {
	Stream    string `json:"stream"`
	Revisions uint64 `json:"revisions"`
	Withheld  uint64 `json:"withheld"` // of them, that are in the pack as hashes alone
}

func (p *pack) readManifest(signed checkpoint) error {
	b, ok := p.members.get(nameManifest)
	if !ok {
		return wrong(verdict.Proof, nameManifest, "there is none")
	}
	m := &p.manifest
	if len(b) > maxManifestBytes || json.Unmarshal(b, m, json.RejectUnknownMembers(true)) != nil {
		return wrong(verdict.Proof, nameManifest, "it cannot be understood")
	}
	made, err := time.Parse(time.RFC3339Nano, m.MadeAt)
	switch {
	case m.Format != packFormat:
		return wrong(verdict.Proof, nameManifest, "it is of another format")
	case m.Origin != signed.origin || m.Size != signed.size || m.Root != encode64(signed.root[:]):
		return wrong(verdict.Proof, nameManifest, "it names another tree than the signature of the checksums")
	case err != nil || !strings.HasSuffix(m.MadeAt, "Z") || made.IsZero():
		return wrong(verdict.Proof, nameManifest, "it does not say when the pack was made")
	case !isUUID(m.MadeBy) || m.Person != "" && !isUUID(m.Person):
		return wrong(verdict.Proof, nameManifest, "it has an identifier that is none")
	case !rising(m.Streams):
		return wrong(verdict.Proof, nameManifest, "its streams are not in their order")
	case m.Person != "" && !slices.ContainsFunc(m.Streams, func(s wholeStream) bool { return s.Stream == "case-"+m.Person }):
		return wrong(verdict.Proof, nameManifest, "it names a person and not their case")
	}
	return nil
}

// rising says whether streams are in the order of their text, each once.
func rising(streams []wholeStream) bool {
	for i := range streams {
		if i > 0 && streams[i-1].Stream >= streams[i].Stream {
			return false
		}
	}
	return true
}

// line is one line of events.jsonl.
type line struct {
	clearPart
	Says   jsontext.Value    `json:"says,omitempty"`
	Absent map[string]string `json:"absent,omitempty"`
}

// clearPart is what events.jsonl says of an entry and its stored bytes say too.
type clearPart struct {
	Position    uint64    `json:"position"`
	Event       string    `json:"event"`
	Stream      string    `json:"stream"`
	Revision    uint64    `json:"revision"`
	RecordedAt  string    `json:"recordedAt"`
	Type        string    `json:"type"`
	Version     uint16    `json:"version"`
	Subject     string    `json:"subject"`
	EffectiveAt string    `json:"effectiveAt"`
	Actor       actorPart `json:"actor"`
	Purpose     string    `json:"purpose"`
	Command     string    `json:"command"`
	Index       uint64    `json:"index"`
	Correlation string    `json:"correlation"`
	Causation   string    `json:"causation"`
	Corrects    string    `json:"corrects"`
	Origin      string    `json:"origin"`
}

type actorPart struct {
	ID     string `json:"id"`
	Role   string `json:"role"`
	Side   string `json:"side"`
	Org    string `json:"org"`
	Client string `json:"client"`
}

// clearText is the clear part of an entry as events.jsonl has it.
func (e *entry) clearText() clearPart {
	index := uint64(e.index)
	if index >= keyIndexBit {
		index = index - keyIndexBit + keyIndex
	}
	origin := "LIVE"
	if e.imported {
		origin = "IMPORTED"
	}
	return clearPart{e.position, e.id.text(), streamText(e.stream), e.revision, instantText(e.recordedAt), string(e.kind), e.version, e.subject.text(),
		e.effectiveText(), actorPart{e.actor.text(), string(e.role), string(e.side), e.org.text(), e.client.text()}, string(e.purpose), e.command.text(),
		index, e.correlation.text(), e.causation.text(), e.corrects.text(), origin}
}

// checkEntries checks every entry and what events.jsonl says of it.
func (p *pack) checkEntries(r *verdict.Report) error {
	b, ok := p.members.get(nameEvents)
	if !ok {
		return wrong(verdict.Proof, nameEvents, "there is none")
	}
	signed, _ := p.members.get("checkpoint")
	lines := bytes.Count(b, []byte("\n"))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return wrong(verdict.Proof, nameEvents, "it does not end with a whole line")
	}
	if lines > len(p.members) {
		return wrong(verdict.Proof, nameEvents, "it has more lines than there can be entries")
	}
	p.lines, p.entries, p.leaves = make([]line, lines), make([]entry, lines), make([]hash, lines)
	for i := range lines {
		var text []byte
		text, b, _ = bytes.Cut(b, []byte("\n"))
		l := &p.lines[i]
		if err := json.Unmarshal(text, l, json.RejectUnknownMembers(true)); err != nil {
			return wrong(verdict.Proof, nameEvents, "line %d cannot be understood", i+1)
		}
		position := l.Position
		if i > 0 && position <= p.entries[i-1].position {
			return wrongAt(position, verdict.Proof, "events.jsonl is not in the order of the entries")
		}
		if err := p.checkEntry(i, position, string(signed)); err != nil {
			return err
		}
	}
	r.Entries = uint64(lines)
	r.Step("entries", "%d are in their one form, each with a proof that leads from its bytes to the root of the checkpoint", lines)
	r.Step("events", "each line of events.jsonl says what the entry's bytes say, but for the content of sealed boxes; no time is before the one it follows")
	return nil
}

func (p *pack) checkEntry(i int, position uint64, signed string) error {
	name := strconv.FormatUint(position, 10)
	stored, ok := p.members.get("entries/" + name + ".bin")
	if !ok {
		return wrongAt(position, verdict.EntryMissing, "its bytes are not in the pack")
	}
	file, ok := p.members.get("proofs/" + name + ".tlog-proof")
	if !ok {
		return wrongAt(position, verdict.Proof, "its proof is not in the pack")
	}
	e := &p.entries[i]
	if bad := e.parse(stored); bad != "" {
		return wrongAt(position, verdict.EntryMalformed, "%s", bad)
	}
	proof, ok := parseInclusion(string(file))
	switch {
	case !ok || proof.checkpoint != signed:
		return wrongAt(position, verdict.Proof, "its proof is not in its one form, or for another checkpoint")
	case e.position != position || proof.index != position-1:
		return wrongAt(position, verdict.Proof, "its bytes or its proof are of another entry")
	case !included(p.tree, proof.index, stored, proof.path):
		return wrongAt(position, verdict.EntryAltered, "its proof does not lead from its bytes to the root of the checkpoint")
	case e.clearText() != p.lines[i].clearPart:
		return wrongAt(position, verdict.Proof, "events.jsonl says something else than its bytes")
	case i > 0 && e.recordedAt < p.entries[i-1].recordedAt:
		return wrongAt(position, verdict.EntryBackdated, "it was recorded before an entry that it follows")
	}
	before := p.streams[e.stream]
	if n := len(before); n > 0 && before[n-1].revision >= e.revision {
		return wrongAt(position, verdict.EntryOutOfStream, "the revisions of %s do not rise", streamText(e.stream))
	}
	p.streams[e.stream] = append(before, part{i, position, e.revision})
	p.leaves[i] = leafOf(stored)
	if key, is := e.destroyedKey(); is {
		p.destroyed[key] = true
	}
	return nil
}

// checkErased checks what events.jsonl says of boxes that were not read.
func (p *pack) checkErased(r *verdict.Report) error {
	sealing := map[uuid]bool{}
	for i := range p.entries {
		e, l := &p.entries[i], &p.lines[i]
		if len(l.Says) > 0 && l.Says.Kind() != '{' {
			return wrongAt(e.position, verdict.Proof, "what it says is no object")
		}
		if e.count == 0 && len(l.Says) > 0 {
			return wrongAt(e.position, verdict.Proof, "events.jsonl says something, and it has no content")
		}
		if e.count == 1 && e.boxes[0].class == 0 && string(l.Says) != string(e.boxes[0].sealed) {
			return wrongAt(e.position, verdict.Proof, "events.jsonl says something else than its clear content")
		}
		for class, why := range l.Absent {
			if !slices.ContainsFunc(e.boxes[:e.count], func(b box) bool {
				return b.class > 0 && classes[b.class] == class && (why == "withheld" || why == "erased" && p.destroyed[b.key])
			}) {
				return wrongAt(e.position, verdict.Proof, "it is said to lack content, for a reason that no entry of the pack bears out")
			}
		}
		for _, b := range e.boxes[:e.count] {
			if p.destroyed[b.key] {
				sealing[b.key] = true
			}
		}
	}
	if r.Erased = uint64(len(sealing)); r.Erased > 0 {
		r.Step("erased", "%s, which these entries say: what they sealed is unreadable", verdict.Count(r.Erased, "key was destroyed", "keys were destroyed"))
	}
	return nil
}

// checkPolicies checks that the rule sets are those that the entries name.
func (p *pack) checkPolicies(r *verdict.Report) error {
	named := map[string]bool{}
	for i := range p.entries {
		e := &p.entries[i]
		id := hex.EncodeToString(e.policy)
		if id == "" || named[id] {
			continue
		}
		named[id] = true
		rules, ok1 := p.members.get("policy/" + id + "/rules.json")
		gates, ok2 := p.members.get("policy/" + id + "/gates.cedar")
		if !ok1 || !ok2 {
			return wrongAt(e.position, verdict.Proof, "the rule set that it was decided by is not in the pack")
		}
		a, b := sha256.Sum256(rules), sha256.Sum256(gates)
		if set := sha256.Sum256(append(a[:], b[:]...)); hex.EncodeToString(set[:]) != id {
			return wrongAt(e.position, verdict.Proof, "the rule set in the pack is not the one that it was decided by")
		}
	}
	if len(named) > 0 {
		r.Step("policy", "%s whose hash the decisions carry", verdict.Count(uint64(len(named)), "rule set is that", "rule sets are those"))
	}
	return nil
}

// checkMembers refuses members that nothing speaks of.
func (p *pack) checkMembers(*verdict.Report) error {
	known := map[string]bool{nameSums: true, nameSignature: true, nameManifest: true, nameEvents: true, "checkpoint": true,
		"README.txt": true, "index.html": true, "access-log.csv": true, "disclosures.csv": true}
	for i := range p.entries {
		name := strconv.FormatUint(p.entries[i].position, 10)
		known["entries/"+name+".bin"], known["proofs/"+name+".tlog-proof"] = true, true
		if id := hex.EncodeToString(p.entries[i].policy); id != "" {
			known["policy/"+id+"/rules.json"], known["policy/"+id+"/gates.cedar"] = true, true
		}
	}
	for _, s := range p.manifest.Streams {
		known["heads/"+s.Stream+".json"] = true
		if s.Withheld > 0 {
			known["heads/"+s.Stream+".leaves"] = true
		}
	}
	for _, m := range p.members {
		if !known[m.name] {
			return wrong(verdict.Proof, m.name, "it belongs to nothing in the pack")
		}
	}
	return nil
}

// notShown says what a pack that passes does not show.
func (p *pack) notShown(r *verdict.Report) {
	r.Notice("it shows that whoever has the ledger's key made this pack, its readable text included; it does not show that the text says what the sealed boxes say: who has the keys can compare")
	r.Notice("it does not show that the access log, the list of disclosures and the pages leave nothing out")
	withheld := uint64(0)
	for _, s := range p.manifest.Streams {
		withheld += s.Withheld
	}
	if withheld > 0 {
		r.Notice("of %s the pack has the hash alone: it shows their places in their streams, and not what they say", verdict.Count(withheld, "entry", "entries"))
	}
	switch n := len(p.manifest.Streams); {
	case n == 0:
		r.Notice("it does not show that there are no other entries about the same person: it lists no stream as complete")
	case p.covered < p.tree.size:
		r.Notice("it does not show that nothing else was recorded on the streams after entry %d", p.covered)
	}
}

func isUUID(s string) bool {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && len(b) == len(uuid{}) && uuid(b).text() == s
}
