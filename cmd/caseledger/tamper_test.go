package main

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
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
	shelf shelf
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

// fill fills an empty record, seals it, and builds its read models.
func (c *corpus) fill() {
	t, ctx, began := c.t, c.t.Context(), time.Now()
	defer func() { t.Logf("filled in %s", time.Since(began).Round(time.Second)) }()
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
	if c.shelf, err = c.o.changeShelf(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.shelf.Close() }()
	v.open, c.v, c.counts = true, v, map[string]*tally{}
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

// howMany is "all", which make release-test says, or of how many alterations one
// is tried.
const howMany = testPrefix + "TAMPER"

func sampled(usual int) int {
	value, _ := fromEnvironment(os.Environ(), howMany)
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return n
	}
	if value == "all" {
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
