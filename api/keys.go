package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// KeySet holds an issuer's public keys.
type KeySet interface {
	// Keys returns the keys known now. refresh asks for keys the set does not
	// hold yet; a set may refuse to look again so soon.
	Keys(ctx context.Context, refresh bool) ([]jose.JSONWebKey, error)
}

// ErrNoKeys is returned when an issuer's keys cannot be had.
var ErrNoKeys = errors.New("api: the issuer's keys cannot be read")

const (
	maxKeySetBytes = 64 << 10
	maxKeys        = 16
)

// StaticKeys is a key set that never changes: a JWKS document (RFC 7517
// section 5). Private and symmetric keys are refused.
func StaticKeys(jwks []byte) (KeySet, error) {
	keys, err := parseKeySet(jwks)
	if err != nil {
		return nil, err
	}
	return staticKeys(keys), nil
}

type staticKeys []jose.JSONWebKey

func (s staticKeys) Keys(context.Context, bool) ([]jose.JSONWebKey, error) { return s, nil }

func parseKeySet(document []byte) ([]jose.JSONWebKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("%w: not a key set", ErrNoKeys)
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: %d keys, want 1 to %d", ErrNoKeys, len(set.Keys), maxKeys)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || !k.Valid() {
			return nil, fmt.Errorf("%w: a key is not a valid public key", ErrNoKeys)
		}
	}
	return set.Keys, nil
}

// FetchedKeys fetches a key set from the one address it was made with. What a
// token's header says never leads to a request. Keys are kept for an hour; an
// unknown key id leads to one fetch at most every minute, for everyone
// together; while the address cannot be reached the last keys stay in use, for
// a day.
type FetchedKeys struct {
	url    string
	client *http.Client
	clock  func() time.Time

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // last success
	tried   time.Time // last attempt
}

const (
	keysFresh   = time.Hour
	keysUsable  = 24 * time.Hour
	keysRetry   = time.Minute
	keysTimeout = 5 * time.Second
)

// FetchKeys makes a key set of the JWKS document at a URL. client must not
// follow redirects to elsewhere; a nil client is one that follows none.
func FetchKeys(url string, client *http.Client, clock func() time.Time) *FetchedKeys {
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &FetchedKeys{url: url, client: client, clock: clock}
}

// Keys implements [KeySet].
func (f *FetchedKeys) Keys(ctx context.Context, refresh bool) ([]jose.JSONWebKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock()
	stale := f.keys == nil || now.Sub(f.fetched) >= keysFresh
	if (stale || refresh) && (f.tried.IsZero() || now.Sub(f.tried) >= keysRetry) {
		f.tried = now
		if keys, err := f.fetch(ctx); err == nil {
			f.keys, f.fetched = keys, now
		}
	}
	if f.keys == nil || now.Sub(f.fetched) >= keysUsable {
		return nil, ErrNoKeys
	}
	return f.keys, nil
}

func (f *FetchedKeys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	// A client that goes away must not spoil the fetch for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrNoKeys, response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxKeySetBytes+1))
	if err != nil || len(document) > maxKeySetBytes {
		return nil, fmt.Errorf("%w: unreadable or over %d bytes", ErrNoKeys, maxKeySetBytes)
	}
	return parseKeySet(document)
}
