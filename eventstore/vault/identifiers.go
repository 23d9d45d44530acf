package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Blinded is an identifier that can be compared but not read.
type Blinded [sha256.Size]byte

// Identifier is an identifier in the clear: its kind, such as "nhs-number",
// and its canonical value, as the domain normalises it. It is not kept.
type Identifier struct {
	Kind  string
	Value string
}

// String hides the value.
func (i Identifier) String() string { return i.Kind + " [personal]" }

// GoString hides the value from %#v.
func (i Identifier) GoString() string { return i.String() }

// Blind returns the index value of an identifier.
func (v *Vault) Blind(i Identifier) Blinded {
	mac := hmac.New(sha256.New, v.blindKey)
	mac.Write(appendShort([]byte("blind-v1"), i.Kind))
	mac.Write([]byte(i.Value))
	return Blinded(mac.Sum(nil))
}

// MintPerson returns the identifier of the person that a command registers: a
// keyed hash in the shape of a random UUID. The same command of the same
// principal gets the same person for ever, and nobody without the keystore can
// compute it.
func (v *Vault) MintPerson(principal, command event.UUID) event.UUID {
	mac := hmac.New(sha256.New, v.personKey)
	mac.Write([]byte("person-v1"))
	mac.Write(principal[:])
	mac.Write(command[:])
	return asUUIDv4(event.UUID(mac.Sum(nil)[:16]))
}

// Attempt names one try at a command, unlike any other here or elsewhere. A try
// that reserves under a name of its own cannot release what another try at the
// same command has reserved.
func (v *Vault) Attempt() (event.UUID, error) { return randomUUID(v.rand) }

var errNoCommand = errors.New("vault: a reservation names its person and its command")

// Reserve holds an identifier for a person before the append that links it.
// It is durable when it returns nil. The fault "identifier-in-use" says that
// another person has it, or is about to.
//
// After the append the caller calls [Vault.Confirm]; if nothing was appended,
// [Vault.Release]; if it does not know, neither: [Vault.Reconcile] settles it.
func (v *Vault) Reserve(ctx context.Context, i Identifier, person, command event.UUID) error {
	if v.readOnly {
		return ErrReadOnly
	}
	if person.IsZero() || command.IsZero() {
		return errNoCommand
	}
	free, err := v.store.reserve(ctx, claim{blind: v.Blind(i), person: person, command: command, reserved: v.now().UTC()})
	return claimed(free, err)
}

// Confirm records that the ledger links an identifier to a person. It does so
// whether or not there was a reservation, so the index can be rebuilt from the
// ledger with it. The fault "identifier-in-use" says that another person has
// a claim.
func (v *Vault) Confirm(ctx context.Context, i Identifier, person event.UUID) error {
	if v.readOnly {
		return ErrReadOnly
	}
	free, err := v.store.confirm(ctx, claim{blind: v.Blind(i), person: person, reserved: v.now().UTC()})
	return claimed(free, err)
}

func claimed(free bool, err error) error {
	if err == nil && !free {
		return fault.New(fault.Conflict, "identifier-in-use", "this identifier belongs to another person's record")
	}
	if err != nil {
		return fmt.Errorf("vault: identifier index: %w", err)
	}
	return nil
}

// Release gives up what a command reserved, because nothing was appended. A
// confirmed identifier is left alone.
func (v *Vault) Release(ctx context.Context, i Identifier, person, command event.UUID) error {
	if v.readOnly {
		return ErrReadOnly
	}
	return v.store.release(ctx, claim{blind: v.Blind(i), person: person, command: command})
}

// Unlink takes an identifier from a person: the ledger says that it was never
// theirs, or the person's record is erased.
func (v *Vault) Unlink(ctx context.Context, i Identifier, person event.UUID) error {
	if v.readOnly {
		return ErrReadOnly
	}
	return v.store.unlink(ctx, claim{blind: v.Blind(i), person: person})
}

// UnlinkAll takes every identifier from a person, reserved or confirmed, but
// those to keep, also where nobody can say any longer which they were: the index
// forgets the person. It returns how many it took; repeating it is safe.
//
// Errors: [ErrReadOnly]; [ErrStillInLog] if the person is forgotten but the
// blind values may still be in the database's files: repeat it.
func (v *Vault) UnlinkAll(ctx context.Context, person event.UUID, keep ...Identifier) (int, error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	kept := make([]Blinded, len(keep))
	for i, one := range keep {
		kept[i] = v.Blind(one)
	}
	n, err := v.store.unlinkAll(ctx, person, kept)
	if err != nil {
		return n, fmt.Errorf("vault: identifier index: %w", err)
	}
	return n, nil
}

// Claim is what the index knows of one identifier of a person.
type Claim struct {
	Blinded    Blinded
	Confirmed  bool // or reserved by a command
	ReservedAt time.Time
}

// ClaimsOf lists the identifiers of a person, in the order of their blind
// values.
func (v *Vault) ClaimsOf(ctx context.Context, person event.UUID) ([]Claim, error) {
	claims, err := v.store.claimsOf(ctx, person)
	all := make([]Claim, len(claims))
	for i, c := range claims {
		all[i] = Claim{c.blind, c.command.IsZero(), c.reserved}
	}
	return all, err
}

// Find returns the person whose confirmed identifier this is; zero if nobody's.
func (v *Vault) Find(ctx context.Context, i Identifier) (event.UUID, error) {
	return v.store.holder(ctx, v.Blind(i))
}

// Leftover is a reservation that was neither confirmed nor released.
type Leftover struct {
	Person, Command event.UUID
	ReservedAt      time.Time
	blind           Blinded
}

// Leftovers lists the reservations made before a moment, oldest first. At
// start-up, before commands are taken, every one of them is the trace of a
// crash.
func (v *Vault) Leftovers(ctx context.Context, before time.Time) ([]Leftover, error) {
	claims, err := v.store.reservations(ctx, before)
	left := make([]Leftover, len(claims))
	for i, c := range claims {
		left[i] = Leftover{c.person, c.command, c.reserved, c.blind}
	}
	return left, err
}

// Reconcile settles the leftovers from before a moment by the ledger: linked
// returns the identifiers that the ledger links to a person. What the ledger
// has is confirmed; the rest is released. No command that reserved before the
// moment may still be under way.
func (v *Vault) Reconcile(ctx context.Context, before time.Time, linked func(context.Context, event.UUID) ([]Identifier, error)) error {
	if v.readOnly {
		return ErrReadOnly
	}
	left, err := v.Leftovers(ctx, before)
	if err != nil {
		return err
	}
	for _, l := range left {
		identifiers, err := linked(ctx, l.Person)
		if err != nil {
			return fmt.Errorf("reconcile identifiers of %s: %w", l.Person, err)
		}
		c := claim{blind: l.blind, person: l.Person, command: l.Command, reserved: l.ReservedAt}
		held := false
		for _, i := range identifiers {
			held = held || v.Blind(i) == l.blind
		}
		if !held {
			err = v.store.release(ctx, c)
		} else {
			var free bool
			free, err = v.store.confirm(ctx, c)
			err = claimed(free, err)
		}
		if err != nil {
			return fmt.Errorf("reconcile identifiers of %s: %w", l.Person, err)
		}
	}
	return nil
}
