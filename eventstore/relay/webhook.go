package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// WebhookConfig is where a webhook is.
type WebhookConfig struct {
	URL    string
	Egress Egress
	// SecretFile holds the secret, "whsec_" and 24 to 64 bytes in base64; while it
	// is exchanged, several, one on a line: the message is signed by each.
	SecretFile string
	// CAFile holds the certificates, in PEM, that the receiver's must follow from;
	// "" for those of the system.
	CAFile string
	// Clock gives the time of an attempt, which is signed with it.
	Clock func() time.Time
	// Timeout is how long an attempt may take, in all; 0 means 15 s.
	Timeout time.Duration
}

// WebhookRetries are the waits before each further attempt: eight, within 24
// hours.
func WebhookRetries() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 10 * time.Hour}
}

// The bounds of what a receiver may answer, and ask for.
const (
	maxAnswer = 64 << 10 // bytes that are read, and thrown away
	maxAfter  = 24 * time.Hour
)

// Webhook posts messages, signed as Standard Webhooks 1.0.0 says: the id is the
// event's, the time that of the attempt. It is a [message.Publisher]; the topic
// is not used. Redirections are not followed, proxies of the environment not
// used, and what the receiver says is neither kept nor logged.
type Webhook struct {
	url     string
	signers []*webhooks.Webhook
	client  *http.Client
	clock   func() time.Time
}

var _ message.Publisher = (*Webhook)(nil)

// ErrSecret: a file holds no secret of a webhook.
var ErrSecret = errors.New(`relay: no secret: "whsec_" and 24 to 64 bytes in base64, one on a line`)

// OpenWebhook prepares a webhook; it reaches nobody. Errors: [ErrURL],
// [ErrSecret], and files that cannot be read.
func OpenWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := c.Egress.Check(c.URL)
	if err != nil {
		return nil, err
	}
	signers, err := readSecrets(c.SecretFile)
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if c.CAFile != "" {
		if roots, err = readRoots(c.CAFile); err != nil {
			return nil, err
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	dialer := net.Dialer{Timeout: c.Timeout, Control: c.Egress.control}
	return &Webhook{url: u.String(), signers: signers, clock: c.Clock, client: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxAnswer,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}}, nil
}

func readSecrets(path string) (signers []*webhooks.Webhook, _ error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("relay: secret: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		text, prefixed := strings.CutPrefix(strings.TrimSpace(line), "whsec_")
		if text == "" && !prefixed {
			continue
		}
		key, err := base64.StdEncoding.Strict().DecodeString(text)
		if !prefixed || err != nil || len(key) < 24 || len(key) > 64 {
			return nil, ErrSecret
		}
		signer, err := webhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, ErrSecret
		}
		signers = append(signers, signer)
	}
	if len(signers) == 0 {
		return nil, ErrSecret
	}
	return signers, nil
}

// Publish implements [message.Publisher].
func (w *Webhook) Publish(_ string, messages ...*message.Message) error {
	for _, m := range messages {
		if err := w.post(m.Context(), m); err != nil {
			return err
		}
	}
	return nil
}

func (w *Webhook) post(ctx context.Context, m *message.Message) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(m.Payload))
	if err != nil {
		return &Failure{Reason: NoAnswer}
	}
	now := w.clock()
	signatures := make([]string, len(w.signers))
	for i, s := range w.signers {
		if signatures[i], err = s.Sign(m.UUID, now, m.Payload); err != nil {
			return &Failure{Reason: Untrusted}
		}
	}
	r.Header.Set("Content-Type", m.Metadata.Get(metaContentType))
	r.Header.Set("User-Agent", "caseledger")
	r.Header.Set(webhooks.HeaderWebhookID, m.UUID)
	r.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	answer, err := w.client.Do(r)
	if err != nil {
		return w.unreached(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again
	_ = answer.Body.Close()
	return answered(answer, now)
}

// unreached is why there was no answer.
func (w *Webhook) unreached(err error) error {
	var barred *Failure
	if errors.As(err, &barred) {
		return barred
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return &Failure{Reason: Untrusted}
	}
	return &Failure{Reason: NoAnswer}
}

// answered is what an answer means.
func answered(answer *http.Response, now time.Time) error {
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return &Failure{Reason: Redirected}
	case code == http.StatusGone:
		return &Failure{Reason: Gone, Final: true}
	case code == http.StatusRequestEntityTooLarge:
		return &Failure{Reason: TooLarge}
	}
	f := &Failure{Reason: Refused}
	if after := answer.Header.Get("Retry-After"); after != "" {
		if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
			f.After = time.Duration(seconds) * time.Second
		} else if at, err := http.ParseTime(after); err == nil {
			f.After = at.Sub(now)
		}
		f.After = min(max(f.After, 0), maxAfter)
	}
	return f
}

// Close closes the connections that are kept.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
