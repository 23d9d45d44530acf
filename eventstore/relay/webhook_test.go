package relay_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// secret is an invented one; n tells one from another.
func secret(n byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(slices.Repeat([]byte{n}, 32))
}

func writeFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// receiver is a real HTTPS server that keeps what is posted to it.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []*http.Request
	bodies  [][]byte
	answers http.HandlerFunc
}

func startReceiver(t testing.TB, answers http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got, r.bodies = append(r.got, q), append(r.bodies, body)
		r.mu.Unlock()
		r.answers(w, q)
	}))
	r.EnableHTTP2 = true
	r.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

// config is that of a webhook at the receiver, which is let be on the loopback.
func (r *receiver) config(t testing.TB) relay.WebhookConfig {
	t.Helper()
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})
	return relay.WebhookConfig{URL: r.URL + "/hook", Egress: relay.Egress{Hosts: []string{u.Host}, Networks: loopback},
		SecretFile: writeFile(t, secret(1)+"\n"), CAFile: writeFile(t, string(certificate)), Clock: time.Now, Timeout: 5 * time.Second}
}

func openWebhook(t testing.TB, c relay.WebhookConfig) *relay.Webhook {
	t.Helper()
	w, err := relay.OpenWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// Messages are posted signed, as the library of Standard Webhooks verifies.
func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, ok)
	c := r.config(t)
	c.SecretFile = writeFile(t, secret(1)+"\n\n"+secret(2)+"\n") // while one is exchanged for the other
	w := newWorld(t)
	recorded := map[int][]event.ID{1: w.notices(1, 3), 2: w.notices(2, 3)}
	d := destination("hook", openWebhook(t, c))
	d.Retries = relay.WebhookRetries()
	running, _ := start(t, w.config(d))
	until(t, "all to be posted", func() bool { return w.through(running) })
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for i, q := range r.got {
		ids = append(ids, q.Header.Get("webhook-id"))
		if q.Method != http.MethodPost || q.URL.Path != "/hook" || q.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Errorf("%s %s of %s", q.Method, q.URL.Path, q.Header.Get("Content-Type"))
		}
		for n, want := range map[byte]bool{1: true, 2: true, 3: false} {
			wh, err := webhooks.NewWebhook(secret(n))
			if err != nil {
				t.Fatal(err)
			}
			if err := wh.Verify(r.bodies[i], q.Header); (err == nil) != want {
				t.Errorf("verified with secret %d: %v", n, err)
			}
			if err := wh.Verify(append([]byte(" "), r.bodies[i]...), q.Header); err == nil {
				t.Errorf("another body verifies with secret %d", n)
			}
		}
	}
	inOrder(t, recorded, ids)
}

// What a receiver answers becomes a failure of ours; nothing of what it says is
// in it.
func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	elsewhere := startReceiver(t, ok)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   *relay.Failure
	}{
		"taken":    {ok, nil},
		"accepted": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, nil},
		"refused":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusBadRequest) }, &relay.Failure{Reason: relay.Refused}},
		"broken":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, 500) }, &relay.Failure{Reason: relay.Refused}},
		"gone":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusGone) }, &relay.Failure{Reason: relay.Gone, Final: true}},
		"redirecting": {func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
		}, &relay.Failure{Reason: relay.Redirected}},
		"busy": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, &relay.Failure{Reason: relay.Refused, After: 2 * time.Minute}},
		"busy for ever": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "999999999")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, &relay.Failure{Reason: relay.Refused, After: 24 * time.Hour}},
		"silent": {func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() }, &relay.Failure{Reason: relay.NoAnswer}},
		"endless": {func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startReceiver(t, c.answer)
			config := r.config(t)
			config.Timeout = 500 * time.Millisecond
			err := openWebhook(t, config).Publish("", message.NewMessage("1", []byte("{}")))
			var got *relay.Failure
			if c.want == nil && err != nil || c.want != nil && (!errors.As(err, &got) || *got != *c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Error("what the receiver said is in the error")
			}
		})
	}
	t.Cleanup(func() {
		if len(elsewhere.got) > 0 {
			t.Error("a redirection was followed")
		}
	})
}

// A receiver that hangs holds up nobody but its own.
func TestWebhookThatHangs(t *testing.T) {
	t.Parallel()
	var hang atomic.Bool
	hang.Store(true)
	r := startReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		if hang.Load() {
			<-q.Context().Done()
			return
		}
		ok(w, q)
	})
	config := r.config(t)
	config.Timeout = 100 * time.Millisecond
	w := newWorld(t)
	recorded := map[int][]event.ID{1: w.notices(1, 3), 2: w.notices(2, 2)}
	d, other := destination("hook", openWebhook(t, config)), newTold()
	d.Retries = []time.Duration{time.Millisecond, time.Hour}
	running, _ := start(t, w.config(d, destination("other", other)))
	other.wait(t, "the other destination", has(append(recorded[1], recorded[2]...)...))
	until(t, "both to be tried twice", func() bool {
		held, err := running.Parked(t.Context(), "hook", 0, 9)
		return err == nil && len(held) == 5 && held[0].Attempts == 2 && held[0].Reason == relay.NoAnswer
	})
	hang.Store(false)
	r.mu.Lock()
	r.got = nil
	r.mu.Unlock()
	c := w.config(d)
	c.Clock = func() time.Time { return time.Now().Add(time.Hour) }
	running, _ = start(t, c)
	until(t, "all to be posted", func() bool { return w.through(running) })
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, q := range r.got {
		ids = append(ids, q.Header.Get("webhook-id"))
	}
	inOrder(t, recorded, ids)
}

// A name that means an address of ours is not connected to, whatever the list of
// hosts says; nor is a receiver that cannot show who it is.
func TestWebhookReachesNobodyElse(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, ok)
	c := r.config(t)
	c.Egress.Networks = nil
	named := r.config(t)
	named.URL = strings.Replace(named.URL, "127.0.0.1", "localhost", 1)
	named.Egress = relay.Egress{Hosts: []string{strings.Replace(c.Egress.Hosts[0], "127.0.0.1", "localhost", 1)}}
	stranger := r.config(t)
	stranger.CAFile = ""
	for name, tc := range map[string]struct {
		config relay.WebhookConfig
		want   relay.Reason
	}{"an address": {c, relay.AddressBarred}, "a name": {named, relay.AddressBarred}, "a stranger": {stranger, relay.Untrusted}} {
		var got *relay.Failure
		err := openWebhook(t, tc.config).Publish("", message.NewMessage("1", nil))
		if !errors.As(err, &got) || got.Reason != tc.want {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
	if len(r.got) > 0 {
		t.Error("it was reached")
	}
}

func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	c := startReceiver(t, ok).config(t)
	for name, content := range map[string]string{
		"none": "", "no prefix": base64.StdEncoding.EncodeToString(make([]byte, 32)), "too short": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)),
		"too long": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)), "not base64": "whsec_!", "one of two": secret(1) + "\nwhsec_x",
	} {
		c.SecretFile = writeFile(t, content)
		if _, err := relay.OpenWebhook(c); !errors.Is(err, relay.ErrSecret) || content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("%s: got %v, want ErrSecret", name, err)
		}
	}
	c.SecretFile += ".none"
	if _, err := relay.OpenWebhook(c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}
