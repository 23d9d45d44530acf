package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of every database on a server but the ledger's
	_ "modernc.org/sqlite"             // that of every database in the data folder

	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/vault"
	"caseledger/eventstore/vault/kms"
	"caseledger/projections/sqlstore"
)

// This file alone opens adapters; exit.go knows their errors.

// ledgerStore is a store as the program uses it, whatever keeps it.
type ledgerStore interface {
	eventstore.Store
	eventstore.Ingester
	io.Closer
	// Ready reports whether the store takes appends now or, opened for reading,
	// can be read.
	Ready(ctx context.Context) error
}

// openLedger opens the ledger of a record.
func (o opening) openLedger(ctx context.Context) (_ ledgerStore, err error) {
	defer func() { err = o.at.ledger.explained("ledger", err) }()
	switch o.at.ledger.engine() {
	case sqliteFile:
		s, err := sqlite.Open(ctx, sqlite.Options{Path: o.dir.file(ledgerFile), Clock: o.now, ReadOnly: o.mode == reading, Damaged: o.damaged})
		if err != nil {
			return nil, fmt.Errorf("open the ledger in %s: %w", o.dir, err)
		}
		return fileLedger{s}, nil
	case postgresServer:
		s, err := postgres.Open(ctx, postgres.Options{URL: o.at.ledger.url, Clock: o.now, ReadOnly: o.mode == reading, Damaged: o.damaged})
		if err != nil {
			return nil, fmt.Errorf("open the ledger on %s: %w", o.at.ledger, err)
		}
		return s, nil
	default:
		return o.openCluster(ctx)
	}
}

// numbersFile is this machine's copy of a cluster's index of positions, which
// may be removed while nothing runs.
const numbersFile = "numbers.db"

// openCluster opens a ledger in a KurrentDB cluster. The process that serves it
// has a copy of the index in its data folder; others read it from the cluster.
func (o opening) openCluster(ctx context.Context) (ledgerStore, error) {
	with := kurrent.Options{URL: o.at.ledger.url, Clock: o.now, Rand: o.random, ReadOnly: o.mode == reading}
	if o.mode == writing {
		numbers, err := keep.OpenNumbers(ctx, o.dir.file(numbersFile))
		if err != nil {
			return nil, fmt.Errorf("open %s, which may be removed and is then made again: %w", o.dir.file(numbersFile), err)
		}
		with.Copy = numbers // which the store closes, also where it is not opened
	}
	s, err := kurrent.Open(ctx, with)
	if err != nil {
		return nil, fmt.Errorf("open the ledger on %s: %w", o.at.ledger, err)
	}
	return s, nil
}

// fileLedger is a ledger in the data folder.
type fileLedger struct{ *sqlite.Store }

// Ready implements [ledger]: a file takes appends as long as it is open.
func (l fileLedger) Ready(ctx context.Context) error {
	_, err := l.Head(ctx)
	return err
}

// keystore is how the keystore of a record is opened, and where it is.
func (o opening) keystore() (with vault.Config, where string) {
	kek := o.kek
	if kek == "" {
		kek = o.dir.file(kekFile)
	}
	with = vault.Config{KEKPath: kek, KMS: kms.Find(kms.Transit{TokenFile: o.kmsToken}), ReadOnly: o.mode == reading, Now: o.now, Rand: o.random}
	if o.at.keys.server != "" {
		with.URL = o.at.keys.url
		return with, "on " + o.at.keys.String()
	}
	with.Path = o.dir.file(keysFile)
	return with, "in " + string(o.dir)
}

// openKeys opens the keystore of a record.
func (o opening) openKeys(ctx context.Context) (_ *vault.Vault, err error) {
	defer func() { err = o.at.keys.explained("keys", err) }()
	with, where := o.keystore()
	v, err := vault.Open(ctx, with)
	if err != nil {
		return nil, fmt.Errorf("open the keys %s: %w", where, err)
	}
	return v, nil
}

// openViews opens the store of one set of read models; [os.ErrNotExist] if it is
// to be read only and nobody has made it.
func (r *record) openViews(ctx context.Context, name string, readOnly bool) (s *sqlstore.Store, err error) {
	defer func() { err = r.at.views.explained("views", err) }()
	with := sqlstore.Options{ReadOnly: readOnly}
	if r.at.views.server != "" {
		s, err = sqlstore.OpenPostgres(ctx, r.at.views.url, schemaOf(name), with)
	} else {
		if !readOnly {
			if err := os.MkdirAll(r.dir.file(viewsFolder), 0o700); err != nil {
				return nil, fmt.Errorf("make the folder of read models: %w", err)
			}
		}
		s, err = sqlstore.OpenSQLite(ctx, r.viewsFile(name), with)
	}
	if err != nil {
		return nil, fmt.Errorf("open the read models of %s: %w", name, err)
	}
	return s, nil
}

func (r *record) viewsFile(name string) string {
	return r.dir.file(filepath.Join(viewsFolder, name+".db"))
}

// schemaOf is the PostgreSQL schema of a set of read models.
func schemaOf(name string) string { return "views_" + strings.ToLower(name) }

// withViews works on one set of read models, if it is there.
func (r *record) withViews(ctx context.Context, name string, readOnly bool, work func(*sqlstore.Store) error) error {
	if r.at.views.server == "" {
		if _, err := os.Stat(r.viewsFile(name)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	s, err := r.openViews(ctx, name, readOnly)
	switch {
	case readOnly && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return errors.Join(work(s), s.Close())
}

// openMemo opens what the monitors remember.
func (r *record) openMemo(ctx context.Context) (_ *keep.Database, err error) {
	defer func() { err = r.at.views.explained("views", err) }()
	if r.at.views.server != "" {
		k, err := keep.OpenPostgres(ctx, r.at.views.url, keep.DefaultSchema)
		if err != nil {
			return nil, fmt.Errorf("open what the monitors remember on %s: %w", r.at.views, err)
		}
		return k, nil
	}
	k, err := keep.OpenSQLite(ctx, r.dir.file(monitorsFile))
	if err != nil {
		return nil, fmt.Errorf("open %s, which may be removed and is then made again: %w", r.dir.file(monitorsFile), err)
	}
	return k, nil
}

// forgetMemo removes what the monitors remember; nobody has it open.
func (r *record) forgetMemo(ctx context.Context) error {
	if r.at.views.server != "" {
		return dropSchema(ctx, r.at.views.url, keep.DefaultSchema)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(r.dir.file(monitorsFile) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget what the monitors remember: %w", err)
		}
	}
	return nil
}

// Where a ledger's signing key, what it signed last, and what it publishes are in
// a data folder.
const (
	signerFile   = "signer-key"
	signedSuffix = ".last"
	tilesFolder  = "tiles"
)

// shelf is where a ledger publishes.
type shelf interface {
	ledger.Shelf
	io.Closer
}

// signerMemory is what a signer remembers.
type signerMemory interface {
	ledger.Memory
	io.Closer
}

// signerPath is the file of the signing keys.
func (o opening) signerPath() string {
	if o.signer == "" {
		return o.dir.file(signerFile)
	}
	return o.signer
}

// openShelf opens where the ledger publishes. Open for reading it makes and
// changes nothing: [errUnsealed] where there is none.
func (o opening) openShelf(ctx context.Context) (_ shelf, err error) {
	defer func() { err = o.at.views.explained("views", err) }()
	var s shelf
	where := "in " + string(o.dir)
	switch server := o.at.views.server != ""; {
	case server && o.mode == reading:
		where = "on " + o.at.views.String()
		s, err = keep.ReadShelfPostgres(ctx, o.at.views.url, keep.ShelfSchema)
	case server:
		where = "on " + o.at.views.String()
		s, err = keep.OpenShelfPostgres(ctx, o.at.views.url, keep.ShelfSchema)
	case o.mode == reading:
		s, err = keep.ReadShelfFolder(o.dir.file(tilesFolder))
	default:
		s, err = keep.OpenShelfFolder(o.dir.file(tilesFolder))
	}
	switch {
	case errors.Is(err, keep.ErrNoShelf):
		return nil, errUnsealed
	case err != nil:
		return nil, fmt.Errorf("open what the ledger publishes %s: %w", where, err)
	}
	return s, nil
}

// changeShelf opens where the ledger publishes, to change it: [errUnsealed] where
// there is none.
func (o opening) changeShelf(ctx context.Context) (shelf, error) {
	o.mode = reading
	there, err := o.openShelf(ctx)
	if err == nil {
		err = there.Close()
	}
	if err != nil {
		return nil, err
	}
	o.mode = writing
	return o.openShelf(ctx)
}

// memoryFile is a signer's memory in a file, which is closed after each use.
type memoryFile struct{ *ledger.MemoryFile }

// Close implements [io.Closer].
func (memoryFile) Close() error { return nil }

// nothingSigned is the memory of a signer that has none, open for reading.
type nothingSigned struct{}

// LastSigned implements [ledger.Memory].
func (nothingSigned) LastSigned(context.Context) (t ledger.Tree, _ error) { return t, nil }

// Signing implements [ledger.Memory].
func (nothingSigned) Signing(context.Context, ledger.Tree, ledger.Tree) error {
	return keep.ErrReadOnly
}

// Close implements [io.Closer].
func (nothingSigned) Close() error { return nil }

// openSignerMemory opens what the signer remembers: beside the signing keys, or
// with the keys of the people's data where those are on a server, and so in no
// backup of the ledger. Open for reading it makes and changes nothing.
func (o opening) openSignerMemory(ctx context.Context, origin string) (_ signerMemory, err error) {
	defer func() { err = o.at.keys.explained("keys", err) }()
	if o.at.keys.server == "" {
		return memoryFile{ledger.NewMemoryFile(o.signerPath()+signedSuffix, origin)}, nil
	}
	open := keep.OpenSignerPostgres
	if o.mode == reading {
		open = keep.ReadSignerPostgres
	}
	s, err := open(ctx, o.at.keys.url, origin)
	if errors.Is(err, keep.ErrNoShelf) {
		return nothingSigned{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open what was signed last on %s: %w", o.at.keys, err)
	}
	return s, nil
}

// openTraces opens where the trace of the ledger is left.
func (r *record) openTraces(ctx context.Context) (_ traces, err error) {
	defer func() { err = r.at.views.explained("views", err) }()
	if r.at.views.server != "" {
		return openServerTraces(ctx, r.at.views.url, r.readOnly)
	}
	return fileTraces{r.dir}, nil
}

// elected is what the election is about.
const elected = "worker"

// elect does work whenever this process is the one that is elected among those
// that serve the read models of a server.
func elect(ctx context.Context, url string, changed func(bool), log *slog.Logger, work func(context.Context) error) error {
	return postgres.Elect(ctx, postgres.ElectOptions{URL: url, Name: elected, Changed: changed, Log: log, After: time.After}, work)
}

// ledgerSteps lists the steps of the ledger's schema, and which were applied.
func (o opening) ledgerSteps(ctx context.Context) (_ []migrationStep, err error) {
	defer func() { err = o.at.ledger.explained("ledger", err) }()
	if o.at.ledger.engine() != postgresServer {
		return []migrationStep{{"ledger", "the ledger on " + o.at.ledger.String() + ", which needs no steps", applied}}, nil
	}
	all, err := postgres.Status(ctx, o.at.ledger.url)
	if err != nil {
		return nil, fmt.Errorf("look at the ledger on %s: %w", o.at.ledger, err)
	}
	var steps []migrationStep
	for _, m := range all {
		s := migrationStep{"ledger", m.Name, pending}
		if m.Applied {
			s.State = applied
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// migrateLedger applies the steps that the ledger lacks, and lets a role use it.
func (o opening) migrateLedger(ctx context.Context, role string) (err error) {
	defer func() { err = o.at.ledger.explained("ledger", err) }()
	if o.at.ledger.engine() != postgresServer {
		if role != "" {
			return usage("--app-role goes with a ledger on %s", postgresServer)
		}
		return nil
	}
	if _, err := postgres.Migrate(ctx, o.at.ledger.url, postgres.MigrateOptions{AppRole: role}); err != nil {
		return fmt.Errorf("migrate the ledger on %s: %w", o.at.ledger, err)
	}
	return nil
}

// couldServe reports why a server could not write the ledger, if it could not.
// It appends nothing.
func (o opening) couldServe(ctx context.Context) error {
	if o.at.ledger.engine() != postgresServer {
		return nil
	}
	o.mode = writing
	s, err := o.openLedger(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.Ready(ctx), s.Close())
}

// electedWithin is how long a command waits to be elected: longer than it takes
// to replace a process that ended.
const electedWithin = 6 * time.Second

// once does work as the process that is elected, once; led is false if another
// one is.
func once(ctx context.Context, url string, work func(context.Context) error) (led bool, err error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	begun := make(chan struct{})
	go func() {
		select {
		case <-begun:
		case <-time.After(electedWithin):
			stop()
		}
	}()
	var failed error
	err = elect(running, url, nil, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
		if !led {
			led = true
			close(begun)
			failed = work(ctx)
		}
		stop()
		return nil
	})
	if !led {
		return false, errors.Join(err, ctx.Err())
	}
	return true, errors.Join(err, failed)
}

// led reports whether a process was elected to do the work.
func led(ctx context.Context, url string) (bool, error) {
	is, err := postgres.Led(ctx, url, elected)
	if err != nil {
		return false, fmt.Errorf("ask who leads: %w", err)
	}
	return is, nil
}

const (
	// relayFile is where the relay keeps how far it is, and what it holds. What is
	// told again after it was lost has ids that its receivers know.
	relayFile = "relay.db"
	// relaySchema is the same on a server.
	relaySchema = "caseledger_relay"
)

// openRelayKeep opens what the relay keeps, and makes it if there is none.
func (r *record) openRelayKeep(ctx context.Context) (*keep.Relay, error) {
	if r.at.views.server == "" {
		k, err := keep.OpenRelaySQLite(ctx, r.dir.file(relayFile))
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", r.dir.file(relayFile), err)
		}
		return k, nil
	}
	db, err := openSchema(ctx, r.at.views.url, relaySchema)
	if err != nil {
		return nil, fmt.Errorf("open what the relay keeps on %s: %w", r.at.views, err)
	}
	err = keep.MakeRelay(ctx, db)
	var k *keep.Relay
	if err == nil {
		k, err = keep.OpenRelay(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open what the relay keeps on %s: %w", r.at.views, err), db.Close())
	}
	return k, nil
}
