package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/casepack/assemble"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/heads"
	"caseledger/projections"
)

// packs makes case proof packs of a record that is served.
type packs struct {
	server *server
	views  *views
	turn   sync.Mutex // held while a commitment is made for a pack
}

var _ api.Packs = (*packs)(nil)

var (
	errNoPack     = fault.New(fault.Denied, "role-may-not", "your role may not have such a pack")
	errPackPerson = fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")
	errPackAlone  = fault.New(fault.Unavailable, "not-witnessed", "not enough witnesses have cosigned what the pack is to prove")
	errPackKeys   = fault.New(fault.Unavailable, "pack-key-absent", "this process has no key to sign a pack with; one that seals the record has")
	errPackLeft   = fault.New(fault.Refused, "not-in-pack", "an entry to withhold is not one that the pack would list")
	errPackSize   = fault.New(fault.Refused, "pack-too-large", "the record is larger than a pack can be")
)

// Make implements [api.Packs]. Any process can make one: several may seal and
// commit at once.
func (p *packs) Make(ctx context.Context, c api.Caller, q api.PackQuery) ([]byte, []event.UUID, int, error) {
	s := p.server
	asked := assemble.Request{Kind: assemble.Evidence, Person: q.Person, Maker: c.Actor, Purpose: q.Purpose, MadeAt: q.At, From: q.From, To: q.To, Withhold: q.Withhold}
	if q.Subject {
		asked.Kind = assemble.SubjectAccess
	}
	if !slices.Contains(packRoles[asked.Kind], c.Actor.Role) {
		return nil, nil, 0, errNoPack
	}
	side, ok := s.sides.named(packView(asked))
	if !ok {
		return nil, nil, 0, fault.New(fault.Denied, "no-view-for-side", "nothing is kept here for your side")
	}
	one := &view{views: p.views, side: side, caller: c}
	kept, err := one.kept(ctx, q.Person)
	if err == nil && kept {
		err = errPackPerson
	}
	if err != nil {
		return nil, nil, 0, err
	}
	keys, err := ledger.ReadSigningKeys(s.opening.signerPath())
	if errors.Is(err, ledger.ErrKeysMissing) {
		err = errPackKeys
	}
	if err != nil {
		return nil, nil, 0, err
	}
	sealing, err := s.opening.openSealing(ctx, s.record, s.seals)
	if err != nil {
		return nil, nil, 0, err
	}
	defer func() { _ = sealing.close() }()
	current := func(ctx context.Context) error {
		head, err := s.record.head(ctx)
		if err != nil {
			return err
		}
		models := []*projections.Projection{side.models.looks.Projection}
		if side.name != audit {
			models = append(models, side.models.caseload.Projection) // which [packing.known] asks
		}
		for _, model := range models {
			if err := side.store.WaitFor(ctx, model, head); err != nil {
				return told(err)
			}
		}
		return nil
	}
	var pack bytes.Buffer
	made, err := packing{s.record, s.trust, side, sealing, keys.Signers(), p.commitBy(sealing), current, one.kept}.make(ctx, asked, why{q.Use, q.Reason, c.Session}, &pack)
	switch {
	case errors.Is(err, assemble.ErrNoSuchPerson):
		return nil, nil, 0, errPackPerson
	case errors.Is(err, assemble.ErrNotListed):
		return nil, nil, 0, errPackLeft
	case errors.Is(err, casepack.ErrTooLarge):
		return nil, nil, 0, errPackSize
	case errors.Is(err, errUnavailable):
		return nil, nil, 0, errPackAlone
	case err != nil:
		return nil, nil, 0, err
	}
	return pack.Bytes(), made.People, made.Entries, nil
}

// commitBy makes commitments with the committer that works in this process, or,
// where another process commits, with one of its own: one at a time, because
// committers that work at once begin again whenever another has made a step.
func (p *packs) commitBy(own *sealing) func(context.Context) (heads.Commitment, error) {
	return func(ctx context.Context) (heads.Commitment, error) {
		p.turn.Lock()
		defer p.turn.Unlock()
		if here := p.server.sealing.Load(); here != nil {
			return here.committer.Commit(ctx)
		}
		return own.committer.Commit(ctx)
	}
}
