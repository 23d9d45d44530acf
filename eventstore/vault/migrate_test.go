package vault

import (
	"reflect"
	"strings"
	"testing"
)

// downgrade turns a keystore into one of version 1.
func downgrade(t *testing.T, c Config) {
	t.Helper()
	script := `DROP INDEX identifiers_person;`
	for _, column := range []string{"keys stamp", "identifiers stamp", "tombstones changes", "tombstones epoch", "tombstones secrets", "tombstones proof", "tombstones stamp"} {
		table, name, _ := strings.Cut(column, " ")
		script += "ALTER TABLE " + table + " DROP COLUMN " + name + ";"
	}
	script += `ALTER TABLE keys RENAME COLUMN seals TO sealed; ALTER TABLE identifiers RENAME COLUMN claimed_at TO reserved_at;
		ALTER TABLE secrets RENAME COLUMN wrapped_by TO epoch; ALTER TABLE tombstones RENAME COLUMN gone TO count;`
	if c.URL != "" {
		script += `UPDATE keystore SET version = 1`
	} else {
		script += `PRAGMA user_version = 1`
	}
	for statement := range strings.SplitSeq(script, ";") {
		meddle(t, c, statement)
	}
}

// A keystore of version 1 becomes one of version 2 as if it had always been,
// once somebody opens it who may write.
func TestAKeystoreOfTheFirstVersionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnished(t, c)
		want := stored(t, c)
		downgrade(t, c)
		ro := c
		ro.ReadOnly = true
		_, err := Open(t.Context(), ro)
		wantError(t, err, ErrSettings)
		wantUsable(t, c, opens, gone)
		if got := stored(t, c); !reflect.DeepEqual(got, want) {
			t.Errorf("it holds %+v, held %+v, or other rows", got.holding, want.holding)
		}
		is, err := mustOpen(t, ro).store.state(t.Context())
		if err != nil || is.epoch != firstEpoch || is.secrets != 4 || is.gone != 1 || is.stamp == nil {
			t.Errorf("its state is %+v, %v", is, err)
		}
	})
}

// earlier are the statements by which a program of version 1 stored and changed
// something, and looked whether others had.
var earlier = []string{
	`INSERT INTO keys (key_id, subject, side, class, wrapped, commitment, state, destroyed_by, created_at, epoch, sealed)
		SELECT subject, subject, 'OTHER', class, wrapped, commitment, 1, destroyed_by, created_at, 1, 0 FROM keys WHERE state = 1 LIMIT 1`,
	`UPDATE keys SET sealed = sealed + 1`,
	`UPDATE tombstones SET count = count + 1 WHERE one = 1`, // at the end of every destruction
	`SELECT count FROM tombstones WHERE one = 1`,
	`INSERT INTO identifiers (blind, command, person, state, reserved_at) SELECT blind, person, person, 'reserved', 0 FROM identifiers LIMIT 1`,
	`INSERT INTO secrets (name, wrapped, epoch) SELECT 'mark/other', wrapped, 1 FROM secrets LIMIT 1`,
}

// A program of version 1 that runs on beside the one that brought the keystore up
// to date is stopped: what it stored would have no stamp, and would be wrapped by
// an epoch that nobody keeps for it.
func TestAProgramOfTheFirstVersionStoresNothingMore(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		furnished(t, c)
		downgrade(t, c)
		old := meddler(t, c)
		for _, statement := range earlier {
			if _, err := old.ExecContext(t.Context(), `EXPLAIN `+statement); err != nil {
				t.Fatalf("of version 1, %s: %v", statement, err)
			}
		}
		v := mustOpen(t, c)
		for _, statement := range earlier {
			if _, err := old.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("it may still %s", statement)
			}
		}
		if found := alterations(t, v); found != nil {
			t.Errorf("altered: %v", found)
		}
	})
}
