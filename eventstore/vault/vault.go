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
	// KEK takes the place of KEKPath where it is set.
	KEK KEK
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
	// kekEpoch is the generation of the key-encryption key.
	kekEpoch = 1
)

// Vault opens and closes boxes. It is safe for concurrent use.
type Vault struct {
	store    storage
	kek      KEK
	rand     io.Reader
	now      func() time.Time
	readOnly bool
	limit    uint64

	open    *cache[event.UUID, *entry]
	current *cache[Ref, event.UUID]
	gone    atomic.Uint64 // tombstones at the last look
	looked  atomic.Int64  // when that was, in nanoseconds

	blindKey, personKey []byte
}

// entry is a key as far as it has been needed.
type entry struct {
	record
	seals  atomic.Uint64
	unwrap sync.Once
	aead   cipher.AEAD
	err    error
}

// Open opens a keystore and, unless it is read-only, makes it and the file of
// its key-encryption key on first use.
//
// Errors: [ErrKEKMissing], [ErrKEKMode], [ErrKEKMalformed], [ErrNotKeystore],
// [ErrNewer], [ErrSettings], [ErrNotAlone]; [ErrKeyBroken] if the
// key-encryption key is not the keystore's; those of package pgsql.
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
		store: store, kek: c.KEK, rand: c.Rand, now: c.Now, readOnly: c.ReadOnly, limit: maxSeals,
		open: newCache[event.UUID, *entry](c.Cached/2 + 1), current: newCache[Ref, event.UUID](c.Cached/2 + 1),
	}
	existing, err := store.secret(ctx, blindSecret)
	if err != nil {
		return nil, err
	}
	if v.kek == nil {
		v.kek, err = ReadKEK(c.KEKPath, c.Rand)
		if errors.Is(err, ErrKEKMissing) && existing == nil && !c.ReadOnly {
			if err = CreateKEK(c.KEKPath, c.Rand); err == nil || errors.Is(err, fs.ErrExist) {
				v.kek, err = ReadKEK(c.KEKPath, c.Rand)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if v.blindKey, err = v.secret(ctx, blindSecret, v.draw); err != nil {
		return nil, err
	}
	if v.personKey, err = v.secret(ctx, personSecret, v.draw); err != nil {
		return nil, err
	}
	return v, v.look(ctx)
}

// Close releases the keystore.
func (v *Vault) Close() error { return v.store.close() }

// look forgets every open key if a key was destroyed, here or elsewhere,
// since the last look.
func (v *Vault) look(ctx context.Context) error {
	now := v.now().UnixNano()
	gone, err := v.store.destructions(ctx)
	if err != nil {
		return err
	}
	if v.gone.Swap(gone) != gone {
		v.forget()
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
func (v *Vault) cipher(e *entry) (cipher.AEAD, error) {
	if e.state == destroyed {
		return nil, ErrErased
	}
	e.unwrap.Do(func() {
		dek, err := unwrapKey(v.kek, e.record)
		if err != nil {
			e.err = err
			return
		}
		defer clear(dek)
		e.aead, e.err = boxAEAD(dek, e.id)
	})
	return e.aead, e.err
}

// unwrapKey returns a data key, checked against its commitment. The caller
// clears it.
func unwrapKey(kek KEK, r record) ([]byte, error) {
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
			if r, err = v.fresh(ref); err == nil {
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
		stored, err := v.store.add(ctx, missing)
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
	if err := v.store.retire(ctx, id); err != nil {
		return nil, err
	}
	v.forget()
	return nil, ErrKeyMissing
}

// fresh makes a key, wrapped, for a reference.
func (v *Vault) fresh(ref Ref) (record, error) {
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
	wrapped, err := v.kek.Encrypt(dek, wrapContext(id, ref))
	if err != nil {
		return record{}, fmt.Errorf("vault: wrap a key: %w", err)
	}
	return record{id: id, ref: ref, wrapped: wrapped, commitment: commitmentOf(dek, id), state: live,
		created: v.now().UTC(), epoch: kekEpoch}, nil
}

// Seal appends plaintext, sealed under a key and bound to the associated data,
// to dst: [Overhead] bytes longer than plaintext.
//
// Errors: [ErrErased], [ErrKeyMissing], [ErrKeyBroken], [ErrReadOnly];
// [ErrKeyExhausted] from one step of the count beyond the key's limit.
func (v *Vault) Seal(ctx context.Context, dst []byte, key event.UUID, plaintext, ad []byte) ([]byte, error) {
	if v.readOnly {
		return nil, ErrReadOnly
	}
	e, err := v.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	aead, err := v.cipher(e)
	if err != nil {
		return nil, err
	}
	n := e.seals.Add(1)
	if n > v.limit+countStep {
		return nil, fmt.Errorf("key %s: %w", key, ErrKeyExhausted)
	}
	if n%countStep == 0 {
		total, err := v.store.counted(ctx, key, countStep)
		if err != nil {
			return nil, fmt.Errorf("vault: count seals: %w", err)
		}
		if total > n { // other processes seal with it, too
			e.seals.Add(total - n)
		}
	}
	return sealWith(dst, aead, v.rand, plaintext, ad)
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
	aead, err := v.cipher(e)
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

// Destroy destroys a key for ever and leaves a tombstone naming the event that
// recorded the decision, which must already be in the ledger. Copies in
// backups last as long as the backups. Repeating it is safe, also with another
// event: the first is kept. Another process may seal and open with the key for
// a second more; what it seals then is lost with the rest.
//
// When it returns nil, no byte of the wrapped key is left in the files of a
// keystore in SQLite. From one in PostgreSQL its row is gone, for every
// process; what the package comment says is left of its bytes opens only with
// the key-encryption key.
//
// Errors: [ErrKeyMissing]; [ErrStillInLog] if the key is destroyed but its
// bytes may not be gone: repeat it.
func (v *Vault) Destroy(ctx context.Context, key event.UUID, by event.ID) error {
	switch {
	case v.readOnly:
		return ErrReadOnly
	case by.IsZero():
		return errors.New("vault: a destruction names its event")
	}
	err := v.store.destroy(ctx, key, by)
	v.forget()
	if err != nil {
		return fmt.Errorf("destroy key %s: %w", key, err)
	}
	return nil
}

// KeysOf lists every key there is or was for a subject, oldest first.
func (v *Vault) KeysOf(ctx context.Context, subject event.UUID) ([]KeyInfo, error) {
	records, err := v.store.keysOf(ctx, subject)
	infos := make([]KeyInfo, len(records))
	for i, r := range records {
		infos[i] = KeyInfo{Key{r.id, r.commitment}, r.ref, r.created, r.state == live, r.destroyedBy}
	}
	return infos, err
}
