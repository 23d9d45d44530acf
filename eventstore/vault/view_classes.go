package vault

import (
	"context"
	"slices"

	"caseledger/domain/event"
)

// ClassView opens the boxes of some data classes, whichever side's they are,
// and no others. It cannot seal.
type ClassView struct {
	vault   *Vault
	classes []event.Class
}

// ViewClasses returns what a reader who may know some classes only may open:
// without the identity class, whatever it reads is pseudonymised.
func (v *Vault) ViewClasses(classes ...event.Class) *ClassView {
	return &ClassView{v, slices.Clone(classes)}
}

// Open is [Vault.Open] for the keys of the view's classes; for every other key
// it is [ErrWithheld], whatever became of the key.
func (w *ClassView) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	e, err := w.vault.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(w.classes, e.ref.Class) {
		return nil, ErrWithheld
	}
	aead, err := w.vault.cipher(e)
	if err != nil {
		return nil, err
	}
	return openWith(dst, aead, sealed, ad)
}

// CheckCommitment is [Vault.CheckCommitment].
func (w *ClassView) CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error {
	return w.vault.CheckCommitment(ctx, key, c)
}
