package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Copied counts what a copy of a keystore holds.
type Copied struct {
	Keys      uint64 // in whatever state
	Destroyed uint64 // the tombstones among them
	Claims    uint64 // on identifiers, reserved or confirmed
	Secrets   uint64 // the keystore's, the installation's, and marks
}

// Copy copies a keystore into another, in a file or a database, in which nobody
// has stored anything: every key in its state and with its count of seals,
// every tombstone, every claim on an identifier, every secret and mark, as they
// are stored. Wrapped keys stay as they were wrapped, so the key-encryption key
// is the same for both; each is unwrapped once to see that it is the one that
// was committed to. The copy has the marks given here, too, where what they say
// is known of the keystore from elsewhere.
//
// It is made whole or not at all, in one transaction and in memory that does
// not grow; what it is made into is empty after an error, as it was, and may
// be copied into again. At its end every row is read again on both sides and
// compared.
//
// Nobody may use either keystore meanwhile, and nobody the first one later: a
// key made there afterwards is not in the copy, and what it sealed is
// [ErrKeyMissing] for whoever has the copy; a key destroyed there lives on in
// the copy.
//
// Errors: those of [Open], for either; [ErrInUse] if the other keystore holds a
// key, a claim, an installation's secret, or a mark that the copy has not;
// [ErrCopyDiffers]; [ErrKeyBroken] if the key-encryption key of either does not
// open what is copied.
func Copy(ctx context.Context, from, to Config, marks ...string) (_ Copied, err error) {
	for _, name := range marks {
		if name == "" || len(name) > maxName {
			return Copied{}, errName
		}
	}
	from.ReadOnly, to.ReadOnly = true, false
	source, err := openStore(ctx, from)
	if err != nil {
		return Copied{}, fmt.Errorf("the keystore to copy: %w", err)
	}
	defer func() { err = errors.Join(err, source.close()) }()
	opened, err := start(ctx, from, source)
	if err != nil {
		return Copied{}, fmt.Errorf("the keystore to copy: %w", err)
	}
	ring, err := openRing(to)
	if err != nil {
		return Copied{}, err
	}
	secrets, err := source.allSecrets(ctx, source.read)
	if err != nil {
		return Copied{}, fmt.Errorf("copy a keystore: %w", err)
	}
	marked, err := withMarks(ring, opened.seen.Load(), secrets, marks)
	if err != nil {
		return Copied{}, err
	}

	target, err := openStore(ctx, to)
	if err != nil {
		return Copied{}, fmt.Errorf("the keystore to copy into: %w", err)
	}
	defer func() { err = errors.Join(err, target.close()) }()
	var done Copied
	err = target.named(ctx, target.longTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := target.bounded(ctx, func(ctx context.Context) error { return alone(ctx, tx, target.lockWhole) }); err != nil {
			return err
		}
		c := copying{source: source, target: target, tx: tx, ring: ring, stamps: source.stamps}
		if err := c.untouched(ctx, marked); err != nil {
			return err
		}
		if err := c.fill(ctx, secrets, marked); err != nil {
			return err
		}
		done, err = c.compare(ctx, secrets, marked)
		return err
	}))
	if err != nil {
		return Copied{}, fmt.Errorf("copy a keystore: %w", err)
	}
	return done, nil
}

// withMarks adds marks to secrets, which must all open, in the order of their
// names.
func withMarks(ring *ring, is *state, secrets []secret, marks []string) ([]secret, error) {
	names := map[string]bool{}
	for _, s := range secrets {
		plain, err := unwrapSecret(ring, s)
		if err != nil {
			return nil, err
		}
		clear(plain)
		names[s.name] = true
	}
	all := slices.Clone(secrets)
	for _, mark := range marks {
		name := markPrefix + mark
		if names[name] {
			continue
		}
		kek, err := ring.wraps(is)
		if err != nil {
			return nil, err
		}
		one, err := wrapSecret(kek, is.epoch, name, nil)
		if err != nil {
			return nil, err
		}
		names[name] = true
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b secret) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// copiedAtOnce is how many rows are read, and stored, by one statement.
const copiedAtOnce = 100

// copying is a copy that is under way, in one transaction of its target.
type copying struct {
	source, target *sqlStore
	tx             *sql.Tx
	ring           *ring
	stamps         stamps
}

// untouched refuses a target in which anything was stored but what every
// keystore draws for itself when it is opened, and marks that the copy has.
func (c *copying) untouched(ctx context.Context, wanted []secret) error {
	holds, err := c.target.countsOf(ctx, c.tx)
	if err != nil {
		return err
	}
	if holds.Keys > 0 || holds.Claims > 0 {
		return ErrInUse
	}
	there, err := c.target.allSecrets(ctx, c.tx)
	if err != nil {
		return err
	}
	for _, s := range there {
		mark, is := strings.CutPrefix(s.name, markPrefix)
		kept := slices.ContainsFunc(wanted, func(w secret) bool { return w.name == s.name })
		switch {
		case is && !kept:
			return fmt.Errorf("%w: it is marked %q, and what would be copied is not", ErrInUse, mark)
		case !is && s.name != blindSecret && s.name != personSecret:
			return ErrInUse
		}
	}
	return nil
}

// fill stores everything, the secrets in place of those that the target drew.
func (c *copying) fill(ctx context.Context, before, secrets []secret) error {
	if _, err := c.tx.ExecContext(ctx, `DELETE FROM secrets`); err != nil {
		return err
	}
	for _, s := range secrets {
		if _, err := c.tx.ExecContext(ctx, putWrapped+`VALUES ($1, $2, $3)`, s.name, s.wrapped, int64(s.epoch)); err != nil {
			return err
		}
	}
	t, err := c.source.state(ctx)
	if err != nil {
		return err
	}
	t = c.stamps.changeState(t, func(t *state) { t.secrets += uint64(len(secrets) - len(before)) })
	if err := putState(ctx, c.tx, t); err != nil {
		return err
	}
	if err := eachPage(ctx, c.source.keysPage(c.source.read), func(keys []record) error {
		var args []any
		for _, k := range keys {
			if k.state != destroyed {
				dek, err := unwrapKey(c.ring, k)
				if err != nil {
					return err
				}
				clear(dek)
			}
			args = appendKey(args, k)
		}
		_, err := c.tx.ExecContext(ctx, insertKeys+rows(len(keys), len(args)), args...)
		return err
	}); err != nil {
		return err
	}
	return eachPage(ctx, c.source.claimsPage(c.source.read), func(claims []claim) error {
		var args []any
		for _, one := range claims {
			args = append(args, one.blind[:], one.command[:], one.person[:], one.state(), one.reserved.UnixMicro(), one.stamp)
		}
		_, err := c.tx.ExecContext(ctx, insertClaims+rows(len(claims), len(args)), args...)
		return err
	})
}

// compare reads both sides again, row by row; [ErrCopyDiffers] if they are not
// the same by now.
func (c *copying) compare(ctx context.Context, before, secrets []secret) (Copied, error) {
	ours, err := c.target.countsOf(ctx, c.tx)
	if err != nil {
		return Copied{}, err
	}
	theirs, err := c.source.countsOf(ctx, c.source.read)
	if err != nil {
		return Copied{}, err
	}
	copied := ours.Copied
	theirs.Secrets += uint64(len(secrets) - len(before))
	if ours != theirs {
		return Copied{}, ErrCopyDiffers
	}
	for _, side := range []struct {
		store *sqlStore
		q     queryer
		want  []secret
	}{{c.source, c.source.read, before}, {c.target, c.tx, secrets}} {
		got, err := side.store.allSecrets(ctx, side.q)
		if err != nil {
			return Copied{}, err
		}
		if !reflect.DeepEqual(got, side.want) {
			return Copied{}, ErrCopyDiffers
		}
	}
	if err := samePages(ctx, c.source.keysPage(c.source.read), c.target.keysPage(c.tx)); err != nil {
		return Copied{}, err
	}
	return copied, samePages(ctx, c.source.claimsPage(c.source.read), c.target.claimsPage(c.tx))
}

// pager returns the rows that follow one in the order of the primary key, at
// most copiedAtOnce. No row comes before the zero one.
type pager[T any] func(ctx context.Context, after T) ([]T, error)

func eachPage[T any](ctx context.Context, next pager[T], work func([]T) error) error {
	var last T
	for {
		page, err := next(ctx, last)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := work(page); err != nil {
			return err
		}
		last = page[len(page)-1]
	}
}

func samePages[T any](ctx context.Context, theirs, ours pager[T]) error {
	var last T
	for {
		want, err := theirs(ctx, last)
		if err != nil {
			return err
		}
		got, err := ours(ctx, last)
		switch {
		case err != nil:
			return err
		case !reflect.DeepEqual(got, want):
			return ErrCopyDiffers
		case len(want) == 0:
			return nil
		}
		last = want[len(want)-1]
	}
}

func (s *sqlStore) keysAfter(ctx context.Context, after record) ([]record, error) {
	return s.keysPage(s.read)(ctx, after)
}

func (s *sqlStore) claimsAfter(ctx context.Context, after claim) ([]claim, error) {
	return s.claimsPage(s.read)(ctx, after)
}

func (s *sqlStore) keysPage(q queryer) pager[record] {
	return func(ctx context.Context, after record) (page []record, err error) {
		err = s.bounded(ctx, func(ctx context.Context) (err error) {
			page, err = list(ctx, q, scanKey, `SELECT `+keyColumns+` FROM keys WHERE key_id > $1 ORDER BY key_id LIMIT $2`, bytesOf(after.place), copiedAtOnce)
			return err
		})
		return page, err
	}
}

// bytesOf is never NULL, which nothing is greater than.
func bytesOf(b []byte) []byte { return append([]byte{}, b...) }

func (s *sqlStore) claimsPage(q queryer) pager[claim] {
	return func(ctx context.Context, after claim) (page []claim, err error) {
		err = s.bounded(ctx, func(ctx context.Context) (err error) {
			page, err = list(ctx, q, scanClaim, `SELECT `+claimColumns+` FROM identifiers WHERE (blind, command) > ($1, $2)
				ORDER BY blind, command LIMIT $3`, bytesOf(after.place[0]), bytesOf(after.place[1]), copiedAtOnce)
			return err
		})
		return page, err
	}
}

// holding is what a keystore holds, and how many destructions it counts.
type holding struct {
	Copied
	destructions uint64
}

func (s *sqlStore) counts(ctx context.Context) (holding, error) { return s.countsOf(ctx, s.read) }

func (s *sqlStore) countsOf(ctx context.Context, q queryer) (h holding, err error) {
	err = s.bounded(ctx, func(ctx context.Context) error {
		all, err := list(ctx, q, func(row interface{ Scan(...any) error }) (h holding, err error) {
			err = row.Scan(&h.Keys, &h.Destroyed, &h.Claims, &h.Secrets, &h.destructions)
			return h, err
		}, `SELECT (SELECT count(*) FROM keys), (SELECT count(*) FROM keys WHERE state = 3),
			(SELECT count(*) FROM identifiers), (SELECT count(*) FROM secrets), gone FROM tombstones WHERE one = 1`)
		if err == nil && len(all) != 1 {
			err = ErrNotKeystore
		}
		if err == nil {
			h = all[0]
		}
		return err
	})
	return h, err
}
