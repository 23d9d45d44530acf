package vault

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/event"
)

// alterations are all that is altered in a keystore, as a process that opens it
// afterwards finds it.
func alterations(t *testing.T, v *Vault) (found []string) {
	t.Helper()
	for a, err := range v.Alterations(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, a.String())
	}
	return found
}

func TestEveryVerdictOnAKey(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo), Ref{alpha, event.NHS, event.Identity}, Ref{bravo, event.NHS, event.Identity},
			Ref{alpha, event.Probation, event.Offence}, Ref{bravo, event.Probation, event.Offence})
		opens, retired, gone, broken, altered, alteredToo := keys[0], keys[1], keys[2], keys[3], keys[4], keys[5]
		wantError(t, v.Retire(t.Context(), retired.ID), nil)
		wantError(t, v.DestroyAll(t.Context(), Destruction{gone.ID, erasure}, Destruction{alteredToo.ID, erasure}), nil)
		meddle(t, c, `UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE key_id = $1) WHERE key_id = $2`, opens.ID[:], broken.ID[:])
		meddle(t, c, `UPDATE keys SET created_at = created_at - 1 WHERE key_id IN ($1, $2)`, altered.ID[:], alteredToo.ID[:])
		for i, c := range []struct {
			Expected
			want Verdict
		}{
			{Expected{Key: opens, Ref: healthOf(alpha)}, Opens},
			{Expected{Key: opens}, Opens},
			{Expected{Key: retired, Ref: healthOf(bravo)}, Opens},
			{Expected{Key: gone, DestroyedBy: erasure}, Gone},
			{Expected{Key: Key{alpha, opens.Commitment}}, Missing},
			{Expected{Key: Key{alpha, opens.Commitment}, DestroyedBy: erasure}, Missing},
			{Expected{Key: Key{opens.ID, retired.Commitment}}, OtherCommitment},
			{Expected{Key: Key{gone.ID, retired.Commitment}, DestroyedBy: erasure}, OtherCommitment},
			{Expected{Key: opens, Ref: healthOf(bravo)}, OtherUse},
			{Expected{Key: opens, Ref: Ref{Side: event.Probation}}, OtherUse},
			{Expected{Key: gone, Ref: Ref{Class: event.Health}, DestroyedBy: erasure}, OtherUse},
			{Expected{Key: broken}, Broken},
			{Expected{Key: gone}, GoneUnrecorded},
			{Expected{Key: gone, DestroyedBy: erasure2}, OtherDestruction},
			{Expected{Key: opens, DestroyedBy: erasure}, Undestroyed},
			{Expected{Key: altered}, Altered},
			{Expected{Key: alteredToo, DestroyedBy: erasure}, Altered},
		} {
			found, err := v.Check(t.Context(), []Expected{c.Expected})
			if err != nil || len(found) != 1 || found[0] != (Finding{c.Expected, c.want}) {
				t.Errorf("%d: found %+v, %v; want %s", i, found, err, c.want)
			}
			if c.want.Sound() != (c.want == Opens || c.want == Gone) {
				t.Error("it is sound, or not")
			}
		}
	})
}

// A batch is as long as it is, in its order, and sees the keystore as it is.
func TestABatchIsCheckedInItsOrder(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		var refs []Ref
		for i := range 2*copiedAtOnce + 1 {
			refs = append(refs, healthOf(somebody(i)))
		}
		var all []Expected
		for i, k := range mustEnsure(t, v, refs...) {
			all = append(all, Expected{Key: k, Ref: refs[i]})
		}
		slices.Reverse(all)
		all[7].DestroyedBy = erasure
		wantError(t, v.Destroy(t.Context(), all[7].ID, erasure), nil)
		all[9].ID = alpha
		found, err := v.Check(t.Context(), append(all, all[3]))
		if err != nil || len(found) != len(all)+1 {
			t.Fatalf("%d findings, %v", len(found), err)
		}
		for i, f := range found {
			want := map[int]Verdict{7: Gone, 9: Missing}[i]
			if want == 0 {
				want = Opens
			}
			if f.Expected != append(all, all[3])[i] || f.Verdict != want {
				t.Errorf("%d: %s, want %s", i, f.Verdict, want)
			}
		}
		n := 0
		var last event.UUID
		for row, err := range v.Keys(t.Context()) {
			if err != nil || row.Altered || slices.Compare(row.ID[:], last[:]) <= 0 {
				t.Errorf("%+v, %v", row, err)
			}
			last, n = row.ID, n+1
			if row.DestroyedBy == erasure && row.Sealing {
				t.Error("a destroyed key seals")
			}
		}
		if n != len(all) {
			t.Errorf("%d keys, want %d", n, len(all))
		}
		if found := alterations(t, v); found != nil {
			t.Errorf("altered: %v", found)
		}
	})
}

// change is how a column is altered: what takes its place.
type change struct{ column, how, value string }

// changes are all that a corpus does to the columns of a table: flip, zero,
// truncate, extend, copy from a neighbour. NULL is done to those that may be.
func changes(table string, c Config) (all []change) {
	columns := map[string]string{
		"keys":        "key_id:b subject:b side:t class:t wrapped:b commitment:b state:n destroyed_by:b created_at:n epoch:n seals:n stamp:b",
		"identifiers": "blind:b command:b person:b state:t claimed_at:n stamp:b",
		"secrets":     "name:t wrapped:b wrapped_by:n",
		"tombstones":  "one:n gone:n changes:n epoch:n secrets:n proof:b stamp:b",
	}[table]
	bytes := map[string]string{"extend": `COLUMN || x'01'`, "truncate": `substr(COLUMN, 1, length(COLUMN) - 1)`,
		"flip": `substr(COLUMN, 1, length(COLUMN) - 1) || CASE WHEN substr(COLUMN, length(COLUMN)) = x'41' THEN x'42' ELSE x'41' END`, "zero": `zeroblob(length(COLUMN))`}
	if c.URL != "" {
		bytes = map[string]string{"extend": `COLUMN || '\x01'::bytea`, "truncate": `substr(COLUMN, 1, length(COLUMN) - 1)`,
			"flip": `set_byte(COLUMN, length(COLUMN) - 1, 255 - get_byte(COLUMN, length(COLUMN) - 1))`, "zero": `decode(repeat('00', length(COLUMN)), 'hex')`}
	} else {
		for how, value := range bytes {
			bytes[how] = `CAST(` + value + ` AS BLOB)`
		}
	}
	kinds := map[string]map[string]string{
		"b": bytes,
		"t": {"extend": `COLUMN || 'x'`, "truncate": `substr(COLUMN, 1, length(COLUMN) - 1)`, "flip": `upper(COLUMN) || lower(COLUMN)`, "zero": `''`},
		"n": {"extend": `COLUMN + 256`, "truncate": `-COLUMN - 1`, "flip": `COLUMN + 1`, "zero": `0`, "huge": `9000000000000000000`},
	}
	for column := range strings.FieldsSeq(columns) {
		name, kind, _ := strings.Cut(column, ":")
		for how, value := range kinds[kind] {
			all = append(all, change{name, how, strings.ReplaceAll(value, "COLUMN", name)})
		}
		all = append(all, change{name, "null", "NULL"},
			change{name, "copy", fmt.Sprintf("(SELECT o.%s FROM %s AS o WHERE o.%[1]s <> %[2]s.%[1]s ORDER BY o.%[1]s DESC LIMIT 1)", name, table)})
	}
	return all
}

// Whatever is done to any column of any table, for every kind of row, is
// refused by the database, or by Open, or found by Alterations.
func TestAnyChangeToAnyColumnIsNoticed(t *testing.T) {
	t.Parallel()
	rows := map[string][]string{
		"keys":        {"state = 1", "state = 2", "state = 3"},
		"identifiers": {"state = 'reserved'", "state = 'confirmed'"},
		"secrets":     {"name = 'blind-index'", "name = 'person-id'", "name = 'mark/synthetic'", "name = 'installation/tokens'"},
		"tombstones":  {"one = 1"},
	}
	eachDurable(t, func(t *testing.T, c Config) {
		furnishedWith(t, c, 5)
		v := mustOpen(t, c)
		mustRewrap(t, v, Rewrapping{}) // so that nothing is as it was made first
		if found := alterations(t, v); found != nil {
			t.Fatalf("altered before anything was: %v", found)
		}
		db := meddler(t, c)
		ids := map[string]string{"keys": "key_id", "identifiers": "blind", "secrets": "name", "tombstones": "one"}
		done, refused, byOpen := 0, 0, 0
		for table, kinds := range rows {
			undo := snapshot(t, db, table)
			for _, kind := range kinds {
				for _, change := range changes(table, c) {
					which := fmt.Sprintf("%s = (SELECT o.%[1]s FROM %s AS o WHERE o.%s ORDER BY o.%[1]s LIMIT 1)", ids[table], table, kind)
					var same bool
					_ = db.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %s IS NOT DISTINCT FROM %s FROM %s WHERE %s", change.value, change.column, table, which)).Scan(&same)
					what := fmt.Sprintf("%s.%s of %s: %s", table, change.column, kind, change.how)
					_, err := db.ExecContext(t.Context(), fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", table, change.column, change.value, which))
					if err != nil {
						refused++
						if !constrained(err) {
							t.Errorf("%s: %v", what, err)
						}
						continue
					}
					done++
					if same {
						continue
					}
					noticed := false
					for _, err := range v.Alterations(t.Context()) {
						noticed = noticed || err == nil
					}
					if !noticed {
						byOpen++
						opened, err := Open(t.Context(), c)
						if err == nil {
							t.Errorf("%s: nobody notices", what)
							wantError(t, opened.Close(), nil)
						}
					}
					undo()
				}
			}
		}
		t.Logf("%d changes, %d of them kept from being opened; %d refused by the database", done, byOpen, refused)
		if done < 100 {
			t.Error("hardly anything was changed")
		}
		if found := alterations(t, v); found != nil {
			t.Errorf("not put back: %v", found)
		}
	})
}

// constrained reports whether a database refused a value: for its type, its
// range, or a constraint of the schema.
func constrained(err error) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return slices.Contains([]string{"23502", "23505", "23514", "22003"}, state.SQLState())
	}
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code()&0xff >= 19 && coded.Code()&0xff <= 20 // SQLITE_CONSTRAINT, SQLITE_MISMATCH
}

// meddler changes a keystore behind the vault's back, often, and without waiting
// for the disk.
func meddler(t *testing.T, c Config) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+c.Path+"?_pragma=synchronous(0)&_pragma=busy_timeout(5000)")
	if c.URL != "" {
		db, err = sql.Open("pgx", c.URL+" synchronous_commit=off search_path="+postgresSchema)
	}
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// snapshot returns what puts a table back as it is.
func snapshot(t *testing.T, db *sql.DB, table string) func() {
	t.Helper()
	do := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	do(`DROP TABLE IF EXISTS kept`, `CREATE TABLE kept AS SELECT * FROM `+table)
	return func() { do(`DELETE FROM `+table, `INSERT INTO `+table+` SELECT * FROM kept`) }
}

// A row that is gone, or that nobody stored, is noticed where the keystore
// alone can tell; of keys and claims the ledger tells.
func TestARowThatIsGoneOrThatNobodyStoredIsNoticed(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		furnishedWith(t, c, 5)
		v := mustOpen(t, c)
		db := meddler(t, c)
		for _, alter := range []struct{ table, statement string }{
			{"secrets", `DELETE FROM secrets WHERE name = 'mark/synthetic'`},
			{"secrets", `INSERT INTO secrets (name, wrapped, wrapped_by) SELECT 'mark/other', wrapped, wrapped_by FROM secrets WHERE name = 'mark/synthetic'`},
			{"secrets", `UPDATE secrets SET name = 'mark/other' WHERE name = 'mark/synthetic'`},
			{"keys", `DELETE FROM keys WHERE state = 3`},
		} {
			undo := snapshot(t, db, alter.table)
			meddle(t, c, alter.statement)
			if len(alterations(t, v)) == 0 {
				t.Errorf("%s: nobody notices", alter.statement)
			}
			undo()
		}
		meddle(t, c, `DELETE FROM secrets WHERE name = 'blind-index'`)
		_, err := Open(t.Context(), c)
		wantError(t, err, ErrKeyBroken)
	})
}
