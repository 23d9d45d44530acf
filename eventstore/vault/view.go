package vault

import (
	"context"
	"slices"

	"caseledger/domain/event"
)

// View opens the boxes it was made for and no others. It cannot seal.
type View struct {
	vault *Vault
	may   func(Ref) bool
}

// View returns what one side may open: its own, and what is shared by all.
func (v *Vault) View(side event.Side) *View {
	return &View{v, func(r Ref) bool { return r.Side == side || r.Side == event.Shared }}
}

// ViewClasses returns what a reader may open who may know some data classes,
// whichever side's: without the identity class, what it reads is
// pseudonymised.
func (v *Vault) ViewClasses(classes ...event.Class) *View {
	classes = slices.Clone(classes)
	return &View{v, func(r Ref) bool { return slices.Contains(classes, r.Class) }}
}

// Open is [Vault.Open] for the keys of the view; for every other key it is
// [ErrWithheld], whatever became of the key.
func (w *View) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	e, err := w.vault.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	if !w.may(e.ref) {
		return nil, ErrWithheld
	}
	aead, err := w.vault.cipher(ctx, e)
	if err != nil {
		return nil, err
	}
	return openWith(dst, aead, sealed, ad)
}

// CheckCommitment is [Vault.CheckCommitment].
func (w *View) CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error {
	return w.vault.CheckCommitment(ctx, key, c)
}
