package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/filelock"
	"caseledger/eventstore/ledger"
)

var (
	// ErrInUse: another process has the folder of the witness.
	ErrInUse = errors.New("witness: the folder is in use by another process")
	// ErrDamaged: a file of the folder is not what was written. A witness that
	// forgets what it has cosigned would cosign another history, so it does not
	// start; the file is brought back from nowhere but the same folder.
	ErrDamaged = errors.New("witness: the folder is damaged")
)

// Store keeps what a witness has cosigned: one small file for each ledger, in a
// folder of one process at a time. An older copy of the folder must never be put
// in its place: the witness would go back, and cosign a fork from there.
//
// A file is replaced whole, and on disk before anything is answered. After a
// crash it holds the last thing that was cosigned, or one that was about to be.
type Store struct {
	dir    string
	lock   *os.File
	opened map[string]record // by origin, as they were when the folder was opened
}

// record is the last checkpoint that was cosigned for an origin; the zero record
// if there was none.
type record struct {
	tree ledger.Tree
	// at is when, in whole seconds.
	at time.Time
	// signed is the checkpoint, with the ledger's signatures and the cosignature.
	signed []byte
}

const (
	stateHeader = "caseledger-witness@v1 "
	stateSuffix = ".state"
	forkSuffix  = ".fork" // proven
	pairSuffix  = ".pair" // two checkpoints of which one was not shown to add to the other
	// maxKept is how many forks, and how many pairs, are kept of an origin: whoever
	// holds its key could fill the disk with them, and one says it all.
	maxKept = 64
)

// OpenStore opens the folder of a witness, which is made if it is not there:
// [ErrInUse], [ErrDamaged].
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // whoever runs the witness says where
		return nil, fmt.Errorf("witness: make the folder: %w", err)
	}
	lock, err := filelock.Take(filepath.Join(dir, "lock"))
	if errors.Is(err, filelock.ErrTaken) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("witness: lock the folder: %w", err)
	}
	s := &Store{dir, lock, map[string]record{}}
	if err := s.read(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// Close lets another process have the folder.
func (s *Store) Close() error { return s.lock.Close() }

func (s *Store) read() error {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("witness: read the folder: %w", err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), stateSuffix) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(s.dir, f.Name()))
		if err != nil {
			return fmt.Errorf("witness: read the folder: %w", err)
		}
		origin, r, err := parseRecord(content)
		if err != nil || nameOf(origin)+stateSuffix != f.Name() {
			return fmt.Errorf("%w: %s", ErrDamaged, f.Name())
		}
		s.opened[origin] = r
	}
	return nil
}

// nameOf is what an origin is called in names of files and in URLs.
func nameOf(origin string) string {
	h := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(h[:])
}

// marshal writes a record: a checksum of what follows, the time, the checkpoint.
func (r record) marshal() []byte {
	body := append(strconv.AppendInt(nil, r.at.Unix(), 10), '\n')
	body = append(body, r.signed...)
	sum := sha256.Sum256(body)
	return append([]byte(stateHeader+hex.EncodeToString(sum[:])+"\n"), body...)
}

func parseRecord(content []byte) (origin string, r record, err error) {
	_, body, _ := bytes.Cut(content, []byte("\n"))
	at, signed, _ := bytes.Cut(body, []byte("\n"))
	seconds, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil {
		return "", record{}, ErrDamaged
	}
	r = record{at: time.Unix(seconds, 0), signed: signed}
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if origin, r.tree, err = parseCheckpoint(text + "\n"); err != nil || !ok || !bytes.Equal(r.marshal(), content) {
		return "", record{}, ErrDamaged
	}
	return origin, r, nil
}

// save replaces an origin's file, and returns once it is on disk. After an error
// it has the old content or the new one.
func (s *Store) save(origin string, r record) error {
	return s.replace(nameOf(origin)+stateSuffix, r.marshal())
}

func (s *Store) replace(name string, content []byte) error {
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("witness: save: %w", err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncFolder(s.dir)
	}
	if err != nil {
		return fmt.Errorf("witness: save: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// keep writes two checkpoints that do not go together to a file of their own, and
// returns its name; none if enough of them are kept.
func (s *Store) keep(origin string, f Fork, suffix string) (string, error) {
	content := f.Marshal()
	h := sha256.Sum256(content)
	start := nameOf(origin)[:16] + "-"
	name := start + hex.EncodeToString(h[:]) + suffix
	if _, err := os.Stat(filepath.Join(s.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return name, err
	}
	kept, err := filepath.Glob(filepath.Join(s.dir, start+"*"+suffix))
	if err != nil || len(kept) >= maxKept {
		return "", err
	}
	return name, s.replace(name, content)
}

// known opens the record of an origin with the ledger's keys.
func (r record) known(keys note.Verifiers) (checkpoint, bool) {
	n, err := note.Open(r.signed, keys)
	return checkpoint{r.tree, n}, err == nil
}
