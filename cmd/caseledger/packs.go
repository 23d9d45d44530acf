package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/casepack/assemble"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/eventstore/ledger/witness"
	"caseledger/projections"
	"caseledger/projections/boundary"
)

// packView is the set of read models, and the keys, that a pack is made with:
// those of the asker's role, or, of what is for the person, those of their side.
func packView(r assemble.Request) string {
	if r.Kind == assemble.SubjectAccess {
		return string(r.Maker.Side)
	}
	return audit
}

// packing is what packs are made with.
type packing struct {
	record  *record
	trust   trusted
	side    *side // whose keys open what is shown
	sealing *sealing
	signers []note.Signer
	commit  func(context.Context) (heads.Commitment, error)
	// current has the read models follow the ledger to its end.
	current func(context.Context) error
	// kept reports whether limited access keeps the asker out of a case; nil where
	// nobody is kept out.
	kept func(ctx context.Context, person event.UUID) (bool, error)
}

// why is what somebody gives as the reason for a pack.
type why struct {
	use     access.Purpose // of evidence: for which purpose of DPA 2018 section 62(4)
	reason  string
	session event.UUID // on whose stream the export stands; zero is one of its own
}

// makePack makes a pack with a record that is open for writing, and seals it.
func (o opening) makePack(ctx context.Context, r *record, t trusted, policy *witness.Policy, asked assemble.Request, because why, to io.Writer) (_ assemble.Made, err error) {
	name := packView(asked)
	if !contains(viewNames, name) {
		return assemble.Made{}, usage("--as: nothing is kept here for that side")
	}
	side, err := r.view(ctx, name, t, viewOptions, false)
	if err != nil {
		return assemble.Made{}, err
	}
	defer func() { err = errors.Join(err, side.store.Close()) }()
	s, err := o.openSealing(ctx, r, sealingWith{now: o.now, after: time.After, random: o.random, log: slog.New(slog.DiscardHandler), policy: policy})
	if err != nil {
		return assemble.Made{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	keys, err := ledger.ReadSigningKeys(o.signerPath())
	if err != nil {
		return assemble.Made{}, err
	}
	return packing{r, t, side, s, keys.Signers(), s.committer.Commit, side.runner.CatchUp, nil}.make(ctx, asked, because, to)
}

func (p packing) make(ctx context.Context, asked assemble.Request, because why, to io.Writer) (assemble.Made, error) {
	controller := p.trust.register.Controller(asked.Maker.Org)
	all := p.side.name == audit && asked.Maker.Side == event.Regulator
	if !all {
		known, err := p.known(ctx, asked.Person, controller)
		if err != nil {
			return assemble.Made{}, err
		}
		asked.Shows = forController(p.side.viewer, controller, known)
	}
	asked.Synthetic = p.record.synthetic
	s := p.sealing
	source := assemble.Source{Store: p.record.store, Reader: p.record.codec.With(p.side.keys, codec.Options{}), Rules: p.record.codec.Reader, Shelf: s.shelf,
		Ledger: s.reader, Origin: s.origin, Signers: p.signers, Commit: p.commit, Sealed: s.sealed,
		Looks: func(ctx context.Context, people []event.UUID) ([]assemble.Look, error) {
			if err := p.current(ctx); err != nil {
				return nil, err
			}
			return p.side.looks(ctx, people, controller, all)
		},
		Exporting: func(ctx context.Context, people []event.UUID, entries int) error {
			for _, one := range people {
				if p.kept == nil {
					break
				}
				if kept, err := p.kept(ctx, one); err != nil || kept {
					return cmp.Or(err, assemble.ErrNoSuchPerson)
				}
			}
			return p.record.exporting(ctx, asked, because, people, entries)
		},
		Organisation: func(id event.UUID) string {
			known, _ := p.trust.register.ByID(id)
			return known.Label
		}}
	return assemble.Build(ctx, source, asked, to)
}

// known reports whether a controller knows a person, as its caseload says. Of
// the audit's read models that is not asked: no side recorded anything for them.
func (p packing) known(ctx context.Context, person, controller event.UUID) (known bool, err error) {
	if p.side.name == audit {
		return false, nil
	}
	if err := p.current(ctx); err != nil {
		return false, err
	}
	err = p.side.store.View(ctx, func(read projections.View) error {
		row, err := projections.One(read, p.side.models.caseload, event.Case(person), projections.Keyed(controller.String()))
		known = row != nil
		return err
	})
	return known, err
}

// forController says which entries of a person's cases are for a controller to
// know of: those of their record, what they were told, and if they know the person,
// what another side recorded for all of theirs.
func forController(v boundary.Viewer, controller event.UUID, known bool) func(event.Recorded) bool {
	return func(e event.Recorded) bool {
		if e.Type == "key.created" || e.Type == "key.destroyed" {
			return v.Controller(e.Actor.Org) == controller
		}
		owner, own := v.Owner(e)
		if own && (owner == controller || known && owner == boundary.WholeSide) {
			return true
		}
		to, told := v.Told(e)
		return told && to == controller
	}
}

// exporting puts on the record that a pack is about to leave.
func (r *record) exporting(ctx context.Context, asked assemble.Request, because why, people []event.UUID, entries int) error {
	var what any = access.ReplayExported{Purpose: because.use, Subjects: people, Items: entries, Reason: event.Own(because.reason)}
	if asked.Kind == assemble.SubjectAccess {
		what = access.RecordAccessed{View: "subject-access-pack", Class: access.ReadOne, Subjects: people, Items: entries, Reason: event.Own(because.reason)}
	}
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	id := event.DeriveUUID("pack", asked.Person[:], asked.Maker.ID[:], fmt.Appendf(nil, "%d", head))
	session := because.session
	if session.IsZero() {
		session = id
	}
	_, err = newAccessLog(r.store, r.codec).append(ctx, eventstore.Command{ID: id, Stream: event.Access(session), Subject: asked.Maker.Org,
		Effective: event.At(asked.MadeAt), Actor: asked.Maker, Purpose: asked.Purpose, Origin: event.Live}, what)
	return err
}

// looks lists who looked at people, in the order of the entries.
func (s *side) looks(ctx context.Context, people []event.UUID, controller event.UUID, all bool) ([]assemble.Look, error) {
	subjects := make([]any, len(people))
	for i, one := range people {
		subjects[i] = one
	}
	where := []projections.Condition{projections.In("subject", subjects...)}
	if !all {
		where = append(where, projections.Eq("controller", controller))
	}
	var found []assemble.Look
	err := s.store.View(ctx, func(read projections.View) error {
		q := projections.Query{Where: where, Order: []projections.Order{projections.Ascending("position")}, Limit: projections.MaxLimit}
		for {
			page, err := projections.Select(read, s.models.looks, q)
			if err != nil {
				return err
			}
			for _, l := range page.Rows {
				found = append(found, assemble.Look{Position: l.Position, Person: l.Subject, At: l.At, Actor: l.Actor, Purpose: l.Purpose,
					Use: string(l.Use), View: string(l.View), Class: string(l.Class), Items: l.Items, Reason: string(l.Reason)})
			}
			if q.After = page.Next; q.After == "" {
				return nil
			}
		}
	})
	return found, err
}

// sealed waits until a position is under a checkpoint, cosigned where there is a
// policy, and returns that.
func (s *sealing) sealed(ctx context.Context, position event.Position) (ledger.Checkpoint, error) {
	ctx, stop := context.WithTimeout(ctx, witnessPatience)
	defer stop()
	for {
		_, err := s.sealer.Seal(ctx)
		if err != nil && !errors.Is(err, ledger.ErrMoved) && !errors.Is(err, ledger.ErrInDoubt) { // another sealer is at work
			return ledger.Checkpoint{}, err
		}
		at, err := s.reader.Checkpoint(ctx)
		if err == nil && uint64(at.N) >= uint64(position) {
			if s.gatherer == nil {
				return at, nil
			}
			break
		}
		if err != nil && !errors.Is(err, ledger.ErrNoCheckpoint) {
			return ledger.Checkpoint{}, err
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.gatherer.Run(ctx) // which ends because it is stopped
	}()
	defer func() {
		stop()
		<-ended
	}()
	for {
		at, err := s.reader.Witnessed(ctx)
		if err == nil && uint64(at.N) >= uint64(position) {
			return at, nil
		}
		if err != nil && !errors.Is(err, ledger.ErrNoCheckpoint) {
			return ledger.Checkpoint{}, err
		}
		select {
		case <-ctx.Done():
			return ledger.Checkpoint{}, fmt.Errorf("not enough witnesses have cosigned: %w", errUnavailable)
		case <-time.After(100 * time.Millisecond): // they are other programs
		}
	}
}

// witnessPatience is how long a pack waits for the witnesses.
const witnessPatience = 2 * time.Minute
