package api

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"caseledger/api/recording"
	"caseledger/domain/event"
	"caseledger/eventstore"
)

var (
	now     = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	person1 = event.MustUUID("0b5c4d1e-0000-4000-8000-000000000001")
	person2 = event.MustUUID("0b5c4d1e-0000-4000-8000-000000000002") // held by another organisation
	nobody  = event.MustUUID("0b5c4d1e-0000-4000-8000-00000000dead")
	event1  = event.ID{UUID: event.MustUUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")}
	hub     = event.MustUUID("de38fb3d-053e-43f6-aa56-fd6ad632ff85")
	trust   = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000a2")
	office  = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000b1")
	key1    = "4f2b1c3d-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
)

// organisations are those of the tests, by code.
var organisations = map[string]Organisation{
	"HUB": {hub, event.NHS}, "TRUST": {trust, event.NHS}, "OFFICE": {office, event.Probation},
	"COURT": {event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000c1"), event.Court},
	"CITY":  {event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000d1"), event.LocalAuthority},
	"AUDIT": {event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000e1"), event.Regulator},
}

// keys are made once: an RSA key takes a while.
var keys = sync.OnceValue(func() (k struct {
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	ed      ed25519.PrivateKey
	weak    *rsa.PrivateKey
	foreign ed25519.PrivateKey
	p384    *ecdsa.PrivateKey
	set     []byte
}) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var err error
	k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	k.weak, err = rsa.GenerateKey(rand.Reader, 1024)
	check(err)
	k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	k.p384, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(err)
	_, k.ed, err = ed25519.GenerateKey(rand.Reader)
	check(err)
	_, k.foreign, err = ed25519.GenerateKey(rand.Reader)
	check(err)
	k.set, err = json.Marshal(map[string]any{"keys": []any{
		jwk(&k.rsa.PublicKey, "rsa"), jwk(&k.ec.PublicKey, "ec"), jwk(k.ed.Public(), "ed"), jwk(&k.weak.PublicKey, "weak"), jwk(&k.p384.PublicKey, "p384"),
	}})
	check(err)
	return k
})

func jwk(key any, kid string) any {
	document, err := jose.JSONWebKey{Key: key, KeyID: kid, Use: "sig"}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		panic(err)
	}
	return v
}

const testIssuer, testAudience = "https://issuer.example", "caseledger"

// standardClaims are those of a good token of a hub clinician.
func standardClaims() map[string]any {
	return map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": "user-1", "role": "HUB_CLIN", "org": "HUB", "sid": "session-1",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

func with(claims map[string]any, changes ...any) map[string]any {
	claims = maps.Clone(claims)
	for i := 0; i < len(changes); i += 2 {
		if name := changes[i].(string); changes[i+1] == nil {
			delete(claims, name)
		} else {
			claims[name] = changes[i+1]
		}
	}
	return claims
}

// sign makes a token; header adds to, and replaces in, the header.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, header map[string]any, claims any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// tokenFor is a good token for a role of an organisation.
func tokenFor(t testing.TB, role, org string) string {
	t.Helper()
	return sign(t, jose.EdDSA, keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), "role", role, "org", org, "sub", "user-"+role+org))
}

// logBuffer is what the API logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is an API on fakes.
type bench struct {
	t        testing.TB
	api      *API
	recorder *fakeRecorder
	views    *fakeViews
	ids      fakeIdentifiers
	feed     *fakeFeed
	looks    *fakeAccessLog
	log      *logBuffer
}

func newBench(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	set, err := StaticKeys(keys().set)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		t: t,
		recorder: &fakeRecorder{outcome: recording.Outcome{Person: person1, Stream: event.Case(person1), About: map[string]event.UUID{"consent": event1.UUID},
			Result: eventstore.Result{Events: []event.ID{event1}, Revision: 4, Position: 41}}},
		views: &fakeViews{
			people: map[event.UUID]Person{
				person1: {ID: person1, FamilyName: "Alpha", GivenName: "Test", BirthDate: "1991-05-17",
					Identifiers: []Identifier{{"NHS_NUMBER", "9990001014"}}},
				person2: {ID: person2, FamilyName: "Bravo", BirthDate: "1980-01-02"},
			},
			holder:   map[event.UUID]event.UUID{person1: hub, person2: trust},
			reflects: Reflects{Position: 41, Revision: 3, Latest: true, Model: "test@1"},
			timeline: []TimelineEntry{{Event: event1, Position: 41, Type: "person.registered", RecordedAt: now, OccurredAt: event.At(now), Standing: true}},
			consents: []Consent{{ID: nobody, Status: "ACTIVE", Position: 40}}, referrals: []Referral{{ID: nobody, Status: "SENT", Position: 39}},
			disclosures: []Disclosure{{Decision: nobody, Person: person1, Outcome: "PERMIT", Position: 38}},
			registers:   newFakeRegisters(),
		},
		ids:   fakeIdentifiers{"NHS_NUMBER 9990001014": person1, "CRN X990102": person2},
		looks: &fakeAccessLog{}, log: &logBuffer{},
	}
	b.feed = &fakeFeed{detail: EntryDetail{Entry: Entry{Event: event1, Position: 41, Type: "person.registered", Person: person1}},
		hidden: map[event.Position]bool{}, moved: make(chan struct{})}
	b.feed.add(10, "person.registered")
	config := Config{
		Recorder: b.recorder, Views: b.views, Identifiers: b.ids, Feed: b.feed, AccessLog: b.looks,
		Issuers:      []Issuer{{URL: testIssuer, Audience: testAudience, Keys: set}},
		Organisation: func(code string) (Organisation, bool) { o, ok := organisations[code]; return o, ok },
		Secret:       [32]byte{1}, Info: Info{Name: "caseledger", Version: "test", Environment: "TEST", Synthetic: true},
		Log: slog.New(slog.NewJSONHandler(b.log, nil)), Clock: func() time.Time { return now }, Random: rand.Reader,
	}
	for _, c := range change {
		c(&config)
	}
	b.api = New(config)
	t.Cleanup(func() {
		if strings.Contains(b.log.String(), canary) {
			t.Error("the log holds a value that came in")
		}
	})
	return b
}

// ask sends a request as a role of the hub. headers are pairs; an empty value
// removes a standard header.
func (b *bench) ask(method, path, role, body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.askOf(method, path, role, "HUB", body, headers...)
}

func (b *bench) askOf(method, path, role, org, body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+tokenFor(b.t, role, org))
	r.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key1)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return w
}

// problemIn reads a problem document, whose form it checks.
func problemIn(t testing.TB, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("status %d: body is no problem document: %v\n%s", w.Code, err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != problemType {
		t.Errorf("Content-Type of a problem: got %q, want %q", got, problemType)
	}
	if p.Status != w.Code || p.ErrorCode == "" || p.Type != "urn:caseledger:problem:"+p.ErrorCode || p.Title == "" || p.Detail == "" ||
		p.Instance == "" || p.UserMessage == "" || p.DeveloperMessage == "" || len(p.TraceID) != 32 {
		t.Errorf("a problem lacks something: %s", w.Body)
	}
	return p
}

// want checks an answer's status and, for a refusal, its code.
func want(t testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status: got %d, want %d\n%s", w.Code, status, w.Body)
	}
	if code != "" {
		if p := problemIn(t, w); p.ErrorCode != code {
			t.Fatalf("code: got %s, want %s\n%s", p.ErrorCode, code, w.Body)
		}
	}
}
