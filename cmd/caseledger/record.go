package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/surroundings"
	"caseledger/eventstore/vault"
)

// record is an open record: the ledger and its keys, wherever they are, and the
// data directory for what is made again from them.
type record struct {
	dir       dataDir
	at        places
	store     ledgerStore
	follows   *traced // the ledger, for those who remember how far they followed it
	vault     *vault.Vault
	codec     *codec.Codec           // seals for, and opens as, every side
	around    *surroundings.Follower // nil until it is asked for
	synthetic bool
	readOnly  bool
	again     bool // what was made from another ledger was removed
	crowded   bool // other processes may be writing it too
	// destroyed counts the keys that the keystore knew to be destroyed when the
	// record was opened, saidDestroyed those of which the ledger said so.
	destroyed, saidDestroyed uint64
}

// mode is what a record is opened for.
type mode int

const (
	// reading needs a ledger that is there, and changes nothing: it goes on
	// beside the process that writes.
	reading mode = iota
	// writing makes what is missing and keeps every other writer out.
	writing
)

// opening is everything a record needs from outside.
type opening struct {
	damaged  bool // also what is damaged, to find out how
	dir      dataDir
	at       places
	kek      string // empty: the file in the directory
	kmsToken string // the file of the token for a key management service
	signer   string // empty: the file of the signing keys in the directory
	mode     mode
	now      func() time.Time
	random   io.Reader
}

// opening is the record that the settings name.
func (p *program) opening(m mode) (opening, error) {
	at, err := p.config.places()
	return opening{dir: dataDir(p.config.text("data")), at: at, kek: p.config.text("key-file"), kmsToken: p.config.text("kms-token-file"), signer: p.config.text("signer-key"), mode: m, now: p.now, random: p.random}, err
}

// open opens the record that the settings name.
func (p *program) open(ctx context.Context, m mode) (*record, error) {
	o, err := p.opening(m)
	if err != nil {
		return nil, err
	}
	return o.open(ctx)
}

// there refuses a record that nobody has made.
func (o opening) there() error {
	if o.at.ledger.server != "" {
		return nil // its adapter finds out
	}
	there, err := o.dir.exists()
	if err != nil {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	if !there {
		return fmt.Errorf("there is no record in %s: %w", o.dir, errNotFound)
	}
	return nil
}

// open opens a record. It refuses one that is damaged, newer than this program,
// or, for writing, in use; repeats what the ledger says was destroyed, where the
// keystore is older; and then settles the identifiers that a crash left in
// between, and puts what decisions are made by on the record.
func (o opening) open(ctx context.Context) (_ *record, err error) {
	r := &record{dir: o.dir, at: o.at, readOnly: o.mode == reading, crowded: o.at.ledger.server != ""}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if o.mode == reading {
		if err := o.there(); err != nil {
			return nil, err
		}
	} else if err := o.dir.prepare(); err != nil {
		return nil, err
	}
	if r.store, err = o.openLedger(ctx); err != nil {
		return nil, err
	}
	left, err := r.openTraces(ctx)
	if err != nil {
		return nil, err
	}
	r.follows = &traced{Store: r.store, traces: left}
	if r.vault, err = o.keysOf(ctx, r.store); err != nil {
		return nil, err
	}
	if r.synthetic, err = o.synthetic(ctx, r.vault); err != nil {
		return nil, err
	}
	r.codec = codec.New(catalogue.Events, r.vault, o.random)
	if err := r.reapply(ctx); err != nil {
		return nil, fmt.Errorf("repeat what was destroyed: %w", err)
	}
	if o.mode == writing {
		if o.at.views.server == "" { // where they are on a server, whoever is elected does
			if r.again, err = r.recognise(ctx); err != nil {
				return nil, err
			}
		}
		if err := r.settle(ctx, o.now()); err != nil {
			return nil, err
		}
		if err := r.publish(ctx, o.now); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// close releases what is open.
func (r *record) close() error {
	var errs []error
	if r.around != nil && !r.readOnly {
		errs = append(errs, r.dir.remember(surroundingsNote, r.around.Noted()))
	}
	if r.follows != nil {
		errs = append(errs, r.follows.traces.Close())
	}
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	if r.vault != nil {
		errs = append(errs, r.vault.Close())
	}
	return errors.Join(errs...)
}

// history reads a person's stream, decoded as far as a reader opens it.
func (r *record) history(ctx context.Context, reader *codec.Reader, of event.UUID) ([]event.Recorded, error) {
	var history []event.Recorded
	for s, err := range r.store.ReadStream(ctx, event.Case(of), 0) {
		if err != nil {
			return nil, fmt.Errorf("read the case: %w", err)
		}
		e, err := reader.Decode(ctx, s)
		if err != nil {
			return nil, err
		}
		history = append(history, e)
	}
	return history, nil
}

// linked returns the identifiers that the ledger links to a person now.
func (r *record) linked(ctx context.Context, of event.UUID) ([]vault.Identifier, error) {
	history, err := r.history(ctx, r.codec.Reader, of)
	if err != nil {
		return nil, err
	}
	var found []vault.Identifier
	for _, l := range casefile.Fold(event.Standing(history)).Person.Links {
		if l.Live() && l.Value != "" {
			found = append(found, vault.Identifier{Kind: string(l.Type), Value: l.Value})
		}
	}
	return found, nil
}

// recorder carries out commands on the record, as the organisations see it.
func (r *record) recorder(now func() time.Time, t trusted) *recording.Recorder {
	return &recording.Recorder{Store: r.store, Codec: r.codec, Identifiers: blindIndex{r.vault}, Peers: t.peers,
		Surroundings: r.surroundings(t).Shared, Clock: now, Synthetic: r.synthetic}
}

// surroundings follows what stands around the cases. There is one follower for
// a record; the organisations of the first call are those it goes by.
func (r *record) surroundings(t trusted) *surroundings.Follower {
	if r.around == nil {
		var before surroundings.Note
		if !r.dir.recall(surroundingsNote, &before) {
			before = surroundings.Note{}
		}
		r.around = surroundings.New(r.store, r.codec, t.register, before)
	}
	return r.around
}

// surroundingsNote is where a record leaves how far it had followed what stands
// around the cases.
const surroundingsNote = "surroundings.json"

// head is the position of the last event.
func (r *record) head(ctx context.Context) (event.Position, error) {
	return r.store.Head(ctx)
}

// recordedLast is when the last entry was recorded; zero of an empty ledger.
func (r *record) recordedLast(ctx context.Context, head event.Position) (at time.Time, err error) {
	for s, err := range r.store.ReadAll(ctx, max(head, 1)-1) {
		if err != nil {
			return at, fmt.Errorf("read the last entry: %w", err)
		}
		at = s.RecordedAt
	}
	return at, nil
}

var _ eventstore.Codec = (*codec.Codec)(nil)
