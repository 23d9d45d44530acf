// Package goldentest keeps three files for every published version of every
// event type, for ever: its JSON Schema, a sample, and the sample's stored
// bytes. It never changes a file that is there.
//
// The files of version N of an event are
//
//	<name>.v<N>.schema.json   event.Schema of the version
//	<name>.v<N>.sample.json   the open values of the sample
//	<name>.v<N>.stored.hex    its stored bytes, sealed with keys, salt and nonces fixed by this package
//
// With CASELEDGER_TEST_GOLDEN set, the missing files of current versions are
// written. A version is published when its files are committed; before that,
// delete them by hand to have them written anew.
package goldentest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// Run checks the golden files of a catalogue in dir: nothing published has
// changed, nothing is missing, and every stored sample of every version still
// decodes, to the values it was made of and, through the steps between
// versions, to today's.
//
// samples has one value per event type, at its current version, in which
// every Personal field is open and every name is invented. Those of the
// kernel's own events are known here.
func Run(t *testing.T, c *event.Catalogue, dir string, samples map[string]any) {
	t.Helper()
	g := golden{catalogue: c, dir: dir, samples: maps.Clone(kernel), write: os.Getenv("CASELEDGER_TEST_GOLDEN") != ""}
	maps.Copy(g.samples, samples)
	for _, name := range c.Names() {
		t.Run(name, func(t *testing.T) {
			for _, err := range g.check(t.Context(), name) {
				t.Error(err)
			}
		})
	}
	for _, err := range g.strays() {
		t.Error(err)
	}
}

// kernel are the samples of the events that belong to no area.
var kernel = map[string]any{
	"key.created":            event.KeyCreated{Key: event.MustUUID("4b000000-0000-4000-8000-000000000001"), Commitment: event.Commitment{1, 2, 3}},
	"key.destroyed":          event.KeyDestroyed{Key: event.MustUUID("4b000000-0000-4000-8000-000000000001")},
	"ledger.heads-committed": event.HeadsCommitted{Size: 1234, Root: event.Commitment{4, 5, 6}, Streams: 56},
	"ledger.signer-changed": event.SignerChanged{
		Added:   []event.VerifierKey{"hub.example/ledger+0f0e0d0c+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh"},
		Retired: []event.VerifierKey{"hub.example/ledger+1a1b1c1d+ASAfHh0cGxoZGBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIB"}},
	"record.corrected":        event.EventCorrected{Reason: event.Own("The date was typed wrongly.")},
	"record.entered-in-error": event.EnteredInError{Reason: event.Own("This was about somebody else.")},
}

type golden struct {
	catalogue *event.Catalogue
	dir       string
	samples   map[string]any
	write     bool
}

var (
	subject = event.MustUUID("5a000000-0000-4000-8000-000000000001")
	actor   = event.Actor{ID: event.MustUUID("ac000000-0000-4000-8000-000000000001"), Role: "HUB_CLIN", Side: event.NHS,
		Org: event.MustUUID("0e000000-0000-4000-8000-000000000001")}
	at = time.Date(2026, 2, 23, 12, 0, 0, 123456000, time.UTC)
)

// check compares the files of one event type.
func (g *golden) check(ctx context.Context, name string) (errs []error) {
	d, _ := g.catalogue.Named(name)
	current := d.Current().Number
	for n := 1; n <= current; n++ {
		v, _ := d.Version(n)
		if err := g.compare(name, n, "schema.json", text(event.Schema(v)), n == current); err != nil {
			errs = append(errs, err)
		}
	}
	sample, ok := g.samples[name]
	if !ok {
		return append(errs, fmt.Errorf("%s has no sample", name))
	}
	if of, ok := g.catalogue.Of(sample); !ok || of != d {
		return append(errs, fmt.Errorf("the sample of %s is a %T", name, sample))
	}
	errs = append(errs, complete(d, sample)...)
	stored, err := seal(ctx, g.catalogue, sample, event.Provenance{})
	if err != nil {
		return append(errs, fmt.Errorf("seal the sample of %s: %w", name, err))
	}
	for suffix, content := range map[string][]byte{"sample.json": text(event.Reveal(sample)), "stored.hex": lines(stored)} {
		if err := g.compare(name, current, suffix, content, true); err != nil {
			errs = append(errs, err)
		}
	}
	for n := 1; n <= current; n++ {
		if err := g.decodes(ctx, name, n); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// complete says which Personal fields a sample leaves closed.
func complete(d *event.Definition, sample any) (errs []error) {
	v := reflect.New(reflect.TypeOf(sample)).Elem()
	v.Set(reflect.ValueOf(sample))
	for _, f := range d.Current().Fields {
		if !f.Personal {
			continue
		}
		if _, state := v.Field(f.Index).Addr().Interface().(event.PersonalValue).Expose(); state != event.Open {
			errs = append(errs, fmt.Errorf("the sample of %s leaves %s %s", d.Name(), f.Name, state))
		}
	}
	return errs
}

func (g *golden) path(name string, version int, suffix string) string {
	return filepath.Join(g.dir, fmt.Sprintf("%s.v%d.%s", name, version, suffix))
}

// compare compares one file with what it should say, or writes it where it is
// missing and may be.
func (g *golden) compare(name string, version int, suffix string, want []byte, may bool) error {
	path := g.path(name, version, suffix)
	got, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && g.write && may:
		if err := os.MkdirAll(g.dir, 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, want, 0o644)
	case errors.Is(err, fs.ErrNotExist) && may:
		return fmt.Errorf("%s is missing: run make golden", path)
	case err != nil:
		return err
	case !bytes.Equal(got, want):
		return fmt.Errorf("%s was published and would now be different: raise the version of %s and add a step, or, if only the sample moved, put it back.\nNow:\n%s", path, name, want)
	}
	return nil
}

// decodes opens a stored sample of any version, as it was stored and as it is
// read today.
func (g *golden) decodes(ctx context.Context, name string, version int) error {
	stored, err := os.ReadFile(g.path(name, version, "stored.hex"))
	if err != nil {
		return err
	}
	sample, err := os.ReadFile(g.path(name, version, "sample.json"))
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(strings.Join(strings.Fields(string(stored)), ""))
	if err != nil {
		return fmt.Errorf("%s version %d: %w", name, version, err)
	}
	s, err := codec.ParseStored(raw)
	if err != nil {
		return fmt.Errorf("%s version %d: %w", name, version, err)
	}
	if !bytes.Equal(codec.Bytes(s), raw) {
		return fmt.Errorf("%s version %d: its bytes do not come back", name, version)
	}
	keys, err := newKeyring(ctx, subject, at)
	if err != nil {
		return err
	}
	for _, asStored := range []bool{true, false} {
		e, err := codec.NewReader(g.catalogue, keys, codec.Options{AsStored: asStored}).Decode(ctx, s)
		if err != nil {
			return fmt.Errorf("%s version %d does not decode: %w", name, version, err)
		}
		if e.Type != name || e.Version != version || e.Operational != event.Open {
			return fmt.Errorf("%s version %d decodes as %s version %d, operational box %s", name, version, e.Type, e.Version, e.Operational)
		}
		if asStored && !bytes.Equal(text(e.Reveal()), sample) {
			return fmt.Errorf("%s version %d decodes to other values than its sample:\n%s", name, version, text(e.Reveal()))
		}
		if of, ok := g.catalogue.Of(e.Data); !asStored && (!ok || of.Name() != name) {
			return fmt.Errorf("%s version %d becomes a %T today", name, version, e.Data)
		}
	}
	return nil
}

var fileName = regexp.MustCompile(`^(.+)\.v(\d+)\.(schema\.json|sample\.json|stored\.hex)$`)

// strays are files of versions that the catalogue no longer knows.
func (g *golden) strays() (errs []error) {
	files, err := os.ReadDir(g.dir)
	if err != nil {
		return []error{err}
	}
	for _, f := range files {
		m := fileName.FindStringSubmatch(f.Name())
		known := false
		if m != nil {
			if d, ok := g.catalogue.Named(m[1]); ok {
				var n int
				_, err := fmt.Sscan(m[2], &n)
				_, published := d.Version(n)
				known = err == nil && published
			}
		}
		if !known {
			errs = append(errs, fmt.Errorf("%s was published and the catalogue does not know it", filepath.Join(g.dir, f.Name())))
		}
	}
	return errs
}

// seal returns the stored bytes of a sample, imported if it says from where.
func seal(ctx context.Context, c *event.Catalogue, sample any, imported event.Provenance) ([]byte, error) {
	keys, err := newKeyring(ctx, subject, at)
	if err != nil {
		return nil, err
	}
	cmd := eventstore.Command{ID: event.MustUUID("c0000000-0000-4000-8000-000000000001"), Stream: event.Case(subject), Fingerprint: [32]byte{1, 2, 3},
		Subject: subject, Effective: event.On(event.MustDay("2026-02-20")), Actor: actor, Purpose: "DIRECT_CARE", Origin: event.Live, Import: imported}
	if imported != (event.Provenance{}) {
		cmd.Origin = event.Imported
	}
	batch, err := codec.New(c, keys, newSeeded("salt")).Seal(ctx, cmd, []event.Draft{{Data: sample}}, nil)
	if err != nil {
		return nil, err
	}
	last := batch[len(batch)-1]
	return codec.Bytes(eventstore.Stored{Position: 7, RecordedAt: at, ID: last.ID, Stream: cmd.Stream, Revision: 3, Body: last.Body}), nil
}

// text is an indented JSON file.
func text(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic(err) // a schema or a sample, both made of what codec can seal
	}
	return append(b, '\n')
}

// lines is bytes in hexadecimal, 32 to a line.
func lines(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := min(32, len(b))
		out = append(hex.AppendEncode(out, b[:n]), '\n')
		b = b[n:]
	}
	return out
}
