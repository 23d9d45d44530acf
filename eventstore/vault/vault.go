package vault

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"caseledger/domain/event"
)

// Ref says what a key is for: the data of one class about one subject, kept
// by one side.
type Ref struct {
	Subject event.UUID
	Side    event.Side
	Class   event.Class
}

// Key names a data key and commits to it.
type Key struct {
	ID         event.UUID
	Commitment event.Commitment
}

// KeyInfo is what the keystore can say about a key without opening it.
type KeyInfo struct {
	Key
	Ref
	CreatedAt time.Time
	// Sealing says that it is the key its reference seals with now.
	Sealing bool
	// DestroyedBy is the event that the destruction names; zero if it was not
	// destroyed.
	DestroyedBy event.ID
}

// Config says where a vault lives and what it may use.
type Config struct {
	// Path is the keystore's SQLite file, in a directory that exists. Its driver
	// must be linked under the name "sqlite".
	Path string
	// URL takes the place of Path: the connection string of a PostgreSQL
	// database, 15 or later, that holds the keystore and nothing else of the
	// ledger. The driver must be linked under the name "pgx". Exactly one of the
	// two is set.
	URL string
	// KEKPath is the file of the key-encryption key, the same for every process.
	// It belongs in another backup than the keystore: who has both has
	// everything.
	KEKPath string
	// KEK takes the place of KEKPath where it is set. It is the key of every
	// epoch, so nothing can be wrapped by another.
	KEK KEK
	// KMS finds a key of a key management service by the URI that a line of the
	// file names; nil where none may be used. It is asked once for each epoch.
	KMS func(uri string) (KEK, error)
	// ReadOnly opens a keystore beside the process that writes it.
	ReadOnly bool
	Now      func() time.Time // must not be nil
	Rand     io.Reader        // of cryptographic quality, safe for concurrent use; must not be nil
	// Cached is how many open keys are kept in memory, roughly; zero means
	// 65536, about 100 MB if all are used.
	Cached int
}

const (
	defaultCached = 1 << 16
	// countStep is how many seals go by between two writes of the count.
	countStep = 1 << 12
	// maxSeals is after how many seals a key is retired.
	maxSeals = 1 << 24
	// recheck bounds how long another process's destruction of a key may go
	// unnoticed here.
	recheck = time.Second
)

// Noticed is how long after a change every process has noticed it: after
// [Vault.Retire] has returned nil nobody seals with the key for longer than
// that.
const Noticed = recheck + time.Second

// Vault opens and closes boxes. It is safe for concurrent use.
type Vault struct {
	store    storage
	ring     *ring
	rand     io.Reader
	now      func() time.Time
	readOnly bool
	limit    uint64

	open    *cache[event.UUID, *entry]
	current *cache[Ref, event.UUID]
	seen    atomic.Pointer[state] // at the last look
	looked  atomic.Int64          // when that was, in nanoseconds

	blindKey, personKey []byte
	stamps              stamps
	step                func(string) error // stops what takes several steps, as a fault would
}

// entry is a key as far as it has been needed.
type entry struct {
	record
	seals  atomic.Uint64
	unwrap sync.Mutex
	aead   cipher.AEAD
}

// Open opens a keystore and, unless it is read-only, makes it and the file of
// its key-encryption key on first use.
//
// Errors: [ErrKEKMissing], [ErrKEKMode], [ErrKEKMalformed], [ErrNotKeystore],
// [ErrNewer], [ErrSettings], [ErrNotAlone], [ErrKEKUnavailable]; [ErrKeyBroken]
// if the key-encryption key is not the keystore's, or a secret of the keystore
// is gone; those of package pgsql.
func Open(ctx context.Context, c Config) (*Vault, error) {
	store, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	v, err := start(ctx, c, store)
	if err != nil {
		return nil, errors.Join(err, store.close())
	}
	return v, nil
}

func openStore(ctx context.Context, c Config) (*sqlStore, error) {
	if (c.Path == "") == (c.URL == "") {
		return nil, errors.New("vault: a keystore is either a file or a database")
	}
	if c.URL != "" {
		store, err := openPostgres(ctx, c.URL, c.ReadOnly)
		if err != nil {
			return nil, fmt.Errorf("open the keystore's database: %w", err)
		}
		return store, nil
	}
	store, err := openSQLite(ctx, c.Path, c.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open keystore %s: %w", c.Path, err)
	}
	return store, nil
}

// OpenMemory returns a vault that keeps nothing beyond the process: for tests
// and for the reference implementation. Of the configuration it uses KEK, Now,
// Rand and Cached; without a KEK it makes one.
func OpenMemory(ctx context.Context, c Config) (*Vault, error) {
	if c.KEK == nil {
		key := make([]byte, keyBytes)
		if _, err := io.ReadFull(c.Rand, key); err != nil {
			return nil, fmt.Errorf("vault: draw the key-encryption key: %w", err)
		}
		kek, err := newKEK(key, c.Rand)
		if err != nil {
			return nil, err
		}
		c.KEK = kek
	}
	return start(ctx, c, newMemory())
}

func start(ctx context.Context, c Config, store storage) (*Vault, error) {
	if c.Cached == 0 {
		c.Cached = defaultCached
	}
	v := &Vault{
		store: store, rand: c.Rand, now: c.Now, readOnly: c.ReadOnly, limit: maxSeals,
		open: newCache[event.UUID, *entry](c.Cached/2 + 1), current: newCache[Ref, event.UUID](c.Cached/2 + 1),
		step: func(string) error { return nil },
	}
	_, err := store.secret(ctx, blindSecret)
	fresh := errors.Is(err, errNoSecret)
	if err != nil && !fresh {
		return nil, err
	}
	v.ring, err = openRing(c)
	if errors.Is(err, ErrKEKMissing) && fresh && !c.ReadOnly {
		if err = CreateKEK(c.KEKPath, c.Rand, nil, ""); err == nil || errors.Is(err, fs.ErrExist) {
			v.ring, err = openRing(c)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := v.look(ctx); err != nil {
		return nil, err
	}
	if v.blindKey, err = v.own(ctx, blindSecret); err != nil {
		return nil, err
	}
	if v.personKey, err = v.own(ctx, personSecret); err != nil {
		return nil, err
	}
	v.stamps = stampsFrom(v.personKey)
	if err := store.stamped(ctx, v.stamps); err != nil {
		return nil, err
	}
	return v, v.look(ctx)
}

// Close releases the keystore.
func (v *Vault) Close() error { return v.store.close() }

// look forgets every open key if something changed, here or elsewhere, since
// the last look.
func (v *Vault) look(ctx context.Context) error {
	now := v.now().UnixNano()
	is, err := v.store.state(ctx)
	if err != nil {
		return err
	}
	was := v.seen.Swap(&is)
	if was != nil && (was.gone != is.gone || was.changes != is.changes || was.epoch != is.epoch) {
		v.forget()
		_ = v.ring.refresh() // what it is needed for will say so
	}
	v.looked.Store(now)
	return nil
}

func (v *Vault) forget() {
	v.open.clear()
	v.current.clear()
}

func (v *Vault) glance(ctx context.Context) error {
	if since := v.now().UnixNano() - v.looked.Load(); since >= 0 && since < int64(recheck) {
		return nil
	}
	return v.look(ctx)
}

// lookup returns a key by its id.
func (v *Vault) lookup(ctx context.Context, id event.UUID) (*entry, error) {
	if err := v.glance(ctx); err != nil {
		return nil, err
	}
	e, ok, epoch := v.open.get(id)
	if ok {
		return e, nil
	}
	r, err := v.store.key(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", id, err)
	}
	e = newEntry(r)
	v.open.put(id, e, epoch)
	return e, nil
}

func newEntry(r record) *entry {
	e := &entry{record: r}
	e.seals.Store(r.sealed)
	return e
}

// cipher unwraps a key, once, and checks it against its commitment.
func (v *Vault) cipher(ctx context.Context, e *entry) (cipher.AEAD, error) {
	if e.state == destroyed {
		return nil, ErrErased
	}
	e.unwrap.Lock()
	defer e.unwrap.Unlock()
	if e.aead != nil {
		return e.aead, nil
	}
	dek, err := unwrapKey(v.ring, e.record)
	if errors.Is(err, ErrKEKEpoch) { // it may have been wrapped by another since it was read
		again, reading := v.store.key(ctx, e.id)
		switch {
		case reading != nil:
			return nil, reading
		case again.state == destroyed:
			return nil, ErrErased
		case again.epoch != e.epoch:
			dek, err = unwrapKey(v.ring, again)
		}
	}
	if err != nil {
		return nil, err
	}
	defer clear(dek)
	e.aead, err = boxAEAD(dek, e.id)
	return e.aead, err
}

// unwrapKey returns a data key, checked against its commitment. The caller
// clears it.
func unwrapKey(ring *ring, r record) ([]byte, error) {
	kek, err := ring.of(r.epoch)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", r.id, noEpoch(err))
	}
	dek, err := kek.Decrypt(r.wrapped, wrapContext(r.id, r.ref))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w: %w", r.id, ErrKeyBroken, err)
	}
	if c := commitmentOf(dek, r.id); len(dek) != keyBytes || !hmac.Equal(c[:], r.commitment[:]) {
		clear(dek)
		return nil, fmt.Errorf("key %s: %w: its commitment differs", r.id, ErrKeyBroken)
	}
	return dek, nil
}

// noEpoch is the error of what names an epoch that the file has not: the file
// is another one, or the name is wrong.
func noEpoch(err error) error {
	if errors.Is(err, ErrKEKEpoch) {
		return fmt.Errorf("%w: %w", ErrKeyBroken, err)
	}
	return err
}

// Ensure returns the key that seals for each reference, made where there is
// none. Every key is on disk when it returns; concurrent calls, also from
// other processes, get the same keys. New keys cost one transaction together.
func (v *Vault) Ensure(ctx context.Context, refs ...Ref) ([]Key, error) {
	if err := v.glance(ctx); err != nil {
		return nil, err
	}
	found := make([]*entry, len(refs))
	var missing []record
	for i, ref := range refs {
		e, err := v.sealing(ctx, ref)
		if errors.Is(err, ErrKeyMissing) && !v.readOnly {
			var r record
			if r, err = v.fresh(ctx, ref); err == nil {
				missing = append(missing, r)
			}
		}
		if err != nil {
			return nil, err
		}
		found[i] = e
	}
	if len(missing) > 0 {
		_, _, epoch := v.current.get(missing[0].ref)
		stored, err := v.add(ctx, missing)
		if err != nil {
			return nil, fmt.Errorf("vault: store keys: %w", err)
		}
		for i := range found {
			if found[i] == nil {
				found[i] = newEntry(stored[0])
				v.current.put(refs[i], stored[0].id, epoch)
				stored = stored[1:]
			}
		}
	}
	keys := make([]Key, len(found))
	for i, e := range found {
		keys[i] = Key{e.id, e.commitment}
	}
	return keys, nil
}

// mostTurns is how often something new is wrapped again because meanwhile
// another epoch wraps.
const mostTurns = 4

// add stores new keys. Where the keystore has come to another epoch than they
// were wrapped by, they are drawn again.
func (v *Vault) add(ctx context.Context, keys []record) ([]record, error) {
	for turns := 0; ; turns++ {
		stored, err := v.store.add(ctx, keys)
		if !errors.Is(err, errOtherEpoch) || turns == mostTurns {
			return stored, err
		}
		if err := v.look(ctx); err != nil {
			return nil, err
		}
		for i, k := range keys {
			if keys[i], err = v.fresh(ctx, k.ref); err != nil {
				return nil, err
			}
		}
	}
}

// sealing returns the key that seals for a reference now; ErrKeyMissing if
// there is none, or it has sealed enough.
func (v *Vault) sealing(ctx context.Context, ref Ref) (*entry, error) {
	id, ok, epoch := v.current.get(ref)
	if !ok {
		r, err := v.store.liveKey(ctx, ref)
		if err != nil {
			return nil, err
		}
		id = r.id
		v.current.put(ref, id, epoch)
	}
	e, err := v.lookup(ctx, id)
	if err != nil || e.seals.Load() < v.limit {
		return e, err
	}
	if v.readOnly {
		return e, nil
	}
	if err := v.store.retire(ctx, []event.UUID{id}); err != nil {
		return nil, err
	}
	v.forget()
	return nil, ErrKeyMissing
}

// wraps returns the key by which everything new is wrapped, and the state of the
// keystore that says so.
func (v *Vault) wraps(ctx context.Context) (*state, KEK, error) {
	is := v.seen.Load()
	kek, err := v.ring.wraps(is)
	if errors.Is(err, ErrKEKEpoch) { // another may wrap since the last look
		if err := v.look(ctx); err != nil {
			return nil, nil, err
		}
		is = v.seen.Load()
		kek, err = v.ring.wraps(is)
	}
	return is, kek, err
}

// fresh makes a key, wrapped, for a reference.
func (v *Vault) fresh(ctx context.Context, ref Ref) (record, error) {
	if ref.Subject.IsZero() || ref.Side == "" || ref.Class == "" || len(ref.Side) > 255 || len(ref.Class) > 255 {
		return record{}, errors.New("vault: a key needs a subject, a side and a class")
	}
	id, err := randomUUID(v.rand)
	if err != nil {
		return record{}, err
	}
	dek := make([]byte, keyBytes)
	defer clear(dek)
	if _, err := io.ReadFull(v.rand, dek); err != nil {
		return record{}, fmt.Errorf("vault: draw a key: %w", err)
	}
	is, kek, err := v.wraps(ctx)
	if err != nil {
		return record{}, fmt.Errorf("vault: wrap a key: %w", err)
	}
	wrapped, err := kek.Encrypt(dek, wrapContext(id, ref))
	if err != nil {
		return record{}, fmt.Errorf("vault: wrap a key: %w", err)
	}
	return record{id: id, ref: ref, wrapped: wrapped, commitment: commitmentOf(dek, id), state: live,
		created: v.now().UTC(), epoch: is.epoch}, nil
}

// Seal appends plaintext, sealed under a key and bound to the associated data,
// to dst: [Overhead] bytes longer than plaintext. What it returns was sealed
// less than [Noticed] after any [Vault.Retire] of the key, however slow the
// keystore was.
//
// Errors: [ErrErased], [ErrKeyMissing], [ErrKeyBroken], [ErrReadOnly];
// [ErrKeyRetired], and [ErrKeyExhausted] from one step of the count beyond the
// key's limit, after both of which [Vault.Ensure] gives another.
func (v *Vault) Seal(ctx context.Context, dst []byte, key event.UUID, plaintext, ad []byte) ([]byte, error) {
	if v.readOnly {
		return nil, ErrReadOnly
	}
	for {
		before := v.open.cleared()
		e, err := v.lookup(ctx, key)
		if err != nil {
			return nil, err
		}
		aead, err := v.cipher(ctx, e)
		if err == nil && e.state != live {
			err = fmt.Errorf("key %s: %w", key, ErrKeyRetired)
		}
		if err != nil {
			return nil, err
		}
		sealed, err := sealWith(dst, aead, v.rand, plaintext, ad)
		if err != nil {
			return nil, err
		}
		// The key may have been read long ago, by a slow keystore. If a recent look
		// noticed no change since, it was live a moment ago.
		if err := v.glance(ctx); err != nil {
			return nil, err
		}
		if v.open.cleared() == before {
			return sealed, v.count(ctx, e)
		}
	}
}

// count counts one seal under a key.
func (v *Vault) count(ctx context.Context, e *entry) error {
	n := e.seals.Add(1)
	if n > v.limit+countStep {
		return fmt.Errorf("key %s: %w", e.id, ErrKeyExhausted)
	}
	if n%countStep == 0 {
		total, err := v.store.counted(ctx, e.id, countStep)
		if err != nil {
			return fmt.Errorf("vault: count seals: %w", err)
		}
		if total > n { // other processes seal with it, too
			e.seals.Add(total - n)
		}
	}
	return nil
}

// Open appends what was sealed under a key with the same associated data to
// dst.
//
// Errors: [ErrErased]; [ErrKeyMissing]; [ErrKeyBroken]; [ErrBroken] if the
// bytes, or where they stand, are not what was sealed.
func (v *Vault) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	e, err := v.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	aead, err := v.cipher(ctx, e)
	if err != nil {
		return nil, err
	}
	return openWith(dst, aead, sealed, ad)
}

// CheckCommitment compares what the ledger commits to with the keystore's
// key, also a destroyed one. Errors: [ErrCommitment], [ErrKeyMissing].
func (v *Vault) CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error {
	e, err := v.lookup(ctx, key)
	if err != nil {
		return err
	}
	if !hmac.Equal(c[:], e.commitment[:]) {
		return fmt.Errorf("key %s: %w", key, ErrCommitment)
	}
	return nil
}

// KeysOf lists every key there is or was for a subject, oldest first.
func (v *Vault) KeysOf(ctx context.Context, subject event.UUID) ([]KeyInfo, error) {
	records, err := v.store.keysOf(ctx, subject)
	infos := make([]KeyInfo, len(records))
	for i, r := range records {
		infos[i] = infoOf(r)
	}
	return infos, err
}
