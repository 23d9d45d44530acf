// Package kms finds keys of key management services through Tink's interface, so
// that one of them can encrypt a keystore's key-encryption key.
//
// A service is whatever Tink has a client for. The client of HashiCorp Vault,
// whose transit engine OpenBao speaks too, is here ([Transit]). To use another,
// link it into a program of your own and give it to [Find]: each of
// tink-go-awskms, tink-go-gcpkms and what implements [registry.KMSClient] will do.
package kms

import (
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/core/registry"

	"caseledger/eventstore/vault"
)

// Find returns what vault.Config wants: the first client that supports a URI
// gives the key. Which clients there are is known before anything is asked of
// the network.
func Find(clients ...registry.KMSClient) func(uri string) (vault.KEK, error) {
	return func(uri string) (vault.KEK, error) {
		for _, c := range clients {
			if !c.Supported(uri) {
				continue
			}
			aead, err := c.GetAEAD(uri)
			if err != nil {
				return nil, fmt.Errorf("kms: find the key: %w", err)
			}
			return aead, nil
		}
		return nil, errNoClient
	}
}

var errNoClient = errors.New("kms: this program is linked with no client for the scheme of the key's URI")
