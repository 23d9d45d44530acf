package vault

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/domain/event"
)

// meddle changes the keystore behind the vault's back.
func meddle(t *testing.T, c Config, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", c.Path)
	if c.URL != "" {
		db, err = sql.Open("pgx", c.URL+" search_path="+postgresSchema)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// wraps is the key-encryption key that wraps in a keystore.
func wraps(t *testing.T, v *Vault) KEK {
	t.Helper()
	kek, err := v.ring.of(v.seen.Load().epoch)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// rawKey unwraps a data key, which nothing but a test does outside the vault.
func rawKey(t *testing.T, v *Vault, id event.UUID) []byte {
	t.Helper()
	r, err := v.store.key(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	dek, err := wraps(t, v).Decrypt(r.wrapped, wrapContext(r.id, r.ref))
	if err != nil {
		t.Fatal(err)
	}
	return dek
}

func TestASubstitutedKeyIsNoticed(t *testing.T) {
	t.Parallel()
	const swap = `UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE key_id = $2) WHERE key_id = $1`
	for name, alter := range map[string]func(t *testing.T, c Config, v *Vault, mine, other Key){
		"wrapped bytes of another key": func(t *testing.T, c Config, _ *Vault, mine, other Key) {
			meddle(t, c, swap, mine.ID[:], other.ID[:])
		},
		"wrapped bytes and commitment of another key": func(t *testing.T, c Config, _ *Vault, mine, other Key) {
			meddle(t, c, swap, mine.ID[:], other.ID[:])
			meddle(t, c, `UPDATE keys SET commitment = $1 WHERE key_id = $2`, other.Commitment[:], mine.ID[:])
		},
		"moved to another side": func(t *testing.T, c Config, _ *Vault, mine, _ Key) {
			meddle(t, c, `UPDATE keys SET side = 'PROBATION' WHERE key_id = $1`, mine.ID[:])
		},
		"another key wrapped by someone who has the key-encryption key": func(t *testing.T, c Config, v *Vault, mine, other Key) {
			wrapped, err := wraps(t, v).Encrypt(rawKey(t, v, other.ID), wrapContext(mine.ID, healthOf(alpha)))
			if err != nil {
				t.Fatal(err)
			}
			meddle(t, c, `UPDATE keys SET wrapped = $1 WHERE key_id = $2`, wrapped, mine.ID[:])
		},
		"a key of another length": func(t *testing.T, c Config, v *Vault, mine, other Key) {
			short := []byte("short")
			wrapped, err := wraps(t, v).Encrypt(short, wrapContext(mine.ID, healthOf(alpha)))
			if err != nil {
				t.Fatal(err)
			}
			commitment := commitmentOf(short, mine.ID)
			meddle(t, c, `UPDATE keys SET wrapped = $1, commitment = $2 WHERE key_id = $3`, wrapped, commitment[:], mine.ID[:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDurable(t, func(t *testing.T, c Config) {
				v := mustOpen(t, c)
				keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
				sealed := mustSeal(t, v, keys[0].ID, "x")
				alter(t, c, v, keys[0], keys[1])
				_, err := mustOpen(t, c).Open(t.Context(), nil, keys[0].ID, sealed, someplace)
				wantError(t, err, ErrKeyBroken)
			})
		})
	}
}

func TestTheLedgersCommitmentHasTheLastWord(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
		// Someone with the key-encryption key and the file makes a consistent lie.
		dek := bytes.Repeat([]byte{7}, keyBytes)
		wrapped, err := wraps(t, v).Encrypt(dek, wrapContext(keys[0].ID, healthOf(alpha)))
		if err != nil {
			t.Fatal(err)
		}
		lie := commitmentOf(dek, keys[0].ID)
		meddle(t, c, `UPDATE keys SET wrapped = $1, commitment = $2 WHERE key_id = $3`, wrapped, lie[:], keys[0].ID[:])
		wantError(t, mustOpen(t, c).CheckCommitment(t.Context(), keys[0].ID, keys[0].Commitment), ErrCommitment)
	})
}

func TestALostRowIsAMissingKey(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		key := mustEnsure(t, v, healthOf(alpha))[0]
		sealed := mustSeal(t, v, key.ID, "x")
		meddle(t, c, `DELETE FROM keys`)
		_, err := mustOpen(t, c).Open(t.Context(), nil, key.ID, sealed, someplace)
		wantError(t, err, ErrKeyMissing)
	})
}

// grep returns the files under dir that hold any form of the secret.
func grep(t *testing.T, dir string, secret []byte) (found []string) {
	t.Helper()
	forms := [][]byte{secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
		[]byte(base64.RawStdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret))}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, form := range forms {
			if bytes.Contains(content, form) {
				found = append(found, filepath.Base(path))
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNoFileHoldsAKeyOrAnIdentifier(t *testing.T) {
	t.Parallel()
	c := config(t)
	dir := filepath.Dir(c.Path)
	v := mustOpen(t, c)
	refs := make([]Ref, 0, 200)
	for i := range cap(refs) {
		refs = append(refs, Ref{event.UUID{15: byte(i + 1)}, event.NHS, event.Health})
	}
	keys := mustEnsure(t, v, refs...)
	numbers := []Identifier{{"nhs-number", "9990001014"}, {"crn", "X991234"}, {"name", "Avery Example"}}
	for _, n := range numbers {
		if err := v.Reserve(t.Context(), n, alpha, bravo); err != nil {
			t.Fatal(err)
		}
		if err := v.Confirm(t.Context(), n, alpha); err != nil {
			t.Fatal(err)
		}
	}
	var raw, wrapped [][]byte
	for _, k := range keys {
		r, err := v.store.key(t.Context(), k.ID)
		if err != nil {
			t.Fatal(err)
		}
		raw, wrapped = append(raw, rawKey(t, v, k.ID)), append(wrapped, r.wrapped)
	}
	if len(grep(t, dir, wrapped[0])) == 0 {
		t.Fatal("not even the wrapped key was found: the search is broken")
	}
	clean := func(when string) {
		t.Helper()
		for i := range raw {
			if found := grep(t, dir, raw[i]); found != nil {
				t.Errorf("%s: data key %d stands in %v", when, i, found)
			}
		}
		for _, n := range numbers {
			if found := grep(t, dir, []byte(n.Value)); found != nil {
				t.Errorf("%s: a value of kind %s stands in %v", when, n.Kind, found)
			}
		}
		for _, secret := range [][]byte{v.blindKey, v.personKey} {
			if found := grep(t, dir, secret); found != nil {
				t.Errorf("%s: a secret of the keystore stands in %v", when, found)
			}
		}
	}
	clean("before destruction")
	for i := 0; i < len(keys); i += 3 {
		if err := v.Destroy(t.Context(), keys[i].ID, erasure); err != nil {
			t.Fatal(err)
		}
	}
	clean("after destruction")
	for i := range keys {
		found := grep(t, dir, wrapped[i])
		if destroyed := i%3 == 0; destroyed && found != nil {
			t.Errorf("destroyed key %d still stands, wrapped, in %v", i, found)
		} else if !destroyed && found == nil {
			t.Errorf("key %d was lost with another", i)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	clean("after closing")
}

func TestDestroySaysWhenAReaderKeepsItsBytes(t *testing.T) {
	t.Parallel()
	c := config(t)
	v := mustOpen(t, c)
	key := mustEnsure(t, v, healthOf(alpha))[0]
	db, err := sql.Open("sqlite", c.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	reader, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM keys`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := v.store.(*sqlStore).write.ExecContext(t.Context(), `PRAGMA busy_timeout = 50`); err != nil {
		t.Fatal(err)
	}
	wantError(t, v.Destroy(t.Context(), key.ID, erasure), ErrStillInLog)
	_, err = v.Seal(t.Context(), nil, key.ID, nil, nil)
	wantError(t, err, ErrErased)
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantError(t, v.Destroy(t.Context(), key.ID, erasure), nil)
}

func TestOnlyAKeystoreIsOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, c Config)
		want  error
	}{
		"not a database": {func(t *testing.T, c Config) {
			if err := os.WriteFile(c.Path, bytes.Repeat([]byte("not a database. "), 512), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrNotKeystore},
		"another program's database": {func(t *testing.T, c Config) { meddle(t, c, `CREATE TABLE theirs (x)`) }, ErrNotKeystore},
		"of a later version": {func(t *testing.T, c Config) {
			if err := mustOpen(t, c).Close(); err != nil {
				t.Fatal(err)
			}
			meddle(t, c, `PRAGMA user_version = 3`)
		}, ErrNewer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			c.spoil(t, cfg)
			for _, cfg.ReadOnly = range []bool{false, true} {
				_, err := Open(t.Context(), cfg)
				wantError(t, err, c.want)
			}
		})
	}
}

func TestSettingsAreAsserted(t *testing.T) {
	t.Parallel()
	for _, pragma := range []string{"synchronous = 1", "secure_delete = 0"} {
		s := mustOpen(t, config(t)).store.(*sqlStore)
		if err := s.fileSettings(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.write.ExecContext(t.Context(), "PRAGMA "+pragma); err != nil {
			t.Fatal(err)
		}
		wantError(t, s.fileSettings(t.Context()), ErrSettings)
	}
}
