package api

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// raw makes a token of any three parts, signed by sign over the first two.
func raw(header, payload string, sign func(input []byte) []byte) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func payloadOf(claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func nothing([]byte) []byte { return nil }

func byEd(input []byte) []byte {
	s, err := keys().ed.Sign(nil, input, crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	return s
}

func byForeign(input []byte) []byte {
	s, err := keys().foreign.Sign(nil, input, crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	return s
}

// hostile are Authorization headers that must get nobody in, each with the
// good token's claims but for its one flaw.
func hostile(t *testing.T) map[string]string {
	t.Helper()
	k := keys()
	good := standardClaims()
	ed := func(changes ...any) string {
		return "Bearer " + sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, changes...))
	}
	edHeader := func(header map[string]any) string {
		return "Bearer " + sign(t, jose.EdDSA, k.ed, header, good)
	}
	rawEd := func(header, payload string) string { return "Bearer " + raw(header, payload, byEd) }
	plain := payloadOf(good)
	mac := func(secret []byte) func([]byte) []byte {
		return func(input []byte) []byte {
			h := hmac.New(sha256.New, secret)
			h.Write(input)
			return h.Sum(nil)
		}
	}
	der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	token := strings.TrimPrefix(ed(), "Bearer ")
	parts := strings.Split(token, ".")
	encrypter, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: &k.rsa.PublicKey}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	foreignJWK, err := jose.JSONWebKey{Key: k.foreign.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}

	list := map[string]string{
		"another scheme":                         "Basic " + token,
		"no scheme":                              token,
		"empty token":                            "Bearer ",
		"two spaces":                             "Bearer  " + token,
		"trailing space":                         "Bearer " + token + " ",
		"two parts":                              "Bearer " + parts[0] + "." + parts[1],
		"four parts":                             "Bearer " + token + ".x",
		"encrypted":                              "Bearer " + jwe,
		"too long":                               ed("padding", strings.Repeat("a", 8<<10)),
		"padded base64":                          "Bearer " + parts[0] + "=." + parts[1] + "." + parts[2],
		"standard base64":                        "Bearer " + parts[0] + "." + parts[1] + "+." + parts[2],
		"header is no JSON":                      rawEd(`alg`, plain),
		"header is null":                         rawEd(`null`, plain),
		"header twice an alg":                    rawEd(`{"alg":"none","alg":"EdDSA","kid":"ed","typ":"JWT"}`, plain),
		"payload is no object":                   rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT"}`, `[]`),
		"payload twice an iss":                   rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT"}`, `{"iss":"https://evil.example",`+plain[1:]),
		"alg none":                               "Bearer " + raw(`{"alg":"none","typ":"JWT"}`, plain, nothing),
		"alg None":                               "Bearer " + raw(`{"alg":"None","typ":"JWT"}`, plain, nothing),
		"alg none with a key":                    "Bearer " + raw(`{"alg":"none","kid":"ed","typ":"JWT"}`, plain, nothing),
		"no alg":                                 rawEd(`{"kid":"ed","typ":"JWT"}`, plain),
		"HS256 with the RSA key's PEM":           "Bearer " + raw(`{"alg":"HS256","kid":"rsa","typ":"JWT"}`, plain, mac(pemKey)),
		"HS256 with the RSA key's DER":           "Bearer " + raw(`{"alg":"HS256","kid":"rsa","typ":"JWT"}`, plain, mac(der)),
		"HS256 with an empty secret":             "Bearer " + raw(`{"alg":"HS256","typ":"JWT"}`, plain, mac(nil)),
		"RS512":                                  "Bearer " + sign(t, jose.RS512, k.rsa, map[string]any{"kid": "rsa"}, good),
		"PS256":                                  "Bearer " + sign(t, jose.PS256, k.rsa, map[string]any{"kid": "rsa"}, good),
		"ES384":                                  "Bearer " + sign(t, jose.ES384, k.p384, map[string]any{"kid": "p384"}, good),
		"RS256 with a short key":                 "Bearer " + sign(t, jose.RS256, k.weak, map[string]any{"kid": "weak"}, good),
		"EdDSA naming the RSA key":               edHeader(map[string]any{"kid": "rsa"}),
		"a key nobody has":                       edHeader(map[string]any{"kid": "other"}),
		"a kid that is a path":                   edHeader(map[string]any{"kid": "../../dev/null"}),
		"a kid that is a number":                 rawEd(`{"alg":"EdDSA","kid":1,"typ":"JWT"}`, plain),
		"an empty kid":                           rawEd(`{"alg":"EdDSA","kid":"","typ":"JWT"}`, plain),
		"a foreign key":                          "Bearer " + sign(t, jose.EdDSA, k.foreign, map[string]any{"kid": "ed"}, good),
		"a key of its own (jwk)":                 "Bearer " + raw(`{"alg":"EdDSA","typ":"JWT","jwk":`+string(foreignJWK)+`}`, plain, byForeign),
		"a key address (jku)":                    rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","jku":"https://evil.example/keys"}`, plain),
		"a certificate address (x5u)":            rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","x5u":"https://evil.example/cert"}`, plain),
		"a certificate (x5c)":                    rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","x5c":["AA"]}`, plain),
		"critical extensions":                    rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","crit":["exp"],"exp":1}`, plain),
		"unencoded payload (b64)":                rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","b64":false}`, plain),
		"compressed (zip)":                       rawEd(`{"alg":"EdDSA","kid":"ed","typ":"JWT","zip":"DEF"}`, plain),
		"no typ":                                 rawEd(`{"alg":"EdDSA","kid":"ed"}`, plain),
		"an ID token's typ":                      rawEd(`{"alg":"EdDSA","kid":"ed","typ":"id+jwt"}`, plain),
		"a logout token's typ":                   rawEd(`{"alg":"EdDSA","kid":"ed","typ":"logout+jwt"}`, plain),
		"a changed payload":                      "Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(payloadOf(with(good, "role", "AUDITOR")))) + "." + parts[2],
		"a cut signature":                        "Bearer " + parts[0] + "." + parts[1] + "." + parts[2][:20],
		"no signature":                           "Bearer " + parts[0] + "." + parts[1] + ".",
		"another issuer":                         ed("iss", "https://evil.example"),
		"an issuer with a slash":                 ed("iss", testIssuer+"/"),
		"an issuer in capitals":                  ed("iss", strings.ToUpper(testIssuer)),
		"no issuer":                              ed("iss", nil),
		"an issuer that is a list":               ed("iss", []string{testIssuer}),
		"another audience":                       ed("aud", "another"),
		"an audience that begins alike":          ed("aud", testAudience+"-test"),
		"audiences of others":                    ed("aud", []string{"a", "b"}),
		"no audience":                            ed("aud", nil),
		"an audience that is an object":          ed("aud", map[string]any{testAudience: true}),
		"expired":                                ed("exp", now.Add(-61*time.Second).Unix()),
		"never expires":                          ed("exp", nil),
		"expires in text":                        ed("exp", fmt.Sprint(now.Add(time.Hour).Unix())),
		"expires beyond all time":                ed("exp", 1e300),
		"expires before all time":                ed("exp", -1),
		"not yet valid":                          ed("nbf", now.Add(61*time.Second).Unix()),
		"issued in the future":                   ed("iat", now.Add(2*time.Minute).Unix()),
		"not-before in text":                     ed("nbf", "soon"),
		"no subject":                             ed("sub", nil),
		"an empty subject":                       ed("sub", ""),
		"a subject with U+0000":                  ed("sub", "user\x00-1"),
		"a refresh token":                        ed("token_use", "refresh"),
		"an ID token":                            ed("token_use", "id"),
		"signed in another order of the curve":   "Bearer " + parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"ES256 signature for an EdDSA key":       strings.Replace("Bearer "+sign(t, jose.ES256, k.ec, map[string]any{"kid": "ed"}, good), "ES256", "EdDSA", 1),
		"JSON serialisation instead of compact":  `Bearer {"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"a token inside a token, signed outside": "Bearer " + raw(`{"alg":"EdDSA","kid":"ed","typ":"JWT","cty":"JWT"}`, `"`+token+`"`, byEd),
	}
	return list
}

func TestHostileTokensGetNobodyIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tokens := hostile(t)
	if len(tokens) < 40 {
		t.Fatalf("%d hostile tokens, want at least 40", len(tokens))
	}
	for name, authorization := range tokens {
		w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "Authorization", authorization)
		p := problemIn(t, w)
		code := "token-invalid"
		if name == "expired" {
			code = "token-expired"
		}
		if w.Code != http.StatusUnauthorized || p.ErrorCode != code || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: got %d %s, want 401 %s", name, w.Code, p.ErrorCode, code)
		}
		if strings.Contains(w.Body.String(), "evil.example") || strings.Contains(b.log.String(), "evil.example") {
			t.Errorf("%s: the answer or the log holds what the token says", name)
		}
	}
	if looks := b.looks.all(); len(looks) != 0 {
		t.Errorf("%d looks left by nobody", len(looks))
	}
	missing := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "Authorization", "")
	want(t, missing, http.StatusUnauthorized, "token-missing")
}

func TestTwoAuthorizationHeadersGetNobodyIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", of("/api/v1/people/{p}", person1), nil)
	r.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
	r.Header.Add("Authorization", "Bearer "+tokenFor(t, "HUB_CLIN", "HUB"))
	r.Header.Add("Authorization", "Bearer "+tokenFor(t, "HUB_CLIN", "HUB"))
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	want(t, w, http.StatusUnauthorized, "token-invalid")
}

func TestGoodTokens(t *testing.T) {
	t.Parallel()
	k := keys()
	good := standardClaims()
	b := newBench(t)
	for name, token := range map[string]string{
		"EdDSA":               sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, good),
		"RS256":               sign(t, jose.RS256, k.rsa, map[string]any{"kid": "rsa"}, good),
		"ES256":               sign(t, jose.ES256, k.ec, map[string]any{"kid": "ec"}, good),
		"without a kid":       sign(t, jose.ES256, k.ec, nil, good),
		"typ at+jwt":          raw(`{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}`, payloadOf(good), byEd),
		"several audiences":   sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "aud", []string{"x", testAudience})),
		"expired within skew": sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "exp", now.Add(-59*time.Second).Unix())),
		"early within skew":   sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "nbf", now.Add(60*time.Second).Unix())),
		"a fraction":          sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "exp", float64(now.Unix())+60.5)),
		"a list of roles":     sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "role", []string{"HUB_CLIN", "offline_access"})),
		"an access token use": sign(t, jose.EdDSA, k.ed, map[string]any{"kid": "ed"}, with(good, "token_use", "access")),
	} {
		w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "Authorization", "Bearer "+token)
		if w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", name, w.Code, w.Body)
		}
	}
}

func TestATokenSpeaksForOneKnownRoleOfOneKnownOrganisation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, c := range map[string]struct {
		changes []any
		code    string
	}{
		"an unknown role":             {[]any{"role", "ADMIN"}, "role-unknown"},
		"no role":                     {[]any{"role", nil}, "role-unknown"},
		"a role that is a number":     {[]any{"role", 7}, "role-unknown"},
		"the system":                  {[]any{"role", "SYSTEM"}, "role-unknown"},
		"the person":                  {[]any{"role", "PERSON"}, "role-unknown"},
		"two roles":                   {[]any{"role", []string{"HUB_CLIN", "IG_LEAD"}}, "role-ambiguous"},
		"an unknown organisation":     {[]any{"org", "NOWHERE"}, "organisation-unknown"},
		"no organisation":             {[]any{"org", nil}, "organisation-unknown"},
		"two organisations":           {[]any{"org", []string{"HUB", "TRUST"}}, "organisation-unknown"},
		"a clinician of probation":    {[]any{"org", "OFFICE"}, "role-not-on-side"},
		"an officer of the hub":       {[]any{"role", "PP"}, "role-not-on-side"},
		"a guardian of probation":     {[]any{"role", "CALDICOTT", "org", "OFFICE"}, "role-not-on-side"},
		"a housing officer elsewhere": {[]any{"role", "HOUSING"}, "role-not-on-side"},
	} {
		token := sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), c.changes...))
		w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "Authorization", "Bearer "+token)
		if p := problemIn(t, w); w.Code != http.StatusForbidden || p.ErrorCode != c.code {
			t.Errorf("%s: got %d %s, want 403 %s", name, w.Code, p.ErrorCode, c.code)
		}
	}
}

func TestActorsAreTheSameForEverAndNeverShared(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	caller := func(changes ...any) Caller {
		t.Helper()
		token := sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), changes...))
		c, _, err := b.api.identify(t.Context(), []string{"Bearer " + token})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := caller()
	if again := caller("exp", now.Add(2*time.Hour).Unix()); again != first {
		t.Errorf("a refreshed token is somebody else: %+v and %+v", first, again)
	}
	if other := caller("sub", "user-2"); other.Actor.ID == first.Actor.ID || other.Session == first.Session {
		t.Errorf("two users share an actor or a session: %+v and %+v", first, other)
	}
	if next := caller("sid", "session-2"); next.Actor.ID != first.Actor.ID || next.Session == first.Session {
		t.Errorf("two sessions: %+v and %+v", first, next)
	}
	if app := caller("client_id", "app-1"); app.Actor.Client.IsZero() || app.Actor.ID != first.Actor.ID {
		t.Errorf("an application that acts for somebody: %+v", app)
	}
	if want := event.DeriveUUID("principal", []byte(testIssuer), []byte("user-1")); first.Actor.ID != want {
		t.Errorf("actor: got %s, want %s", first.Actor.ID, want)
	}
}

// switchedKeys is a key set that can lose its keys.
type switchedKeys struct {
	KeySet
	gone *atomic.Bool
}

func (s switchedKeys) Keys(ctx context.Context, refresh bool) ([]jose.JSONWebKey, error) {
	if s.gone.Load() {
		return staticKeys{}.Keys(ctx, refresh)
	}
	return s.KeySet.Keys(ctx, refresh)
}

func TestAGoodSignatureIsRememberedForAMinute(t *testing.T) {
	t.Parallel()
	at, gone := now, &atomic.Bool{}
	b := newBench(t, func(c *Config) {
		c.Clock = func() time.Time { return at }
		c.Issuers[0].Keys = switchedKeys{c.Issuers[0].Keys, gone}
	})
	token := "Bearer " + sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), "exp", now.Add(30*time.Second).Unix()))
	lasting := "Bearer " + tokenFor(t, "HUB_CLIN", "HUB")
	for _, c := range []struct {
		after time.Duration
		token string
		in    bool
	}{
		{0, token, true}, {0, lasting, true}, {59 * time.Second, lasting, true}, {59 * time.Second, token, true},
		{60 * time.Second, lasting, false}, {91 * time.Second, token, false},
	} {
		at = now.Add(c.after)
		if _, _, err := b.api.identify(t.Context(), []string{c.token}); (err == nil) != c.in {
			t.Errorf("after %v: got %v, want to get in: %v", c.after, err, c.in)
		}
		gone.Store(true) // after the first
		if c.after == 0 {
			gone.Store(false)
		}
	}
	var v verified
	for i := range 5 * verifiedMax {
		v.add([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}, now)
		if len(v.young)+len(v.old) > 2*verifiedMax {
			t.Fatal("it remembers without bound")
		}
	}
}

func TestAnIssuersOwnNamesAreMapped(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) {
		c.Issuers[0].Roles = map[string]event.Role{"ROLE_HEALTH_HUB_PP": "PP"}
		c.Issuers[0].Claims = ClaimNames{Role: "authorities", Organisation: "area", Human: "user_name"}
	})
	claims := with(standardClaims(), "role", nil, "org", nil, "authorities", []string{"ROLE_OTHER", "ROLE_HEALTH_HUB_PP"}, "area", "OFFICE", "user_name", "PP1")
	token := sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, claims)
	c, named, err := b.api.identify(t.Context(), []string{"Bearer " + token})
	if err != nil || c.Actor.Role != "PP" || c.Actor.Org != office || !named {
		t.Errorf("got %+v, named %v, error %v", c, named, err)
	}
	if _, _, err := b.api.identify(t.Context(), []string{"Bearer " + tokenFor(t, "PP", "OFFICE")}); err == nil {
		t.Error("a role name that is not in the map got in")
	}
	token = sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(claims, "user_name", nil))
	if _, named, err := b.api.identify(t.Context(), []string{"Bearer " + token}); err != nil || named {
		t.Errorf("a client's own token: named %v, error %v; want false, none", named, err)
	}
}

func TestKeysAreFetchedSeldom(t *testing.T) {
	t.Parallel()
	fetches, broken := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches++
		if broken {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(keys().set)
	}))
	defer server.Close()
	at := now
	set := FetchKeys(server.URL, nil, func() time.Time { return at })
	ask := func(refresh bool, wantKeys, wantFetches int) {
		t.Helper()
		got, err := set.Keys(t.Context(), refresh)
		if len(got) != wantKeys || fetches != wantFetches || (err == nil) != (wantKeys > 0) {
			t.Fatalf("got %d keys after %d fetches (%v), want %d after %d", len(got), fetches, err, wantKeys, wantFetches)
		}
	}
	ask(false, 5, 1)
	ask(true, 5, 1) // an unknown key id, again and again
	ask(true, 5, 1)
	at = at.Add(time.Minute)
	ask(true, 5, 2)
	at = at.Add(time.Hour)
	broken = true
	ask(false, 5, 3) // stale, and the issuer is away: the last keys stay
	at = at.Add(24 * time.Hour)
	ask(false, 0, 4) // for a day
	broken = false
	ask(false, 0, 4)
	at = at.Add(time.Minute)
	ask(false, 5, 5)
}

func TestAnIssuerThatIsAwayIsNoVerdictOnTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) {
		c.Issuers[0].Keys = FetchKeys("http://127.0.0.1:1/keys", nil, c.Clock)
	})
	w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "")
	want(t, w, http.StatusServiceUnavailable, "issuer-unavailable")
}

func TestKeySetsAreBounded(t *testing.T) {
	t.Parallel()
	private, err := jose.JSONWebKey{Key: keys().ed, KeyID: "private"}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.JSONWebKey{Key: keys().ed.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range map[string]string{
		"nothing":          ``,
		"no keys":          `{"keys":[]}`,
		"a private key":    `{"keys":[` + string(private) + `]}`,
		"a symmetric key":  `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		"too many":         `{"keys":[` + strings.Repeat(string(public)+",", maxKeys) + string(public) + `]}`,
		"a key of no kind": `{"keys":[{"kty":"none"}]}`,
	} {
		if _, err := StaticKeys([]byte(document)); err == nil {
			t.Errorf("%s: accepted as a key set", name)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/keys", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(strings.Repeat(" ", maxKeySetBytes+1) + string(keys().set)))
	}))
	defer server.Close()
	for _, path := range []string{"/keys", "/redirect"} {
		if _, err := FetchKeys(server.URL+path, nil, time.Now).Keys(t.Context(), false); err == nil {
			t.Errorf("%s: accepted", path)
		}
	}
}

// Whatever the bytes, a token gets in only if its issuer signed it.
func FuzzIdentify(f *testing.F) {
	b := newBench(f)
	good := tokenFor(f, "HUB_CLIN", "HUB")
	f.Add("Bearer " + good)
	f.Add("Bearer a.b.c")
	f.Add("Bearer " + raw(`{"alg":"none","typ":"JWT"}`, payloadOf(standardClaims()), nothing))
	f.Fuzz(func(t *testing.T, authorization string) {
		_, _, err := b.api.identify(t.Context(), []string{authorization})
		if scheme, token, _ := strings.Cut(authorization, " "); err == nil && (token != good || !strings.EqualFold(scheme, "bearer")) {
			t.Errorf("a token nobody signed got in")
		}
	})
}
