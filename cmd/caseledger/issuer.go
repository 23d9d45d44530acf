package main

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// The demo's own issuer, as tokens name it.
const (
	demoIssuer   = "https://issuer.demo.invalid"
	demoAudience = "caseledger-demo"
	demoClient   = "caseledger-demo-client"
)

// tokenIssuer signs tokens with a key of its own, which is never stored.
type tokenIssuer struct {
	signer jose.Signer
	public jose.JSONWebKey
	random io.Reader
}

// newTokenIssuer draws a key.
func newTokenIssuer(random io.Reader) (*tokenIssuer, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("draw a signing key: %w", err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := jose.JSONWebKey{Key: private.Public(), KeyID: "demo-1", Algorithm: string(jose.EdDSA), Use: "sig"}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: public.KeyID}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("make a signer: %w", err)
	}
	return &tokenIssuer{signer, public, random}, nil
}

// jwks is the public half, as a JWKS document.
func (i *tokenIssuer) jwks() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
}

// demoClaims are the claims beside the registered ones, under the names that
// package api reads by default.
type demoClaims struct {
	Role    event.Role `json:"role"`
	Org     string     `json:"org"`
	Session string     `json:"sid"`
	Client  string     `json:"client_id"`
}

// token is a bearer token for a member of the cast.
func (i *tokenIssuer) token(m member, from time.Time, lasts time.Duration) (string, error) {
	var id event.UUID
	if _, err := io.ReadFull(i.random, id[:]); err != nil {
		return "", fmt.Errorf("draw a token id: %w", err)
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return jwt.Signed(i.signer).
		Claims(jwt.Claims{
			Issuer: demoIssuer, Audience: jwt.Audience{demoAudience}, Subject: m.label, ID: id.String(),
			IssuedAt: jwt.NewNumericDate(from), NotBefore: jwt.NewNumericDate(from), Expiry: jwt.NewNumericDate(from.Add(lasts)),
		}).
		Claims(demoClaims{m.role, string(m.org), id.String(), demoClient}).
		Serialize()
}
