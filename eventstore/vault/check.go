package vault

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"iter"

	"caseledger/domain/event"
)

// Expected is what the ledger says of a key.
type Expected struct {
	Key // with the commitment
	// Ref is what the key is for; a part that is zero is not compared.
	Ref Ref
	// DestroyedBy is the event that records the key's destruction; zero if none
	// does.
	DestroyedBy event.ID
}

// Verdict is what became of a key that the ledger speaks of.
type Verdict int

// The verdicts. Opens and Gone are as they should be.
const (
	// Opens: the key unwraps to what was committed to, and nothing records its
	// destruction.
	Opens Verdict = iota + 1
	// Gone: the key was destroyed, by the event that the ledger says.
	Gone
	// Missing: the keystore has no such key and no tombstone of it; nor does the
	// ledger record a destruction, or the keystore is older than that.
	Missing
	// OtherCommitment: the keystore's key is not the one the ledger commits to.
	OtherCommitment
	// OtherUse: the key is of another subject, side or class than the ledger says.
	OtherUse
	// Broken: the key does not unwrap to what it is committed to.
	Broken
	// GoneUnrecorded: the keystore has a tombstone, and the ledger no destruction.
	GoneUnrecorded
	// OtherDestruction: the tombstone names another event than the ledger's.
	OtherDestruction
	// Undestroyed: the ledger records a destruction and the key is there: the
	// keystore is older than the ledger ([Vault.Reapply]).
	Undestroyed
	// Altered: all that is as it should be, but something else in the row is not
	// what a vault stored.
	Altered
)

var verdicts = [...]string{"", "opens", "destroyed", "missing", "other commitment", "other use", "does not unwrap",
	"destroyed without a record", "destroyed by another event", "not destroyed", "altered"}

// String implements fmt.Stringer.
func (v Verdict) String() string {
	if v < Opens || int(v) >= len(verdicts) {
		return fmt.Sprintf("verdict %d", int(v))
	}
	return verdicts[v]
}

// Sound reports whether a key is as the ledger says.
func (v Verdict) Sound() bool { return v == Opens || v == Gone }

// Finding is what was found of one key.
type Finding struct {
	Expected
	Verdict Verdict
}

// Check compares keys with what the ledger says of them, one finding for each,
// in their order. Live and retired keys are unwrapped, from the keystore as it
// is and not from what is remembered of it. A few thousand at once are read
// quickest.
//
// Errors: [ErrKEKUnavailable], those of the file of the key-encryption key, and
// the database's. What is wrong with a key is a finding, not an error.
func (v *Vault) Check(ctx context.Context, expected []Expected) ([]Finding, error) {
	ids := make([]event.UUID, len(expected))
	for i, e := range expected {
		ids[i] = e.ID
	}
	there, err := v.store.some(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("vault: check keys: %w", err)
	}
	found := make(map[event.UUID]record, len(there))
	for _, r := range there {
		found[r.id] = r
	}
	findings := make([]Finding, len(expected))
	for i, e := range expected {
		verdict := Missing
		if r, ok := found[e.ID]; ok {
			if verdict, err = v.compare(r, e); err != nil {
				return nil, fmt.Errorf("vault: check keys: %w", err)
			}
		}
		findings[i] = Finding{e, verdict}
	}
	return findings, nil
}

// compare says what is wrong with a key, the worst first.
func (v *Vault) compare(r record, e Expected) (Verdict, error) {
	switch {
	case !hmac.Equal(r.commitment[:], e.Commitment[:]):
		return OtherCommitment, nil
	case !e.Ref.Subject.IsZero() && r.ref.Subject != e.Ref.Subject,
		e.Ref.Side != "" && r.ref.Side != e.Ref.Side,
		e.Ref.Class != "" && r.ref.Class != e.Ref.Class:
		return OtherUse, nil
	case r.state == destroyed && e.DestroyedBy.IsZero():
		return GoneUnrecorded, nil
	case r.state == destroyed && r.destroyedBy != e.DestroyedBy:
		return OtherDestruction, nil
	case r.state != destroyed && !e.DestroyedBy.IsZero():
		return Undestroyed, nil
	}
	if r.state != destroyed {
		dek, err := unwrapKey(v.ring, r)
		switch {
		case errors.Is(err, ErrKeyBroken):
			return Broken, nil
		case err != nil:
			return 0, err
		}
		clear(dek)
	}
	switch {
	case !v.stamps.right(r.stamp, v.stamps.ofKey(r)):
		return Altered, nil
	case r.state == destroyed:
		return Gone, nil
	}
	return Opens, nil
}

// Row is one key as the keystore has it.
type Row struct {
	KeyInfo
	// Altered says that the row is not as a vault stored it.
	Altered bool
}

// Keys goes through every key there is or was, in the order of their ids, in
// memory that does not grow. What is stored or destroyed meanwhile may be
// there or not.
func (v *Vault) Keys(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for r, err := range each(ctx, v.store.keysAfter, func(r record) []byte { return r.id[:] }) {
			if !yield(Row{infoOf(r), err == nil && !v.stamps.right(r.stamp, v.stamps.ofKey(r))}, err) || err != nil {
				return
			}
		}
	}
}

// each goes through the rows of a table, until an error. A row whose key was made
// longer comes behind itself: it ends there, and is not read for ever.
func each[T any](ctx context.Context, next pager[T], key func(T) []byte) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for {
			page, err := next(ctx, last)
			if err != nil {
				yield(last, err)
				return
			}
			if len(page) > 0 && bytes.Equal(key(page[len(page)-1]), key(last)) {
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
			last = page[len(page)-1]
		}
	}
}

// Alteration is something in the keystore that no vault left as it is.
type Alteration struct {
	// Table is "keys", "identifiers", "secrets" or "tombstones".
	Table string
	// Row names the row, as its table does: a key's id, a person's, a secret's
	// name. Nothing of it is personal.
	Row string
	// What is wrong with it.
	What string
}

// String says all of it.
func (a Alteration) String() string { return a.Table + " " + a.Row + ": " + a.What }

// Alterations goes through everything in the keystore, in memory that does not
// grow, and yields what is not as a vault stored it:
//
//   - keys: every column of every row, by its stamp. What it seals with is
//     [Vault.Check]'s to say, and so is a row that is gone: the ledger names
//     every key that was ever used.
//   - identifiers: every column of every row, by its stamp. A row that is gone
//     is found by who reads the ledger: [Vault.Find] does not find the person.
//   - secrets: each is opened, under its name; their number is the stamped one.
//   - tombstones: every column, by its stamp; the number of tombstones is the
//     one that is counted.
//
// Rows that are stored or changed meanwhile are no alteration, but for the
// numbers: a keystore that is in use may yield one of those that the next call
// does not.
//
// Errors end it: [ErrKEKUnavailable], those of the file of the key-encryption
// key, and the database's.
func (v *Vault) Alterations(ctx context.Context) iter.Seq2[Alteration, error] {
	return func(yield func(Alteration, error) bool) {
		for _, check := range []func(context.Context, func(Alteration) bool) (bool, error){
			v.alteredState, v.alteredSecrets, v.alteredKeys, v.alteredClaims,
		} {
			goOn, err := check(ctx, func(a Alteration) bool { return yield(a, nil) })
			if err != nil {
				yield(Alteration{}, fmt.Errorf("vault: check the keystore: %w", err))
			}
			if err != nil || !goOn {
				return
			}
		}
	}
}

const notStamped = "it is not as it was stored"

func (v *Vault) alteredState(ctx context.Context, yield func(Alteration) bool) (bool, error) {
	is, err := v.store.state(ctx)
	if errors.Is(err, ErrNotKeystore) {
		return yield(Alteration{"tombstones", "1", "it is gone"}), nil
	}
	if err != nil {
		return false, err
	}
	holds, err := v.store.counts(ctx)
	switch {
	case err != nil:
		return false, err
	case !v.stamps.right(is.stamp, v.stamps.ofState(is)):
		return yield(Alteration{"tombstones", "1", notStamped}), nil
	case holds.Destroyed != is.gone &&
		!yield(Alteration{"tombstones", "1", fmt.Sprintf("%d destroyed keys are counted, %d are there", is.gone, holds.Destroyed)}):
		return false, nil
	case holds.Secrets != is.secrets:
		return yield(Alteration{"tombstones", "1", fmt.Sprintf("%d secrets and marks are counted, %d are there", is.secrets, holds.Secrets)}), nil
	}
	return true, nil
}

func (v *Vault) alteredSecrets(ctx context.Context, yield func(Alteration) bool) (bool, error) {
	all, err := v.store.secrets(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range all {
		plain, err := unwrapSecret(v.ring, s)
		switch {
		case errors.Is(err, ErrKeyBroken):
			if !yield(Alteration{"secrets", s.name, "it does not open"}) {
				return false, nil
			}
		case err != nil:
			return false, err
		}
		clear(plain)
	}
	return true, nil
}

func (v *Vault) alteredKeys(ctx context.Context, yield func(Alteration) bool) (bool, error) {
	for row, err := range v.Keys(ctx) {
		if err != nil {
			return false, err
		}
		if row.Altered && !yield(Alteration{"keys", row.ID.String(), notStamped}) {
			return false, nil
		}
	}
	return true, nil
}

func (v *Vault) alteredClaims(ctx context.Context, yield func(Alteration) bool) (bool, error) {
	for c, err := range each(ctx, v.store.claimsAfter, func(c claim) []byte { return append(c.blind[:], c.command[:]...) }) {
		if err != nil {
			return false, err
		}
		if !v.stamps.right(c.stamp, v.stamps.ofClaim(c)) && !yield(Alteration{"identifiers", c.person.String(), notStamped}) {
			return false, nil
		}
	}
	return true, nil
}

// infoOf is what may be told of a key.
func infoOf(r record) KeyInfo {
	return KeyInfo{Key{r.id, r.commitment}, r.ref, r.created, r.state == live, r.destroyedBy}
}
