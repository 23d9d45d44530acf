package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Egress is whom a webhook may reach.
type Egress struct {
	// Hosts are the hosts, whole and in lower case: "hooks.example.org", which
	// means port 443, or with a port.
	Hosts []string
	// Networks are those that are not public and may be reached all the same. A
	// host's address anywhere else that is not public is refused.
	Networks []netip.Prefix
}

// ErrURL: the URL of a webhook may not be used. It does not carry the URL.
var ErrURL = errors.New("relay: the URL may not be used")

// Check parses a URL and finds out whether it may be reached: https, a host of
// the list, and neither a user nor a fragment.
func (e Egress) Check(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: it is none", ErrURL)
	}
	switch {
	case u.Scheme != "https":
		return nil, fmt.Errorf("%w: only https is", ErrURL)
	case u.User != nil:
		return nil, fmt.Errorf("%w: it holds a user", ErrURL)
	case u.Fragment != "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: it holds more than a host, a path and a query", ErrURL)
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	host := strings.ToLower(u.Hostname())
	for _, allowed := range e.Hosts {
		name, p, err := net.SplitHostPort(allowed)
		if err != nil {
			name, p = allowed, "443"
		}
		if host != "" && host == strings.Trim(name, "[]") && port == p {
			return u, nil
		}
	}
	return nil, fmt.Errorf("%w: its host is not allowed", ErrURL)
}

// special are the networks that are not public, beside those that the standard
// library knows: RFC 6890 and the registries after it.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
	"3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(all ...string) (parsed []netip.Prefix) {
	for _, p := range all {
		parsed = append(parsed, netip.MustParsePrefix(p))
	}
	return parsed
}

// permits reports whether an address may be reached.
func (e Egress) permits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(e.Networks, in) {
		return true
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special, in)
}

// control refuses a connection to an address that is not permitted. It sees the
// address that was resolved, right before the connection is made, so that no name
// can mean another one meanwhile.
func (e Egress) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !e.permits(a.Addr()) {
		return &Failure{Reason: AddressBarred}
	}
	return nil
}
