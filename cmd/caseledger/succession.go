package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/pgsql"
)

// nextSuffix is what the files of a ledger that is about to succeed another are
// called after the old ones'.
const nextSuffix = ".next"

// succeed ends the ledger of a record, and puts its successor's key and shelf in
// the place of its own. Each step leaves a record that seals nothing, or the
// successor; where it ended in between, it is called again:
//
//   - the successor's key and shelf are made, beside the old ones;
//   - the old shelf says that it is retired, and the new one what it succeeds;
//   - the new key replaces the old one, of which a copy is kept unless it is lost:
//     with it neither the old memory nor the old shelf can be used;
//   - the memory of the old key is put away;
//   - the old shelf is put away, and the new one takes its place.
func (p *program) succeed(ctx context.Context, o opening, r recovery) (err error) {
	path := o.signerPath()
	origin, old, err := o.ending(ctx)
	if err != nil {
		return err
	}
	if old == nil && origin == r.successor {
		return usage("the successor has a name of its own, and not %s", origin)
	}
	o.mode = writing
	var next *ledger.SigningKeys
	if origin == r.successor { // it ended after the key was replaced
		next = old
	} else if next, err = ledger.CreateSigningKeys(path+nextSuffix, r.successor, o.random); errors.Is(err, fs.ErrExist) {
		next, err = ledger.ReadSigningKeys(path + nextSuffix)
	}
	if err != nil {
		return err
	}
	if next.Origin() != r.successor {
		return usage("%s is of another successor, %s", path+nextSuffix, next.Origin())
	}
	place := shelfPlace{o}
	pending, err := place.pending(ctx)
	if err != nil {
		return err
	}
	if next == old && !pending {
		return fmt.Errorf("the ledger is %s: %w", r.successor, errInUse)
	}
	number, err := place.vacant(ctx, path, next != old)
	if err != nil {
		return err
	}
	retired := ".retired" + strconv.Itoa(number)
	if next != old {
		if err := place.retire(ctx, ledger.Succession{Origin: origin, Successor: r.successor, Reason: r.reason, EndedAt: p.now()}); err != nil {
			return err
		}
		if err := os.Link(path, path+retired); err != nil && (old != nil || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("keep the old key: %w", err)
		}
		if err := os.Rename(path+nextSuffix, path); err != nil {
			return fmt.Errorf("put the new key in place: %w", err)
		}
	}
	if err := o.putAwayMemory(ctx, path, retired); err != nil {
		return err
	}
	if err := place.replace(ctx, number); err != nil {
		return err
	}
	if err := syncFolder(path); err != nil {
		return err
	}
	if p.json() {
		return p.printKeys(next.Origin(), next.List())
	}
	return p.printf("%s succeeds the ledger, which is kept with names that end in %s; everything is sealed anew when the record is served\n", next.Origin(), retired)
}

// ending is the ledger that ends, and its keys; nil if they are lost, and then it
// is the one that is published.
func (o opening) ending(ctx context.Context) (origin string, keys *ledger.SigningKeys, err error) {
	keys, err = ledger.ReadSigningKeys(o.signerPath())
	if err == nil {
		return keys.Origin(), keys, nil
	}
	if !errors.Is(err, ledger.ErrKeysMissing) {
		return "", nil, err
	}
	o.mode = reading
	p, unsealed := o.openPublished(ctx)
	if unsealed != nil {
		return "", nil, errors.Join(err, unsealed)
	}
	return p.origin, nil, p.close()
}

// putAwayMemory puts away what the old key signed last.
func (o opening) putAwayMemory(ctx context.Context, path, retired string) error {
	if o.at.keys.server == "" {
		err := os.Rename(path+signedSuffix, path+signedSuffix+retired)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put away what was signed last: %w", err)
		}
		return nil
	}
	memory, err := keep.OpenSignerPostgres(ctx, o.at.keys.url, "")
	if err == nil {
		err = errors.Join(memory.Forget(ctx), memory.Close())
	}
	if err != nil {
		return o.at.keys.explained("keys", fmt.Errorf("put away what was signed last on %s: %w", o.at.keys, err))
	}
	return nil
}

// shelfPlace is where a shelf is, and where others are put away.
type shelfPlace struct{ opening }

func (s shelfPlace) folder(suffix string) string { return s.dir.file(tilesFolder + suffix) }

func schemaSuffix(number int) string { return "_retired" + strconv.Itoa(number) }

// pending reports whether a successor's shelf waits to take the place of the old.
func (s shelfPlace) pending(ctx context.Context) (bool, error) {
	if s.at.views.server != "" {
		return s.hasSchema(ctx, keep.ShelfSchema+"_next")
	}
	return exists(s.folder(nextSuffix))
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// vacant is the least number under which no shelf was put away, nor a key, if one
// is about to be.
func (s shelfPlace) vacant(ctx context.Context, path string, key bool) (number int, err error) {
	for number = 1; ; number++ {
		retired := ".retired" + strconv.Itoa(number)
		taken, err := exists(s.folder(retired))
		if err == nil && !taken && key {
			taken, err = exists(path + retired)
		}
		if err != nil {
			return 0, fmt.Errorf("look for what was put away: %w", err)
		}
		if s.at.views.server != "" && !taken {
			if taken, err = s.hasSchema(ctx, keep.ShelfSchema+schemaSuffix(number)); err != nil {
				return 0, err
			}
		}
		if !taken {
			return number, nil
		}
	}
}

// retire says on both shelves which ledger succeeds which.
func (s shelfPlace) retire(ctx context.Context, succession ledger.Succession) (err error) {
	old, err := s.openShelf(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	fresh, err := s.openNext(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	return ledger.Succeed(ctx, old, fresh, succession)
}

func (s shelfPlace) openNext(ctx context.Context) (shelf, error) {
	if s.at.views.server == "" {
		next, err := keep.OpenShelfFolder(s.folder(nextSuffix))
		if err != nil {
			return nil, fmt.Errorf("make the successor's shelf: %w", err)
		}
		return next, nil
	}
	next, err := keep.OpenShelfPostgres(ctx, s.at.views.url, keep.ShelfSchema+"_next")
	if err != nil {
		return nil, s.at.views.explained("views", fmt.Errorf("make the successor's shelf: %w", err))
	}
	return next, nil
}

// replace puts the old shelf away, and the successor's in its place.
func (s shelfPlace) replace(ctx context.Context, number int) error {
	if s.at.views.server != "" {
		return s.at.views.explained("views", s.replaceSchema(ctx, number))
	}
	err := os.Rename(s.folder(""), s.folder(".retired"+strconv.Itoa(number)))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(s.folder(nextSuffix), s.folder(""))
	}
	if err == nil {
		err = syncFolder(s.folder(""))
	}
	if err != nil {
		return fmt.Errorf("put the new shelf in place: %w", err)
	}
	return nil
}

func (s shelfPlace) hasSchema(ctx context.Context, name string) (has bool, err error) {
	db, err := pgsql.Open(s.at.views.url, 1, nil)
	if err != nil {
		return false, s.at.views.explained("views", err)
	}
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, name).Scan(&has)
	return has, s.at.views.explained("views", errors.Join(pgsql.Named(ctx, err), db.Close()))
}

// replaceSchema renames both schemas in one transaction.
func (s shelfPlace) replaceSchema(ctx context.Context, number int) error {
	db, err := pgsql.Open(s.at.views.url, 1, nil)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DO $$ BEGIN ALTER SCHEMA "+keep.ShelfSchema+" RENAME TO "+keep.ShelfSchema+schemaSuffix(number)+
		"; ALTER SCHEMA "+keep.ShelfSchema+"_next RENAME TO "+keep.ShelfSchema+"; END $$")
	return errors.Join(pgsql.Named(ctx, err), db.Close())
}
