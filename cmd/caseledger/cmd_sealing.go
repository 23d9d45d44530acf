package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"caseledger/eventstore/ledger"
)

// sealingCommands are those of the ledger's seals.
func (p *program) sealingCommands() []*cobra.Command {
	var witnessed bool
	checkpoint := &cobra.Command{
		Use: "checkpoint [--witnessed]", Short: "Print the last checkpoint that was published", Args: cobra.NoArgs,
		Long: "Prints it as it was signed: a C2SP checkpoint, with the name of the ledger, how many entries it has and the root of their tree. " +
			"Keep one outside this installation, and nobody can alter what it covers unseen. It may run beside a server.",
		Example: "  caseledger ledger checkpoint > checkpoint\n  caseledger ledger checkpoint --witnessed",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.ledgerCheckpoint(cmd.Context(), witnessed) },
	}
	checkpoint.Flags().BoolVar(&witnessed, "witnessed", false, "the last one that as many witnesses as are wanted have cosigned")
	status := &cobra.Command{
		Use: "status", Short: "Say how far the ledger is sealed, and whether an alarm is raised", Args: cobra.NoArgs,
		Long: "It may run beside a server. It ends with exit code 4 where an alarm is raised: then nothing is sealed, and docs/operations/sealing.md says what to do. " +
			"It looks at nothing that is sealed: `caseledger verify` does.",
		Example: "  caseledger ledger status\n  caseledger ledger status --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.ledgerStatus(cmd.Context()) },
	}
	var resumed string
	resume := &cobra.Command{
		Use: "resume --reason REASON", Short: "Lift the alarm, so that sealing goes on", Args: cobra.NoArgs,
		Long: "Lifts the alarm that `caseledger ledger status` shows, and keeps it with the reason, which names nobody. " +
			"A sealer that still finds the same raises it again. It may run beside a server, which goes on within a second.",
		Example: "  caseledger ledger resume --reason 'the witness had been put back from a backup, and has caught up'",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.ledgerResume(cmd.Context(), resumed) },
	}
	resume.Flags().StringVar(&resumed, "reason", "", "why, in at most 1000 bytes that name nobody")
	var r recovery
	recovering := &cobra.Command{
		Use: "recover --reason REASON (--accept FILE | --succeed-by NAME --yes)", Short: "Go on after recovery is required, or end the ledger and begin its successor", Args: cobra.NoArgs,
		Long: "With --accept: FILE is the last checkpoint that was published as far as anybody knows, best from a witness; - is standard input. " +
			"If the entries make its root, and that of everything else that is known to be signed, the tiles are made anew, it is what was signed last, and the alarm is lifted. " +
			"If they do not, nothing may be signed under this name any more: put the store back as it was, or end the ledger.\n\n" +
			"With --succeed-by: the ledger is ended for good, and its tiles and keys are kept beside the new ones, with names that end in .retired and a number. " +
			"NAME is the successor's, with a key of its own. It seals the same store from the first entry, and publishes which ledger it succeeds, and why. This cannot be undone.\n\n" +
			"Stop whoever serves the record first. The reason names nobody.",
		Example: "  caseledger ledger recover --accept witnessed-checkpoint --reason 'the file of what was signed last was lost with its disk'\n" +
			"  caseledger ledger recover --succeed-by ledger.hub.example/2027 --reason 'the last hour was lost with the disk' --yes",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.ledgerRecover(cmd.Context(), r) },
	}
	recovering.Flags().StringVar(&r.accept, "accept", "", "file with the checkpoint that is accepted; - is standard input")
	recovering.Flags().StringVar(&r.successor, "succeed-by", "", "name of the ledger that succeeds this one")
	recovering.Flags().BoolVar(&r.yes, "yes", false, "end the ledger, for good")
	recovering.Flags().StringVar(&r.reason, "reason", "", "why, in at most 1000 bytes that name nobody")
	return []*cobra.Command{checkpoint, status, resume, recovering}
}

// printedCheckpoint is a checkpoint as it is printed in JSON.
type printedCheckpoint struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Note   string `json:"note"`
}

func (p *program) ledgerCheckpoint(ctx context.Context, witnessed bool) error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	s, err := o.openPublished(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	register := ledger.RegisterCheckpoint
	if witnessed {
		register = ledger.RegisterWitnessed
	}
	raw, err := s.shelf.Load(ctx, register)
	if err != nil {
		return err
	}
	if raw == nil {
		return fmt.Errorf("no checkpoint: %w", errNotFound)
	}
	tree, _, err := ledger.OpenCheckpoint(raw, s.origin, s.known)
	if err != nil {
		return fmt.Errorf("%w: the last checkpoint: %w", errIntegrity, err)
	}
	if p.json() {
		return p.object(p.out, printedCheckpoint{s.origin, tree.N, tree.Hash.String(), string(raw)})
	}
	_, err = p.out.Write(raw)
	return err
}

// sealingStatus is how far a ledger is sealed, as it is printed.
type sealingStatus struct {
	Origin string `json:"origin"`
	// SignedBy are the keys that signed the last checkpoint, by their hashes.
	SignedBy    []string           `json:"signedBy"`
	Entries     int64              `json:"entries"`
	Sealed      int64              `json:"sealed"`
	Root        string             `json:"root,omitempty"`
	Witnessed   int64              `json:"witnessed"`
	Remembered  int64              `json:"remembered"`
	Alarm       *ledger.Alarm      `json:"alarm,omitempty"`
	Lifted      []ledger.Lifting   `json:"lifted,omitempty"`
	Predecessor *ledger.Succession `json:"predecessor,omitempty"`
}

func (p *program) ledgerStatus(ctx context.Context) error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	s, err := o.openPublished(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.close() }()
	is, err := s.status(ctx)
	if err != nil {
		return err
	}
	memory, err := o.openSignerMemory(ctx, s.origin)
	if err != nil {
		return err
	}
	last, err := memory.LastSigned(ctx)
	if err := errors.Join(err, memory.Close()); err != nil {
		return err
	}
	store, err := o.openLedger(ctx)
	if err != nil {
		return err
	}
	head, err := store.Head(ctx)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	is.Entries, is.Remembered = int64(head), last.N
	if p.json() {
		err = p.object(p.out, is)
	} else {
		err = p.printStatus(is)
	}
	if err == nil && is.Alarm != nil {
		err = fmt.Errorf("%w: nothing is sealed: %s", errFindings, is.Alarm.Code)
	}
	return err
}

// status is what is published of it.
func (p *published) status(ctx context.Context) (is sealingStatus, err error) {
	is.Origin = p.origin
	for register, to := range map[string]*int64{ledger.RegisterCheckpoint: &is.Sealed, ledger.RegisterWitnessed: &is.Witnessed} {
		raw, err := p.shelf.Load(ctx, register)
		if err != nil {
			return is, err
		}
		if raw == nil {
			continue
		}
		tree, signed, err := ledger.OpenCheckpoint(raw, p.origin, p.known)
		if err != nil {
			return is, fmt.Errorf("%w: the register %s: %w", errIntegrity, register, err)
		}
		if *to = tree.N; register == ledger.RegisterWitnessed {
			continue
		}
		is.Root = tree.Hash.String()
		for _, s := range signed.Sigs {
			is.SignedBy = append(is.SignedBy, fmt.Sprintf("%08x", s.Hash))
		}
	}
	if is.Alarm, err = ledger.ReadAlarm(ctx, p.shelf); err != nil {
		return is, err
	}
	if is.Lifted, err = ledger.ReadLiftings(ctx, p.shelf); err != nil {
		return is, err
	}
	is.Predecessor, err = ledger.ReadPredecessor(ctx, p.shelf)
	return is, err
}

func (p *program) printStatus(is sealingStatus) error {
	err := p.printf("ledger %s\nsealed %d of %d entries", is.Origin, is.Sealed, is.Entries)
	if is.Sealed > 0 {
		err = errors.Join(err, p.printf(", root %s", is.Root))
	}
	err = errors.Join(err, p.printf("\nwitnessed %d\n", is.Witnessed))
	for _, key := range is.SignedBy {
		err = errors.Join(err, p.printf("signed by %s\n", key))
	}
	if is.Remembered != is.Sealed {
		err = errors.Join(err, p.printf("the signer remembers %d\n", is.Remembered))
	}
	if s := is.Predecessor; s != nil {
		err = errors.Join(err, p.printf("succeeds %s since %s: %s\n", s.Origin, s.EndedAt.Format(time.RFC3339), s.Reason))
	}
	for _, l := range is.Lifted {
		err = errors.Join(err, p.printf("lifted %s: %s: %s: %s\n", l.LiftedAt.Format(time.RFC3339), l.Alarm.Code, l.Alarm.Detail, l.Reason))
	}
	if a := is.Alarm; a != nil {
		err = errors.Join(err, p.printf("ALARM since %s: %s: %s\n", a.RaisedAt.Format(time.RFC3339), a.Code, a.Detail))
	}
	return err
}

func (p *program) ledgerResume(ctx context.Context, reason string) error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	shelf, err := o.changeShelf(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = shelf.Close() }()
	a, err := ledger.ReadAlarm(ctx, shelf)
	if err != nil {
		return err
	}
	if a == nil {
		return ledger.ErrNoAlarm
	}
	if err := ledger.LiftAlarm(ctx, shelf, *a, reason, p.now()); err != nil {
		return err
	}
	lifted := ledger.Lifting{Alarm: *a, Reason: reason, LiftedAt: p.now().UTC()}
	if p.json() {
		return p.object(p.out, lifted)
	}
	return p.printf("lifted %s: %s\n", a.Code, a.Detail)
}

// recovery is what the command `ledger recover` was told.
type recovery struct {
	accept, successor, reason string
	yes                       bool
}

func (p *program) ledgerRecover(ctx context.Context, r recovery) (err error) {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	if (r.accept == "") == (r.successor == "") {
		return usage("either --accept or --succeed-by says what is to be done")
	}
	if r.successor != "" && !r.yes {
		return usage("the ledger would end for good: --yes says that it is to")
	}
	p.announce()
	release, err := o.alone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if r.successor != "" {
		return p.succeed(ctx, o, r)
	}
	return p.recoverSealing(ctx, o, r)
}

func (p *program) recoverSealing(ctx context.Context, o opening, r recovery) (err error) {
	var accepted []byte
	if r.accept == "-" {
		accepted, err = io.ReadAll(io.LimitReader(p.in, ledger.MaxRegisterBytes+1))
	} else {
		accepted, err = os.ReadFile(r.accept)
	}
	if err != nil {
		return fmt.Errorf("read the checkpoint: %w", err)
	}
	keys, err := ledger.ReadSigningKeys(o.signerPath())
	if err != nil {
		return err
	}
	store, err := o.openLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	o.mode = writing // a shelf that is lost is made again
	shelf, err := o.openShelf(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = shelf.Close() }()
	public, err := announceKeys(ctx, shelf, keys)
	if err != nil {
		return err
	}
	known, err := ledger.VerifiersOf(public...)
	if err != nil {
		return err
	}
	memory, err := o.openSignerMemory(ctx, keys.Origin())
	if err != nil {
		return err
	}
	defer func() { _ = memory.Close() }()
	sealer, err := ledger.NewSealer(ledger.SealerConfig{Store: store, Shelf: shelf, Memory: memory, Origin: keys.Origin(), Signers: keys.Signers(),
		Verifiers: known, Clock: p.now, After: time.After, Log: slog.New(slog.NewTextHandler(p.errs, nil))})
	if err != nil {
		return err
	}
	tree, err := sealer.Recover(ctx, ledger.Acceptance{Checkpoint: accepted, Reason: r.reason})
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, printedCheckpoint{Origin: keys.Origin(), Size: tree.N, Root: tree.Hash.String()})
	}
	return p.printf("the first %d entries are what was signed last, root %s; sealing goes on when the record is served\n", tree.N, tree.Hash)
}
