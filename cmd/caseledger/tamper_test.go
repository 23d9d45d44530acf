package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/projections"
)

const (
	corpusEvents = 500
	corpusPeople = 40
)

// corpus is a record of 500 events and 40 people, made through the codec and the
// keystore, sealed and projected, whatever keeps it. Everything in its databases
// is altered, one thing at a time, as their owner could (T-16), and put back.
type corpus struct {
	t     *testing.T
	o     opening
	v     verifying
	shelf ledger.Shelf
	known note.Verifiers

	events, keys *rows
	head         *rows   // of the ledger's own; nil where it has none
	more         []*rows // of the keystore, beside the keys
	view         func(set string) (*sql.DB, string)
	objects      func() []string // on the shelf

	one    int // of so many alterations one is tried
	counts map[string]*tally
}

// tally counts alterations of one kind.
type tally struct{ tried, found, refused, same, said int }

// rows is a table with what is in it.
type rows struct {
	db      *sql.DB
	table   string
	key     string // its primary key, one column
	columns []string
	clean   map[string][]any // by the text of the key
	order   []string         // of the keys
}

func readRows(t testing.TB, db *sql.DB, table, key string) *rows {
	t.Helper()
	r := &rows{db: db, table: table, key: key}
	var all [][]any
	if err := r.read(func(row []any) { all = append(all, row) }); err != nil {
		t.Fatal(err)
	}
	r.clean = map[string][]any{}
	for _, row := range all {
		k := r.keyOf(row)
		r.clean[k] = row
		r.order = append(r.order, k)
	}
	return r
}

func (r *rows) keyOf(row []any) string { return fmt.Sprint(row[slices.Index(r.columns, r.key)]) }

func (r *rows) read(each func([]any)) (err error) {
	found, err := r.db.QueryContext(context.Background(), "SELECT * FROM "+r.table+" ORDER BY "+r.key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	if r.columns, err = found.Columns(); err != nil {
		return err
	}
	for found.Next() {
		row := make([]any, len(r.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return err
		}
		each(row)
	}
	return found.Err()
}

func sameRow(a, b []any) bool {
	for i := range a {
		x, isBytes := a[i].([]byte)
		y, areBytes := b[i].([]byte)
		if isBytes != areBytes || isBytes && !bytes.Equal(x, y) || !isBytes && a[i] != b[i] {
			return false
		}
	}
	return true
}

// restore puts the table back, and reports whether anything was altered.
func (r *rows) restore(t testing.TB) (altered bool) {
	t.Helper()
	missing := maps.Clone(r.clean)
	var wrong []any
	if err := r.read(func(row []any) {
		if was, ok := missing[r.keyOf(row)]; ok && sameRow(was, row) {
			delete(missing, r.keyOf(row))
		} else {
			wrong = append(wrong, row[slices.Index(r.columns, r.key)])
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, key := range wrong {
		r.must(t, "DELETE FROM "+r.table+" WHERE "+r.key+" = $1", key)
	}
	for _, row := range missing {
		if err := r.insert(row); err != nil {
			t.Fatal(err)
		}
	}
	return len(wrong)+len(missing) > 0
}

func (r *rows) insert(row []any) error {
	marks := make([]string, len(row))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	_, err := r.db.ExecContext(context.Background(), "INSERT INTO "+r.table+" ("+quoted(r.columns)+") VALUES ("+strings.Join(marks, ", ")+")", row...)
	return err
}

func quoted(columns []string) string {
	return `"` + strings.Join(columns, `", "`) + `"`
}

func (r *rows) exec(statement string, args ...any) error {
	_, err := r.db.ExecContext(context.Background(), statement, args...)
	return err
}

func (r *rows) must(t testing.TB, statement string, args ...any) {
	t.Helper()
	if err := r.exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// replace writes other rows, which may have any keys, in place of what is there.
func (r *rows) replace(all [][]any) error {
	if err := r.exec("DELETE FROM " + r.table); err != nil {
		return err
	}
	for _, row := range all {
		if err := r.insert(row); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) at(i int) []any         { return r.clean[r.order[i]] }
func (r *rows) column(name string) int { return slices.Index(r.columns, name) }

// list is a copy of the rows, in order.
func (r *rows) list() [][]any {
	all := make([][]any, len(r.order))
	for i := range all {
		all[i] = slices.Clone(r.at(i))
	}
	return all
}

// kinds are what is done to a value.
var kinds = []string{"flip", "null", "zero", "truncate", "extend", "copy"}

// spoiled is a value after it was altered; n chooses the bit.
func spoiled(kind string, value, neighbour any, n uint64) any {
	switch kind {
	case "null":
		return nil
	case "copy":
		return neighbour
	}
	switch v := value.(type) {
	case int64:
		switch kind {
		case "flip":
			return v ^ 1<<(n%40)
		case "zero":
			return int64(0)
		case "truncate":
			return v / 256
		}
		return v*256 + 1
	case []byte:
		return spoiledBytes(kind, v, n)
	case string:
		if kind == "zero" && len(v) == 36 {
			return "00000000-0000-0000-0000-000000000000"
		}
		return string(spoiledText(kind, []byte(v), n))
	case bool:
		return !v
	}
	return value
}

func spoiledBytes(kind string, v []byte, n uint64) []byte {
	b := bytes.Clone(v)
	switch {
	case kind == "zero":
		clear(b)
	case kind == "extend":
		return append(b, 0)
	case len(b) == 0:
	case kind == "flip":
		b[n/8%uint64(len(b))] ^= 1 << (n % 8)
	case kind == "truncate":
		b = b[:len(b)-1]
	}
	return b
}

// spoiledText keeps to characters that a text may have.
func spoiledText(kind string, b []byte, n uint64) []byte {
	switch {
	case kind == "zero":
		return nil
	case kind == "extend":
		return append(b, '0')
	case len(b) == 0:
	case kind == "flip":
		at := n % uint64(len(b))
		if b[at]++; b[at] == ':' || b[at] == 'g' || b[at] == '.' {
			b[at] = '1'
		}
	case kind == "truncate":
		b = b[:len(b)-1]
	}
	return b
}

// chosen reports whether an alteration is one of the sample.
func (c *corpus) chosen(group, what string) (n uint64, yes bool) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(group + what))
	n = h.Sum64()
	more, ok := shares[group]
	if !ok {
		more = 1
	}
	return n >> 8, c.one <= 1 || n%10_000 < uint64(10_000*more/float64(c.one))
}

// shares are how much more of a kind than of others is in the sample: there are
// few of some, and very many of others.
var shares = map[string]float64{"tile": 60, "tile bit": 0.2, "register": 0.7, "key row": 4, "event row": 0.5, "tail cut off": 2, "history anew": 2, "head of the database": 100, "read model": 0.7,
	"keystore tombstones": 20, "keystore secrets": 20, "heads": 0.2, "heads object": 30}

// try alters something, verifies, and puts it back. alter returns an error where
// the database refuses; want says whether the report names what was altered; back
// reports whether anything was.
func (c *corpus) try(group, what string, alter func(n uint64) error, want func(r *verdict.Report) bool, back func() bool) {
	n, yes := c.chosen(group, what)
	if !yes {
		return
	}
	count := c.counts[group]
	if count == nil {
		count = &tally{}
		c.counts[group] = count
	}
	count.tried++
	refused := alter(n)
	var r *verdict.Report
	var err error
	if refused == nil {
		r, err = c.v.run(c.t.Context())
	}
	altered := back()
	switch {
	case refused != nil:
		count.refused++
	case !altered:
		count.same++
	case err != nil:
		c.t.Errorf("%s, %s: %v", group, what, err)
	case want(r):
		count.found++
	case r.Verdict().Holds() && r.Unsealed > 0:
		count.said++ // an entry that looks like any other, behind the last checkpoint
	default:
		c.t.Errorf("%s, %s: not named: %s: %+v", group, what, r.Headline(), r.Findings[:min(len(r.Findings), 3)])
	}
}

// entryIs wants the first finding to be tampering and to mean an entry.
func entryIs(entry int) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return r.Verdict() == verdict.Tampered && r.Findings[0].Names(uint64(entry))
	}
}

func objectIs(name string) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return r.Verdict() == verdict.Tampered && r.Findings[0].Object == name
	}
}

func keyIs(id event.UUID) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return slices.ContainsFunc(r.Findings, func(f verdict.Finding) bool { return f.Key == id.String() })
	}
}

// ofKeystore wants something found in a table of the keystore.
func ofKeystore(table string) func(*verdict.Report) bool {
	return func(r *verdict.Report) bool {
		return slices.ContainsFunc(r.Findings, func(f verdict.Finding) bool { return f.Object == "keystore "+table })
	}
}

// fill fills an empty record, seals it, and builds its read models.
func (c *corpus) fill() {
	t, ctx := c.t, c.t.Context()
	writing := c.o
	writing.mode = 1
	r, err := writing.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ahead := 0 // key commitments that went with the last person
	for i := range corpusPeople {
		head, err := r.head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		left := corpusEvents - 2 - int(head) // the last two are an erasure and a commitment to the heads
		n := left/(corpusPeople-i) - ahead
		if err := fillPerson(t, r, i, max(n, 4)); err != nil {
			t.Fatal(err)
		}
		after, err := r.head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ahead = int(after-head) - max(n, 4)
	}
	c.erase(r)
	sealing, err := writing.openSealing(ctx, r, sealingWith{now: time.Now, after: time.After, random: rand.Reader, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.committer.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.sealer.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sealing.close(), r.close()); err != nil {
		t.Fatal(err)
	}
	for _, set := range viewNames {
		c.eachModel(set, func(s *side) error { return s.runner.CatchUp(ctx) })
	}
}

// erase destroys one key, on the record.
func (c *corpus) erase(r *record) {
	t, ctx, who := c.t, c.t.Context(), filled(0)
	keys, err := r.vault.KeysOf(ctx, who)
	if err != nil || len(keys) == 0 {
		t.Fatal(err)
	}
	head := 0
	for range r.store.ReadStream(ctx, event.Case(who), 0) {
		head++
	}
	nurse, _ := memberNamed("NUR1")
	command := eventstore.Command{ID: event.DeriveUUID("erasing"), Stream: event.Case(who), Subject: who, Effective: event.At(time.Now()),
		Actor: nurse.actor(), Purpose: "DIRECT_CARE", Origin: event.Live}
	batch, err := r.codec.Seal(ctx, command, []event.Draft{{Data: event.KeyDestroyed{Key: keys[0].ID}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Append(ctx, command.Stream, eventstore.Revision(head), batch); err != nil {
		t.Fatal(err)
	}
	if err := r.vault.Retire(ctx, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := r.vault.Destroy(ctx, keys[0].ID, batch[0].ID); err != nil {
		t.Fatal(err)
	}
}

// eachModel works on one set of read models.
func (c *corpus) eachModel(set string, work func(*side) error) {
	c.t.Helper()
	o := c.o
	o.mode = reading
	r, err := o.open(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := r.view(c.t.Context(), set, everybody(), viewOptions, false)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := errors.Join(work(s), s.store.Close(), r.close()); err != nil {
		c.t.Fatal(err)
	}
}

// run tries everything.
func (c *corpus) run() {
	t := c.t
	v, release, err := c.o.openVerifying(t.Context(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	}()
	v.open, c.v, c.shelf, c.counts = true, v, v.shelf, map[string]*tally{}
	if c.known, err = ledger.VerifiersOf(v.signed...); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c.untouched("before")
	c.eventColumns()
	c.eventRows()
	c.tails()
	c.histories()
	c.headRow()
	c.keyRows()
	c.keystore()
	c.tiles()
	c.registers()
	c.headsOfStreams()
	c.untouched("after")
	c.readModels()
	t.Logf("one in %d, in %s", c.one, time.Since(began).Round(time.Second))
	total := tally{}
	for _, group := range slices.Sorted(maps.Keys(c.counts)) {
		n := *c.counts[group]
		t.Logf("%-28s %6d tried, %6d found and named, %6d refused by the database, %5d no alteration, %4d said to be unsealed",
			group, n.tried, n.found, n.refused, n.same, n.said)
		total.tried, total.found, total.refused, total.same, total.said =
			total.tried+n.tried, total.found+n.found, total.refused+n.refused, total.same+n.same, total.said+n.said
	}
	t.Logf("%-28s %6d tried, %6d found and named, %6d refused by the database, %5d no alteration, %4d said to be unsealed",
		"all", total.tried, total.found, total.refused, total.same, total.said)
}

func (c *corpus) untouched(when string) {
	c.t.Helper()
	r, err := c.v.run(c.t.Context())
	if err != nil || r.Verdict() != verdict.IntactErased || r.Entries != corpusEvents || r.Unsealed != 0 {
		c.t.Fatalf("%s: %v %+v", when, err, r)
	}
}

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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
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

func (c *corpus) keyRows() {
	k := c.keys
	back := func() bool { return k.restore(c.t) }
	id := func(i int) event.UUID { return event.UUID(k.at(i)[k.column("key_id")].([]byte)) }
	for i := range k.order {
		row, next := k.at(i), k.at((i+1)%len(k.order))
		key := row[k.column("key_id")]
		for at, column := range k.columns {
			for _, kind := range kinds {
				c.try("key column "+column, fmt.Sprintf("%s of key %d", kind, i), func(n uint64) error {
					return k.exec("UPDATE "+k.table+" SET "+column+" = $1 WHERE key_id = $2", spoiled(kind, row[at], next[at], n), key)
				}, keyIs(id(i)), back)
			}
		}
		c.try("key row", fmt.Sprintf("delete key %d", i), func(uint64) error {
			return k.exec("DELETE FROM "+k.table+" WHERE key_id = $1", key)
		}, func(r *verdict.Report) bool { // the tombstones are counted
			return keyIs(id(i))(r) || row[k.column("destroyed_by")] != nil && ofKeystore("tombstones")(r)
		}, back)
		c.try("key row", fmt.Sprintf("duplicate key %d", i), func(uint64) error {
			other := slices.Clone(row)
			other[k.column("key_id")] = spoiled("flip", key, nil, 5)
			return k.insert(other)
		}, func(r *verdict.Report) bool { return keyIs(event.UUID(spoiled("flip", key, nil, 5).([]byte)))(r) }, back)
		c.try("key row", fmt.Sprintf("swap key %d", i), func(uint64) error { // each in the other's place
			a, b := slices.Clone(row), slices.Clone(next)
			a[k.column("key_id")], b[k.column("key_id")] = next[k.column("key_id")], key
			drop := "DELETE FROM " + k.table + " WHERE key_id = $1"
			return errors.Join(k.exec(drop, key), k.exec(drop, next[k.column("key_id")]), k.insert(a), k.insert(b))
		}, keyIs(id(i)), back)
	}
}

// keystore alters the other tables of the keystore.
func (c *corpus) keystore() {
	for _, k := range c.more {
		name := k.table[strings.LastIndex(k.table, ".")+1:]
		back := func() bool { return k.restore(c.t) }
		for i := range k.order {
			row, next := k.at(i), k.at((i+1)%len(k.order))
			key := row[k.column(k.key)]
			for at, column := range k.columns {
				for _, kind := range kinds {
					c.try("keystore "+name, fmt.Sprintf("%s of %s of %v", kind, column, key), func(n uint64) error {
						return k.exec("UPDATE "+k.table+" SET "+column+" = $1 WHERE "+k.key+" = $2", spoiled(kind, row[at], next[at], n), key)
					}, func(r *verdict.Report) bool { return ofKeystore(name)(r) || ofKeystore("tombstones")(r) }, back)
				}
			}
			c.try("keystore "+name, fmt.Sprintf("delete %v", key), func(uint64) error {
				return k.exec("DELETE FROM "+k.table+" WHERE "+k.key+" = $1", key)
			}, func(r *verdict.Report) bool { return ofKeystore(name)(r) || ofKeystore("tombstones")(r) }, back)
		}
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

// readModels alters the rows of each read model, all of them at a time and each in
// its own way, and wants their own check to find as many as were altered.
func (c *corpus) readModels() {
	for _, set := range viewNames {
		db, schema := c.view(set)
		c.eachModel(set, func(s *side) error {
			for _, model := range s.runner.Models() {
				c.readModel(s, db, schema, model)
			}
			return nil
		})
	}
}

func (c *corpus) readModel(s *side, db *sql.DB, schema string, model *projections.Projection) {
	table := fmt.Sprintf("%s\"%s_v%d\"", schema, model.Name(), model.Version())
	m := &modelRows{rows{db: db, table: table}, 0}
	for _, column := range model.Columns() {
		if column.Key {
			m.key += ", " + quoted([]string{column.Name})
			m.keys++
		}
	}
	m.key = strings.TrimPrefix(m.key, ", ")
	var all [][]any
	if err := m.read(func(row []any) { all = append(all, row) }); err != nil {
		c.t.Fatal(err)
	}
	if c.one > 1 {
		all = all[:min(len(all), 25)]
	}
	each := func(what string, alter func(i int, n uint64) error) {
		n, yes := c.chosen("read model", s.name+model.Name()+what)
		if !yes || len(all) == 0 {
			return
		}
		c.model(s, m, model.Name(), what, func(i int) error { return alter(i, n+uint64(i)) }, len(all))
	}
	for at, column := range m.columns {
		for _, kind := range kinds {
			each(kind+" "+column, func(i int, n uint64) error {
				return m.update(all[i], column, spoiled(kind, all[i][at], all[(i+1)%len(all)][at], n))
			})
		}
	}
	each("delete", func(i int, _ uint64) error { return m.delete(all[i]) })
	each("duplicate", func(i int, _ uint64) error { return m.insert(all[i]) })
	each("swap", func(i int, _ uint64) error {
		if i%2 == 0 || len(m.columns) == m.keys {
			return nil
		}
		a, b := slices.Clone(all[i]), slices.Clone(all[i-1])
		copy(a[m.keys:], all[i-1][m.keys:])
		copy(b[m.keys:], all[i][m.keys:])
		return errors.Join(m.delete(a), m.delete(b), m.insert(a), m.insert(b))
	})
}

// modelRows is the table of a read model, whose first columns are its key.
type modelRows struct {
	rows
	keys int
}

func (m *modelRows) where(row []any, first int) (string, []any) {
	var on []string
	for i, column := range m.columns[:m.keys] {
		on = append(on, fmt.Sprintf("%s = $%d", quoted([]string{column}), first+i))
	}
	return " WHERE " + strings.Join(on, " AND "), row[:m.keys]
}

func (m *modelRows) update(row []any, column string, value any) error {
	on, key := m.where(row, 2)
	return m.exec("UPDATE "+m.table+" SET "+quoted([]string{column})+" = $1"+on, append([]any{value}, key...)...)
}

func (m *modelRows) delete(row []any) error {
	on, key := m.where(row, 1)
	return m.exec("DELETE FROM "+m.table+on, key...)
}

// now is the rows by their keys.
func (m *modelRows) now(t testing.TB) map[string][]any {
	t.Helper()
	all := map[string][]any{}
	if err := m.read(func(row []any) { all[fmt.Sprintf("%q", row[:m.keys])] = row }); err != nil {
		t.Fatal(err)
	}
	return all
}

// model alters rows, and compares what the check finds with what was altered.
func (c *corpus) model(s *side, m *modelRows, name, what string, alter func(i int) error, n int) {
	const group = "read model rows"
	count := c.counts[group]
	if count == nil {
		count = &tally{}
		c.counts[group] = count
	}
	before := m.now(c.t)
	for i := range n {
		if count.tried++; alter(i) != nil {
			count.refused++
		}
	}
	after := m.now(c.t)
	different := 0
	for key, row := range before {
		if is, there := after[key]; !there || !sameRow(row, is) {
			different++
		}
	}
	for key := range after {
		if _, there := before[key]; !there {
			different++
		}
	}
	report, err := s.runner.Check(c.t.Context(), name)
	if (err == nil || errors.Is(err, projections.ErrDiffers)) && report.Different != different {
		c.t.Errorf("%s, %s of %s: %d rows were altered, %d found", s.name, what, name, different, report.Different)
	}
	if err != nil && !errors.Is(err, projections.ErrDiffers) && different == 0 {
		c.t.Errorf("%s, %s of %s: %v", s.name, what, name, err)
	}
	count.found += different
	if err := m.exec("DELETE FROM " + m.table); err != nil {
		c.t.Fatal(err)
	}
	for _, row := range before {
		if err := m.insert(row); err != nil {
			c.t.Fatal(err)
		}
	}
}

// everyAlteration is set by make release-test.
const everyAlteration = testPrefix + "TAMPER"

// sampled is one of how many alterations is tried.
func sampled(usual int) int {
	if value, _ := fromEnvironment(os.Environ(), everyAlteration); value == "all" {
		return 1
	}
	return usual
}

// TestTamperCorpusSQLite alters a record in a data folder.
func TestTamperCorpusSQLite(t *testing.T) {
	dir := dataDir(t.TempDir() + "/record")
	if err := dir.markSynthetic(); err != nil {
		t.Fatal(err)
	}
	c := &corpus{t: t, o: opening{dir: dir, now: time.Now, random: rand.Reader}, one: sampled(100)}
	c.fill()
	open := func(path string) *sql.DB {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	c.events = readRows(t, open(dir.file(ledgerFile)), "events", "position")
	keys := open(dir.file(keysFile))
	c.keys = readRows(t, keys, "keys", "key_id")
	c.more = []*rows{readRows(t, keys, "tombstones", "one"), readRows(t, keys, "secrets", "name")}
	c.view = func(set string) (*sql.DB, string) { return open(dir.file(viewsFolder + "/" + set + ".db")), "" }
	c.objects = func() (names []string) {
		root := os.DirFS(dir.file(tilesFolder + "/objects"))
		if err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				names = append(names, name)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return names
	}
	c.run()
}
