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
