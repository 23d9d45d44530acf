package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/erasure"
	"caseledger/eventstore/vault"
)

// erasing is how erasures are carried out.
type erasing struct {
	copiesDays  int           // for how many days backups of the keystore are kept
	rewrapEvery time.Duration // the least time between two rounds of wrapping keys anew
	rewraps     bool          // it is done by itself, also with the keys on a server
}

// erasing reads the settings.
func (c configuration) erasing() (erasing, error) {
	days, err := c.number("backup-days", 0, 3650)
	if err != nil {
		return erasing{}, err
	}
	every, err := c.duration("rewrap-every")
	return erasing{int(days), every, c.chosen("rewrap-every")}, err
}

// eraser is what carries out what was decided about the record. The monitors
// judge a person before anything of theirs goes; the read models are those that
// hold nothing of it afterwards.
func (r *record) eraser(with erasing, m *monitors, s sides, now func() time.Time, done func(erasure.Receipt)) *erasure.Eraser {
	return erasure.New(erasure.Config{Store: r.store, Codec: r.codec, Keys: eraserKeys{r.vault, r.crowded, with.rewraps || r.at.keys.server == ""}, Memory: erasureNotes{r.dir}, Broken: poisonous,
		Clock: now, After: time.After, CopiesDays: with.copiesDays, RewrapEvery: with.rewrapEvery, Done: done,
		Judged: m.judged,
		Purges: []erasure.Purge{
			{By: rights.ReadModels, Out: s.purge},
			{By: rights.Caches, Out: func(context.Context, erasure.Gone) (int, error) {
				// Nobody opens with a destroyed key after that: see package vault. What
				// else processes hold are identifiers.
				if r.crowded {
					<-time.After(vault.Noticed)
				}
				return 0, nil
			}},
			{By: rights.Messages, Out: nothingKept},
			{By: rights.Memories, Out: nothingKept},
			{By: rights.Exports, Out: r.dir.purgeExports},
		}})
}

// nothingKept is the report of those who keep opaque identifiers and positions
// only: the messages that are held say nothing of what they are about, and what
// follows the ledger remembers where and when, not what.
func nothingKept(context.Context, erasure.Gone) (int, error) { return 0, nil }

// eraserKeys is the keystore as an eraser uses it.
type eraserKeys struct {
	*vault.Vault
	crowded bool // other processes seal, too
	rewraps bool // the file of the key-encryption key is the only one there is
}

// Retire implements [erasure.Keys].
func (k eraserKeys) Retire(ctx context.Context, keys []event.UUID) error {
	if err := k.Vault.Retire(ctx, keys...); err != nil || !k.crowded {
		return err
	}
	select {
	case <-time.After(vault.Noticed):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Destroy implements [erasure.Keys].
func (k eraserKeys) Destroy(ctx context.Context, keys []erasure.Destruction) error {
	all := make([]vault.Destruction, len(keys))
	for i, d := range keys {
		all[i] = vault.Destruction{Key: d.Key, By: d.By}
	}
	return k.DestroyAll(ctx, all...)
}

// Forget implements [erasure.Keys].
func (k eraserKeys) Forget(ctx context.Context, person event.UUID, keep []vault.Identifier) (int, error) {
	return k.UnlinkAll(ctx, person, keep...)
}

// Rewrap implements [erasure.Keys].
func (k eraserKeys) Rewrap(ctx context.Context) (int, error) {
	if !k.rewraps {
		return 0, erasure.ErrNoRewrap
	}
	done, err := k.Vault.Rewrap(ctx, vault.Rewrapping{})
	if errors.Is(err, vault.ErrNoKEKFile) {
		return 0, erasure.ErrNoRewrap
	}
	return int(done.Keys), err
}

// erasureNotes keeps an eraser's note in a data folder.
type erasureNotes struct{ dataDir }

// erasureNote is where.
const erasureNote = "erasures.json"

// Recall implements [erasure.Memory].
func (n erasureNotes) Recall(context.Context) (before erasure.Note, _ error) {
	if !n.recall(erasureNote, &before) {
		return erasure.Note{}, nil
	}
	return before, nil
}

// Remember implements [erasure.Memory].
func (n erasureNotes) Remember(_ context.Context, to erasure.Note) error {
	return n.remember(erasureNote, to)
}

// judged has the monitors judge a person, as soon as they have followed the
// ledger up to a position.
func (m *monitors) judged(ctx context.Context, person event.UUID, upTo event.Position) error {
	for {
		status, err := m.Keep.Status(ctx)
		if err != nil {
			return err
		}
		if status.To >= upTo {
			_, err := m.JudgeOne(ctx, person)
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// purgedWithin is how long the read models may take to follow an erasure before
// it is left to the next try.
const purgedWithin = 5 * time.Minute

// purge returns once no read model, and no file of one, holds what is gone.
func (s sides) purge(ctx context.Context, gone erasure.Gone) (int, error) {
	within, done := context.WithTimeout(ctx, purgedWithin)
	defer done()
	models := 0
	err := s.each(func(one *side) error {
		for _, model := range one.models.all() {
			if err := patiently(within, func() error { return one.store.WaitFor(within, model, gone.After) }); err != nil {
				return fmt.Errorf("read model %s: %w", model.Name(), err)
			}
		}
		return patiently(within, func() error { return one.store.Scrub(within) }) // which waits for those who read
	})
	for _, one := range s {
		models += len(one.models.all())
	}
	return models, err
}

// patiently tries until it succeeds or the context ends; the last error counts. A
// read model may be being built, and a file be read.
func patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// exportFolders are the folders of a data folder that hold what was made for
// somebody to take away.
var exportFolders = []string{"packs", "exports"}

// purgeExports removes the files there that name one of the people, in their name
// or in what they hold.
func (d dataDir) purgeExports(ctx context.Context, gone erasure.Gone) (removed int, err error) {
	for _, folder := range exportFolders {
		n, err := purgeFolder(ctx, d.file(folder), gone)
		if removed += n; err != nil {
			return removed, fmt.Errorf("remove what was exported: %w", err)
		}
	}
	return removed, nil
}

func purgeFolder(ctx context.Context, folder string, gone erasure.Gone) (removed int, err error) {
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !entry.Type().IsRegular():
			return nil
		}
		raw, err := root.ReadFile(path)
		if err != nil {
			return err
		}
		for _, who := range gone.People {
			if strings.Contains(path, who.String()) || bytes.Contains(raw, []byte(who.String())) {
				removed++
				return root.Remove(path)
			}
		}
		return nil
	})
	return removed, errors.Join(err, root.Close())
}

// followErasures carries out what is decided until ctx ends. What fails is tried
// again, later each time, up to a minute.
func followErasures(ctx context.Context, e *erasure.Eraser, log *slog.Logger, after func(time.Duration) <-chan time.Time) {
	stuck := func(err error) {
		log.ErrorContext(ctx, "an erasure waits", slog.String("error", err.Error()))
	}
	for wait := time.Second; ; wait = min(wait*2, time.Minute) {
		err := e.Run(ctx, stuck)
		if ctx.Err() != nil {
			return
		}
		log.ErrorContext(ctx, "erasures stopped", slog.String("error", err.Error()))
		select {
		case <-ctx.Done():
			return
		case <-after(wait):
		}
	}
}

// errOlderKeys: the keystore holds keys that the ledger says are destroyed.
var errOlderKeys = errors.New("the keystore is older than the ledger: it holds keys that were destroyed since. " +
	"Start the process that serves the record, or `caseledger keys shred --resume`: the destructions are repeated then")

// reapply repeats the destructions that the ledger records and the keystore does
// not know: it was restored from a copy of before them. Of a record that is open
// for reading, that is [errOlderKeys].
func (r *record) reapply(ctx context.Context) error {
	for tries := 0; ; tries++ {
		said, err := r.destructions(ctx)
		if err != nil {
			return err
		}
		known, err := r.vault.Destroyed(ctx)
		r.destroyed, r.saidDestroyed = known, said
		switch {
		case err != nil:
			return fmt.Errorf("count the destroyed keys: %w", err)
		case known >= said:
			return nil
		case !r.readOnly:
			_, err := r.vault.Reapply(ctx, r.buried(ctx))
			return err
		case tries == 3:
			return errOlderKeys
		}
		select { // an erasure may be under way
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// destructions counts the keys that the ledger says are destroyed.
func (r *record) destructions(ctx context.Context) (n uint64, err error) {
	note, _ := erasureNotes{r.dir}.Recall(ctx)
	var after event.Position
	if note.Position > 0 {
		for s, err := range r.store.ReadAll(ctx, note.Position-1) {
			if err != nil {
				return 0, fmt.Errorf("count what was destroyed: %w", err)
			}
			if s.Position == note.Position && s.ID == note.Event {
				n, after = note.Destroyed, note.Position
			}
			break
		}
	}
	for s, err := range r.store.ReadAll(ctx, after) {
		if err != nil {
			return 0, fmt.Errorf("count what was destroyed: %w", err)
		}
		if s.Stream.Kind == event.CaseStream {
			if m, err := codec.Peek(s.Body); err == nil && m.Type == "key.destroyed" {
				n++
			}
		}
	}
	return n, nil
}

// buried are the destructions that the ledger records, with what it says of each
// key.
func (r *record) buried(ctx context.Context) iter.Seq2[vault.Buried, error] {
	return func(yield func(vault.Buried, error) bool) {
		var people []event.UUID
		seen := map[event.UUID]bool{}
		for s, err := range r.store.ReadAll(ctx, 0) {
			if err != nil {
				yield(vault.Buried{}, err)
				return
			}
			m, err := codec.Peek(s.Body)
			if err == nil && m.Type == "key.destroyed" && !seen[s.Stream.Of] {
				seen[s.Stream.Of] = true
				people = append(people, s.Stream.Of)
			}
		}
		for _, of := range people {
			all, err := r.buriedOf(ctx, of)
			if err != nil {
				yield(vault.Buried{}, err)
				return
			}
			for _, b := range all {
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// buriedOf are those of one person.
func (r *record) buriedOf(ctx context.Context, of event.UUID) (all []vault.Buried, err error) {
	classes, commitments := map[event.UUID]event.Class{}, map[event.UUID]event.Commitment{}
	for s, err := range r.store.ReadStream(ctx, event.Case(of), 0) {
		if err != nil {
			return nil, err
		}
		b, err := codec.ParseBody(s.Body)
		if err != nil {
			continue // it says nothing of any key
		}
		for _, box := range b.Boxes {
			classes[box.Key] = box.Class
		}
		if !strings.HasPrefix(b.Meta.Type, "key.") {
			continue
		}
		e, err := r.keyEvent(ctx, s)
		if err != nil {
			return nil, err
		}
		switch d := e.(type) {
		case event.KeyCreated:
			commitments[d.Key] = d.Commitment
		case event.KeyDestroyed:
			all = append(all, vault.Buried{Destruction: vault.Destruction{Key: d.Key, By: s.ID},
				Ref: vault.Ref{Subject: of, Side: b.Meta.Actor.Side, Class: classes[d.Key]}, Commitment: commitments[d.Key]})
		}
	}
	return all, nil
}

// keyEvent reads an event about a key, which lies in no box, whatever the keystore
// has.
func (r *record) keyEvent(ctx context.Context, s eventstore.Stored) (any, error) {
	e, err := r.codec.With(noKeys{}, codec.Options{}).Decode(ctx, s)
	return e.Data, err
}

// noKeys opens nothing and holds every commitment for right.
type noKeys struct{}

func (noKeys) Open(context.Context, []byte, event.UUID, []byte, []byte) ([]byte, error) {
	return nil, vault.ErrWithheld
}

func (noKeys) CheckCommitment(context.Context, event.UUID, event.Commitment) error { return nil }
