package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// ErrNoKEKFile: the key-encryption key was given and is in no file, or its file
// cannot be replaced where it is, so there can be no other. Nothing was changed.
var ErrNoKEKFile = errors.New("vault: the key-encryption key is in no file that can be replaced")

// Rewrapping says how everything is wrapped by another key-encryption key.
type Rewrapping struct {
	// KMS names a key of a key management service, which encrypts the new
	// key-encryption key. Without it, it is the service's key that encrypts the one
	// before, or none and the file holds the key itself, as it did.
	KMS string
	// Local has the file hold the new key itself, whatever encrypts the one before.
	Local bool
	// PrepareOnly stops when the new epoch is in the file and wraps nothing yet:
	// for processes with files of their own, to which it is brought first.
	PrepareOnly bool
	// Progress is told how much is done, of how much; nil if nobody asks.
	Progress func(done, total uint64)
}

// Rewrapped is what was wrapped again.
type Rewrapped struct {
	Epoch   uint32 // that wraps, or in PrepareOnly, that will
	Removed []uint32
	Keys    uint64
	Secrets uint64
}

// Rewrap makes another epoch of the key-encryption key, wraps by it every key
// that was not destroyed, every secret and every mark, sees that each opens and
// is the one that was committed to, and then takes every other epoch out of the
// file. Whatever copies of the keystore there are from before then open nothing
// without a copy of the file from before.
//
// It may be stopped at any step, and is finished by calling it again: the epoch
// that is under way is then gone on with, and r.KMS and r.Local count only where one is
// begun. Processes that have the keystore open go on meanwhile; they read the
// file again by themselves when something names an epoch that they do not know.
// Several Rewraps at once are as good as one.
//
// The file's old bytes are overwritten where they were, and so are those of a
// keystore in SQLite. That removes them from a file system that writes in place.
// It does not from one that copies on write or journals data, from snapshots,
// from a medium that moves what is rewritten (as solid-state disks do), nor from
// backups. Of a keystore in PostgreSQL the rows are vacuumed; see the package
// comment for what is left.
//
// Errors: [ErrReadOnly]; [ErrNoKEKFile]; [ErrKeyBroken] for what does not open,
// which is left as it is with the epoch that it names; [ErrKEKUnavailable];
// [ErrStillInLog] if old bytes may be in the database's files, because somebody
// reads them: the old epoch is then in the file still; those of [Open].
func (v *Vault) Rewrap(ctx context.Context, r Rewrapping) (done Rewrapped, err error) {
	switch {
	case v.readOnly:
		return done, ErrReadOnly
	case v.ring.given != nil:
		return done, ErrNoKEKFile
	}
	path, err := filepath.EvalSymlinks(v.ring.path)
	if err != nil {
		return done, fmt.Errorf("vault: find the key-encryption key: %w", err)
	}
	if err := replaceable(path); err != nil {
		return done, fmt.Errorf("%w: %w", ErrNoKEKFile, err)
	}
	w := rewrapping{Vault: v, Rewrapping: r, path: path}
	if err := w.begin(ctx); err != nil || r.PrepareOnly {
		return w.done, err
	}
	for {
		err := v.look(ctx)
		if err == nil {
			err = w.run(ctx)
		}
		if err == nil {
			return w.done, v.look(ctx)
		}
		is, reading := v.store.state(ctx)
		if reading != nil || is.epoch <= w.done.Epoch {
			return w.done, fmt.Errorf("wrap by epoch %d: %w", w.done.Epoch, err)
		}
		w.done.Epoch = is.epoch // another Rewrap has begun, which this one then helps to finish
	}
}

// rewrapping is a Rewrap that is under way.
type rewrapping struct {
	*Vault
	Rewrapping
	path  string
	done  Rewrapped
	total uint64 // of keys and secrets, each wrapped and checked
	steps uint64
}

// run takes what steps are left of an epoch that is under way.
func (w *rewrapping) run(ctx context.Context) error {
	for _, next := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"begun", w.wrapKeys},
		{"keys wrapped", w.wrapSecrets},
		{"secrets wrapped", w.check},
		{"checked", w.store.wiped},
		{"wiped", w.finish},
	} {
		err := w.step(next.name)
		if err == nil {
			err = next.do(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// kek is the key of the epoch that is under way; errOtherEpoch if another is
// by now.
func (w *rewrapping) kek() (KEK, error) {
	is := w.seen.Load()
	if is.epoch != w.done.Epoch {
		return nil, errOtherEpoch
	}
	return w.ring.wraps(is)
}

// begin finds the epoch that is under way, or makes one, and has it wrap. All
// of that is done by one process at a time.
func (w *rewrapping) begin(ctx context.Context) error {
	is, err := w.store.state(ctx)
	if err != nil {
		return err
	}
	before, err := w.store.wrappedBefore(ctx, is.epoch)
	if err != nil {
		return err
	}
	holds, err := w.store.counts(ctx)
	if err != nil {
		return err
	}
	w.total = 2 * (holds.Keys - holds.Destroyed + holds.Secrets)
	return w.store.changing(ctx, func(t *state) error {
		var stopped bool
		var epochs []epoch
		if err := withFile(ctx, w.path, func() (err error) {
			if stopped, err = wipeLeftovers(w.path); err == nil {
				epochs, err = readEpochs(w.path)
			}
			return err
		}); err != nil {
			return err
		}
		last := epochs[len(epochs)-1].number
		switch {
		case find(epochs, t.epoch) == nil:
			return fmt.Errorf("%w: epoch %d", ErrKEKEpoch, t.epoch)
		case last > t.epoch: // was put in the file, and wraps nothing yet
		case t.epoch != is.epoch || before > 0 || epochs[0].number < t.epoch || stopped: // is under way
			w.done.Epoch = t.epoch
			return nil
		default:
			uri := w.KMS
			switch {
			case w.Local:
				uri = ""
			case uri == "":
				uri = find(epochs, t.epoch).uri
			}
			next, err := newEpoch(t.epoch+1, w.rand, w.ring.kms, uri)
			if err != nil {
				return err
			}
			defer clear(next.key)
			if err := replaceEpochs(ctx, w.path, epochs, append(slices.Clone(epochs), next), w.step); err != nil {
				return err
			}
			last = next.number
		}
		w.done.Epoch = last
		if err := w.step("prepared"); err != nil || w.PrepareOnly {
			return err
		}
		if err := w.ring.refresh(); err != nil {
			return err
		}
		kek, err := w.ring.of(last) // nothing is wrapped by what does not open
		if err != nil {
			return err
		}
		t.epoch, t.changes, t.proof = last, t.changes+1, kek.(*localKEK).proof
		return nil
	})
}

func (w *rewrapping) progress(n int) {
	w.steps += uint64(n)
	if w.Progress != nil {
		w.Progress(min(w.steps, w.total), w.total)
	}
}

// wrapKeys wraps, in the order of their ids, the keys that another epoch wraps.
// None is added behind its back: nothing is stored that another epoch wraps.
func (w *rewrapping) wrapKeys(ctx context.Context) error {
	kek, err := w.kek()
	if err != nil {
		return err
	}
	return eachPage(ctx, w.store.keysAfter, func(keys []record) error {
		var wrapped []rewrapped
		for _, k := range keys {
			if k.state == destroyed {
				continue
			}
			w.progress(1)
			if k.epoch == w.done.Epoch {
				continue
			}
			dek, err := unwrapKey(w.ring, k)
			if err != nil {
				again, reading := w.store.key(ctx, k.id)
				if reading == nil && !bytes.Equal(again.wrapped, k.wrapped) {
					continue // wrapped, or destroyed, since it was read
				}
				return err
			}
			to, err := kek.Encrypt(dek, wrapContext(k.id, k.ref))
			clear(dek)
			if err != nil {
				return fmt.Errorf("key %s: %w", k.id, err)
			}
			wrapped = append(wrapped, rewrapped{id: k.id, from: k.wrapped, to: to})
		}
		if len(wrapped) == 0 {
			return nil
		}
		if err := w.store.rewrap(ctx, w.done.Epoch, wrapped); err != nil {
			return err
		}
		w.done.Keys += uint64(len(wrapped))
		return w.step("part wrapped")
	})
}

func (w *rewrapping) wrapSecrets(ctx context.Context) error {
	all, err := w.store.secrets(ctx)
	if err != nil {
		return err
	}
	kek, err := w.kek()
	if err != nil {
		return err
	}
	var wrapped []rewrapped
	for _, s := range all {
		w.progress(1)
		if s.epoch == w.done.Epoch {
			continue
		}
		plain, err := unwrapSecret(w.ring, s)
		if err != nil {
			again, reading := w.store.secret(ctx, s.name)
			if reading == nil && !bytes.Equal(again.wrapped, s.wrapped) {
				continue
			}
			return err
		}
		to, err := wrapSecret(kek, w.done.Epoch, s.name, plain)
		clear(plain)
		if err != nil {
			return err
		}
		wrapped = append(wrapped, rewrapped{name: s.name, from: s.wrapped, to: to.wrapped})
	}
	if err := w.store.rewrapSecrets(ctx, w.done.Epoch, wrapped); err != nil {
		return err
	}
	w.done.Secrets += uint64(len(wrapped))
	return nil
}

// check opens everything by the new epoch alone.
func (w *rewrapping) check(ctx context.Context) error {
	left, err := w.store.wrappedBefore(ctx, w.done.Epoch)
	if err == nil && left > 0 {
		err = fmt.Errorf("%w: %d keys or secrets are wrapped by another epoch still", ErrKeyBroken, left)
	}
	if err != nil {
		return err
	}
	kek, err := w.kek()
	if err != nil {
		return err
	}
	only := &ring{given: kek}
	if err := eachPage(ctx, w.store.keysAfter, func(keys []record) error {
		for _, k := range keys {
			if k.state == destroyed {
				continue
			}
			dek, err := unwrapKey(only, k)
			if err != nil {
				return err
			}
			clear(dek)
			w.progress(1)
		}
		return nil
	}); err != nil {
		return err
	}
	all, err := w.store.secrets(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		plain, err := unwrapSecret(only, s)
		if err != nil {
			return err
		}
		clear(plain)
		w.progress(1)
	}
	return nil
}

// finish takes every epoch but the one that wraps out of the file.
func (w *rewrapping) finish(ctx context.Context) error {
	return w.store.changing(ctx, func(t *state) error {
		if t.epoch != w.done.Epoch {
			return errOtherEpoch
		}
		epochs, err := readEpochs(w.path)
		if err != nil {
			return err
		}
		kept := slices.DeleteFunc(slices.Clone(epochs), func(e epoch) bool { return e.number < t.epoch })
		if len(kept) == len(epochs) {
			return nil
		}
		for _, e := range epochs {
			if e.number < t.epoch {
				w.done.Removed = append(w.done.Removed, e.number)
			}
		}
		t.changes++
		return replaceEpochs(ctx, w.path, epochs, kept, w.step)
	})
}
