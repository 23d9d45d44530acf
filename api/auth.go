package api

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

const (
	maxTokenBytes = 8 << 10
	clockSkew     = 60 * time.Second
	minRSABits    = 2048
)

// algorithms are the only ones a token may be signed with: each needs a public
// key of its own kind, so that no key can be used as another's secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

// headerNames is all that a token's header may hold. Headers that bring or
// point to keys (jwk, jku, x5u, x5c), change the meaning of the rest (crit,
// b64, zip) or encrypt (enc) are refused by not being here.
var headerNames = []string{"alg", "kid", "typ", "x5t", "x5t#S256", "cty"}

// tokenTypes are the values of typ that name an access token (RFC 7519 section
// 5.1, RFC 9068 section 2.1), letter case aside.
var tokenTypes = []string{"jwt", "at+jwt", "application/at+jwt"}

func unidentified(code, message string) error {
	return fault.New(fault.Unidentified, code, "%s", message)
}

var errToken = unidentified("token-invalid", "the bearer token is not acceptable")

// identify says who a request comes from, by its Authorization header alone.
// Every flaw of a token has the same answer, but for the one that a client
// cures by itself: "token-expired".
func (a *API) identify(ctx context.Context, authorization []string) (Caller, bool, error) {
	if len(authorization) == 0 {
		return Caller{}, false, unidentified("token-missing", "a bearer token is required")
	}
	if len(authorization) > 1 || len(authorization[0]) > maxTokenBytes {
		return Caller{}, false, errToken
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.Count(token, ".") != 2 {
		return Caller{}, false, errToken
	}
	header, payload, err := peek(token)
	if err != nil {
		return Caller{}, false, errToken
	}
	issuer, known := a.issuers[payload.text("iss")]
	if !known {
		return Caller{}, false, errToken
	}
	if err := a.verify(ctx, issuer, token, header); err != nil {
		if errors.Is(err, ErrNoKeys) {
			return Caller{}, false, &fault.Fault{Kind: fault.Unavailable, Code: "issuer-unavailable",
				Message: "the issuer's keys cannot be had", RetryAfter: 5 * time.Second}
		}
		return Caller{}, false, errToken
	}
	if err := payload.check(issuer, a.config.Clock()); err != nil {
		return Caller{}, false, err
	}
	return a.callerOf(issuer, payload)
}

// claims is a JSON object of a token.
type claims map[string]jsontext.Value

// peek decodes a token's header and payload strictly, without trusting them.
func peek(token string) (header, payload claims, err error) {
	parts := strings.Split(token, ".")
	for i, target := range []*claims{&header, &payload} {
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, nil, errToken
		}
		if err := json.Unmarshal(decoded, target); err != nil || *target == nil {
			return nil, nil, errToken
		}
	}
	for name := range header {
		if !slices.Contains(headerNames, name) {
			return nil, nil, errToken
		}
	}
	if !slices.Contains(tokenTypes, strings.ToLower(header.text("typ"))) {
		return nil, nil, errToken
	}
	return header, payload, nil
}

// text is a claim that is a non-empty string of at most 256 bytes; "" if it
// is anything else.
func (c claims) text(name string) string {
	var s string
	if v, ok := c[name]; !ok || v.Kind() != '"' || json.Unmarshal(v, &s) != nil || len(s) > 256 || strings.ContainsRune(s, 0) {
		return ""
	}
	return s
}

// texts is a claim that is a string or a list of strings.
func (c claims) texts(name string) []string {
	if s := c.text(name); s != "" {
		return []string{s}
	}
	var list []string
	if v, ok := c[name]; !ok || v.Kind() != '[' || json.Unmarshal(v, &list) != nil || len(list) > 64 {
		return nil
	}
	return list
}

// date is a claim that is a NumericDate (RFC 7519 section 2); given is true
// for a claim that is there and is none.
func (c claims) date(name string) (at time.Time, given, ok bool) {
	v, given := c[name]
	if !given {
		return time.Time{}, false, true
	}
	var seconds float64
	if v.Kind() != '0' || json.Unmarshal(v, &seconds) != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, true, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, true
}

func (c claims) check(issuer Issuer, now time.Time) error {
	if !slices.Contains(c.texts("aud"), issuer.Audience) {
		return errToken
	}
	if use, given := c["token_use"]; given && string(use) != `"access"` {
		return errToken
	}
	if c.text("sub") == "" {
		return errToken
	}
	expires, given, ok := c.date("exp")
	if !given || !ok {
		return errToken
	}
	for _, name := range []string{"nbf", "iat"} {
		from, given, ok := c.date(name)
		if !ok || given && from.After(now.Add(clockSkew)) {
			return errToken
		}
	}
	if !expires.Add(clockSkew).After(now) {
		return unidentified("token-expired", "the bearer token has expired")
	}
	return nil
}

// verified remembers tokens whose signature was good, so that a session's next
// request need not pay for it again. Everything else about a token is checked
// every time. A key that an issuer takes back is believed for at most
// verifiedFor longer. The zero value is ready for use.
type verified struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]time.Time // until when
}

const (
	verifiedFor = time.Minute
	verifiedMax = 4096 // in each of two generations
)

func (v *verified) has(sum [sha256.Size]byte, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	until, ok := v.young[sum]
	if !ok {
		until, ok = v.old[sum]
	}
	return ok && now.Before(until)
}

func (v *verified) add(sum [sha256.Size]byte, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.young == nil || len(v.young) >= verifiedMax {
		v.old, v.young = v.young, map[[sha256.Size]byte]time.Time{}
	}
	v.young[sum] = now.Add(verifiedFor)
}

// verify checks a token's signature, unless the very same token was found
// good a moment ago.
func (a *API) verify(ctx context.Context, issuer Issuer, token string, header claims) error {
	sum, now := sha256.Sum256([]byte(token)), a.config.Clock()
	if a.verified.has(sum, now) {
		return nil
	}
	err := verify(ctx, issuer, token, header)
	if err == nil {
		a.verified.add(sum, now)
	}
	return err
}

// verify checks a token's signature against the issuer's own keys.
func verify(ctx context.Context, issuer Issuer, token string, header claims) error {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return errToken
	}
	algorithm := signed.Signatures[0].Protected.Algorithm
	kid := header.text("kid")
	if _, given := header["kid"]; given && kid == "" {
		return errToken
	}
	for _, refresh := range []bool{false, true} {
		keys, err := issuer.Keys.Keys(ctx, refresh)
		if err != nil {
			return fmt.Errorf("%w", ErrNoKeys)
		}
		candidates := candidates(keys, kid, algorithm)
		if len(candidates) == 0 {
			continue
		}
		for _, key := range candidates {
			if payload, err := signed.Verify(key.Key); err == nil && len(payload) > 0 && samePayload(token, payload) {
				return nil
			}
		}
		return errToken
	}
	return errToken
}

// samePayload reports whether what was verified is what was peeked at.
func samePayload(token string, verified []byte) bool {
	peeked, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	return err == nil && bytes.Equal(peeked, verified)
}

func candidates(keys []jose.JSONWebKey, kid, algorithm string) []jose.JSONWebKey {
	var fit []jose.JSONWebKey
	for _, k := range keys {
		if kid != "" && k.KeyID != kid || k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != algorithm {
			continue
		}
		if fits(k.Key, algorithm) {
			fit = append(fit, k)
		}
	}
	return fit
}

func fits(key any, algorithm string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return algorithm == string(jose.RS256) && key.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}

// callerOf reads who a verified token speaks for. named is false for a token
// of an application alone, which may read and not write.
func (a *API) callerOf(issuer Issuer, c claims) (caller Caller, named bool, err error) {
	subject := c.text("sub")
	actor := event.Actor{ID: event.DeriveUUID("principal", []byte(issuer.URL), []byte(subject))}
	client := c.text(issuer.Claims.Client)
	if client != "" {
		actor.Client = event.DeriveUUID("client", []byte(issuer.URL), []byte(client))
	}
	human := c.text(issuer.Claims.Human)
	named = human != "" && human != client

	roles := map[event.Role]bool{}
	for _, name := range c.texts(issuer.Claims.Role) {
		role, mapped := issuer.Roles[name]
		if issuer.Roles == nil {
			role, mapped = event.Role(name), true
		}
		if mapped && slices.Contains(callers, role) {
			roles[role] = true
		}
	}
	switch len(roles) {
	case 0:
		return Caller{}, false, fault.New(fault.Denied, "role-unknown", "the token names no role that is known here")
	case 1:
		for actor.Role = range roles {
		}
	default:
		return Caller{}, false, fault.New(fault.Denied, "role-ambiguous", "the token names several roles: get one for the role you act in")
	}

	organisation, known := a.config.Organisation(c.text(issuer.Claims.Organisation))
	if !known {
		return Caller{}, false, fault.New(fault.Denied, "organisation-unknown", "the token names no organisation that is known here")
	}
	actor.Side, actor.Org = organisation.Side, organisation.ID
	if !reference.HeldOn(actor.Role, actor.Side) {
		return Caller{}, false, fault.New(fault.Denied, "role-not-on-side", "the role does not exist in that organisation")
	}

	session := c.text(issuer.Claims.Session)
	if session == "" {
		session = c.text("jti")
	}
	if session == "" {
		session = string(c["iat"]) + string(c["exp"])
	}
	return Caller{Actor: actor, Session: event.DeriveUUID("session", []byte(issuer.URL), []byte(subject), []byte(session))}, named, nil
}

func (n ClaimNames) withDefaults() ClaimNames {
	for name, standard := range map[*string]string{&n.Role: "role", &n.Organisation: "org", &n.Session: "sid", &n.Client: "client_id", &n.Human: "sub"} {
		if *name == "" {
			*name = standard
		}
	}
	return n
}
