package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

func (c *corpus) backEvents() bool { return c.events.restore(c.t) }

func (c *corpus) eventColumns() {
	e := c.events
	for i := range e.order {
		row, next := e.at(i), e.at((i+1)%len(e.order))
		for at, column := range e.columns {
			for _, kind := range kinds {
				c.try("event column "+column, fmt.Sprintf("%s of %d", kind, i+1), func(n uint64) error {
					return e.exec("UPDATE "+e.table+" SET "+column+" = $1 WHERE position = $2", spoiled(kind, row[at], next[at], n), int64(i+1))
				}, entryIs(i+1), c.backEvents)
			}
		}
	}
}

// renumbered gives rows the positions 1, 2, 3 …
func (c *corpus) renumbered(all [][]any) [][]any {
	at := c.events.column("position")
	for i := range all {
		all[i] = slices.Clone(all[i])
		all[i][at] = int64(i + 1)
	}
	return all
}

// other is a row with an id of its own, and a revision that its stream has not.
func (c *corpus) other(row []any) []any {
	row = slices.Clone(row)
	id := c.events.column("event_id")
	row[id] = spoiled("flip", row[id], nil, 77)
	row[c.events.column("revision")] = int64(100_000)
	return row
}

func (c *corpus) eventRows() {
	e, position := c.events, c.events.column("position")
	for i := range e.order {
		p := i + 1
		c.try("event row", fmt.Sprintf("delete %d", p), func(uint64) error {
			return e.exec("DELETE FROM "+e.table+" WHERE position = $1", int64(p))
		}, entryIs(p), c.backEvents)
		c.try("event row", fmt.Sprintf("delete %d and close the gap", p), func(uint64) error {
			return e.replace(c.renumbered(slices.Delete(e.list(), i, i+1)))
		}, entryIs(p), c.backEvents)
		c.try("event row", fmt.Sprintf("duplicate %d", p), func(uint64) error {
			row := slices.Clone(e.at(i))
			row[position] = int64(corpusEvents + 1)
			return e.insert(row)
		}, entryIs(corpusEvents+1), c.backEvents)
		c.try("event row", fmt.Sprintf("duplicate %d, with an id of its own", p), func(uint64) error {
			row := c.other(e.at(i))
			row[position] = int64(corpusEvents + 1)
			return e.insert(row)
		}, entryIs(corpusEvents+1), c.backEvents)
		c.try("event row", fmt.Sprintf("back-dated before %d", p), func(uint64) error {
			return e.replace(c.renumbered(slices.Insert(e.list(), i, c.other(e.at(i)))))
		}, entryIs(p), c.backEvents)
		if p == corpusEvents {
			continue
		}
		c.try("event row", fmt.Sprintf("swap %d", p), func(uint64) error {
			all := e.list()
			all[i], all[i+1] = all[i+1], all[i]
			return e.replace(c.renumbered(all))
		}, entryIs(p), c.backEvents)
		to := (i*7 + 3) % corpusEvents
		c.try("event row", fmt.Sprintf("move %d to %d", p, to+1), func(uint64) error {
			all := e.list()
			row := all[i]
			return e.replace(c.renumbered(slices.Insert(slices.Delete(all, i, i+1), to, row)))
		}, entryIs(min(p, to+1)), c.backEvents)
	}
}

func (c *corpus) tails() {
	for cut := 1; cut <= corpusEvents; cut++ {
		c.try("tail cut off", fmt.Sprint(cut), func(uint64) error {
			return c.events.exec("DELETE FROM "+c.events.table+" WHERE position > $1", int64(corpusEvents-cut))
		}, entryIs(corpusEvents-cut+1), c.backEvents)
	}
}

// stored are the entries as they are.
func (c *corpus) stored() []eventstore.Stored {
	var all []eventstore.Stored
	for e, err := range c.v.store.ReadAll(c.t.Context(), 0) {
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// histories swaps what was sealed between people, and writes the history anew as
// far as an owner of the databases can.
func (c *corpus) histories() {
	all := c.stored()
	last := map[string]int{}
	for i, e := range all {
		body, err := codec.ParseBody(e.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		before, is := last[body.Type]
		last[body.Type] = i
		if !is || all[before].Stream == e.Stream || body.Boxes[0].Class == "" {
			continue
		}
		c.try("ciphertext between people", fmt.Sprintf("%d and %d", before+1, i+1), func(uint64) error {
			mine, theirs := body, must(codec.ParseBody(all[before].Body))
			mine.Boxes, theirs.Boxes = theirs.Boxes, mine.Boxes
			set := "UPDATE " + c.events.table + " SET body = $1 WHERE position = $2"
			return errors.Join(c.events.exec(set, must(codec.AppendBody(nil, mine)), int64(i+1)),
				c.events.exec(set, must(codec.AppendBody(nil, theirs)), int64(before+1)))
		}, func(r *verdict.Report) bool {
			return entryIs(before+1)(r) && len(r.Findings) > 1 && r.Findings[1].Names(uint64(i+1))
		}, c.backEvents)
	}
	for p := 1; p <= corpusEvents; p += 7 {
		c.anew(all, p)
	}
}

// anew alters one entry and every tile with it; then a stranger signs, and then
// whoever has the signing key.
func (c *corpus) anew(all []eventstore.Stored, p int) {
	ctx := c.t.Context()
	altered := slices.Clone(all)
	altered[p-1].Body = bytes.Clone(altered[p-1].Body)
	altered[p-1].Body[0] ^= 1
	tree, tiles := treeOf(altered)
	was := map[string][]byte{}
	for name := range tiles {
		was[name] = must(c.shelf.Get(ctx, name))
	}
	register := must(c.shelf.Load(ctx, ledger.RegisterCheckpoint))
	signing := must(ledger.ReadSigningKeys(c.o.signerPath()))
	stranger := must(note.NewSigner(must(firstOf(note.GenerateKey(rand.Reader, signing.Origin())))))
	sign := func(signers ...note.Signer) []byte {
		return must(note.Sign(&note.Note{Text: ledger.CheckpointText(signing.Origin(), tree)}, signers...))
	}
	memory, kept := c.v.memory, c.v.kept
	for how, h := range map[string]struct {
		signed       []byte
		kept         []byte
		forgets      bool
		rangeOrPlace func(*verdict.Report) bool
	}{
		"with every tile, nothing signed":       {register, nil, false, entryIs(p)},
		"with every tile, signed by a stranger": {sign(stranger), nil, true, objectIs("register " + ledger.RegisterCheckpoint)},
		"signed with the key, and remembered":   {sign(signing.Signers()...), nil, false, entryIs(p)},
		"signed with the key, and pinned":       {sign(signing.Signers()...), register, true, entryIs(p)},
	} {
		c.try("history anew", fmt.Sprintf("%d, %s", p, how), func(uint64) error {
			for name, b := range tiles {
				c.put(name, b)
			}
			c.set(ledger.RegisterCheckpoint, h.signed)
			if h.kept != nil {
				c.v.kept = h.kept
			}
			if h.forgets {
				c.v.memory = nil
			}
			return c.events.exec("UPDATE "+c.events.table+" SET body = $1 WHERE position = $2", altered[p-1].Body, int64(p))
		}, h.rangeOrPlace, func() bool {
			for name, b := range was {
				c.put(name, b)
			}
			c.set(ledger.RegisterCheckpoint, register)
			c.v.memory, c.v.kept = memory, kept
			return c.backEvents()
		})
	}
}

func firstOf(secret, _ string, err error) (string, error) { return secret, err }

// treeOf makes tree and tiles by another way than the sealer's: package tlog's.
func treeOf(all []eventstore.Stored) (ledger.Tree, map[string][]byte) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, _ error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, e := range all {
		stored = append(stored, must(tlog.StoredHashes(int64(i), codec.Bytes(e), reader))...)
	}
	tiles := map[string][]byte{}
	for _, tile := range tlog.NewTiles(ledger.TileHeight, 0, int64(len(all))) {
		tiles[ledger.TileName(tile.L, tile.N, tile.W)] = must(tlog.ReadTileData(tile, reader))
	}
	return ledger.Tree{N: int64(len(all)), Hash: must(tlog.TreeHash(int64(len(all)), reader))}, tiles
}

// headRow alters where the ledger's database says that it ends. When the last
// event was recorded is there, too, and is not of the record.
func (c *corpus) headRow() {
	if c.head == nil {
		return
	}
	row := c.head.at(0)
	for _, kind := range kinds {
		c.try("head of the database", kind, func(n uint64) error {
			return c.head.exec("UPDATE "+c.head.table+" SET position = $1", spoiled(kind, row[c.head.column("position")], int64(7), n))
		}, func(r *verdict.Report) bool { return len(r.Findings) > 0 && r.Findings[0].Code == verdict.StoreEnd }, func() bool { return c.head.restore(c.t) })
	}
}
