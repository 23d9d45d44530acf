package vault

import (
	"context"

	"caseledger/domain/event"
)

// View opens the boxes of one side and no others. It cannot seal.
type View struct {
	vault *Vault
	side  event.Side
}

// View returns what one side may open.
func (v *Vault) View(side event.Side) *View { return &View{v, side} }

// Open is [Vault.Open] for the keys of the view's side; for every other key it
// is [ErrWithheld], whatever became of the key.
func (w *View) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	e, err := w.vault.lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	if e.ref.Side != w.side {
		return nil, ErrWithheld
	}
	aead, err := w.vault.cipher(e)
	if err != nil {
		return nil, err
	}
	return openWith(dst, aead, sealed, ad)
}

// CheckCommitment is [Vault.CheckCommitment].
func (w *View) CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error {
	return w.vault.CheckCommitment(ctx, key, c)
}
