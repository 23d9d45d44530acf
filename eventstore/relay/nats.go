package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATSConfig is where a JetStream is.
type NATSConfig struct {
	// URL is the server's, or several, separated by commas: "tls://host:4222".
	URL string
	// CredentialsFile holds a JWT and a seed, as nats tools write it; "" for none.
	CredentialsFile string
	// User and PasswordFile, whose content is the password; "" for none.
	User, PasswordFile string
	// CAFile holds the certificates, in PEM, that the server's must follow from;
	// "" for those of the system.
	CAFile string
	// Stream, if not "", is made where no stream takes a message: in files, for
	// every subject of "caseledger.>".
	Stream string
	// Timeout is how long an acknowledgement is waited for; 0 means 5 s.
	Timeout time.Duration
}

// ErrCredentials: the server does not accept the credentials.
var ErrCredentials = errors.New("relay: the NATS server does not accept the credentials")

// duplicates is how long a stream that we make knows the ids of messages.
const duplicates = 10 * time.Minute

// NATS publishes to a JetStream. It is a [message.Publisher]: a message is
// published when the stream has acknowledged it, under its UUID as Nats-Msg-Id,
// by which the stream knows one that it has.
type NATS struct {
	conn    *nats.Conn
	js      jetstream.JetStream
	timeout time.Duration
	stream  string
	making  sync.Mutex
}

var _ message.Publisher = (*NATS)(nil)

// OpenNATS connects to a server, and goes on trying in the background if it is
// not there. Errors: [ErrCredentials], files that cannot be read, and a URL that
// is none.
func OpenNATS(c NATSConfig) (*NATS, error) {
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	options := []nats.Option{nats.Name("caseledger relay"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.IgnoreAuthErrorAbort(), nats.Timeout(c.Timeout),
		nats.ReconnectBufSize(-1)} // what was not sent is published again, in its order
	if c.CredentialsFile != "" {
		if _, err := os.Stat(c.CredentialsFile); err != nil {
			return nil, fmt.Errorf("relay: credentials: %w", err)
		}
		options = append(options, nats.UserCredentials(c.CredentialsFile))
	}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("relay: password: %w", err)
		}
		options = append(options, nats.UserInfo(c.User, strings.TrimSpace(string(password))))
	}
	if c.CAFile != "" {
		roots, err := readRoots(c.CAFile)
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	conn, err := nats.Connect(c.URL, options...)
	if errors.Is(err, nats.ErrAuthorization) {
		return nil, ErrCredentials
	}
	if err != nil { // the server is not there, or the URL is none
		conn, err = nats.Connect(c.URL, append(options, nats.RetryOnFailedConnect(true))...)
	}
	if err != nil {
		return nil, errors.New("relay: NATS: the URL or the settings cannot be used")
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(c.Timeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("relay: NATS: %w", err)
	}
	return &NATS{conn: conn, js: js, timeout: c.Timeout, stream: c.Stream}, nil
}

// readRoots reads certificates.
func readRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("relay: certificates: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("relay: no certificate in %s", path)
	}
	return roots, nil
}

// make makes the stream, if it is for us to make; the message is published again.
func (n *NATS) make(ctx context.Context) {
	if n.stream == "" || !n.making.TryLock() {
		return
	}
	defer n.making.Unlock()
	// Where it fails, the message says so when it is published again.
	_, _ = n.js.CreateStream(ctx, jetstream.StreamConfig{Name: n.stream, Subjects: []string{"caseledger.>"},
		Storage: jetstream.FileStorage, Duplicates: duplicates})
}

// Publish implements [message.Publisher]. It may be called by many at a time;
// their messages travel together.
func (n *NATS) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		if err := n.publish(m.Context(), topic, m); err != nil {
			return err
		}
	}
	return nil
}

func (n *NATS) publish(ctx context.Context, topic string, m *message.Message) error {
	if n.conn.Status() != nats.CONNECTED {
		return failureOf(n.conn.LastError())
	}
	ctx, done := context.WithTimeout(ctx, n.timeout)
	defer done()
	out := &nats.Msg{Subject: topic, Data: m.Payload, Header: nats.Header{"Content-Type": {m.Metadata.Get(metaContentType)}}}
	future, err := n.js.PublishMsgAsync(out, jetstream.WithMsgID(m.UUID), jetstream.WithRetryAttempts(0))
	if err != nil {
		return failureOf(err)
	}
	select {
	case <-future.Ok():
		return nil
	case err := <-future.Err():
		failed := failureOf(err)
		if failed.Reason == NoStream {
			n.make(ctx)
		}
		return failed
	case <-ctx.Done():
		return &Failure{Reason: NoAnswer}
	}
}

// failureOf says what an error of the client's means.
func failureOf(err error) *Failure {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrPermissionViolation),
		errors.As(err, new(*tls.CertificateVerificationError)):
		return &Failure{Reason: Untrusted}
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return &Failure{Reason: NoStream}
	case errors.Is(err, nats.ErrMaxPayload), errors.As(err, &api) && api.ErrorCode == messageTooLarge:
		return &Failure{Reason: TooLarge, Final: true}
	case errors.As(err, &api):
		return &Failure{Reason: Refused}
	}
	return &Failure{Reason: NoAnswer}
}

// messageTooLarge is JetStream's error code of a message over the stream's limit.
const messageTooLarge jetstream.ErrorCode = 10054

// Close ends the connection.
func (n *NATS) Close() error {
	n.conn.Close()
	return nil
}
