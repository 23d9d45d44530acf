package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/ledger/witness"
)

// published is what the ledger of a record publishes, open for reading.
type published struct {
	shelf  shelf
	origin string
	keys   []string // verifier keys, oldest first
	known  note.Verifiers
	reader *ledger.Reader
}

// cachedTiles is how many tiles of 8 KiB are kept in memory.
const cachedTiles = 2048

// errUnsealed: nothing of the ledger has been sealed yet.
var errUnsealed = fmt.Errorf("nothing of this ledger is sealed yet: %w", errNotFound)

// openPublished opens what the ledger publishes; [errUnsealed] if there is
// nothing.
func (o opening) openPublished(ctx context.Context) (_ *published, err error) {
	s, err := o.openShelf(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := s.Load(ctx, ledger.RegisterKeys)
	if err == nil && keys == nil {
		err = errUnsealed
	}
	var p *published
	if err == nil {
		p, err = newPublished(s, strings.Fields(string(keys)))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return p, nil
}

func newPublished(s shelf, keys []string) (*published, error) {
	known, err := ledger.VerifiersOf(keys...)
	if err == nil && len(keys) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return nil, fmt.Errorf("read the keys that verify the ledger: %w", err)
	}
	origin, _, _ := strings.Cut(keys[0], "+")
	return &published{shelf: s, origin: origin, keys: keys, known: known,
		reader: ledger.NewReader(s, origin, known, cachedTiles)}, nil
}

func (p *published) close() error { return p.shelf.Close() }

// sealing is what makes a record tamper-evident while it is written: it seals the
// ledger, has witnesses cosign it, and commits it to the heads of its streams.
type sealing struct {
	*published
	memory    signerMemory
	sealer    *ledger.Sealer
	gatherer  *witness.Gatherer // nil without a policy
	committer *heads.Committer
	watching  *watching
}

// sealingWith is what a sealing needs from outside.
type sealingWith struct {
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
	random io.Reader
	log    *slog.Logger
	policy *witness.Policy // nil: nobody is asked
	every  time.Duration   // between two commitments to the heads
	verify time.Duration   // between two verifications
}

// verifyRest is how long a verification rests after every tile, so that it takes
// no more than a part of one processor from those who are served.
const verifyRest = 2 * time.Millisecond

// errOtherSigner: the signing keys are those of another ledger.
var errOtherSigner = errors.New("the signing keys are another ledger's than those that signed what is published: bring the file that signed it, and name it with --signer-key")

// openSealing opens everything that seals a record, and makes what is missing of
// one that was never sealed.
func (o opening) openSealing(ctx context.Context, r *record, with sealingWith) (_ *sealing, err error) {
	s := &sealing{}
	shelf, err := o.openShelf(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(), shelf.Close())
		}
	}()
	keys, err := o.signingKeys(ctx, shelf)
	if err != nil {
		return nil, err
	}
	all, err := announceKeys(ctx, shelf, keys)
	if err != nil {
		return nil, err
	}
	if s.memory, err = o.openSignerMemory(ctx, keys.Origin()); err != nil {
		return nil, err
	}
	p, err := newPublished(shelf, all)
	if err != nil {
		return nil, err
	}
	if s.sealer, err = ledger.NewSealer(ledger.SealerConfig{Store: r.store, Shelf: shelf, Memory: s.memory, Origin: p.origin,
		Signers: keys.Signers(), Verifiers: p.known, Clock: with.now, After: with.after, Log: with.log}); err != nil {
		return nil, fmt.Errorf("seal the ledger: %w", err)
	}
	if with.policy != nil {
		if s.gatherer, err = p.gatherer(with); err != nil {
			return nil, err
		}
	}
	s.committer = &heads.Committer{Store: r.store, Codec: r.codec, Shelf: shelf, Actor: publisher, Clock: with.now, After: with.after,
		Every: with.every, Log: with.log}
	if err := recordSigners(ctx, r, keys, with.now()); err != nil {
		return nil, err
	}
	s.published = p
	s.watching = &watching{verifying: verifying{store: r.store, shelf: shelf, memory: s.memory, keys: r.vault, signed: p.keys, random: with.random},
		every: with.verify, rest: verifyRest, now: with.now, after: with.after, log: with.log}
	return s, nil
}

// gatherer asks the witnesses of a policy.
func (p *published) gatherer(with sealingWith) (*witness.Gatherer, error) {
	g, err := witness.New(witness.Settings{Origin: p.origin, Keys: p.known, Policy: *with.policy, Shelf: p.shelf, Prover: p.reader,
		Now: with.now, After: with.after, Log: with.log})
	if err != nil {
		return nil, fmt.Errorf("ask the witnesses: %w", err)
	}
	return g, nil
}

// signingKeys reads the keys that sign, and makes them for a ledger of which
// nothing was ever signed.
func (o opening) signingKeys(ctx context.Context, shelf ledger.Shelf) (*ledger.SigningKeys, error) {
	path := o.signerPath()
	keys, err := ledger.ReadSigningKeys(path)
	if !errors.Is(err, ledger.ErrKeysMissing) {
		return keys, err
	}
	before, failed := shelf.Load(ctx, ledger.RegisterKeys)
	if failed != nil {
		return nil, failed
	}
	if before != nil {
		return nil, fmt.Errorf("%w, and the ledger was signed before: bring it, or name it with --signer-key", err)
	}
	origin, failed := newOrigin(o.random)
	if failed != nil {
		return nil, failed
	}
	memory, failed := o.openSignerMemory(ctx, origin)
	if failed != nil {
		return nil, failed
	}
	_, failed = memory.LastSigned(ctx)
	if failed = errors.Join(failed, memory.Close()); errors.Is(failed, ledger.ErrMemory) { // of whichever ledger: not of this one
		return nil, fmt.Errorf("%w, and something was signed before: bring it, or name it with --signer-key", err)
	} else if failed != nil {
		return nil, failed
	}
	made, err := ledger.CreateSigningKeys(path, origin, o.random)
	if errors.Is(err, fs.ErrExist) {
		return ledger.ReadSigningKeys(path)
	}
	return made, err
}

// announceKeys publishes the public keys, with those that were published before.
func announceKeys(ctx context.Context, shelf ledger.Shelf, keys *ledger.SigningKeys) (all []string, _ error) {
	for {
		before, err := shelf.Load(ctx, ledger.RegisterKeys)
		if err != nil {
			return nil, err
		}
		all = strings.Fields(string(before))
		if len(all) > 0 && !strings.HasPrefix(all[0], keys.Origin()+"+") {
			return nil, errOtherSigner
		}
		known := map[string]bool{}
		for _, k := range all {
			known[k] = true
		}
		ours, shared := len(all), false
		for _, k := range keys.List() {
			if shared = shared || known[k.Public]; !known[k.Public] {
				all = append(all, k.Public)
			}
		}
		switch {
		case ours > 0 && !shared:
			return nil, errOtherSigner
		case ours == len(all):
			return all, nil
		}
		err = shelf.Swap(ctx, ledger.RegisterKeys, before, []byte(strings.Join(all, "\n")+"\n"))
		if err != nil && !errors.Is(err, ledger.ErrMoved) {
			return nil, fmt.Errorf("publish the keys that verify the ledger: %w", err)
		}
		if err == nil {
			return all, nil
		}
	}
}

// newOrigin names a ledger that nobody has named.
func newOrigin(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("name the ledger: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562 section 5.4
	return fmt.Sprintf("caseledger.invalid/%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// follow seals, asks the witnesses, and commits to the heads, until ctx ends.
func (s *sealing) follow(ctx context.Context, log *slog.Logger) {
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.sealer.Run(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "nothing is sealed any more", slog.String("error", err.Error()))
		}
	})
	group.Go(func() { s.committer.Run(ctx) })
	group.Go(func() { s.watching.Run(ctx) })
	if s.gatherer != nil {
		group.Go(func() { _ = s.gatherer.Run(ctx) })
	}
	group.Wait()
}

// close releases what is open.
func (s *sealing) close() error {
	var err error
	if s.memory != nil {
		err = s.memory.Close()
	}
	if s.published != nil {
		err = errors.Join(err, s.published.close())
	}
	return err
}

// sealAll seals what a command has recorded, before it ends.
func (o opening) sealAll(ctx context.Context, r *record) error {
	s, err := o.openSealing(ctx, r, sealingWith{now: o.now, after: time.After, random: o.random, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = s.sealer.Seal(ctx)
	return errors.Join(err, s.close())
}

// sealRecorded seals what a command has recorded. That stands where it cannot be
// sealed, so it is said and fails nothing: the alarm stays raised.
func (p *program) sealRecorded(ctx context.Context, o opening, r *record) {
	if err := o.sealAll(ctx, r); err != nil {
		p.say("what was recorded is not sealed: %v", err)
	}
}

// witnessPolicy reads the policy that --witnesses names; nil if it names none.
func (c configuration) witnessPolicy() (*witness.Policy, error) {
	path := c.text("witnesses")
	if path == "" {
		return nil, nil
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the witnesses: %w", err)
	}
	p, err := witness.ParsePolicy(file)
	if err != nil {
		return nil, usage("--witnesses: %w", err)
	}
	return &p, nil
}
