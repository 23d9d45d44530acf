package kms

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/tink-crypto/tink-go-hcvault/v2/integration/hcvault"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	transitScheme  = "hcvault://"
	transitTimeout = 10 * time.Second
	maxToken       = 8 << 10
)

// ErrTokenFile: the file of the service's token cannot be used. It must be a
// regular file that its owner alone can read, with the token and at most one end
// of line.
var ErrTokenFile = errors.New("kms: the token's file must be a regular file of mode 0600 that holds a token")

// Transit is a client of the transit engine of HashiCorp Vault, or of OpenBao.
// Keys are named by URIs such as
//
//	hcvault://vault.internal:8200/transit/keys/caseledger
//
// of which the server is reached by HTTPS only. The key must be of a type that
// takes associated data, such as aes256-gcm96, and not derived.
//
// Rotating the service's key is wrapping again ([vault.Vault.Rewrap]) by the
// same URI: the service encrypts by the latest version. Raising
// min_decryption_version and trimming then destroys what copies of the
// key-encryption key's file need.
type Transit struct {
	// TokenFile is the path of a file with the token to present. It is read anew
	// for each key that is asked for.
	TokenFile string
	// Client carries the requests; nil is one that trusts the system's roots.
	Client *http.Client
}

var _ registry.KMSClient = Transit{}

// Supported implements [registry.KMSClient].
func (t Transit) Supported(uri string) bool { return strings.HasPrefix(uri, transitScheme) }

// GetAEAD implements [registry.KMSClient]. It asks nothing of the network.
// Errors: [ErrTokenFile].
func (t Transit) GetAEAD(uri string) (tink.AEAD, error) {
	at, err := url.Parse(uri)
	if err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return nil, errors.New("kms: the key's URI is not of the form hcvault://host:port/mount/keys/name")
	}
	token, err := t.token()
	if err != nil {
		return nil, err
	}
	carrier := t.Client
	if carrier == nil {
		carrier = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: transitTimeout}
	}
	client, err := api.NewClient(&api.Config{Address: "https://" + at.Host, HttpClient: carrier, Timeout: transitTimeout, MaxRetries: 1})
	if err != nil {
		return nil, errors.New("kms: the client of the transit engine cannot be made")
	}
	client.SetToken(token)
	client.ClearNamespace()
	service, err := hcvault.NewClientWithAEADOptions(transitScheme+at.Host, client.Logical())
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	aead, err := service.GetAEAD(uri)
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	return told{aead}, nil
}

// token reads the token's file.
func (t Transit) token() (string, error) {
	f, err := os.Open(t.TokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: it cannot be opened", ErrTokenFile)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&^0o600 != 0 {
		return "", ErrTokenFile
	}
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	token := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if err != nil || token == "" || len(text) > maxToken || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", ErrTokenFile
	}
	return token, nil
}

// told is a key whose errors tell what the service answered, and neither where
// it is nor what it was sent.
type told struct{ tink.AEAD }

func (k told) Encrypt(plaintext, ad []byte) ([]byte, error) {
	out, err := k.AEAD.Encrypt(plaintext, ad)
	return out, short(err)
}

func (k told) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	out, err := k.AEAD.Decrypt(ciphertext, ad)
	return out, short(err)
}

func short(err error) error {
	var answered *api.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answered):
		return fmt.Errorf("kms: the transit engine answers %d %s", answered.StatusCode, http.StatusText(answered.StatusCode))
	}
	return errors.New("kms: the transit engine cannot be reached, or what it answers is not understood")
}
