package relay

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// Settings say where the ledger is told of: the content of a file, in JSON. A
// member that is not one of these, or is there twice, is an error.
type Settings struct {
	// Ledger is the ledger's name, the source of its CloudEvents.
	Ledger string `json:"ledger"`
	// PublicURL is where the API answers those who are told, as they see it.
	PublicURL string `json:"publicUrl"`
	// AllowedHosts are the hosts that a webhook may be at ([Egress]); without one
	// there is no webhook.
	AllowedHosts []string `json:"allowedHosts,omitempty"`
	// AllowedNetworks are the networks that are not public and that a webhook may
	// be in, as "10.1.0.0/16"; none without a reason.
	AllowedNetworks []netip.Prefix `json:"allowedNetworks,omitempty"`
	// Destinations, each with a name of its own.
	Destinations []DestinationSettings `json:"destinations"`
}

// DestinationSettings are those of one destination.
type DestinationSettings struct {
	// Name: lower-case letters, digits and hyphens. Under it the checkpoint is
	// kept: a destination with another name is told everything from the beginning.
	Name string `json:"name"`
	// Kind is "nats" or "webhook".
	Kind string `json:"kind"`
	// Side and Controller say who is told: an organisation's controller, by its
	// identifier. Their own record is published, and what was disclosed to them.
	Side       event.Side `json:"side"`
	Controller event.UUID `json:"controller"`
	// Format is "cloudevents" or, for a service of the probation or the prison side, "hmpps".
	Format Format `json:"format"`
	// Types are the event types that are wanted; absent means all that are
	// published to the side.
	Types []string `json:"types,omitempty"`
	// URL of the NATS servers, or of the webhook.
	URL string `json:"url"`
	// CAFile holds the certificates that the other side's must follow from; absent
	// means those of the system.
	CAFile string `json:"caFile,omitempty"`

	// SecretFile of a webhook ([WebhookConfig]).
	SecretFile string `json:"secretFile,omitempty"`

	// CredentialsFile, or User and PasswordFile, for NATS; and the stream, if it is
	// for us to make ([NATSConfig]).
	CredentialsFile string `json:"credentialsFile,omitempty"`
	User            string `json:"user,omitempty"`
	PasswordFile    string `json:"passwordFile,omitempty"`
	Stream          string `json:"stream,omitempty"`
}

// ErrSettings: the settings cannot be used. The text says which, and never a
// secret.
var ErrSettings = errors.New("relay: settings")

// ParseSettings reads settings and checks them, but for what is in other files.
// Errors are [ErrSettings].
func ParseSettings(content []byte) (Settings, error) {
	var s Settings
	if err := json.UnmarshalRead(bytes.NewReader(content), &s, json.RejectUnknownMembers(true)); err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	if err := s.check(); err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return s, nil
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	// An allowed host is written as it is compared.
	hostForm = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]+)?$`)
)

func (s Settings) check() error {
	if u, err := url.Parse(s.Ledger); err != nil || s.Ledger == "" || u.User != nil {
		return errors.New("ledger: it is no URI reference")
	}
	public, err := url.Parse(s.PublicURL)
	if err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" || public.User != nil || public.RawQuery != "" ||
		public.Fragment != "" || strings.HasSuffix(s.PublicURL, "/") {
		return errors.New("publicUrl: a scheme, a host and a path without a slash at the end")
	}
	for i, host := range s.AllowedHosts {
		if !hostForm.MatchString(host) {
			return fmt.Errorf("allowedHosts[%d]: a host in lower case, with a port if it is not 443", i)
		}
	}
	names := map[string]bool{}
	for i, d := range s.Destinations {
		if err := d.check(s.egress()); err != nil {
			return fmt.Errorf("destinations[%d].%w", i, err)
		}
		if names[d.Name] {
			return fmt.Errorf("destinations[%d].name: it is used twice", i)
		}
		names[d.Name] = true
	}
	return nil
}

func (s Settings) egress() Egress { return Egress{Hosts: s.AllowedHosts, Networks: s.AllowedNetworks} }

func (d DestinationSettings) check(e Egress) error {
	switch {
	case !nameForm.MatchString(d.Name) || len(d.Name) > 64:
		return errors.New("name: lower-case letters, digits and hyphens, at most 64")
	case !slices.Contains(event.Sides, d.Side):
		return errors.New("side: there is none such")
	case d.Controller.IsZero():
		return errors.New("controller: it is missing")
	case d.Format != CloudEvents && d.Format != DomainEvents:
		return errors.New(`format: "cloudevents" or "hmpps"`)
	case d.Format == DomainEvents && !slices.Contains(justice, d.Side):
		return errors.New(`format: "hmpps" is for the probation and the prison side`)
	}
	for i, name := range d.Types {
		p, ok := publicationOf(name)
		switch {
		case !ok:
			return fmt.Errorf("types[%d]: there is none such", i)
		case !p.to(d.Side, Own, d.Format) && !p.to(d.Side, Told, d.Format):
			return fmt.Errorf("types[%d]: it is not published to the side in this format: %s", i, p.why)
		}
	}
	switch d.Kind {
	case "webhook":
		if _, err := e.Check(d.URL); err != nil {
			return fmt.Errorf("url: %w", err)
		}
		if d.SecretFile == "" {
			return errors.New("secretFile: it is missing")
		}
		if d.CredentialsFile+d.User+d.PasswordFile+d.Stream != "" {
			return errors.New("kind: a webhook has no credentials, user, password or stream")
		}
	case "nats":
		for server := range strings.SplitSeq(d.URL, ",") {
			u, err := url.Parse(server)
			if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
				return errors.New(`url: "nats://host:4222" or "tls://host:4222", or several with commas`)
			}
			if u.User != nil {
				return errors.New("url: it holds a user; name files")
			}
		}
		if (d.User == "") != (d.PasswordFile == "") || d.User != "" && d.CredentialsFile != "" {
			return errors.New("user: a user and a passwordFile, or a credentialsFile, or neither")
		}
		if d.SecretFile != "" {
			return errors.New("kind: NATS has no secretFile")
		}
	default:
		return errors.New(`kind: "nats" or "webhook"`)
	}
	return nil
}

// The messages under way at a time.
const (
	natsLanes    = 512
	webhookLanes = 16
)

// Open makes the destinations. NATS servers are connected to, in the background
// where they are not there; webhooks are not reached. An error names the
// destination.
func (s Settings) Open(clock func() time.Time) (_ []Destination, err error) {
	var all []Destination
	defer func() {
		if err != nil {
			for _, d := range all {
				_ = d.Publisher.Close()
			}
		}
	}()
	for _, d := range s.Destinations {
		out := Destination{Name: d.Name, Audience: Audience{d.Side, d.Controller}, Format: d.Format, Types: d.Types}
		var p message.Publisher
		var err error
		if d.Kind == "nats" {
			out.Lanes = natsLanes
			p, err = OpenNATS(NATSConfig{URL: d.URL, CredentialsFile: d.CredentialsFile, User: d.User, PasswordFile: d.PasswordFile,
				CAFile: d.CAFile, Stream: d.Stream})
		} else {
			out.Lanes, out.Retries = webhookLanes, WebhookRetries()
			p, err = OpenWebhook(WebhookConfig{URL: d.URL, Egress: s.egress(), SecretFile: d.SecretFile, CAFile: d.CAFile, Clock: clock})
		}
		if err != nil {
			return nil, fmt.Errorf("relay: destination %q: %w", d.Name, err)
		}
		out.Publisher = p
		all = append(all, out)
	}
	return all, nil
}

// Names is how the ledger is called in messages.
func (s Settings) Names() Names { return Names{Ledger: s.Ledger, PublicURL: s.PublicURL} }
