package sqlstore_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type named struct {
	Name event.Personal[string] `json:"name" personal:"identity"`
}

var catalogue = event.NewCatalogue([]*event.Definition{event.Define[named]("sample.named", 1)})

type row struct {
	Name string `db:"name"`
}

var names = projections.Define(projections.Spec[row]{
	Name: "names", Version: 1, Types: []string{"sample.named"},
	Fold: func(_ *row, e event.Recorded) *row {
		d, ok := e.Data.(named)
		if !ok {
			return nil
		}
		return &row{Name: d.Name.Value()}
	},
})

func follow(t *testing.T, store *sqlstore.Store, ledger *projectiontest.Ledger) *projections.Runner {
	t.Helper()
	r := projections.NewRunner(store, ledger, []*projections.Projection{names.Projection}, projections.Options{})
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// written returns a file with rows, closed.
func written(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a side?#%.db")
	store, err := sqlstore.OpenSQLite(t.Context(), path, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	for n := range 300 {
		ledger.Add(projectiontest.Person(n), named{event.Own(strings.Repeat("n", 100))})
	}
	follow(t, store, ledger)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatWasCommittedIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	path := written(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
	for _, options := range []sqlstore.Options{{}, {ReadOnly: true}} {
		store, err := sqlstore.OpenSQLite(t.Context(), path, options)
		if err != nil {
			t.Fatal(err)
		}
		page, err := projections.Read(t.Context(), store, names, projections.Query{Limit: 1000})
		if len(page.Rows) != 300 || page.Position != 300 || err != nil {
			t.Errorf("got %d rows at %d, %v, want 300 at 300", len(page.Rows), page.Position, err)
		}
		if err := store.Update(t.Context(), func(projections.Tx) error { return nil }); options.ReadOnly != errors.Is(err, sqlstore.ErrReadOnly) {
			t.Errorf("an update with %+v: got %v", options, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func change(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("?", "%3f", "#", "%23", "%", "%25").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatIsNotAsItShouldBeIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(path string)
		want  error
	}{
		"newer":     {func(path string) { change(t, path, "INSERT INTO store_version (version) VALUES (99)") }, projections.ErrNewer},
		"foreign":   {func(path string) { change(t, path, "PRAGMA application_id = 7") }, projections.ErrDamaged},
		"unmarked":  {func(path string) { change(t, path, "PRAGMA application_id = 0") }, projections.ErrDamaged},
		"no header": {func(path string) { overwrite(t, path, 0, []byte("this is no database")) }, projections.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := written(t)
			test.spoil(path)
			for _, options := range []sqlstore.Options{{}, {ReadOnly: true}} {
				store, err := sqlstore.OpenSQLite(t.Context(), path, options)
				if !errors.Is(err, test.want) {
					t.Errorf("opening with %+v: got %v, want %v", options, err, test.want)
				}
				if err == nil {
					_ = store.Close()
				}
			}
		})
	}
	if _, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "none"), sqlstore.Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a file that is not there: got %v, want ErrNotExist", err)
	}
}

// damage overwrites every page but the first few, which hold the schema and the
// checkpoints.
func damage(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const kept = 6 * 4096
	overwrite(t, path, kept, bytes.Repeat([]byte{0xff}, int(info.Size())-kept))
}

// Opening does not read the whole of a file that was closed in order; damage is
// found where it is read, and by asking.
func TestDamageIsFoundWhereItIsRead(t *testing.T) {
	t.Parallel()
	path := written(t)
	damage(t, path)
	store, err := sqlstore.OpenSQLite(t.Context(), path, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if _, err := projections.Read(t.Context(), store, names, projections.Query{Limit: 1000}); !errors.Is(err, projections.ErrDamaged) {
		t.Errorf("reading: got %v, want ErrDamaged", err)
	}
	if err := store.Verify(t.Context()); !errors.Is(err, projections.ErrDamaged) {
		t.Errorf("asking: got %v, want ErrDamaged", err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	for n := range 301 {
		ledger.Add(projectiontest.Person(n%300), named{event.Own("n")})
	}
	r := projections.NewRunner(store, ledger, []*projections.Projection{names.Projection}, projections.Options{})
	for what, work := range map[string]func() error{
		"following": func() error { return r.CatchUp(t.Context()) },
		"comparing": func() error { _, err := r.Check(t.Context(), "names"); return err },
	} {
		if err := work(); !errors.Is(err, projections.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", what, err)
		}
	}
}

// A file that nobody closed, as after a crash, is checked before it is written.
func TestAFileThatNobodyClosedIsChecked(t *testing.T) {
	t.Parallel()
	path := written(t)
	store, err := sqlstore.OpenSQLite(t.Context(), path, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	ledger := projectiontest.NewLedger(catalogue)
	for n := range 301 {
		ledger.Add(projectiontest.Person(n), named{event.Own("n")})
	}
	follow(t, store, ledger)
	for name, spoil := range map[string]func(*testing.T, string){"whole": func(*testing.T, string) {}, "damaged": damage} {
		crashed := filepath.Join(t.TempDir(), "crashed.db")
		for _, suffix := range []string{"", "-wal"} {
			body, err := os.ReadFile(path + suffix)
			if err == nil {
				err = os.WriteFile(crashed+suffix, body, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		spoil(t, crashed)
		again, err := sqlstore.OpenSQLite(t.Context(), crashed, sqlstore.Options{})
		if want := name == "damaged"; errors.Is(err, projections.ErrDamaged) != want || !want && err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil {
			_ = again.Close()
		}
	}
}

// After a person's key is destroyed, no byte of what it sealed is left in the
// files of the read models, neither in pages nor in the log.
func TestErasedRowsLeaveTheFiles(t *testing.T) {
	t.Parallel()
	const secret = "Zebedee-Inventedname"
	folder := t.TempDir()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(folder, "side.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	alpha, bravo := projectiontest.Person(1), projectiontest.Person(2)
	ledger := projectiontest.NewLedger(catalogue)
	ledger.Add(alpha, named{event.Own(secret)})
	ledger.Add(bravo, named{event.Own(secret)})
	ledger.Poison(bravo, "sample.named") // bravo is parked, and cannot be folded anew
	r := follow(t, store, ledger)
	if !contains(t, folder, secret) {
		t.Fatal("the files do not hold what this test looks for")
	}
	ledger.Redact(func(data any) any {
		if _, ok := data.(named); ok {
			return named{}
		}
		return data
	})
	ledger.Add(alpha, event.KeyDestroyed{})
	ledger.Add(bravo, event.KeyDestroyed{})
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if contains(t, folder, secret) {
		t.Error("the files still hold what was erased")
	}
	page, err := projections.Read(t.Context(), store, names, projections.Query{Limit: 10})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Name != "" {
		t.Errorf("got %d rows, %v, want alpha's, without a name", len(page.Rows), err)
	}
}

func contains(t *testing.T, folder, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		found = found || bytes.Contains(body, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
