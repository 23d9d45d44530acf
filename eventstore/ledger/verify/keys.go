package verify

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"math"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/vault"
)

// Keystore is what a verification asks of the keys; a [vault.Vault] is one.
type Keystore interface {
	// Standings says how keys stand, in the order of their ids. What is wrong with
	// one is in its standing; an error is that the keystore cannot be asked.
	Standings(ctx context.Context, ids []event.UUID) ([]vault.Standing, error)
	// Keys goes through every key that is there or was destroyed.
	Keys(ctx context.Context) iter.Seq2[vault.Row, error]
	// Alterations goes through everything in the keystore, and yields what is not
	// as it was stored.
	Alterations(ctx context.Context) iter.Seq2[vault.Alteration, error]
}

const (
	// maxKeys is how many keys are remembered at a time.
	maxKeys = 1 << 20
	// keysAtOnce is how many the keystore is asked for at a time.
	keysAtOnce = 512
)

// keyEvent is a key.created or a key.destroyed.
type keyEvent struct {
	entry      uint64
	id         event.ID
	key        event.UUID
	created    bool
	commitment event.Commitment
}

// keyEventOf reads one; false if it is another event.
func keyEventOf(e eventstore.Stored, m *event.Meta) (k keyEvent, is bool) {
	if m.Type != "key.created" && m.Type != "key.destroyed" {
		return k, false
	}
	body, err := codec.ParseBody(e.Body)
	if err != nil || len(body.Boxes) != 1 {
		return k, false
	}
	k = keyEvent{entry: uint64(e.Position), id: e.ID, created: m.Type == "key.created"}
	if k.created {
		var data event.KeyCreated
		err = json.Unmarshal(body.Boxes[0].Sealed, &data, json.RejectUnknownMembers(true))
		k.key, k.commitment = data.Key, data.Commitment
	} else {
		var data event.KeyDestroyed
		err = json.Unmarshal(body.Boxes[0].Sealed, &data, json.RejectUnknownMembers(true))
		k.key = data.Key
	}
	return k, err == nil
}

// fate is a key that is not there, or was destroyed.
type fate struct {
	entry    uint64 // where it was committed to; 0 if that was left out
	absent   bool
	by       event.ID // of the tombstone
	recorded bool     // an event says that it was destroyed
	founded  bool     // the one that the tombstone names does
}

// seen is what was seen of a key that is in the keystore.
type seen struct{ there, destroyed bool }

// keyCheck compares the keys that the entries tell of with the keystore. It
// remembers those whose hash is in a range, which it makes smaller when they are
// too many; the rest comes in another reading.
type keyCheck struct {
	seed     maphash.Seed
	from, to uint64 // the range; to is the last
	known    map[uint64]seen
	fates    map[event.UUID]*fate
	wrong    map[event.UUID]bool // told already, of every range
	batch    []keyEvent

	keys, there, unfinished, lost, unused, open uint64
}

func (k *keyCheck) begin(from uint64) {
	if from == 0 {
		k.seed, k.wrong = maphash.MakeSeed(), map[event.UUID]bool{}
	}
	k.from, k.to = from, math.MaxUint64
	k.known, k.fates = map[uint64]seen{}, map[event.UUID]*fate{}
}

func (k *keyCheck) within(id event.UUID) (uint64, bool) {
	h := maphash.Bytes(k.seed, id[:])
	return h, k.from <= h && h <= k.to
}

// narrow leaves half of the keys to another reading.
func (k *keyCheck) narrow() {
	k.to = k.from + (k.to-k.from)/2
	for h := range k.known {
		if h > k.to {
			delete(k.known, h)
		}
	}
	for id := range k.fates {
		if _, in := k.within(id); !in {
			delete(k.fates, id)
		}
	}
}

// takeKeys takes what entries tell of keys.
func (r *run) takeKeys(ctx context.Context, events []keyEvent) error {
	if r.Keys == nil {
		return nil
	}
	if r.keys.known == nil {
		r.keys.begin(0)
	}
	for _, e := range events {
		if _, in := r.keys.within(e.key); in {
			r.keys.batch = append(r.keys.batch, e)
		}
		if len(r.keys.batch) == keysAtOnce {
			if err := r.askKeys(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// askKeys compares a batch with the keystore.
func (r *run) askKeys(ctx context.Context) error {
	k := &r.keys
	if len(k.batch) == 0 {
		return nil
	}
	ids := make([]event.UUID, len(k.batch))
	for i, e := range k.batch {
		ids[i] = e.key
	}
	standings, err := r.Keys.Standings(ctx, ids)
	if err != nil {
		return fmt.Errorf("verify: ask for keys: %w", err)
	}
	for i, e := range k.batch {
		hash, in := k.within(e.key)
		if !in {
			continue // the range is smaller than it was
		}
		r.judgeKey(e, standings[i], hash)
		if len(k.known) > r.KeysAtOnce {
			k.narrow()
		}
	}
	k.batch = k.batch[:0]
	return nil
}

func (r *run) judgeKey(e keyEvent, s vault.Standing, hash uint64) {
	k := &r.keys
	was := k.known[hash]
	k.known[hash] = seen{s.State == vault.KeyThere, was.destroyed || s.State == vault.KeyThere && !e.created}
	switch {
	case s.State == vault.KeyBroken:
		r.wrongKey(e, verdict.KeyAltered, "the key does not unwrap, or is not as the keystore wrote it")
	case e.created && s.State != vault.KeyAbsent && s.Commitment != e.commitment:
		r.wrongKey(e, verdict.KeyAltered, "the key is not the one that the entry commits to")
	}
	if s.State != vault.KeyAbsent && s.State != vault.KeyGone {
		return
	}
	f := k.fates[e.key]
	if f == nil {
		f = &fate{}
		k.fates[e.key] = f
	}
	f.absent, f.by = s.State == vault.KeyAbsent, s.DestroyedBy
	switch {
	case !e.created:
		f.recorded = true
		f.founded = f.founded || e.id == f.by
	case f.entry == 0:
		f.entry = e.entry
	}
}

// wrongKey finds something wrong with a key, once.
func (r *run) wrongKey(e keyEvent, code verdict.Code, detail string) {
	if !r.keys.wrong[e.key] {
		r.keys.wrong[e.key] = true
		r.find(verdict.Finding{Code: code, Entry: e.entry, Key: e.key.String(), Detail: detail})
	}
}

// endKeys settles what the entries tell of keys, and reads them again for those
// that were left to another reading.
func (r *run) endKeys(ctx context.Context) error {
	if r.Keys == nil || r.report.More {
		return nil
	}
	if r.keys.known == nil {
		r.keys.begin(0)
	}
	for {
		if err := r.settleKeys(ctx); err != nil || r.report.More {
			return err
		}
		if r.keys.to == math.MaxUint64 {
			break
		}
		r.keys.begin(r.keys.to + 1)
		if err := r.readKeys(ctx, event.Position(r.base), event.Position(r.count)); err != nil {
			return err
		}
	}
	if err := r.keystore(ctx); err != nil {
		return err
	}
	k := &r.keys
	r.report.Step("keys", "%s committed to: %d there, %d destroyed", verdict.Count(k.keys, "was", "were"), k.there, r.report.Erased)
	if k.unfinished > 0 {
		r.report.Notice("%s recorded as destroyed and still in the keystore: the destruction is not finished", verdict.Count(k.unfinished, "key is", "keys are"))
	}
	if k.open > 0 {
		r.report.Notice("%s destroyed or absent, and an entry that is altered or missing may have recorded it", verdict.Count(k.open, "key is", "keys are"))
	}
	if k.lost > 0 {
		r.report.Notice("%s recorded as destroyed left no tombstone in the keystore", verdict.Count(k.lost, "key", "keys"))
	}
	if k.unused > 0 {
		r.report.Notice("%s in the keystore and in no entry: made for one that was not recorded, or not yet", verdict.Count(k.unused, "key is", "keys are"))
	}
	return nil
}

// keystore finds what else in the keystore is not as it was stored. What it counts
// changes while it is in use: that is wrong if it is so twice.
func (r *run) keystore(ctx context.Context) error {
	var twice map[vault.Alteration]bool
	for range 2 {
		before := twice
		twice = map[vault.Alteration]bool{}
		for a, err := range r.Keys.Alterations(ctx) {
			if err != nil {
				return fmt.Errorf("verify: go through the keystore: %w", err)
			}
			if before == nil || before[a] {
				twice[a] = true
			}
			if len(twice) == r.Findings {
				break
			}
		}
		if len(twice) == 0 {
			return nil
		}
	}
	for a := range twice {
		id, err := event.ParseUUID(a.Row)
		if a.Table == "keys" && err == nil {
			r.wrongKey(keyEvent{key: id}, verdict.KeyAltered, "the key's row is not as it was stored")
			continue
		}
		r.find(verdict.Finding{Code: verdict.KeystoreAltered, Object: "keystore " + a.Table, Detail: a.What})
	}
	return nil
}

// settleKeys ends one reading. A destruction is recorded before it is carried
// out, so the event that a tombstone names may be behind the entries that were
// read.
func (r *run) settleKeys(ctx context.Context) error {
	k := &r.keys
	if err := r.askKeys(ctx); err != nil {
		return err
	}
	for _, f := range k.fates {
		if !f.absent && !f.founded {
			if err := r.readKeys(ctx, event.Position(r.count), math.MaxUint64); err != nil {
				return err
			}
			break
		}
	}
	for id, f := range k.fates {
		e := keyEvent{entry: f.entry, key: id}
		switch {
		case r.spoiled && !(f.absent && f.recorded || f.founded):
			k.open++ // an entry that is not what it was may have said so
		case f.absent && !f.recorded:
			r.wrongKey(e, verdict.KeyAbsent, "the key is not in the keystore, and no entry records that it was destroyed")
		case !f.absent && !f.founded:
			r.wrongKey(e, verdict.KeyTombstone, "the keystore says that the key was destroyed, by an entry that does not say so")
		case f.absent:
			k.lost++
			r.report.Erased++
		default:
			r.report.Erased++
		}
	}
	k.keys += uint64(len(k.known))
	for _, s := range k.known {
		if s.there {
			k.there++
		}
		if s.destroyed {
			k.unfinished++
		}
	}
	if r.base > 0 {
		return nil
	}
	for row, err := range r.Keys.Keys(ctx) {
		if err != nil {
			return fmt.Errorf("verify: list the keys: %w", err)
		}
		if h, in := k.within(row.ID); in {
			if _, known := k.known[h]; !known {
				k.unused++
			}
		}
	}
	return nil
}

// readKeys reads entries for what they tell of keys alone.
func (r *run) readKeys(ctx context.Context, after, upTo event.Position) error {
	for e, err := range r.Store.ReadAll(ctx, after) {
		if err != nil && r.Damaged(err) {
			break // which was found
		}
		if err != nil {
			return fmt.Errorf("verify: read the entries again: %w", err)
		}
		if e.Position > upTo {
			break
		}
		meta, err := codec.Peek(e.Body)
		if err != nil {
			continue
		}
		if k, is := keyEventOf(e, &meta); is {
			if err := r.takeKeys(ctx, []keyEvent{k}); err != nil {
				return err
			}
		}
	}
	return r.askKeys(ctx)
}
