package offlinetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/event"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
)

// Pack is a case proof pack in the making.
type Pack struct {
	World   *World
	Members map[string][]byte
	Size    int // of the tree it is made at
}

type line struct {
	Position   event.Position `json:"position"`
	ID         event.ID       `json:"event"`
	Stream     event.StreamID `json:"stream"`
	Revision   event.Revision `json:"revision"`
	RecordedAt time.Time      `json:"recordedAt"`
	event.Meta
	Says   jsontext.Value    `json:"says,omitempty"`
	Absent map[string]string `json:"absent,omitempty"`
}

// NewPack makes a pack of a person at the size of the ledger: their case, whole,
// that there are no findings, and the commitment that shows both. Others cosign
// the checkpoint.
func (w *World) NewPack(person event.UUID, at event.Position, others ...note.Signer) *Pack {
	w.TB.Helper()
	size := len(w.Stored)
	p := &Pack{w, map[string][]byte{"README.txt": []byte("Read me.\n"), "access-log.csv": []byte("who,when\n")}, size}
	checkpoint := w.Checkpoint(size, others...)
	p.Members["checkpoint"] = checkpoint
	destroyed := map[event.UUID]bool{}
	for _, e := range w.history[event.Case(person)] {
		if k, ok := e.Data.(event.KeyDestroyed); ok {
			destroyed[k.Key] = true
		}
	}
	var lines bytes.Buffer
	revisions := 0
	for _, s := range w.Stored {
		if s.Stream == event.Case(person) {
			revisions++
		} else if s.Position != at {
			continue
		}
		body, err := codec.ParseBody(s.Body)
		if err != nil {
			w.TB.Fatal(err)
		}
		l := line{Position: s.Position, ID: s.ID, Stream: s.Stream, Revision: s.Revision, RecordedAt: s.RecordedAt, Meta: body.Meta, Absent: map[string]string{}}
		for _, b := range body.Boxes {
			switch {
			case b.Class == "":
				l.Says = b.Sealed
			case destroyed[b.Key]:
				l.Absent[string(b.Class)] = "erased"
			case b.Class == event.Offence:
				l.Absent[string(b.Class)] = "withheld"
			default:
				l.Says = jsontext.Value(`{"note":"sleeps badly"}`)
			}
		}
		text, err := json.Marshal(l, json.Deterministic(true))
		if err != nil {
			w.TB.Fatal(err)
		}
		lines.Write(append(text, '\n'))
		p.Members[fmt.Sprintf("entries/%d.bin", s.Position)] = codec.Bytes(s)
		p.Members[fmt.Sprintf("proofs/%d.tlog-proof", s.Position)] = w.Proof(s.Position, size, checkpoint)
		if body.Policy != [32]byte{} {
			id := hex.EncodeToString(body.Policy[:])
			p.Members["policy/"+id+"/rules.json"], p.Members["policy/"+id+"/gates.cedar"] = Rules, Gates
		}
	}
	p.Members["events.jsonl"] = lines.Bytes()
	for _, s := range []event.StreamID{event.Case(person), event.Findings(person)} {
		p.Members["heads/"+s.String()+".json"] = w.HeadProof(s, at)
	}
	root := w.Tree(size).Hash
	p.Members["pack.json"] = fmt.Appendf(nil, `{
  "format": "caseledger-pack/v1", "origin": %q, "size": %d, "root": %q, "madeAt": "2026-03-01T09:30:00Z",
  "madeBy": "ac000000-0000-4000-8000-000000000001", "purpose": "SUBJECT_ACCESS", "person": %q, "synthetic": true,
  "streams": [{"stream": "case-%s", "revisions": %d}, {"stream": "finding-%s", "revisions": 0}]
}
`, Origin, size, base64.StdEncoding.EncodeToString(root[:]), person, person, revisions, person)
	return p
}

// With is the pack with other members; nil leaves one out.
func (p *Pack) With(members map[string][]byte) *Pack {
	all := maps.Clone(p.Members)
	for name, b := range members {
		if all[name] = b; b == nil {
			delete(all, name)
		}
	}
	return &Pack{p.World, all, p.Size}
}

// Bytes is the file, signed by the ledger.
func (p *Pack) Bytes() []byte { return p.SignedBy(p.World.Signer) }

// SignedBy is the file, signed by others.
func (p *Pack) SignedBy(signers ...note.Signer) []byte {
	p.World.TB.Helper()
	var out bytes.Buffer
	if err := casepack.Write(&out, p.Members, casepack.Statement{Origin: Origin, Tree: p.World.Tree(p.Size)}, signers...); err != nil {
		p.World.TB.Fatal(err)
	}
	return out.Bytes()
}
