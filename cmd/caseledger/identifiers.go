package main

import (
	"context"
	"errors"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
	"caseledger/eventstore/vault"
)

// blindIndex is the vault's index of identifiers as commands use it.
type blindIndex struct{ vault *vault.Vault }

func (b blindIndex) MintPerson(principal, command event.UUID) event.UUID {
	return b.vault.MintPerson(principal, command)
}

func (b blindIndex) Reserve(ctx context.Context, kind, value string, of event.UUID) (release func(context.Context) error, err error) {
	attempt, err := b.vault.Attempt()
	if err != nil {
		return nil, err
	}
	i := vault.Identifier{Kind: kind, Value: value}
	return func(ctx context.Context) error { return b.vault.Release(ctx, i, of, attempt) }, b.vault.Reserve(ctx, i, of, attempt)
}

func (b blindIndex) Confirm(ctx context.Context, kind, value string, of event.UUID) error {
	return b.vault.Confirm(ctx, vault.Identifier{Kind: kind, Value: value}, of)
}

func (b blindIndex) Unlink(ctx context.Context, kind, value string, of event.UUID) error {
	return b.vault.Unlink(ctx, vault.Identifier{Kind: kind, Value: value}, of)
}

// finder is the same index as searches use it.
type finder struct {
	vault     *vault.Vault
	synthetic bool
	now       func() time.Time
}

// Find implements api.Identifiers.
func (f finder) Find(ctx context.Context, kind, value string) (event.UUID, bool, error) {
	t := person.IdentifierType(kind)
	known := false
	for _, one := range person.IdentifierTypes {
		known = known || one == t
	}
	if !known {
		return event.UUID{}, false, fault.Bad("/identifier/type", "unknown-code", "there is no such type of identifier")
	}
	canonical, err := person.Canonical(t, value, f.now())
	switch {
	case errors.Is(err, person.ErrCheck):
		return event.UUID{}, false, fault.Bad("/identifier/value", "check-digit", "the check digit or letter does not fit")
	case errors.Is(err, person.ErrNeverIssued):
		return event.UUID{}, false, fault.Bad("/identifier/value", "never-issued", "no such number is issued")
	case err != nil:
		return event.UUID{}, false, fault.Bad("/identifier/value", "malformed", "this does not have the form of its type")
	case t == person.NHSNumberType && !person.NHSNumber(canonical).Usable(f.synthetic):
		return event.UUID{}, false, fault.Bad("/identifier/value", "range-not-used-here", "this record holds no number of that range")
	}
	found, err := f.vault.Find(ctx, vault.Identifier{Kind: kind, Value: canonical})
	return found, !found.IsZero(), err
}
