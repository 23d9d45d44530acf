//go:build postgres

package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"caseledger/domain/event"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
)

func init() { configs["postgres"] = database }

// database is of a keystore that does not exist yet, in a database of its own.
func database(t testing.TB) Config {
	c := config(t)
	c.Path, c.URL = "", pgtest.Durable(t).Database(t)
	return c
}

func TestAKeystoreIsAFileOrADatabase(t *testing.T) {
	t.Parallel()
	both, neither := database(t), config(t)
	both.Path, neither.Path = neither.Path, ""
	for _, c := range []Config{both, neither} {
		if _, err := Open(t.Context(), c); err == nil {
			t.Error("opened one that is both or neither")
		}
	}
}

func TestOnlyADatabaseOfTheKeystoresOwnIsOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil string // what a keystore's database is altered by
		early bool   // the same before there is a keystore
		want  error
	}{
		"of a later version":              {`UPDATE keystore SET version = 3`, false, ErrNewer},
		"another program's tables":        {`CREATE TABLE public.theirs (x int)`, true, ErrNotKeystore},
		"the ledger":                      {`CREATE SCHEMA caseledger; CREATE TABLE caseledger.head (x int)`, true, ErrNotAlone},
		"the ledger in another schema":    {`CREATE TABLE public.events (x int)`, true, ErrNotAlone},
		"read models":                     {`CREATE SCHEMA nhs; CREATE TABLE nhs.store_version (x int)`, true, ErrNotAlone},
		"what follows from the ledger":    {`CREATE SCHEMA caseledger_keep; CREATE TABLE caseledger_keep.agenda (x int)`, true, ErrNotAlone},
		"without its marker":              {`DELETE FROM keystore`, false, ErrNotKeystore},
		"a schema of ours from elsewhere": {`DROP TABLE keystore`, false, ErrNotKeystore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alter := func(c Config, spoil string) {
				for statement := range strings.SplitSeq(spoil, "; ") {
					meddle(t, c, statement)
				}
			}
			cfg := database(t)
			if c.early {
				fresh := database(t)
				alter(fresh, c.spoil)
				_, err := Open(t.Context(), fresh)
				wantError(t, err, c.want)
			}
			if err := mustOpen(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			alter(cfg, c.spoil)
			for _, cfg.ReadOnly = range []bool{false, true} {
				if v, err := Open(t.Context(), cfg); c.want == ErrNotKeystore && c.early { // somebody's table beside ours is no danger
					wantError(t, err, nil)
					wantError(t, v.Close(), nil)
				} else {
					wantError(t, err, c.want)
				}
			}
		})
	}
}

// What the ledger's signer remembers belongs to the keys' backups, whichever of
// the two was there first.
func TestTheSignersMemoryIsNoStranger(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{false, true} {
		cfg := database(t)
		if !early {
			wantError(t, mustOpen(t, cfg).Close(), nil)
		}
		meddle(t, cfg, `CREATE SCHEMA caseledger_signer`)
		meddle(t, cfg, `CREATE TABLE caseledger_signer.signed (x int)`)
		wantError(t, mustOpen(t, cfg).Close(), nil)
	}
}

func TestAServerThatDoesNotFlushIsRefused(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Path, c.URL = "", pgtest.Shared(t).Database(t)
	_, err := Open(t.Context(), c)
	wantError(t, err, ErrSettings)

	c.URL = pgtest.Durable(t).Database(t)
	meddle(t, c, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$`)
	_, err = Open(t.Context(), c)
	wantError(t, err, ErrSettings)
}

// Whatever a session was told, what changes something is flushed before it is
// acknowledged.
func TestEveryTransactionWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	c := database(t)
	s := mustOpen(t, c).store.(*sqlStore)
	s.write.SetMaxOpenConns(1)
	if _, err := s.write.ExecContext(t.Context(), `SET synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	if err := s.tx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		var got string
		err := tx.QueryRowContext(ctx, `SHOW synchronous_commit`).Scan(&got)
		if got != "on" {
			t.Errorf("synchronous_commit is %s in a transaction", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAServersFaultsHaveNames(t *testing.T) {
	t.Parallel()
	c := database(t)
	if err := mustOpen(t, c).Close(); err != nil {
		t.Fatal(err)
	}
	stranger, nobody := role(t, c), role(t, c)
	meddle(t, c, `ALTER ROLE `+nobody+` NOLOGIN`)
	fresh := pgtest.Durable(t).Database(t)
	for name, fault := range map[string]struct {
		url  string
		want error
	}{
		"not a connection string": {"swordfish", pgsql.ErrConnectionString},
		"a malformed URL":         {"postgres://stranger:swordfish@host:port/%zz", pgsql.ErrConnectionString},
		"a malformed port":        {c.URL + " password=swordfish port=x", pgsql.ErrConnectionString},
		"empty":                   {" ", pgsql.ErrConnectionString},
		"nobody listens":          {"postgres://stranger:swordfish@127.0.0.1:1/x", pgsql.ErrUnreachable},
		"no such host":            {"postgres://stranger:swordfish@caseledger.invalid/x", pgsql.ErrUnreachable},
		"no such database":        {c.URL + " dbname=swordfish", pgsql.ErrNoDatabase},
		"no such user":            {c.URL + " user=swordfish", pgsql.ErrCredentials},
		"may not log in":          {c.URL + " user=" + nobody, pgsql.ErrCredentials},
		"may not read it":         {c.URL + " user=" + stranger, pgsql.ErrPrivilege},
		"may not make it":         {fresh + " user=" + stranger, pgsql.ErrPrivilege},
		"a read-only server":      {c.URL + " default_transaction_read_only=on", pgsql.ErrServerReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := c
			cfg.URL = fault.url
			_, err := Open(t.Context(), cfg)
			wantError(t, err, fault.want)
			for _, secret := range []string{"swordfish", "stranger", stranger, "caseledger.invalid", "user="} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("%v tells %s", err, secret)
				}
			}
		})
	}
}

func TestOneOfManyProcessesMakesTheKeystore(t *testing.T) {
	t.Parallel()
	c := database(t)
	var wait sync.WaitGroup
	var numbers [8]Blinded
	for i := range numbers {
		wait.Go(func() {
			v, err := Open(context.Background(), c)
			if err != nil {
				t.Error(err)
				return
			}
			numbers[i] = v.Blind(number)
			wantError(t, v.Close(), nil)
		})
	}
	wait.Wait()
	for _, n := range numbers {
		if n != numbers[0] {
			t.Error("two processes blind differently")
		}
	}
}

// rights are what a role needs that does not own the keystore's tables; to
// destroy keys it must own the table of keys or, from PostgreSQL 17 on, be
// granted MAINTAIN on it. The package comment says so, too.
var rights = []string{
	`USAGE ON SCHEMA caseledger_keys`,
	`SELECT ON keystore`,
	`SELECT, INSERT, UPDATE ON keys`,
	`SELECT, UPDATE ON tombstones`,
	`SELECT, INSERT, DELETE ON identifiers`,
	`SELECT, INSERT ON secrets`,
}

// role makes a role that nobody else has, and returns its name.
func role(t *testing.T, c Config) string {
	t.Helper()
	name := fmt.Sprintf("role%d", roles.Add(1))
	meddle(t, c, `CREATE ROLE `+name+` LOGIN`)
	return name
}

var roles atomic.Int32

func TestARoleNeedsFewRights(t *testing.T) {
	t.Parallel()
	c := database(t)
	if err := mustOpen(t, c).Close(); err != nil {
		t.Fatal(err)
	}
	serving := role(t, c)
	for _, right := range rights {
		meddle(t, c, `GRANT `+right+` TO `+serving)
	}
	owned := c
	c.URL += " user=" + serving
	v := mustOpen(t, c)
	wantError(t, v.Mark(t.Context(), "synthetic"), nil)
	key := mustEnsure(t, v, healthOf(alpha))[0]
	for range countStep {
		mustSeal(t, v, key.ID, "x")
	}
	sealed := mustSeal(t, v, key.ID, "x")
	for _, err := range []error{v.Reserve(t.Context(), number, alpha, command), v.Confirm(t.Context(), number, alpha), v.Unlink(t.Context(), number, alpha)} {
		wantError(t, err, nil)
	}
	wantError(t, v.Destroy(t.Context(), key.ID, erasure), ErrStillInLog)
	_, err := v.Open(t.Context(), nil, key.ID, sealed, someplace)
	wantError(t, err, ErrErased)
	meddle(t, owned, `GRANT CREATE ON SCHEMA caseledger_keys TO `+serving)
	meddle(t, owned, `ALTER TABLE keys OWNER TO `+serving)
	wantError(t, v.Destroy(t.Context(), key.ID, erasure), nil)

	_, err = v.UnlinkAll(t.Context(), alpha)
	wantError(t, err, ErrStillInLog)
	_, err = v.Rewrap(t.Context(), Rewrapping{})
	wantError(t, err, pgsql.ErrPrivilege)
	meddle(t, owned, `GRANT UPDATE ON secrets TO `+serving)
	_, err = v.Rewrap(t.Context(), Rewrapping{})
	wantError(t, err, ErrStillInLog)
	for _, table := range []string{"identifiers", "secrets"} {
		meddle(t, owned, `ALTER TABLE `+table+` OWNER TO `+serving)
	}
	_, err = v.UnlinkAll(t.Context(), alpha)
	wantError(t, err, nil)
	mustRewrap(t, v, Rewrapping{})
	if got := mustEpochs(t, c); !slices.Equal(got, []uint32{2}) {
		t.Errorf("the file has the epochs %v", got)
	}
}

func TestARoleThatCopiesNeedsOneRightMore(t *testing.T) {
	t.Parallel()
	from, to := config(t), database(t)
	to.KEKPath = from.KEKPath
	mustEnsure(t, mustOpen(t, from), healthOf(alpha))
	mustOpen(t, to)
	copying := role(t, to)
	for _, right := range rights {
		meddle(t, to, `GRANT `+right+` TO `+copying)
	}
	owned := to
	to.URL += " user=" + copying
	_, err := Copy(t.Context(), from, to)
	wantError(t, err, pgsql.ErrPrivilege)
	meddle(t, owned, `GRANT DELETE ON secrets TO `+copying)
	_, err = Copy(t.Context(), from, to)
	wantError(t, err, nil)
}

func TestDestroySaysWhenAReaderKeepsTheRow(t *testing.T) {
	t.Parallel()
	c := database(t)
	v := mustOpen(t, c)
	key := mustEnsure(t, v, healthOf(alpha))[0]
	reader, err := v.store.(*sqlStore).read.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM keys`).Scan(&n); err != nil {
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

// No file of the server ever holds a key or an identifier in readable form.
func TestNoFileOfTheServerHoldsAKeyOrAnIdentifier(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	c := config(t)
	c.Path, c.URL = "", server.Database(t)
	v := mustOpen(t, c)
	keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
	if err := errors.Join(v.Reserve(t.Context(), number, alpha, command), v.Confirm(t.Context(), number, alpha)); err != nil {
		t.Fatal(err)
	}
	r, err := v.store.key(t.Context(), keys[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"a data key": rawKey(t, v, keys[0].ID), "an identifier": []byte(number.Value), "the blinding secret": v.blindKey}
	if err := v.Destroy(t.Context(), keys[0].ID, erasure); err != nil {
		t.Fatal(err)
	}
	meddle(t, c, `CHECKPOINT`)
	server.Stop()
	if len(grep(t, server.Folder(), r.wrapped)) == 0 {
		t.Fatal("not even the wrapped key was found: the search is broken")
	}
	for what, secret := range secrets {
		if found := grep(t, server.Folder(), secret); found != nil {
			t.Errorf("%s stands in %v", what, found)
		}
	}
	if bytes.Equal(secrets["a data key"], make([]byte, keyBytes)) {
		t.Error("the data key is nothing")
	}
}

// Two processes that make the same keys in another order do not wait for each
// other for ever.
func TestProcessesThatWantTheSameKeysDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	c := database(t)
	vaults := []*Vault{mustOpen(t, c), mustOpen(t, c)}
	for round := range 20 {
		var refs []Ref
		for i := range 150 { // more than one statement stores
			refs = append(refs, healthOf(event.UUID{0: byte(round), 1: byte(i), 15: 1}))
		}
		got := make([][]Key, 2)
		var wait sync.WaitGroup
		for i, v := range vaults {
			wanted := slices.Clone(refs)
			if i == 1 {
				slices.Reverse(wanted)
			}
			wait.Go(func() {
				keys, err := v.Ensure(context.Background(), wanted...)
				wantError(t, err, nil)
				got[i] = keys
			})
		}
		wait.Wait()
		slices.Reverse(got[1])
		if !slices.Equal(got[0], got[1]) {
			t.Fatal("two processes have two keys for one reference")
		}
	}
}
