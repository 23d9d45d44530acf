package vault

import (
	"context"
	"fmt"
)

// SharedSecret returns a secret of 32 random bytes that every process with this
// keystore and its key-encryption key gets alike, made on first use. It is named
// for what it is for, in lower case and hyphens, and lasts as long as the
// keystore.
func (v *Vault) SharedSecret(ctx context.Context, name string) ([32]byte, error) {
	secret, err := v.secret(ctx, "shared-"+name)
	if err != nil {
		return [32]byte{}, fmt.Errorf("the secret %s: %w", name, err)
	}
	return [32]byte(secret), nil
}
