package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

func (c *corpus) put(name string, b []byte) {
	if err := errors.Join(c.shelf.Remove(c.t.Context(), name), c.shelf.Put(c.t.Context(), ledger.Object{Name: name, Bytes: b})); err != nil {
		c.t.Fatal(err)
	}
}

func (c *corpus) set(register string, value []byte) {
	old, err := c.shelf.Load(c.t.Context(), register)
	if err == nil && !bytes.Equal(old, value) {
		err = c.shelf.Swap(c.t.Context(), register, old, value)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *corpus) tiles() {
	ctx := c.t.Context()
	_, tiles := treeOf(c.stored())
	order := slices.Sorted(maps.Keys(tiles))
	for i, name := range order {
		was, next := tiles[name], tiles[order[(i+1)%len(order)]]
		stands := true
		back := func() bool { c.put(name, was); return stands }
		alter := func(b []byte) func(uint64) error {
			return func(uint64) error {
				stands = !bytes.Equal(b, was)
				c.put(name, b)
				return nil
			}
		}
		for bit := range 8 * len(was) {
			if bit%8 != bit/8%8 { // every byte, and now this bit of it, now that
				continue
			}
			c.try("tile bit", fmt.Sprintf("%d of %s", bit, name), alter(spoiledBytes("flip", was, uint64(bit))), objectIs(name), back)
		}
		for kind, b := range map[string][]byte{"zero": make([]byte, len(was)), "truncate": was[:len(was)-1], "extend": append(bytes.Clone(was), 0),
			"copy": next, "a hash less": was[:len(was)-32], "empty": {}} {
			c.try("tile", kind+" of "+name, alter(b), objectIs(name), back)
		}
		c.try("tile", "delete "+name, func(uint64) error { stands = true; return c.shelf.Remove(ctx, name) }, objectIs(name), back)
		moved := ledger.TileName(5, int64(i), 3)
		c.try("tile", "move "+name, func(uint64) error { stands = true; c.put(moved, was); return c.shelf.Remove(ctx, name) }, objectIs(name), func() bool {
			if err := c.shelf.Remove(ctx, moved); err != nil {
				c.t.Fatal(err)
			}
			return back()
		})
	}
}

func (c *corpus) registers() {
	ctx := c.t.Context()
	for _, name := range []string{ledger.RegisterCheckpoint, ledger.RegisterKeys} {
		was := must(c.shelf.Load(ctx, name))
		other := must(c.shelf.Load(ctx, map[string]string{ledger.RegisterCheckpoint: ledger.RegisterKeys, ledger.RegisterKeys: ledger.RegisterCheckpoint}[name]))
		means := func(b []byte) any {
			if name == ledger.RegisterKeys {
				return strings.Join(strings.Fields(string(b)), " ")
			}
			t, _, err := ledger.OpenCheckpoint(b, strings.SplitN(c.v.signed[0], "+", 2)[0], c.known)
			return fmt.Sprint(t, err)
		}
		alter := func(what string, b []byte) {
			c.try("register", what+" of "+name, func(uint64) error { c.set(name, b); return nil }, objectIs("register "+name),
				func() bool { c.set(name, was); return means(b) != means(was) })
		}
		for bit := range 8 * len(was) {
			alter(fmt.Sprintf("bit %d", bit), spoiledBytes("flip", was, uint64(bit)))
		}
		for at := range was {
			alter(fmt.Sprintf("all but %d bytes", at), was[:at])
		}
		alter("zero", make([]byte, len(was)))
		alter("extend", append(bytes.Clone(was), 'x'))
		alter("copy", other)
	}
}

// headsOfStreams alters what the shelf has of the heads that the ledger commits to.
func (c *corpus) headsOfStreams() {
	ctx := c.t.Context()
	wrong := func(r *verdict.Report) bool {
		return r.Verdict() == verdict.Tampered && r.Findings[0].Object == "heads"
	}
	for _, name := range c.objects() {
		if strings.HasPrefix(name, "tile/") {
			continue
		}
		was := must(c.shelf.Get(ctx, name))
		back := func() bool { c.put(name, was); return true }
		for bit := range 8 * len(was) {
			if bit%8 == bit/8%8 {
				c.try("heads", fmt.Sprintf("bit %d of %s", bit, name), func(uint64) error { c.put(name, spoiledBytes("flip", was, uint64(bit))); return nil }, wrong, back)
			}
		}
		for kind, b := range map[string][]byte{"zero": make([]byte, len(was)), "truncate": was[:len(was)-1], "extend": append(bytes.Clone(was), 0), "empty": {}} {
			c.try("heads object", kind+" of "+name, func(uint64) error { c.put(name, b); return nil }, wrong, back)
		}
		c.try("heads object", "delete "+name, func(uint64) error { return c.shelf.Remove(ctx, name) }, wrong, back)
	}
}
