package kms_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/vault"
	"caseledger/eventstore/vault/kms"

	_ "modernc.org/sqlite"
)

var (
	noon  = time.Date(2026, 2, 23, 12, 0, 0, 0, time.UTC)
	alpha = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	ref   = vault.Ref{Subject: alpha, Side: event.NHS, Class: event.Health}
)

const token = "hvs.invented-token"

// transit is a double of a transit engine, over HTTPS on the loopback device: it
// encrypts with AES-GCM, by versions of a key, as the engine does.
type transit struct {
	*httptest.Server
	mu       sync.Mutex
	versions []cipher.AEAD // by number, from 1; nil where one is destroyed
	refuses  int           // a status, for every request
	asked    []string
}

func startTransit(t *testing.T) *transit {
	t.Helper()
	s := &transit{}
	s.rotate(t)
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *transit) rotate(t *testing.T) {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions = append(s.versions, aead)
}

// trim destroys a version of the key.
func (s *transit) trim(version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[version-1] = nil
}

func (s *transit) refuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = status
}

func (s *transit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.Path)
	answer := func(status int, data map[string]string) {
		w.WriteHeader(status)
		if status != http.StatusOK {
			_ = json.MarshalWrite(w, map[string][]string{"errors": {"no"}})
			return
		}
		_ = json.MarshalWrite(w, map[string]any{"data": data})
	}
	var in struct {
		Plaintext  []byte `json:"plaintext"`
		Ciphertext string `json:"ciphertext"`
		AD         []byte `json:"associated_data"`
	}
	switch {
	case s.refuses != 0:
		answer(s.refuses, nil)
	case r.Header.Get("X-Vault-Token") != token:
		answer(http.StatusForbidden, nil)
	case json.UnmarshalRead(r.Body, &in) != nil:
		answer(http.StatusBadRequest, nil)
	case r.URL.Path == "/v1/transit/encrypt/caseledger":
		aead := s.versions[len(s.versions)-1]
		nonce := make([]byte, aead.NonceSize())
		_, _ = rand.Read(nonce)
		sealed := aead.Seal(nonce, nonce, in.Plaintext, in.AD)
		answer(http.StatusOK, map[string]string{"ciphertext": "vault:v" + string(rune('0'+len(s.versions))) + ":" + base64.StdEncoding.EncodeToString(sealed)})
	case r.URL.Path == "/v1/transit/decrypt/caseledger":
		version, text, _ := strings.Cut(strings.TrimPrefix(in.Ciphertext, "vault:v"), ":")
		sealed, err := base64.StdEncoding.DecodeString(text)
		n := int(version[0] - '0')
		if err != nil || n > len(s.versions) || s.versions[n-1] == nil || len(sealed) < 12 {
			answer(http.StatusBadRequest, nil)
			return
		}
		plain, err := s.versions[n-1].Open(nil, sealed[:12], sealed[12:], in.AD)
		if err != nil {
			answer(http.StatusBadRequest, nil)
			return
		}
		answer(http.StatusOK, map[string]string{"plaintext": base64.StdEncoding.EncodeToString(plain)})
	default:
		answer(http.StatusNotFound, nil)
	}
}

func (s *transit) uri() string {
	return "hcvault://" + strings.TrimPrefix(s.URL, "https://") + "/transit/keys/caseledger"
}

func (s *transit) client(t *testing.T) kms.Transit {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return kms.Transit{TokenFile: path, Client: s.Client()}
}

func config(t *testing.T, clients ...registry.KMSClient) vault.Config {
	t.Helper()
	dir := t.TempDir()
	return vault.Config{Path: filepath.Join(dir, "keys.db"), KEKPath: filepath.Join(dir, "kek"), KMS: kms.Find(clients...),
		Now: func() time.Time { return noon }, Rand: rand.Reader}
}

func mustOpen(t *testing.T, c vault.Config) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// opens reports whether a keystore opens what was sealed in it before.
func opens(t *testing.T, c vault.Config, key event.UUID, sealed []byte) {
	t.Helper()
	got, err := mustOpen(t, c).Open(t.Context(), nil, key, sealed, nil)
	if err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
}

func sealedIn(t *testing.T, v *vault.Vault) (event.UUID, []byte) {
	t.Helper()
	keys, err := v.Ensure(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal(t.Context(), nil, keys[0].ID, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return keys[0].ID, sealed
}

// The file's key, then a service's, then another service's, then another version
// of that one's wrap everything: each time what was before opens nothing.
func TestEverythingIsWrappedByAService(t *testing.T) {
	t.Parallel()
	server := startTransit(t)
	first, err := fakekms.NewKeyURI()
	if err != nil {
		t.Fatal(err)
	}
	fake, err := fakekms.NewClient("fake-kms://")
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, fake, server.client(t))
	v := mustOpen(t, c)
	key, sealed := sealedIn(t, v)
	var copies [][]byte
	for i, uri := range []string{first, server.uri(), server.uri()} {
		text, err := os.ReadFile(c.KEKPath)
		wantError(t, err, nil)
		copies = append(copies, text)
		if i == 2 {
			server.rotate(t)
		}
		done, err := v.Rewrap(t.Context(), vault.Rewrapping{KMS: uri})
		if err != nil || done.Keys != 1 {
			t.Fatalf("by %s: %+v, %v", uri, done, err)
		}
		opens(t, c, key, sealed)
		text, err = os.ReadFile(c.KEKPath)
		if err != nil || !bytes.Contains(text, []byte(" kms "+uri+" ")) || bytes.Count(text, []byte("epoch ")) != 1 {
			t.Errorf("by %s, the file is %q, %v", uri, text, err)
		}
	}
	// Nothing said, it stays the service's; only who asks for it has the file hold
	// the key.
	for _, local := range []bool{false, true} {
		if _, err := v.Rewrap(t.Context(), vault.Rewrapping{Local: local}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(c.KEKPath)
		if err != nil || bytes.Contains(text, []byte(" kms "+server.uri()+" ")) == local {
			t.Errorf("local %t: the file is %q, %v", local, text, err)
		}
		opens(t, c, key, sealed)
	}
	for i, text := range copies {
		wantError(t, os.WriteFile(c.KEKPath, text, 0o600), nil)
		_, err := vault.Open(t.Context(), c)
		if wantError(t, err, vault.ErrKeyBroken); t.Failed() {
			t.Fatalf("copy %d", i)
		}
	}

	// Of a keystore and a file from before, once the service has destroyed what
	// encrypted the file's key, nothing opens.
	again := config(t, server.client(t))
	wantError(t, vault.CreateKEK(again.KEKPath, rand.Reader, again.KMS, server.uri()), nil)
	old := mustOpen(t, again)
	key, sealed = sealedIn(t, old)
	opens(t, again, key, sealed)
	wantError(t, old.Close(), nil)
	server.trim(2)
	_, err = vault.Open(t.Context(), again)
	wantError(t, err, vault.ErrKEKUnavailable)
}

// A service that does not answer, or says no, is not worked around: nothing new
// is opened or made, and whoever was served before is served on.
func TestAServiceThatDoesNotGiveTheKeyIsUnavailable(t *testing.T) {
	t.Parallel()
	server := startTransit(t)
	client := server.client(t)
	c := config(t, client)
	v := mustOpen(t, c)
	key, sealed := sealedIn(t, v)
	for name, spoil := range map[string]func() (mend func()){
		"says no":         func() func() { server.refuse(http.StatusForbidden); return func() { server.refuse(0) } },
		"is sealed":       func() func() { server.refuse(http.StatusBadRequest); return func() { server.refuse(0) } },
		"has no such key": func() func() { server.refuse(http.StatusNotFound); return func() { server.refuse(0) } },
	} {
		mend := spoil()
		_, err := v.Rewrap(t.Context(), vault.Rewrapping{KMS: server.uri()})
		if wantError(t, err, vault.ErrKEKUnavailable); t.Failed() {
			t.Fatal(name)
		}
		mend()
		opens(t, c, key, sealed) // and everything is as it was
	}
	_, err := v.Rewrap(t.Context(), vault.Rewrapping{KMS: "aws-kms://arn:aws:kms:eu-west-2:1:key/x"})
	wantError(t, err, vault.ErrKEKUnavailable)
	_, err = v.Rewrap(t.Context(), vault.Rewrapping{KMS: "no uri"})
	wantError(t, err, vault.ErrKEKMalformed)
	if _, err := v.Rewrap(t.Context(), vault.Rewrapping{KMS: server.uri()}); err != nil {
		t.Fatal(err)
	}

	server.Close()
	got, err := v.Open(t.Context(), nil, key, sealed, nil)
	if err != nil || string(got) != "x" {
		t.Errorf("who has the key: %q, %v", got, err)
	}
	_, err = vault.Open(t.Context(), c)
	wantError(t, err, vault.ErrKEKUnavailable)
	wantError(t, err, eventstore.ErrUnavailable)
	for _, secret := range []string{token, "127.0.0.1", "vault:v"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%v tells %s", err, secret)
		}
	}
	c.KMS = nil
	_, err = vault.Open(t.Context(), c)
	wantError(t, err, vault.ErrKEKUnavailable)
}

func TestOnlyAWholeURIAndATokenOfOnesOwnAreTaken(t *testing.T) {
	t.Parallel()
	server := startTransit(t)
	client := server.client(t)
	for _, uri := range []string{"hcvault://", "hcvault:///transit/keys/x", "hcvault://user:pass@host/transit/keys/x", "hcvault://host/transit/keys/x?a=b",
		"hcvault://host/transit/x", "hcvault://host", "hcvault://host/%zz/keys/x"} {
		if _, err := client.GetAEAD(uri); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if client.Supported("https://host/transit/keys/x") {
		t.Error("another scheme is supported")
	}
	for name, spoil := range map[string]func(path string) error{
		"readable by the group": func(p string) error { return os.Chmod(p, 0o640) },
		"missing":               os.Remove,
		"empty":                 func(p string) error { return os.WriteFile(p, []byte("\n"), 0o600) },
		"two lines":             func(p string) error { return os.WriteFile(p, []byte("a\nb\n"), 0o600) },
		"too long":              func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("a"), 1<<14), 0o600) },
		"a directory":           func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o600)) },
	} {
		client := server.client(t)
		wantError(t, spoil(client.TokenFile), nil)
		if _, err := client.GetAEAD(server.uri()); !errors.Is(err, kms.ErrTokenFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(server.asked) > 0 {
		t.Errorf("the server was asked %v", server.asked)
	}
}
