package witness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
)

// tries is how often a register is set again that somebody else has set.
const tries = 5

// publish sets the register witnessed to the target, once enough have cosigned it,
// and again when more have. It never sets it to a smaller tree, and drops no
// cosignature of the same.
func (g *Gatherer) publish(ctx context.Context) error {
	if g.target.note == nil || g.settled && g.written == len(g.gathered) {
		return nil
	}
	var by []note.Signature
	for _, m := range g.Policy.Members {
		if s, has := g.gathered[m.Name]; has {
			by = append(by, s)
		}
	}
	if !g.Policy.Satisfied(by) {
		return nil
	}
	for range tries {
		old, err := g.Shelf.Load(ctx, ledger.RegisterWitnessed)
		if err != nil {
			return err
		}
		all := by
		if last, ok := g.open(old); ok && last.N >= g.target.N {
			switch {
			case last.N > g.target.N: // another process was quicker
				g.settled, g.written = true, len(g.gathered)
				return nil
			case last.Hash != g.target.Hash:
				f, _ := forkOf(last, g.target, nil, nil)
				return g.conflict(ctx, "register witnessed", &failure{code: Conflicting, shown: &last, fork: &f, size: last.N}, g.target)
			}
			all = g.Policy.merge(by, last.note.Sigs)
		}
		signed := cosign(g.target, all)
		err = nil
		if string(signed) != string(old) {
			err = g.Shelf.Swap(ctx, ledger.RegisterWitnessed, old, signed)
		}
		if err == nil {
			g.settled, g.written = true, len(g.gathered)
			return nil
		}
		if !errors.Is(err, ledger.ErrMoved) {
			return err
		}
	}
	return fmt.Errorf("witness: the register witnessed: %w", ledger.ErrMoved)
}

// cosign adds cosignatures to a checkpoint.
func cosign(c checkpoint, by []note.Signature) []byte {
	return alone(&note.Note{Text: c.note.Text, Sigs: slices.Concat(c.note.Sigs, by)})
}

// merge is every cosignature of the policy in either list, one of each witness, in
// the order of the policy.
func (p Policy) merge(first, second []note.Signature) []note.Signature {
	var all []note.Signature
	for _, m := range p.Members {
		for _, s := range slices.Concat(first, second) {
			if s.Name == m.Verifier.Name() && s.Hash == m.Verifier.KeyHash() {
				all = append(all, s)
				break
			}
		}
	}
	return all
}

// either knows the keys that one of two knows.
type either [2]note.Verifiers

// Verifier implements [note.Verifiers].
func (e either) Verifier(name string, hash uint32) (note.Verifier, error) {
	v, err := e[0].Verifier(name, hash)
	if _, unknown := err.(*note.UnknownVerifierError); unknown { //nolint:errorlint // note.Open asks for it so, too
		return e[1].Verifier(name, hash)
	}
	return v, err
}
